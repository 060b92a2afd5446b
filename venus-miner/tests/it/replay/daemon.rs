//! A block producer on the node of the recordings, served over a real socket, with the wallets and
//! the prover of the recordings.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use serde_json::Value;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use venus_core::{
    Address, ChainEpoch, ExtendedSectorInfo, MsgMeta, PoStProof, ProofError, RegisteredPoStProof,
    SignError, Signature, Signer, WinningProver,
    auth::{LocalToken, MinerBindings, TokenGuard},
    clock::SharedClock,
    crypto::{KeyInfo, PrivateKey},
    rpc::RpcError,
    test_utils::{MemAuth, MemSigner, replay},
};
use venus_miner::{AuthMiners, Miner, MinerConfig};

use super::{
    node::{DELAY, GENESIS, Node},
    recording::Step,
    store::Wiped,
};
use crate::node::{Served, serve};

/// After the timestamp of a head: its block is due, the null round after it is not.
const LATE: Duration = Duration::from_millis(1000 * DELAY + 500);

/// The wallet of `w1`; another account's keys are not at hand for its miners.
#[derive(Debug)]
struct Wallet(MemSigner);

impl Wallet {
    fn of_w1() -> Self {
        let keys: Vec<Value> =
            serde_json::from_str(include_str!("../../fixtures/wallet-keys.json")).unwrap();
        let own = keys.into_iter().filter(|key| key["account"] == "w1").map(|key| {
            let info = serde_json::json!({"Type": key["type"], "PrivateKey": key["privateKey"]});
            let info: KeyInfo = serde_json::from_value(info).unwrap();
            PrivateKey::try_from(&info).unwrap()
        });
        Self(MemSigner::with(own))
    }
}

#[async_trait]
impl Signer for Wallet {
    async fn addresses(&self) -> Result<Vec<Address>, SignError> {
        self.0.addresses().await
    }

    async fn sign(&self, by: Address, bytes: &[u8], meta: MsgMeta) -> Result<Signature, SignError> {
        match self.0.sign(by, bytes, meta).await {
            Err(SignError::UnknownKey(_)) => Err(SignError::Remote {
                holder: "the gateway".into(),
                source: RpcError::method("send request must have channel"),
            }),
            signed => signed,
        }
    }
}

/// The prover of f01000; none if it is gone.
#[derive(Debug)]
struct Prover(Mutex<Option<Duration>>);

#[async_trait]
impl WinningProver for Prover {
    async fn winning_post(
        &self,
        miner: u64,
        _: &[ExtendedSectorInfo],
        _: [u8; 32],
        _: ChainEpoch,
        _: u32,
    ) -> Result<Vec<PoStProof>, ProofError> {
        let after = *self.0.lock().unwrap();
        let Some(after) = after.filter(|_| miner == 1000) else {
            let text = format!("no connections for this miner {}", Address::id(miner));
            return Err(RpcError::method(text).into());
        };
        tokio::time::sleep(after).await;
        Ok(vec![PoStProof {
            post_proof: RegisteredPoStProof::StackedDRGWinning2KiBV1,
            proof_bytes: b"valid proof"[..].into(),
        }])
    }
}

pub(crate) struct Daemon {
    _home: TempDir,
    _node: Served,
    pub(crate) node: Node,
    pub(crate) local: String,
    pub(crate) served: replay::Served,
    store: Arc<Wiped>,
    prover: Arc<Prover>,
    clock: Arc<SharedClock>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Daemon {
    pub(crate) async fn start(open: &[u64]) -> Self {
        let auth = Arc::new(MemAuth::with_users(&["cluster", "nosign", "other", "w1", "w2"]));
        for (user, miner) in [("w1", 1000), ("w1", 1001), ("w2", 2000)] {
            auth.upsert_miner(user, Address::id(miner), open.contains(&miner)).await.unwrap();
        }
        let (node, store) = (Node::new(), Arc::new(Wiped::default()));
        let node_served = serve(node.methods()).await;
        let head = node.script().head().min_timestamp();
        let clock = Arc::new(SharedClock::stepped(Duration::from_secs(head) + LATE));
        let prover = Arc::new(Prover(Mutex::new(Some(Duration::ZERO))));
        let home = tempfile::tempdir().unwrap();
        let mut config = MinerConfig { miner_once_timeout_secs: 3, ..MinerConfig::default() };
        config.recorder.enable = true;
        let (proves, time) = (Arc::clone(&prover), Arc::clone(&clock));
        let miner = Miner::builder(node_served.client(), Arc::new(Wallet::of_w1()), proves, time)
            .with_miners(AuthMiners(Arc::clone(&auth) as _))
            .with_block_store(Arc::clone(&store) as _)
            .with_config(config)
            .open(home.path())
            .await
            .unwrap();
        let local = LocalToken::ephemeral();
        let token = local.token().to_owned();
        let served = replay::Served::start(miner.router(TokenGuard::new(local).or(auth))).await;
        let stop = CancellationToken::new();
        let task = tokio::spawn({
            let stop = stop.clone();
            async move { miner.run(stop).await }
        });
        Self {
            _home: home,
            _node: node_served,
            node,
            local: token,
            served,
            store,
            prover,
            clock,
            stop,
            task,
        }
    }

    /// Ends it; after `Shutdown` it has ended already.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }

    pub(crate) async fn step(&self, step: &Step) {
        tokio::time::sleep(step.wait()).await;
        if let Some(state) = &step.prover {
            let seconds = match state.as_str() {
                "gone" => None,
                "answers at once" => Some(0.),
                after => after
                    .strip_prefix("answers after ")
                    .map(|text| text.strip_suffix(" s").unwrap().parse().unwrap()),
            };
            *self.prover.0.lock().unwrap() = seconds.map(Duration::from_secs_f64);
        }
        if step.sql.is_some() {
            self.store.wipe();
        }
        let Some(command) = &step.node else { return };
        if command.contains("submitted=1") {
            self.until(|node| node.script().has_submitted()).await;
        }
        self.node.script().command(command);
        if command.starts_with("advance") {
            let head = self.node.script().head().height();
            let head = Duration::from_secs(GENESIS + DELAY * u64::try_from(head).unwrap());
            self.clock.advance_to(head + LATE);
            self.until(|node| node.script().was_drawn_on()).await;
        }
    }

    async fn until(&self, enough: impl Fn(&Node) -> bool) {
        let wait = async {
            while !enough(&self.node) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), wait).await.unwrap();
    }
}
