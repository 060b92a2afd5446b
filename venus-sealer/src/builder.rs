//! Putting a sealer together.

use std::{path::Path, sync::Arc};

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use venus_core::{ChainApi, MessageSink, ProofProvider, TipSetKey};

use crate::{
    Sealer, SealerConfig, SealerError,
    context::{Context, ask},
    head::Head,
    policy,
    storage::SectorStorage,
    store::SealerStore,
};

/// Puts a sealer together; see [`Sealer::builder`].
#[derive(Debug)]
pub struct SealerBuilder {
    chain: Arc<dyn ChainApi>,
    sink: Arc<dyn MessageSink>,
    prover: Arc<dyn ProofProvider>,
    storage: Option<Arc<SectorStorage>>,
    config: SealerConfig,
}

impl SealerBuilder {
    pub(crate) fn new(
        chain: Arc<dyn ChainApi>,
        sink: Arc<dyn MessageSink>,
        prover: Arc<dyn ProofProvider>,
    ) -> Self {
        Self { chain, sink, prover, storage: None, config: SealerConfig::default() }
    }

    /// Uses storage that was opened before, as it is when the prover has it as its locator. It
    /// must be of the same home.
    pub fn with_storage(mut self, storage: Arc<SectorStorage>) -> Self {
        self.storage = Some(storage);
        self
    }

    /// Other settings than the default.
    pub fn with_config(mut self, config: SealerConfig) -> Self {
        self.config = config;
        self
    }

    /// Opens the sealer in a home that `init` made, for this process alone, and checks that the
    /// chain knows the miner.
    pub async fn open(self, home: impl AsRef<Path>) -> Result<Sealer, SealerError> {
        let home = home.as_ref();
        if !home.join("datastore").exists() {
            return Err(SealerError::NotInitialized(home.to_owned()));
        }
        let store = SealerStore::open(home)?;
        let identity =
            store.identity()?.ok_or_else(|| SealerError::NotInitialized(home.to_owned()))?;
        let miner = identity.miner;
        let miner_id = miner.as_id().ok_or(SealerError::NoId(miner))?;
        policy::seal_proof(identity.window_proof)?;
        let limit = self.config.request_timeout();
        let info = self.chain.state_miner_info(miner, TipSetKey::head());
        ask(limit, "the miner", info).await?;
        let storage = match self.storage {
            Some(storage) => storage,
            None => Arc::new(SectorStorage::open(home)?),
        };
        let shutdown = CancellationToken::new();
        let sealing = &self.config.sealing;
        let context = Context {
            pre_commits: Semaphore::new(sealing.parallel_pre_commit.max(1)),
            commits: Semaphore::new(sealing.parallel_commit.max(1)),
            head: Head::follow(Arc::clone(&self.chain), limit, shutdown.clone()),
            chain: self.chain,
            sink: self.sink,
            prover: self.prover,
            storage,
            store,
            config: self.config,
            identity,
            miner_id,
            shutdown,
        };
        Ok(Sealer::new(context))
    }
}
