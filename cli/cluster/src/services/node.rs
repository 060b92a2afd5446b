//! The chain node.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::Context;
use venus_core::{TokenAmount, clock::SharedClock};
use venus_node::{DevGenesis, Node, NodeConfig, Preset};

use super::{Access, Ports, Stage};
use crate::{Service, plan::Kept};

/// What the genesis miner has sealed beforehand.
const GENESIS_SECTORS: u64 = 2;
/// What each new miner's key holds at genesis, in FIL.
const MINER_FUNDS: u64 = 1_000_000;
/// Where the genesis miner's sectors lie, in the home.
pub(super) const GENESIS_STORAGE: &str = "genesis-sectors";

/// How long head and message pool must stand still before epochs are skipped.
const CALM: Duration = Duration::from_millis(400);

/// Opens the chain, making it first if there is none, and serves it.
pub(crate) async fn start(
    home: &Path,
    kept: &Kept,
    access: &Access,
    ports: &Ports,
    offset: u16,
) -> anyhow::Result<(Stage, Service, Node)> {
    let mut stage = Stage::new("venus");
    let genesis_key = kept.genesis_key.context("the plan names no genesis key")?;
    let mut config = NodeConfig::new(Preset::Fast);
    config.listen = ports.address(offset).to_string();
    config.block_delay = Some(kept.block_time);
    let storage = home.join(GENESIS_STORAGE);
    let mut genesis =
        DevGenesis::single(kept.network.clone(), genesis_key, GENESIS_SECTORS, storage);
    genesis.timestamp = kept.genesis_time;
    for key in &kept.miner_keys {
        genesis = genesis.with_account(*key, TokenAmount::from_fil(MINER_FUNDS));
    }
    // The node moves it to its head: between two runs no time passes on the chain.
    let clock = Arc::new(SharedClock::running_from(Duration::ZERO));
    let node = Node::builder(home.join("node"), config)
        .with_dev_genesis(genesis)
        .with_clock(clock)
        .open()
        .await
        .context("opening the chain node")?;
    let service = ports.serve(&mut stage, "venus", offset, node.router(access.guard()?)).await?;
    if kept.skip_idle {
        let (node, stop) = (node.clone(), stage.token());
        stage.spawn(async move { node.skip_idle(CALM, stop).await });
    }
    Ok((stage, service, node))
}
