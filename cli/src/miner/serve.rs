//! `venus-miner run`: the daemon.

use std::{path::Path, sync::Arc};

use anyhow::{Context, bail};
use venus_core::{
    auth::{AuthClient, LocalToken, TokenGuard},
    chain_api::NodeClient,
    clock::{Clock, SystemClock},
    rpc::{self, Client},
    shutdown,
};
use venus_miner::{AuthMiners, Miner};

use super::{
    Session,
    clock::ChainClock,
    config::{Config, Service},
    gateways::Pool,
};
use crate::{peers, remote};

pub(super) async fn run(session: Session, nettype: Option<String>) -> anyhow::Result<()> {
    let Session { home, mut config, listen, .. } = session;
    if !Config::exists(&home) {
        bail!(
            "lock repo fail maybe need to run init command first: no config.toml in {}; call \
             `venus-miner init`",
            home.display()
        );
    }
    config.check()?;
    config.network = nettype.unwrap_or(config.network);
    let auth = AuthClient::new(&config.auth.url, config.auth.token.clone())?;
    let listener = remote::bind(listen.as_deref().unwrap_or(&config.listen)).await?;
    let shutdown = shutdown::signal_token();
    let miner = tokio::select! {
        () = shutdown.cancelled() => return Ok(()),
        opened = open(&home, &config, &auth) => opened?,
    };
    let token = LocalToken::load_or_create(&home)?;
    let router = miner.router(TokenGuard::new(token).or(auth));
    remote::publish(&home, &listener)?;
    tracing::info!(listen = %listener.local_addr()?, auth = config.auth.url, "venus-miner runs");
    // Whichever ends first, by a signal or by `Shutdown`, ends the other.
    let stop = shutdown.child_token();
    let serve = async {
        let served = rpc::serve(listener, router, stop.clone()).await.context("serving");
        stop.cancel();
        served
    };
    let mine = async {
        miner.run(stop.clone()).await;
        stop.cancel();
    };
    tokio::join!(serve, mine).0
}

/// Opens the miner, once node and venus-auth answer.
async fn open(home: &Path, config: &Config, auth: &AuthClient) -> anyhow::Result<Miner> {
    let client =
        |service: &Service| Ok::<_, anyhow::Error>(NodeClient::from(chain_client(service)?));
    let node = client(&config.node)?;
    let network = peers::network(&node, &config.network).await?;
    peers::auth(auth).await?;
    let clock: Arc<dyn Clock> = match ChainClock::of(&chain_client(&config.node)?, &network).await?
    {
        Some(clock) => Arc::new(clock),
        None => Arc::new(SystemClock),
    };
    let pool = Pool::new(&config.gateway, Arc::new(auth.clone()))?;
    let (signer, prover) = (Arc::new(pool.clone()), Arc::new(pool));
    let mut builder = Miner::builder(Arc::new(node), signer, prover, clock)
        .with_miners(AuthMiners(Arc::new(auth.clone())))
        .with_config(config.mining.clone());
    for other in &config.submit_nodes {
        builder = builder.with_submit_node(Arc::new(client(other)?));
    }
    Ok(builder.open(home).await?)
}

fn chain_client(Service { url, token }: &Service) -> anyhow::Result<Client> {
    peers::client("a node", url, token, 1, "`node`")
}
