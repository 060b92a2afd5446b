//! A scripted world: a chain that executes what is pushed, and a prover that writes small files.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use tokio::sync::{mpsc, watch};
use venus_core::{
    proof::{
        Piece, PoStSector, ProofError, SealJob, SealProver, SealedCids, WindowPoSt, WindowProver,
        WinningProver,
    },
    *,
};
use venus_sealer::{Sealer, SealerConfig, SealerError, init_existing, storage::NewPath};

pub(crate) const MINER: Address = Address::id(1000);
pub(crate) const SECTOR_SIZE: u64 = 2048;
pub(crate) const CHALLENGE_DELAY: ChainEpoch = 10;
pub(crate) const DEPOSIT: u64 = 10;
pub(crate) const PLEDGE: u64 = 25;

pub(crate) fn worker_key() -> Address {
    Address::from_bytes(&[[1].as_slice(), &[5; 20]].concat()).unwrap()
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) height: ChainEpoch,
    pub(crate) head: TipSet,
    /// From which epoch on the chain is which fork.
    pub(crate) forks: Vec<(ChainEpoch, u8)>,
    pub(crate) subscribers: Vec<mpsc::UnboundedSender<Vec<HeadChange>>>,
    pub(crate) known: BTreeSet<Address>,
    pub(crate) pre_commits: BTreeMap<SectorNumber, PreCommitOnChainInfo>,
    pub(crate) sectors: BTreeMap<SectorNumber, SectorOnChainInfo>,
    pub(crate) allocated: BTreeSet<SectorNumber>,
    pub(crate) partitions: BTreeMap<u64, Vec<Partition>>,
    pub(crate) submissions: BTreeSet<(u64, u64)>,
    /// Every message by its id, with its outcome and when it was executed.
    pub(crate) messages: BTreeMap<String, (Message, MsgLookup)>,
    /// Ids in the order of their first push.
    pub(crate) pushed: Vec<String>,
    /// Exit codes of the next messages of a method.
    pub(crate) exits: VecDeque<(u64, u32)>,
    pub(crate) miners: u64,
    pub(crate) proofs_made: Vec<([u8; 32], Vec<SectorNumber>)>,
    pub(crate) faulty: BTreeSet<SectorNumber>,
    pub(crate) commit_failures: u32,
}

#[derive(Debug, Clone)]
pub(crate) struct World {
    state: Arc<Mutex<State>>,
    heights: watch::Sender<ChainEpoch>,
    calls: Arc<AtomicU64>,
    /// The call that never returns, as if the process had been killed in it.
    kill_at: Arc<AtomicU64>,
    killed: Arc<tokio::sync::Notify>,
}

pub(crate) fn tipset(height: ChainEpoch, fork: u8) -> TipSet {
    let cid = Cid::of_cbor(&[fork]);
    TipSet::new(vec![BlockHeader {
        miner: MINER,
        ticket: Some(Ticket { vrf_proof: vec![fork].into() }),
        election_proof: None,
        beacon_entries: Vec::new(),
        win_post_proof: Vec::new(),
        parents: Vec::new(),
        parent_weight: 0.into(),
        height,
        parent_state_root: cid,
        parent_message_receipts: cid,
        messages: cid,
        bls_aggregate: None,
        timestamp: height as u64 * 4,
        block_sig: None,
        fork_signaling: 0,
        parent_base_fee: TokenAmount::zero(),
    }])
    .unwrap()
}

pub(crate) fn miner_info() -> MinerInfo {
    MinerInfo {
        owner: Address::id(100),
        worker: Address::id(100),
        new_worker: None,
        control_addresses: Vec::new(),
        worker_change_epoch: -1,
        peer_id: None,
        multiaddrs: Vec::new(),
        window_po_st_proof_type: RegisteredPoStProof::StackedDRGWindow2KiBV1P1,
        sector_size: SECTOR_SIZE,
        window_po_st_partition_sectors: 2,
        consensus_fault_elapsed: -1,
        pending_owner_address: None,
        beneficiary: None,
        beneficiary_term: None,
        pending_beneficiary_term: None,
    }
}

impl State {
    pub(crate) fn draw(&self, from: &[u8], tag: i64, epoch: ChainEpoch, entropy: &[u8]) -> Bytes {
        let fork = self.forks.iter().rev().find(|(start, _)| *start <= epoch).map_or(0, |f| f.1);
        let text = [from, &tag.to_be_bytes(), &epoch.to_be_bytes(), &[fork], entropy].concat();
        Bytes(blake2b_256(&text).to_vec())
    }

    pub(crate) fn deadline(&self) -> DeadlineInfo {
        let like = DeadlineInfo {
            current_epoch: self.height,
            period_start: 0,
            index: 0,
            open: 0,
            close: 0,
            challenge: 0,
            fault_cutoff: 0,
            w_post_period_deadlines: 48,
            w_post_proving_period: 2880,
            w_post_challenge_window: 60,
            w_post_challenge_lookback: 20,
            fault_declaration_cutoff: 70,
        };
        let start = self.height / 2880 * 2880;
        let index = (self.height - start) as u64 / 60;
        venus_sealer::policy::deadline(&like, start, index, self.height)
    }

    /// Executes a message as the actors would, in short.
    fn execute(&mut self, message: &Message) -> (u32, Bytes) {
        if let Some((method, code)) = self.exits.front().copied()
            && method == message.method
        {
            self.exits.pop_front();
            return (code, Bytes::default());
        }
        let code = match message.method {
            0 => {
                self.known.insert(message.to);
                0
            }
            2 => {
                self.miners += 1;
                let id = Address::id(1000 + self.miners - 1);
                return (0, cbor(&(id, id)).into());
            }
            5 => self.window_post(message),
            11 => self.recover(message),
            28 => self.pre_commit(message),
            34 => self.prove_commit(message),
            _ => 22,
        };
        (code, Bytes::default())
    }

    fn pre_commit(&mut self, message: &Message) -> u32 {
        type Info = (RegisteredSealProof, u64, Cid, ChainEpoch, Vec<u64>, ChainEpoch, Option<Cid>);
        let (infos,): (Vec<Info>,) = from_cbor(&message.params).unwrap();
        let (seal_proof, sector_number, sealed_cid, seal_rand_epoch, deal_ids, expiration, _) =
            infos[0].clone();
        if !self.allocated.insert(sector_number) || seal_rand_epoch >= self.height {
            return 16;
        }
        if message.value < TokenAmount::from_fil(DEPOSIT) {
            return 19;
        }
        let info = PreCommitInfo {
            seal_proof,
            sector_number,
            sealed_cid,
            seal_rand_epoch,
            deal_ids,
            expiration,
            unsealed_cid: None,
        };
        let on_chain = PreCommitOnChainInfo {
            info,
            pre_commit_deposit: TokenAmount::from_fil(DEPOSIT),
            pre_commit_epoch: self.height,
        };
        self.pre_commits.insert(sector_number, on_chain);
        0
    }

    fn prove_commit(&mut self, message: &Message) -> u32 {
        type Params = (Vec<(u64, Vec<u64>)>, Vec<Bytes>, Bytes, Option<i64>, bool, bool);
        let (sectors, proofs, ..): Params = from_cbor(&message.params).unwrap();
        let number = sectors[0].0;
        let Some(found) = self.pre_commits.get(&number).cloned() else { return 17 };
        if self.height <= found.pre_commit_epoch + CHALLENGE_DELAY {
            return 18;
        }
        let seed_epoch = found.pre_commit_epoch + CHALLENGE_DELAY;
        let seed = self.draw(b"beacon", 6, seed_epoch, &cbor(&MINER));
        if proofs[0] != seal_proof_bytes(number, &seed) {
            return 16;
        }
        self.pre_commits.remove(&number);
        self.sectors.insert(number, on_chain_sector(number, found.info.sealed_cid));
        0
    }

    fn window_post(&mut self, message: &Message) -> u32 {
        type Params = (u64, Vec<(u64, BitField)>, Vec<PoStProof>, ChainEpoch, Bytes);
        let (index, partitions, _, epoch, rand): Params = from_cbor(&message.params).unwrap();
        let deadline = self.deadline();
        if index != deadline.index || epoch < deadline.challenge.max(0) {
            return 16;
        }
        if rand != self.draw(b"ticket", 9, epoch, &[]) {
            return 16;
        }
        for (partition, _) in partitions {
            if !self.submissions.insert((index, partition)) {
                return 16;
            }
        }
        0
    }

    fn recover(&mut self, message: &Message) -> u32 {
        let (declared,): (Vec<(u64, u64, BitField)>,) = from_cbor(&message.params).unwrap();
        for (deadline, partition, sectors) in declared {
            let found = &mut self.partitions.get_mut(&deadline).unwrap()[partition as usize];
            found.recovering_sectors = (&*found.recovering_sectors | &*sectors).into();
        }
        0
    }
}

pub(crate) fn on_chain_sector(number: SectorNumber, sealed_cid: Cid) -> SectorOnChainInfo {
    SectorOnChainInfo {
        sector_number: number,
        seal_proof: RegisteredSealProof::StackedDRG2KiBV1P1,
        sealed_cid,
        activation: 1,
        expiration: 1_000_000,
        deal_weight: 0.into(),
        verified_deal_weight: 0.into(),
        initial_pledge: TokenAmount::from_fil(PLEDGE),
        expected_day_reward: None,
        expected_storage_pledge: None,
        power_base_epoch: 1,
        replaced_day_reward: None,
        sector_key_cid: None,
        flags: 1,
        daily_fee: TokenAmount::zero(),
    }
}

fn commitment(codec: u64, hash: u64, digest: [u8; 32]) -> Cid {
    Cid(cid::Cid::new_v1(codec, cid::multihash::Multihash::wrap(hash, &digest).unwrap()))
}

pub(crate) fn sealed_cid(number: SectorNumber, ticket: &[u8]) -> Cid {
    let mut digest = blake2b_256(&[&number.to_be_bytes(), ticket].concat());
    digest[31] &= 0x3f;
    commitment(0xf102, 0xb401, digest)
}

fn seal_proof_bytes(number: SectorNumber, seed: &[u8]) -> Bytes {
    Bytes(blake2b_256(&[&number.to_be_bytes(), seed].concat()).to_vec())
}

impl World {
    pub(crate) fn at(height: ChainEpoch) -> Self {
        let state = State {
            height,
            head: tipset(height, 0),
            forks: Vec::new(),
            subscribers: Vec::new(),
            known: BTreeSet::from([worker_key()]),
            pre_commits: BTreeMap::new(),
            sectors: BTreeMap::new(),
            allocated: BTreeSet::new(),
            partitions: BTreeMap::new(),
            submissions: BTreeSet::new(),
            messages: BTreeMap::new(),
            pushed: Vec::new(),
            exits: VecDeque::new(),
            miners: 0,
            proofs_made: Vec::new(),
            faulty: BTreeSet::new(),
            commit_failures: 0,
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            heights: watch::channel(height).0,
            calls: Arc::default(),
            kill_at: Arc::new(AtomicU64::new(u64::MAX)),
            killed: Arc::default(),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Counts a call; hangs in it for ever if it is the one to be killed in.
    pub(crate) async fn called(&self, _what: &str) {
        if self.calls.fetch_add(1, Ordering::SeqCst) + 1 == self.kill_at.load(Ordering::SeqCst) {
            self.killed.notify_one();
            std::future::pending::<()>().await;
        }
    }

    /// From now on the `nth` call hangs.
    pub(crate) fn kill_in(&self, nth: u64) {
        self.kill_at.store(self.calls.load(Ordering::SeqCst) + nth, Ordering::SeqCst);
    }

    pub(crate) async fn killed(&self) {
        self.killed.notified().await;
    }

    /// Moves the head to a height, in one step.
    pub(crate) fn go_to(&self, height: ChainEpoch) {
        let mut state = self.state();
        let fork = state.forks.last().map_or(0, |f| f.1);
        let old = state.head.clone();
        let reverted = height <= state.height;
        state.height = height;
        state.head = tipset(height, fork);
        let apply = HeadChange { r#type: HeadChangeType::Apply, val: state.head.clone() };
        let revert = HeadChange { r#type: HeadChangeType::Revert, val: old };
        let batch = if reverted { vec![revert, apply] } else { vec![apply] };
        state.subscribers.retain(|s| s.send(batch.clone()).is_ok());
        drop(state);
        self.heights.send_replace(height);
    }

    /// Replaces the chain from an epoch on and moves the head.
    pub(crate) fn reorg(&self, from: ChainEpoch, height: ChainEpoch) {
        let mut state = self.state();
        let fork = state.forks.last().map_or(0, |f| f.1) + 1;
        state.forks.push((from, fork));
        drop(state);
        self.go_to(height);
    }

    /// Moves the head on, an epoch a millisecond, until the handle is dropped.
    pub(crate) fn tick(&self) -> tokio_util::task::AbortOnDropHandle<()> {
        let world = self.clone();
        tokio_util::task::AbortOnDropHandle::new(tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_millis(1)).await;
                let height = world.state().height;
                world.go_to(height + 1);
            }
        }))
    }

    /// Makes a home for the miner with a path that seals and one that keeps, and opens it.
    pub(crate) async fn sealer(&self, home: &Path) -> Sealer {
        let chain: Arc<dyn ChainApi> = Arc::new(self.clone());
        init_existing(home, &chain, MINER, Default::default()).await.unwrap();
        let storage = venus_sealer::storage::SectorStorage::open(home).unwrap();
        let path = |seal, store| NewPath { weight: 10, seal, store, max_storage: 0 };
        storage.attach(&home.join("seal"), Some(path(true, false))).unwrap();
        storage.attach(&home.join("store"), Some(path(false, true))).unwrap();
        self.reopen(home).await
    }

    /// Opens the sealer in a home, as soon as the one before has let go of it.
    pub(crate) async fn reopen(&self, home: &Path) -> Sealer {
        let mut config = SealerConfig::default();
        config.sealing.retry_secs = 0;
        loop {
            let builder = Sealer::builder(
                Arc::new(self.clone()),
                Arc::new(self.clone()),
                Arc::new(self.clone()),
            );
            match builder.with_config(config.clone()).open(home).await {
                Ok(sealer) => return sealer,
                Err(SealerError::Store(store::StoreError::InUse(_))) => {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                Err(error) => panic!("{error:?}"),
            }
        }
    }
}

#[async_trait]
impl MessageSink for World {
    async fn push(
        &self,
        id: &str,
        message: Message,
        _: Option<MessageSendSpec>,
    ) -> Result<(), SinkError> {
        self.called("push").await;
        {
            let mut state = self.state();
            if !state.messages.contains_key(id) {
                let (exit_code, return_data) = state.execute(&message);
                let lookup = MsgLookup {
                    message: message.cid(),
                    receipt: Receipt { exit_code, return_data, gas_used: 1, events_root: None },
                    return_dec: serde_json::Value::Null,
                    tip_set: state.head.key().clone(),
                    height: state.height,
                };
                state.pushed.push(id.to_owned());
                state.messages.insert(id.to_owned(), (message, lookup));
            }
        }
        self.called("pushed").await;
        Ok(())
    }

    async fn wait(&self, id: &str, confidence: u64) -> Result<MsgLookup, SinkError> {
        self.called("wait").await;
        let found = self.state().messages.get(id).map(|(_, lookup)| lookup.clone());
        let lookup = found.ok_or_else(|| SinkError::Unknown(id.to_owned()))?;
        let until = lookup.height + confidence as ChainEpoch;
        self.heights.subscribe().wait_for(|height| *height >= until).await.unwrap();
        Ok(lookup)
    }

    async fn has(&self, id: &str) -> Result<bool, SinkError> {
        Ok(self.state().messages.contains_key(id))
    }
}

#[async_trait]
impl SealProver for World {
    async fn fill_empty(&self, job: &SealJob) -> Result<Vec<Piece>, ProofError> {
        self.called("fill").await;
        std::fs::write(&job.unsealed, vec![0; SECTOR_SIZE as usize]).unwrap();
        Ok(vec![Piece { size: SECTOR_SIZE, cid: commitment(0xf101, 0x1012, [9; 32]) }])
    }

    async fn pre_commit(
        &self,
        job: &SealJob,
        ticket: [u8; 32],
        _: &[Piece],
    ) -> Result<SealedCids, ProofError> {
        assert!(job.unsealed.is_file());
        std::fs::write(&job.sealed, vec![7; SECTOR_SIZE as usize]).unwrap();
        std::fs::create_dir_all(&job.cache).unwrap();
        std::fs::write(job.cache.join("layer"), b"layer").unwrap();
        std::fs::write(job.cache.join("p_aux"), ticket).unwrap();
        self.called("sealed").await;
        let unsealed = commitment(0xf101, 0x1012, [9; 32]);
        Ok(SealedCids { sealed: sealed_cid(job.sector.number, &ticket), unsealed })
    }

    async fn commit(
        &self,
        job: &SealJob,
        ticket: [u8; 32],
        seed: [u8; 32],
        _: &[Piece],
        _: &SealedCids,
    ) -> Result<Bytes, ProofError> {
        self.called("commit").await;
        let mut state = self.state();
        if state.commit_failures > 0 {
            state.commit_failures -= 1;
            return Err(ProofError::Library { operation: "C2", reason: "scripted".into() });
        }
        assert_eq!(std::fs::read(job.cache.join("p_aux")).unwrap(), ticket);
        assert!(job.cache.join("layer").exists(), "the layers are needed until finalize");
        Ok(seal_proof_bytes(job.sector.number, &seed))
    }

    async fn finalize(&self, job: &SealJob) -> Result<(), ProofError> {
        if job.cache.join("layer").exists() {
            std::fs::remove_file(job.cache.join("layer")).unwrap();
        }
        self.called("finalized").await;
        Ok(())
    }
}

#[async_trait]
impl WindowProver for World {
    async fn window_post(
        &self,
        _: u64,
        proof: RegisteredPoStProof,
        randomness: [u8; 32],
        sectors: &[PoStSector],
    ) -> Result<WindowPoSt, ProofError> {
        self.called("window_post").await;
        let numbers: Vec<_> = sectors.iter().map(|s| s.number).collect();
        assert!(numbers.is_sorted() && !numbers.is_empty());
        let mut state = self.state();
        let faulty: Vec<_> = numbers.iter().copied().filter(|n| state.faulty.contains(n)).collect();
        if !faulty.is_empty() {
            return Ok(WindowPoSt { proofs: Vec::new(), faulty });
        }
        state.proofs_made.push((randomness, numbers));
        let proof_bytes = Bytes(vec![state.proofs_made.len() as u8; 192]);
        Ok(WindowPoSt { proofs: vec![PoStProof { post_proof: proof, proof_bytes }], faulty })
    }
}

#[async_trait]
impl WinningProver for World {
    async fn winning_post(
        &self,
        _: u64,
        sectors: &[ExtendedSectorInfo],
        _: [u8; 32],
        _: ChainEpoch,
        _: u32,
    ) -> Result<Vec<PoStProof>, ProofError> {
        let post_proof = RegisteredPoStProof::StackedDRGWinning2KiBV1;
        let number = sectors[0].sector_number as u8;
        Ok(vec![PoStProof { post_proof, proof_bytes: Bytes(vec![number; 192]) }])
    }
}
