//! The first miner of a development chain, whom the node itself keeps alive: the stand-in for
//! everybody else on a network.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use tokio_util::sync::CancellationToken;
use venus_core::{Address, ChainApi, MessageSink, Signer, signer::MemSigner};
use venus_messager::{Messager, MessagerConfig};
use venus_miner::{Miner, MinerConfig, StaticMiners};
use venus_node::Node;
use venus_proofs::{DevNetwork, LocalProver, ParamSet, params::library_dir};
use venus_sealer::{
    InitOptions, Sealer, SealerConfig, identity, init_existing,
    storage::{NewPath, SectorStorage},
};

use super::genesis::own_key;

const MINER: Address = Address::id(1000);
/// A tipset of this chain is settled as soon as it has a child.
const CONFIDENCE: u64 = 1;
const TIMEOUT: Duration = Duration::from_secs(60);

/// What it needs.
pub(super) struct FirstMiner<'a> {
    pub(super) node: Node,
    pub(super) home: &'a Path,
    /// Where its sectors lie.
    pub(super) storage: PathBuf,
}

impl FirstMiner<'_> {
    /// Makes its blocks and its proofs, which are simulated, until `stop`.
    pub(super) async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        let home = self.home.join("first-miner");
        let key = own_key(self.home)?;
        let chain: Arc<dyn ChainApi> = Arc::new(self.node.clone());
        let signer: Arc<dyn Signer> = Arc::new(MemSigner::with([key]));

        let config =
            MessagerConfig { stable: Duration::from_millis(150), ..MessagerConfig::default() };
        let messager = Messager::builder(Arc::clone(&chain), Arc::clone(&signer))
            .with_config(config)
            .open(home.join("messager"))
            .await
            .context("opening its messages")?;
        let sink: Arc<dyn MessageSink> = Arc::new(messager.clone());
        let sealer = self.sealer(&home.join("sealer"), Arc::clone(&chain), sink).await?;
        let clock = self.node.clock();
        let config = MinerConfig { catch_up_epochs: 1, warm_up: false, ..MinerConfig::default() };
        let prover = Arc::new(sealer.winning_prover());
        let miner = Miner::builder(chain, signer, prover, clock.clone())
            .with_miners(StaticMiners::new("genesis", [MINER]))
            .with_config(config)
            .open(home.join("miner"))
            .await
            .context("opening its blocks")?;
        if let Some(due) = miner.kept_until().await? {
            clock.advance_to(due);
        }
        tracing::info!(miner = %MINER, "making blocks with simulated proofs");
        let ((), sealed, ()) = tokio::join!(
            messager.run(stop.clone()),
            sealer.run(stop.clone()),
            miner.run(stop.clone())
        );
        Ok(sealed?)
    }

    async fn sealer(
        &self,
        home: &Path,
        chain: Arc<dyn ChainApi>,
        sink: Arc<dyn MessageSink>,
    ) -> anyhow::Result<Sealer> {
        if identity(home)?.is_none() {
            let options = InitOptions { confidence: CONFIDENCE, timeout: TIMEOUT };
            init_existing(home, &chain, MINER, options).await.context("making its home")?;
        }
        let storage = Arc::new(SectorStorage::open(home)?);
        let new = NewPath { weight: 10, seal: false, store: true, max_storage: 0 };
        let is_path = self.storage.join("sectorstore.json").exists();
        storage.attach(&self.storage, (!is_path).then_some(new)).context("its sectors")?;
        let network = DevNetwork::named(self.node.network())?;
        let set = tokio::task::spawn_blocking(|| ParamSet::open(library_dir())).await??;
        let prover = LocalProver::simulated(&network, &set)?.with_locator(storage.clone());
        let mut config = SealerConfig::default();
        config.sealing.retry_secs = 1;
        config.sealing.message_confidence = CONFIDENCE;
        config.proving.challenge_confidence = 1;
        config.proving.submit_confidence = 0;
        let sealer = Sealer::builder(chain, sink, Arc::new(prover));
        Ok(sealer.with_storage(storage).with_config(config).open(home).await?)
    }
}
