//! The block producer itself.

use std::{sync::Arc, time::Duration};

use tokio_util::{sync::CancellationToken, task::TaskTracker};
use venus_core::{
    ChainApi, ChainEpoch, Signer, WinningProver,
    api::miner::MinerApi,
    auth::{Guard, Page},
    chain_api::MiningApi,
    clock::Clock,
    rpc::{self, Methods},
};

use crate::{
    MinerConfig, MinerSource, builder::MinerBuilder, error::Result, gauges::Gauges,
    recorder::Recorder, registry::Registry, restore::Recorded, round::Last, store::BlockStore,
};

/// Wait after a failure, before the node is asked again.
const RETRY: Duration = Duration::from_secs(1);
/// How often it is looked for miners while there are none.
const IDLE: Duration = Duration::from_millis(500);

/// A block producer for many miners. Clones share it.
#[derive(Debug, Clone)]
pub struct Miner(pub(crate) Arc<Inner>);

/// What is fixed about a network.
#[derive(Debug, Clone)]
pub(crate) struct Network {
    pub(crate) block_delay: Duration,
    /// Above it tickets chain.
    pub(crate) smoke_height: ChainEpoch,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) chain: Arc<dyn ChainApi>,
    pub(crate) signer: Arc<dyn Signer>,
    pub(crate) prover: Arc<dyn WinningProver>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) source: Arc<dyn MinerSource>,
    pub(crate) submit_nodes: Vec<Arc<dyn MiningApi>>,
    pub(crate) config: MinerConfig,
    pub(crate) network: Network,
    pub(crate) propagation: Duration,
    pub(crate) store: Arc<dyn BlockStore>,
    pub(crate) recorder: Recorder,
    pub(crate) registry: Registry,
    pub(crate) recorded: Recorded,
    pub(crate) gauges: Gauges,
    pub(crate) tasks: TaskTracker,
    pub(crate) stop: CancellationToken,
}

impl Miner {
    /// Puts a block producer together: `chain` is the node, `signer` has the workers' keys, and
    /// `prover` the miners' sectors.
    pub fn builder(
        chain: Arc<dyn ChainApi>,
        signer: Arc<dyn Signer>,
        prover: Arc<dyn WinningProver>,
        clock: Arc<dyn Clock>,
    ) -> MinerBuilder {
        MinerBuilder::new(chain, signer, prover, clock)
    }

    /// The methods to serve on `/rpc/v0`.
    pub fn methods(&self) -> Methods {
        <dyn MinerApi>::methods(Arc::new(self.clone()))
    }

    /// The routes of the block producer, behind `guard`: its methods, and what it counts.
    pub fn router(&self, guard: impl Guard + 'static) -> axum::Router {
        rpc::Server::new(guard)
            .with_info("venus-miner", env!("CARGO_PKG_VERSION"))
            .with_metrics(self.0.gauges.metrics.clone())
            .route("/rpc/v0", self.methods())
            .into_router()
    }

    /// Makes blocks until `shutdown`, or until somebody calls
    /// [`shutdown`](MinerApi::shutdown). A block that is signed then is still sent, if its time
    /// comes within a block delay.
    pub async fn run(&self, shutdown: CancellationToken) {
        let inner = &self.0;
        if let Err(error) = inner.send_kept().await {
            tracing::error!(%error, "blocks that were signed before cannot be read");
        }
        if inner.config.warm_up {
            let this = Arc::clone(inner);
            let warm_up = async move { this.warm_up_all().await };
            inner.tasks.spawn(inner.stop.clone().run_until_cancelled_owned(warm_up));
        }
        let this = Arc::clone(inner);
        let walk = async move { this.walk_early().await };
        inner.tasks.spawn(inner.stop.clone().run_until_cancelled_owned(walk));
        let until = async {
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = inner.stop.cancelled() => {}
            }
        };
        tokio::select! {
            () = until => {}
            () = inner.refresh() => {}
            () = inner.mine() => {}
        }
        inner.stop.cancel();
        inner.tasks.close();
        let patience = inner.network.block_delay + inner.config.request_timeout();
        if tokio::time::timeout(patience, inner.tasks.wait()).await.is_err() {
            tracing::warn!(tasks = inner.tasks.len(), "stopped with draws or blocks under way");
        }
    }

    /// When the last block is due that was signed, and not sent, before the process was killed. A
    /// development chain whose clock can be moved need not wait until then.
    ///
    /// # Errors
    ///
    /// If the store cannot be read.
    pub async fn kept_until(&self) -> Result<Option<Duration>> {
        let kept = self.0.store.kept().await?;
        Ok(kept.iter().map(|block| Duration::from_secs(block.header.timestamp)).max())
    }

    /// Waits until the service has been told to stop.
    pub async fn stopped(&self) {
        self.0.stop.cancelled().await;
    }
}

impl Inner {
    /// Keeps the list of miners fresh.
    async fn refresh(&self) {
        let every = Duration::from_secs(self.config.refresh_secs.max(1));
        loop {
            tokio::time::sleep(every).await;
            if let Err(error) = self.reload(Page::default()).await {
                tracing::warn!(%error, "list of miners not read; the last one holds");
            }
        }
    }

    /// Reads the list of miners.
    pub(crate) async fn reload(&self, users: Page) -> Result<()> {
        self.registry.update(self.source.list(users).await?);
        let miners = self.registry.list();
        let open = miners.iter().filter(|miner| miner.open_mining).count();
        self.gauges.known(open, miners.len());
        Ok(())
    }

    /// Makes blocks for ever.
    async fn mine(self: &Arc<Self>) {
        let mut last: Last = None;
        let mut warned = false;
        loop {
            if !self.registry.any_mining() {
                if !warned {
                    tracing::warn!("no miner is configured for mining, please check venus-auth");
                }
                warned = true;
                tokio::time::sleep(IDLE).await;
                continue;
            }
            warned = false;
            match self.next_work(&last).await {
                Ok(work) => {
                    last = Some((Arc::clone(&work.base), work.nulls));
                    self.round(work).await;
                }
                Err(error) => {
                    tracing::warn!(%error, "no base to mine on; trying again");
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }
}
