//! A miner's life on a chain of our own: genesis, creation, sectors, proofs, faults, rewards.

use std::sync::Arc;

use cid::Cid;
use fil_actor_miner_state::v18::{
    CompactCommD, DeadlineInfo, DeclareFaultsRecoveredParams, PoStPartition,
    PreCommitSectorBatchParams2, ProveCommitSectors3Params, RecoveryDeclaration,
    SectorActivationManifest, SectorPreCommitInfo, SubmitWindowedPoStParams, WithdrawBalanceParams,
};
use fil_actor_power_state::v18::{CreateMinerParams, CreateMinerReturn};
use fvm_ipld_bitfield::BitField;
use fvm_ipld_encoding::RawBytes;
use fvm_shared::address::Address;
use fvm_shared::bigint::BigInt;
use fvm_shared::econ::TokenAmount;
use fvm_shared::message::Message;
use fvm_shared::piece::PieceInfo;
use fvm_shared::randomness::Randomness;
use fvm_shared::sector::{
    AggregateSealVerifyProofAndInfos, PoStProof, RegisteredPoStProof, RegisteredSealProof,
    SealVerifyInfo, SectorSize, WindowPoStVerifyInfo,
};
use serde::Serialize;
use venus_node::blockstore::SharedStore;
use venus_node::executor::externs::{blake2b, draw};
use venus_node::executor::{
    CallInput, ChainMessage, ChainRand, Eligibility, ExecBlock, Executor, ExecutorConfig,
    ExecutorError, MessageTrace, MockVerifier, NativeExecutor, Purpose, SealAndPostVerifier,
    StateView, TipsetInput,
};
use venus_node::genesis::GenesisTemplate;

const COMM_R: &str = "bagboea4b5abcafsvi4tkmhbsctgjdagidrpjnuqldctpp5kqryrlgulrg76pb2qn";
const POWER: Address = Address::new_id(4);

#[derive(Debug)]
struct Rand;

impl ChainRand for Rand {
    fn ticket(&self, epoch: i64) -> Result<[u8; 32], String> {
        Ok(blake2b(&epoch.max(0).to_be_bytes()))
    }

    fn beacon(&self, epoch: i64) -> Result<[u8; 32], String> {
        Ok(blake2b(&(epoch.max(0) + 100).to_be_bytes()))
    }
}

fn key(n: u8) -> Address {
    Address::new_bls(&[n; 48]).unwrap()
}

fn text(a: &Address) -> String {
    format!("t{}", &a.to_string()[1..])
}

fn template() -> GenesisTemplate {
    let zero = cid_of_zero_data();
    let sector = |n: u64| {
        serde_json::json!({"CommR": {"/": COMM_R}, "CommD": {"/": zero.to_string()},
            "SectorID": n, "ProofType": 5, "Deal": {"ignored": true}})
    };
    let account = |n: u8| {
        serde_json::json!({"Type": "account", "Balance": "50000000000000000000000000",
            "Meta": {"Owner": text(&key(n))}})
    };
    let multisig = serde_json::json!({"Type": "multisig", "Balance": "0", "Meta": {
        "Signers": [text(&key(9))], "Threshold": 1, "VestingDuration": 0, "VestingStart": 0}});
    serde_json::from_value(serde_json::json!({
        "NetworkVersion": 28,
        "Accounts": [account(1), account(2)],
        "Miners": [{"ID": "t01000", "Owner": text(&key(1)), "Worker": text(&key(1)),
            "PeerId": "12D3KooWMRbXK9AnJFKkXyFG1WYpZUn6DGR6C2Djsi2etmU4xTjH",
            "MarketBalance": "0", "PowerBalance": "1000", "SectorSize": 2048,
            "Sectors": [sector(0), sector(1)]}],
        "NetworkName": "localnet-test",
        "Timestamp": 1_700_000_000,
        "VerifregRootKey": multisig,
        "RemainderAccount": multisig,
    }))
    .unwrap()
}

fn cid_of_zero_data() -> Cid {
    CompactCommD::empty().get_cid(RegisteredSealProof::StackedDRG2KiBV1P1).unwrap()
}

struct Chain {
    executor: NativeExecutor,
    root: Cid,
    epoch: i64,
    nonce: u64,
}

impl Chain {
    fn new(config: ExecutorConfig) -> Self {
        let store = SharedStore::memory();
        let executor = NativeExecutor::new(store, config, Arc::new(MockVerifier));
        let root = executor.genesis(&template()).unwrap();
        Self { executor, root, epoch: 0, nonce: 0 }
    }

    fn view(&self) -> StateView<'_> {
        StateView::load(self.executor.store(), self.executor.config(), &self.root).unwrap()
    }

    fn message(&self, to: Address, method_num: u64, params: RawBytes, value: u64) -> Message {
        Message {
            version: 0,
            from: key(2),
            to,
            sequence: self.nonce,
            value: TokenAmount::from_atto(value),
            method_num,
            params,
            gas_limit: 500_000_000,
            gas_fee_cap: TokenAmount::from_atto(1000),
            gas_premium: TokenAmount::from_atto(10),
        }
    }

    /// Moves to an epoch, with null rounds in between, and executes one block there.
    fn block_at(&mut self, epoch: i64, messages: Vec<Message>) -> Vec<MessageTrace> {
        let input = TipsetInput {
            parent_state: self.root,
            parent_epoch: self.epoch,
            epoch,
            timestamp: 1_700_000_000 + 4 * epoch.unsigned_abs(),
            base_fee: TokenAmount::from_atto(100),
            blocks: vec![ExecBlock {
                miner: Address::new_id(1000),
                win_count: 1,
                messages: messages.into_iter().map(ChainMessage::bls).collect(),
            }],
            rand: &Rand,
        };
        let result = self.executor.apply_tipset(&input).unwrap();
        (self.root, self.epoch) = (result.state_root, epoch);
        self.check();
        result.traces
    }

    fn send<P: Serialize>(
        &mut self,
        to: Address,
        method: u64,
        params: &P,
        value: u64,
    ) -> MessageTrace {
        let params = RawBytes::serialize(params).unwrap();
        let message = self.message(to, method, params, value);
        self.nonce += 1;
        self.block_at(self.epoch + 1, vec![message]).remove(0)
    }

    /// What must hold after every epoch.
    fn check(&self) {
        let view = self.view();
        let total =
            view.list_actors().unwrap().iter().fold(TokenAmount::default(), |sum, a| {
                sum + view.actor(a).unwrap().unwrap().balance
            });
        assert_eq!(total, TokenAmount::from_whole(2_000_000_000));
        let mut claimed = BigInt::from(0);
        for miner in view.list_miners().unwrap() {
            let state = view.miner(&miner).unwrap();
            state.check_balance_invariants(&view.need_actor(&miner).unwrap().balance).unwrap();
            let power = view.claim(&miner).unwrap().unwrap().raw_byte_power;
            let active = view.active_sectors(&miner).unwrap().len();
            assert_eq!(power, BigInt::from(2048 * active), "{miner} at {}", self.epoch);
            claimed += power;
        }
        assert_eq!(view.total_power().unwrap().0, claimed);
    }

    fn power(&self, miner: &Address) -> u64 {
        self.view().claim(miner).unwrap().unwrap().raw_byte_power.try_into().unwrap()
    }

    fn create_miner(&mut self) -> Address {
        let deposit = self.view().create_miner_deposit(self.epoch + 1).unwrap();
        let params = CreateMinerParams {
            owner: key(2),
            worker: key(2),
            window_post_proof_type: RegisteredPoStProof::StackedDRGWindow2KiBV1P1,
            peer: vec![1, 2, 3],
            multiaddrs: vec![],
        };
        let deposit: u64 = deposit.atto().try_into().unwrap();
        let low = self.send(POWER, 2, &params, deposit - 1);
        assert_eq!(low.receipt.exit_code.value(), 19, "{}", low.error);
        let made = self.send(POWER, 2, &params, deposit + 1_000_000_000_000_000_000);
        assert_eq!(made.receipt.exit_code.value(), 0, "{}", made.error);
        let made: CreateMinerReturn = made.receipt.return_data.deserialize().unwrap();
        assert_eq!(self.view().lookup_id(&made.robust_address).unwrap(), Some(made.id_address));
        made.id_address
    }

    fn pre_commit(&mut self, miner: Address, number: u64) -> MessageTrace {
        let policy = &self.executor.config().policy;
        let sector = SectorPreCommitInfo {
            seal_proof: RegisteredSealProof::StackedDRG2KiBV1P1,
            sector_number: number,
            sealed_cid: COMM_R.parse().unwrap(),
            seal_rand_epoch: self.epoch - 900,
            deal_ids: vec![],
            expiration: self.epoch + policy.max_sector_expiration_extension,
            unsealed_cid: CompactCommD::empty(),
        };
        self.send(miner, 28, &PreCommitSectorBatchParams2 { sectors: vec![sector] }, 0)
    }

    fn prove(&mut self, miner: Address, sector_number: u64, proof: &[u8]) -> MessageTrace {
        let params = ProveCommitSectors3Params {
            sector_activations: vec![SectorActivationManifest { sector_number, pieces: vec![] }],
            sector_proofs: vec![RawBytes::new(proof.to_vec())],
            aggregate_proof: RawBytes::default(),
            aggregate_proof_type: None,
            require_activation_success: true,
            require_notification_success: true,
        };
        self.send(miner, 34, &params, 0)
    }

    fn post(&mut self, miner: Address, deadline: &DeadlineInfo, proof: &[u8]) -> MessageTrace {
        let commit = deadline.challenge.max(1);
        let rand = draw(&Rand.ticket(commit).unwrap(), Purpose::PostChainCommit, commit, &[]);
        let params = SubmitWindowedPoStParams {
            deadline: deadline.index,
            partitions: vec![PoStPartition { index: 0, skipped: BitField::new() }],
            proofs: vec![PoStProof {
                post_proof: RegisteredPoStProof::StackedDRGWindow2KiBV1P1,
                proof_bytes: proof.to_vec(),
            }],
            chain_commit_epoch: commit,
            chain_commit_rand: Randomness(rand.to_vec()),
        };
        self.send(miner, 5, &params, 0)
    }

    /// Goes to just before the deadline of a sector opens next.
    fn open_deadline_of(&mut self, miner: Address, sector: u64) -> DeadlineInfo {
        let index = self.view().sector_location(&miner, sector).unwrap().unwrap().deadline;
        let policy = self.executor.config().policy.clone();
        for epoch in self.epoch + 1.. {
            let now = self.view().miner(&miner).unwrap().deadline_info(&policy, epoch);
            if now.index == index && now.open == epoch {
                self.block_at(epoch, vec![]);
                return now;
            }
        }
        unreachable!()
    }

    fn end_of(&mut self, deadline: &DeadlineInfo) {
        self.block_at(deadline.last(), vec![]);
    }
}

#[test]
fn genesis_has_power_and_is_deterministic() {
    let chain = Chain::new(ExecutorConfig::compat());
    assert_eq!(chain.root, Chain::new(ExecutorConfig::compat()).root);
    chain.check();
    let view = chain.view();
    let miner = Address::new_id(1000);
    assert_eq!(view.network_name().unwrap(), "localnet-test");
    assert_eq!(chain.power(&miner), 4096);
    assert_eq!(view.eligibility(&miner, 0, &view).unwrap(), Eligibility::Eligible);
    assert_eq!(view.account_key(&Address::new_id(100)).unwrap(), key(1));
    assert_eq!(view.proving_sectors(&miner).unwrap().len(), 2);
    assert_eq!(view.lookup_robust_address(&Address::new_id(101)).unwrap(), Some(key(2)));
    // node.md 29.3
    let pledge = view.sector_pledge(SectorSize::_2KiB, 0).unwrap();
    assert_eq!(pledge.pre_commit_deposit, TokenAmount::from_atto(1_024_956_831_218u64));
    assert_eq!(pledge.initial_pledge, TokenAmount::from_atto(59_604_643_840u64));
    let deposit = view.create_miner_deposit(0).unwrap();
    assert_eq!(deposit, TokenAmount::from_atto(5_937_181_320u64));
    // Templates survive a round trip.
    let again = serde_json::to_value(template()).unwrap();
    let again: GenesisTemplate = serde_json::from_value(again).unwrap();
    assert_eq!(chain.executor.genesis(&again).unwrap(), chain.root);
}

#[test]
fn a_miners_life() {
    for config in [ExecutorConfig::fast(), ExecutorConfig::compat()] {
        let mut chain = Chain::new(config);
        let delay = chain.executor.config().policy.pre_commit_challenge_delay;
        let miner = chain.create_miner();
        assert_eq!(miner, Address::new_id(1001));
        assert_eq!(chain.power(&miner), 0);

        let committed = chain.pre_commit(miner, 7);
        assert_eq!(committed.receipt.exit_code.value(), 0, "{}", committed.error);
        assert_eq!(chain.pre_commit(miner, 7).receipt.exit_code.value(), 16);
        assert!(chain.view().precommit(&miner, 7).unwrap().is_some());
        chain.block_at(chain.epoch + delay - 2, vec![]);
        let early = chain.prove(miner, 7, b"proof");
        assert_eq!(early.receipt.exit_code.value(), 18);
        assert_eq!(early.error, "too early to prove sector");
        assert_eq!(chain.prove(miner, 7, b"invalid").receipt.exit_code.value(), 16);
        let proven = chain.prove(miner, 7, b"proof");
        assert_eq!(proven.receipt.exit_code.value(), 0, "{}", proven.error);
        assert_eq!(chain.power(&miner), 0);

        let deadline = chain.open_deadline_of(miner, 7);
        let posted = chain.post(miner, &deadline, b"proof");
        assert_eq!(posted.receipt.exit_code.value(), 0, "{}", posted.error);
        assert_eq!(chain.power(&miner), 2048);
        let twice = chain.post(miner, &deadline, b"proof");
        assert_eq!(twice.receipt.exit_code.value(), 16, "{}", twice.error);
        chain.end_of(&deadline);
        assert_eq!(chain.power(&miner), 2048);

        // A first miss costs the power, a second one money.
        let missed = chain.open_deadline_of(miner, 7);
        chain.end_of(&missed);
        assert_eq!(chain.power(&miner), 0);
        assert!(chain.view().faults(&miner).unwrap().get(7));
        let before = chain.view().need_actor(&miner).unwrap().balance;
        let missed = chain.open_deadline_of(miner, 7);
        chain.end_of(&missed);
        let paid = before - chain.view().need_actor(&miner).unwrap().balance;
        assert!(paid.is_positive(), "no fee for a continued fault");

        let place = chain.view().sector_location(&miner, 7).unwrap().unwrap();
        let mut sectors = BitField::new();
        sectors.set(7);
        let recover =
            RecoveryDeclaration { deadline: place.deadline, partition: place.partition, sectors };
        let recover = DeclareFaultsRecoveredParams { recoveries: vec![recover] };
        let declared = chain.send(miner, 11, &recover, 0);
        assert_eq!(declared.receipt.exit_code.value(), 0, "{}", declared.error);
        let deadline = chain.open_deadline_of(miner, 7);
        assert_eq!(chain.post(miner, &deadline, b"invalid").receipt.exit_code.value(), 16);
        assert_eq!(chain.post(miner, &deadline, b"proof").receipt.exit_code.value(), 0);
        assert_eq!(chain.power(&miner), 2048);

        let available = chain.view().available_balance(&miner, chain.epoch).unwrap();
        let ask = WithdrawBalanceParams { amount_requested: TokenAmount::from_whole(1_000_000) };
        let paid = chain.send(miner, 16, &ask, 0);
        assert_eq!(paid.receipt.exit_code.value(), 0, "{}", paid.error);
        assert!(available.is_positive());
    }
}

#[test]
fn the_first_of_two_messages_with_a_nonce_is_executed() {
    let mut chain = Chain::new(ExecutorConfig::fast());
    let to = key(7);
    let first = chain.message(to, 0, RawBytes::default(), 5);
    let other = chain.message(to, 0, RawBytes::default(), 6);
    let ahead = Message { sequence: 5, ..first.clone() };
    let traces = chain.block_at(1, vec![first.clone(), first, other, ahead]);
    assert_eq!(traces.len(), 1);
    assert_eq!(chain.view().need_actor(&to).unwrap().balance, TokenAmount::from_atto(5));
    assert_eq!(chain.view().need_actor(&key(2)).unwrap().nonce, 1);
}

#[test]
fn a_call_changes_nothing_and_estimates_gas() {
    let mut chain = Chain::new(ExecutorConfig::fast());
    let miner = chain.create_miner();
    let root = chain.root;
    let call = |chain: &Chain, message: Message| {
        chain
            .executor
            .call(&CallInput {
                implicit: false,
                state: root,
                epoch: chain.epoch + 1,
                timestamp: 0,
                prior: vec![],
                message: Message { gas_limit: 0, ..message },
                rand: &Rand,
            })
            .unwrap()
    };
    let message = chain.message(miner, 2, RawBytes::default(), 0);
    let tried = call(&chain, message.clone());
    assert_eq!(tried.receipt.exit_code.value(), 0);
    assert!(!tried.receipt.return_data.is_empty());
    let unknown = call(&chain, chain.message(Address::new_id(99_999), 0, RawBytes::default(), 1));
    assert_eq!(unknown.receipt.exit_code.value(), 5);
    let real = chain.block_at(chain.epoch + 1, vec![message]).remove(0);
    // The estimate has other fees and another limit, whose bytes cost.
    assert!(real.receipt.gas_used.abs_diff(tried.receipt.gas_used) < 20_000);
}

/// A prover's check that cannot be made.
#[derive(Debug)]
struct NoParameters;

impl SealAndPostVerifier for NoParameters {
    fn verify_seal(&self, _: &SealVerifyInfo) -> Result<bool, String> {
        Err("key file is missing".to_owned())
    }

    fn verify_aggregate_seals(&self, _: &AggregateSealVerifyProofAndInfos) -> Result<bool, String> {
        Err("key file is missing".to_owned())
    }

    fn verify_window_post(&self, _: &WindowPoStVerifyInfo) -> Result<bool, String> {
        Err("key file is missing".to_owned())
    }

    fn unsealed_cid(&self, _: RegisteredSealProof, _: &[PieceInfo]) -> Result<Cid, String> {
        Err("no pieces".to_owned())
    }
}

#[test]
fn a_check_that_cannot_be_made_stops_the_chain() {
    let mut chain = Chain::new(ExecutorConfig::fast());
    let miner = chain.create_miner();
    chain.pre_commit(miner, 7);
    chain.block_at(chain.epoch + 10, vec![]);
    let store = chain.executor.store().clone();
    let config = chain.executor.config().clone();
    chain.executor = NativeExecutor::new(store, config, Arc::new(NoParameters));
    let params = ProveCommitSectors3Params {
        sector_activations: vec![SectorActivationManifest { sector_number: 7, pieces: vec![] }],
        sector_proofs: vec![RawBytes::new(vec![1])],
        aggregate_proof: RawBytes::default(),
        aggregate_proof_type: None,
        require_activation_success: true,
        require_notification_success: true,
    };
    let message = chain.message(miner, 34, RawBytes::serialize(&params).unwrap(), 0);
    let failed = chain.executor.call(&CallInput {
        implicit: false,
        state: chain.root,
        epoch: chain.epoch + 1,
        timestamp: 0,
        prior: vec![],
        message,
        rand: &Rand,
    });
    assert!(matches!(failed, Err(ExecutorError::Outside { .. })), "{failed:?}");
}
