//! A block producer over the scripted node: a wallet, a prover and a clock in the test's hand.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use tokio::{sync::Notify, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use venus_core::{
    Address, ChainEpoch, ExtendedSectorInfo, MsgMeta, PoStProof, ProofError, Purpose,
    RegisteredPoStProof, SignError, Signature, Signer, WinningProver,
    clock::SharedClock,
    crypto::{KeyKind, PrivateKey},
    test_utils::MemSigner,
};
use venus_miner::{Miner, MinerConfig, StaticMiners};

use crate::node::{Node, START, Served};

/// Signs, and remembers the blocks that it signed.
#[derive(Debug)]
pub(crate) struct Wallet {
    keys: MemSigner,
    pub(crate) worker: Address,
    pub(crate) blocks: Mutex<Vec<Vec<u8>>>,
    signed: Notify,
}

impl Wallet {
    pub(crate) fn new(kind: KeyKind) -> Arc<Self> {
        let key = PrivateKey::from_seed(kind, &[7; 32]).unwrap();
        let worker = key.address();
        let keys = MemSigner::with([key]);
        Arc::new(Self { keys, worker, blocks: Mutex::default(), signed: Notify::new() })
    }

    pub(crate) async fn until_signed(&self, count: usize) {
        let wait = async {
            loop {
                let signed = self.signed.notified();
                if self.blocks.lock().unwrap().len() >= count {
                    return;
                }
                signed.await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), wait).await.unwrap();
    }
}

#[async_trait]
impl Signer for Wallet {
    async fn addresses(&self) -> Result<Vec<Address>, SignError> {
        self.keys.addresses().await
    }

    async fn sign(&self, by: Address, bytes: &[u8], meta: MsgMeta) -> Result<Signature, SignError> {
        if meta.r#type == Purpose::Block {
            self.blocks.lock().unwrap().push(bytes.to_vec());
            self.signed.notify_waiters();
        }
        self.keys.sign(by, bytes, meta).await
    }
}

/// Proves at once, except for miners that it holds up.
#[derive(Debug, Default)]
pub(crate) struct Prover {
    held: Mutex<HashSet<u64>>,
    released: Notify,
    pub(crate) asked: Mutex<Vec<(u64, ChainEpoch)>>,
}

impl Prover {
    pub(crate) fn hold(&self, miner: u64) {
        self.held.lock().unwrap().insert(miner);
    }

    pub(crate) fn release(&self, miner: u64) {
        self.held.lock().unwrap().remove(&miner);
        self.released.notify_waiters();
    }

    pub(crate) async fn until_asked(&self, miner: u64) {
        let wait = async {
            while !self.asked.lock().unwrap().iter().any(|(asked, _)| *asked == miner) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), wait).await.unwrap();
    }
}

#[async_trait]
impl WinningProver for Prover {
    async fn winning_post(
        &self,
        miner: u64,
        _: &[ExtendedSectorInfo],
        _: [u8; 32],
        epoch: ChainEpoch,
        _: u32,
    ) -> Result<Vec<PoStProof>, ProofError> {
        self.asked.lock().unwrap().push((miner, epoch));
        loop {
            let released = self.released.notified();
            if !self.held.lock().unwrap().contains(&miner) {
                break;
            }
            released.await;
        }
        Ok(vec![PoStProof {
            post_proof: RegisteredPoStProof::StackedDRGWinning2KiBV1,
            proof_bytes: b"valid proof"[..].into(),
        }])
    }
}

/// A miner over a scripted node.
pub(crate) struct World {
    pub(crate) node: Arc<Node>,
    pub(crate) wallet: Arc<Wallet>,
    pub(crate) prover: Arc<Prover>,
    pub(crate) clock: Arc<SharedClock>,
    pub(crate) home: tempfile::TempDir,
    pub(crate) config: MinerConfig,
    pub(crate) miners: Vec<u64>,
}

impl World {
    pub(crate) fn new(miners: &[u64]) -> Self {
        Self::with_key(KeyKind::Bls, miners)
    }

    pub(crate) fn with_key(kind: KeyKind, miners: &[u64]) -> Self {
        let wallet = Wallet::new(kind);
        Self {
            node: Node::new(wallet.worker),
            wallet,
            prover: Arc::default(),
            clock: Arc::new(SharedClock::stepped(Duration::from_secs(START))),
            home: tempfile::tempdir().unwrap(),
            config: MinerConfig { warm_up: false, ..MinerConfig::default() },
            miners: miners.to_vec(),
        }
    }

    /// Moves the clock to so many seconds after the first head.
    pub(crate) fn at(&self, secs: u64) {
        self.clock.advance_to(Duration::from_secs(START + secs));
    }

    pub(crate) async fn start(&self) -> Running {
        let served = self.node.serve().await;
        let (wallet, prover) = (Arc::clone(&self.wallet), Arc::clone(&self.prover));
        let clock = Arc::clone(&self.clock);
        let miner = Miner::builder(served.client(), wallet, prover, clock)
            .with_miners(StaticMiners::new("w1", self.miners.iter().copied().map(Address::id)))
            .with_config(self.config.clone())
            .open(self.home.path())
            .await
            .unwrap();
        let stop = CancellationToken::new();
        let (task, token) = (miner.clone(), stop.clone());
        let task = tokio::spawn(async move { task.run(token).await });
        Running { miner, stop, task, _served: served }
    }
}

pub(crate) struct Running {
    pub(crate) miner: Miner,
    stop: CancellationToken,
    task: JoinHandle<()>,
    _served: Served,
}

impl Running {
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

/// Lets everything that can happen without the clock happen.
pub(crate) async fn calm() {
    tokio::time::sleep(Duration::from_millis(150)).await;
}
