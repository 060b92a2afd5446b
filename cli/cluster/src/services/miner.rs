//! The block producer, for all miners of the pool.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::Context;
use venus_core::clock::SharedClock;
use venus_gateway::GatewayProver;
use venus_miner::{AuthMiners, Miner, MinerConfig};

use super::{Access, Ports, Stage, access::PROOF_PATIENCE};
use crate::Service;

/// How soon a new miner makes blocks.
const REFRESH: Duration = Duration::from_secs(2);

pub(crate) async fn start(
    home: &Path,
    clock: Arc<SharedClock>,
    access: &Access,
    ports: &Ports,
    offset: u16,
) -> anyhow::Result<(Stage, Service, Miner)> {
    let mut stage = Stage::new("venus-miner");
    let token = access.admin_token().to_owned();
    let chain = access.node(token.clone())?;
    let prover = GatewayProver::new(Arc::new(access.gateway(token)?));
    // The clock waits for proofs, so a chain that lies behind it was moved on purpose: what was
    // skipped is not drawn for.
    let config = MinerConfig {
        refresh_secs: REFRESH.as_secs(),
        miner_once_timeout_secs: PROOF_PATIENCE.as_secs(),
        request_timeout_secs: PROOF_PATIENCE.as_secs(),
        catch_up_epochs: 1,
        // The first block comes soon enough to show whether proofs work.
        warm_up: false,
        ..MinerConfig::default()
    };
    let miner = Miner::builder(chain, access.signer()?, Arc::new(prover), clock.clone())
        .with_miners(AuthMiners(access.auth_api()?))
        .with_config(config)
        .open(home.join("miner"))
        .await
        .context("opening venus-miner")?;
    if let Some(due) = miner.kept_until().await? {
        clock.advance_to(due);
    }
    let router = miner.router(access.guard()?);
    let service = ports.serve(&mut stage, "venus-miner", offset, router).await?;
    let (run, stop) = (miner.clone(), stage.token());
    stage.spawn(async move { run.run(stop).await });
    Ok((stage, service, miner))
}
