//! `venus-sealer run`: the daemon.

use std::{path::Path, sync::Arc};

use anyhow::{Context, bail};
use clap::Args;
use tokio_util::sync::CancellationToken;
use venus_core::{
    api::{
        gateway::GatewayClient,
        messager::{MessagerApi, MessagerClient, RemoteSink},
    },
    auth::{LocalToken, TokenGuard},
    chain_api::NodeClient,
    rpc, shutdown,
};
use venus_sealer::{
    Identity, Sealer, SealerConfig, gateway::serve_proofs, identity, storage::SectorStorage,
};

use super::{Proofs, Session, initialized, prover::prover};
use crate::{peers, remote};

/// What `run` takes.
#[derive(Debug, Args)]
pub(super) struct Run {
    /// How sectors are proven; overrides the configuration.
    #[arg(long, value_enum)]
    proofs: Option<Proofs>,
}

impl Run {
    pub(super) async fn run(self, session: Session) -> anyhow::Result<()> {
        let Session { home, mut config, listen, .. } = session;
        initialized(&home)?;
        if let Some(proofs) = self.proofs {
            config.simulated_proofs = proofs == Proofs::Simulated;
        }
        // Says so at once if another process has the home.
        let Some(identity) = identity(&home)? else {
            bail!(
                "the init of {} was not finished; call `venus-sealer init` again as before",
                home.display()
            );
        };
        let listen = listen.unwrap_or_else(|| config.listen.to_string());
        let listener = remote::bind(&listen).await?;
        let shutdown = shutdown::signal_token();
        let sealer = tokio::select! {
            () = shutdown.cancelled() => return Ok(()),
            opened = open(&home, &config, &identity) => opened?,
        };
        let token = LocalToken::load_or_create(&home)?;
        let router = sealer.router(TokenGuard::new(token));
        remote::publish(&home, &listener)?;
        // Whichever ends first, by itself or not, ends the others.
        let stop = shutdown.child_token();
        register(&sealer, &config, &stop)?;
        tracing::info!(
            miner = %sealer.miner(), listen = %listener.local_addr()?, "venus-sealer runs"
        );
        let serve = async {
            let _ends_all = stop.clone().drop_guard();
            rpc::serve(listener, router, stop.clone()).await.context("serving")
        };
        let seal = async {
            let _ends_all = stop.clone().drop_guard();
            sealer.run(stop.clone()).await.context("sealing")
        };
        let (served, sealed) = tokio::join!(serve, seal);
        served.and(sealed)
    }
}

/// Opens the sealer, once node and messager answer.
async fn open(home: &Path, config: &SealerConfig, identity: &Identity) -> anyhow::Result<Sealer> {
    let file = home.join(super::CONFIG_FILE);
    let node = &config.node;
    let way_out = format!("`Node.Url` in {}", file.display());
    let node = NodeClient::from(peers::client("the node", &node.url, &node.token, 1, &way_out)?);
    let messager = &config.messager;
    let way_out = format!("`Messager.Url` in {}", file.display());
    let client = peers::client("the messager", &messager.url, &messager.token, 0, &way_out)?;
    let messager = MessagerClient::from(client.clone());
    let network = peers::network(&node, &config.network).await?;
    peers::patiently("the messager", || messager.version()).await?;
    let storage = Arc::new(SectorStorage::open(home)?);
    if storage.paths().is_empty() {
        tracing::warn!("no storage path yet; `venus-sealer storage attach` adds one");
    }
    let prover = prover(&network, config.simulated_proofs, identity, Arc::clone(&storage)).await?;
    let sink = RemoteSink::new(Arc::new(MessagerClient::from(client.with_timeout(None))));
    let sealer = Sealer::builder(Arc::new(node), Arc::new(sink), Arc::new(prover));
    Ok(sealer.with_storage(storage).with_config(config.clone()).open(home).await?)
}

/// Registers at the gateways, from now on.
fn register(
    sealer: &Sealer,
    config: &SealerConfig,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let gateways = &config.register_proof;
    if gateways.urls.is_empty() {
        tracing::warn!("no gateway in `RegisterProof.Urls`: nobody can ask for proofs of blocks");
    }
    for url in &gateways.urls {
        let client = peers::client("a gateway", url, &gateways.token, 2, "`RegisterProof.Urls`")?;
        tokio::spawn(serve_proofs(
            Arc::new(GatewayClient::from(client)),
            sealer.miner(),
            Arc::new(sealer.winning_prover()),
            std::time::Duration::from_secs(config.request_timeout_secs),
            stop.clone(),
        ));
    }
    Ok(())
}
