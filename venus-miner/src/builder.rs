//! Putting a block producer together.

use std::{path::Path, sync::Arc, time::Duration};

use tokio_util::{sync::CancellationToken, task::TaskTracker};
use venus_core::{
    ChainApi, Signer, WinningProver, auth::Page, chain_api::MiningApi, clock::Clock, store::Store,
};

use crate::{
    Miner, MinerConfig, MinerSource, StaticMiners,
    error::{Result, ask},
    gauges::Gauges,
    recorder::Recorder,
    registry::Registry,
    restore::Recorded,
    service::{Inner, Network},
    store::{BlockStore, EmbeddedStore},
};

/// Puts a block producer together; see [`Miner::builder`].
#[derive(Debug)]
pub struct MinerBuilder {
    chain: Arc<dyn ChainApi>,
    signer: Arc<dyn Signer>,
    prover: Arc<dyn WinningProver>,
    clock: Arc<dyn Clock>,
    source: Arc<dyn MinerSource>,
    submit_nodes: Vec<Arc<dyn MiningApi>>,
    blocks: Option<Arc<dyn BlockStore>>,
    config: MinerConfig,
}

impl MinerBuilder {
    pub(crate) fn new(
        chain: Arc<dyn ChainApi>,
        signer: Arc<dyn Signer>,
        prover: Arc<dyn WinningProver>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            chain,
            signer,
            prover,
            clock,
            source: Arc::new(StaticMiners::default()),
            submit_nodes: Vec::new(),
            blocks: None,
            config: MinerConfig::default(),
        }
    }

    /// Where the list of miners comes from; without it there are none.
    pub fn with_miners(mut self, source: impl MinerSource + 'static) -> Self {
        self.source = Arc::new(source);
        self
    }

    /// Other settings than the default.
    pub fn with_config(mut self, config: MinerConfig) -> Self {
        self.config = config;
        self
    }

    /// One more node to submit blocks to, if those before it do not take them.
    pub fn with_submit_node(mut self, node: Arc<dyn MiningApi>) -> Self {
        self.submit_nodes.push(node);
        self
    }

    /// Another record of blocks than the one in the home, such as one that instances share.
    pub fn with_block_store(mut self, blocks: Arc<dyn BlockStore>) -> Self {
        self.blocks = Some(blocks);
        self
    }

    /// Opens the home, for this process alone, asks the node for its network and reads the list of
    /// miners.
    pub async fn open(self, home: impl AsRef<Path>) -> Result<Miner> {
        let store = Store::open(home.as_ref().join("datastore"))?;
        let params = self.chain.state_get_network_params();
        let params =
            ask(self.config.request_timeout(), "get the network's parameters", params).await?;
        let network = Network {
            block_delay: Duration::from_secs(params.block_delay_secs.max(1)),
            smoke_height: params
                .fork_upgrade_params
                .get("UpgradeSmokeHeight")
                .copied()
                .unwrap_or(-1),
        };
        let blocks = match self.blocks {
            Some(blocks) => blocks,
            None => Arc::new(EmbeddedStore::new(store.clone())?),
        };
        let inner = Inner {
            chain: self.chain,
            signer: self.signer,
            prover: self.prover,
            clock: self.clock,
            source: self.source,
            submit_nodes: self.submit_nodes,
            propagation: self.config.propagation_delay(network.block_delay),
            recorder: Recorder::open(self.config.recorder.clone(), &store)?,
            config: self.config,
            network,
            store: blocks,
            registry: Registry::default(),
            recorded: Recorded::default(),
            gauges: Gauges::new(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        };
        inner.reload(Page::default()).await?;
        Ok(Miner(Arc::new(inner)))
    }
}
