//! Which network this is.

use std::collections::BTreeMap;

use async_trait::async_trait;
use venus_core::{
    ChainEpoch, Cid, NetworkParams, NodeVersion, TipSetKey, chain_api::NetworkApi, rpc::RpcError,
};

use crate::{
    chain::{CHAIN_ID, NETWORK_VERSION},
    executor::ActorKind,
    service::Node,
};

/// 2.3.0, the only version that Go miners talk to.
const API_VERSION: u32 = 131_840;

/// The upgrades in their order. All have happened before genesis.
const UPGRADES: [&str; 30] = [
    "Smoke",
    "Breeze",
    "Ignition",
    "Liftoff",
    "Assembly",
    "Refuel",
    "Tape",
    "Kumquat",
    "Calico",
    "Persian",
    "Orange",
    "Claus",
    "Trust",
    "Norwegian",
    "Turbo",
    "Hyperdrive",
    "Chocolate",
    "OhSnap",
    "Skyr",
    "Shark",
    "Hygge",
    "Lightning",
    "Thunder",
    "Watermelon",
    "Dragon",
    "Phoenix",
    "Waffle",
    "Tuktuk",
    "Teep",
    "Tock",
];

fn upgrades() -> BTreeMap<String, ChainEpoch> {
    let names = UPGRADES.into_iter().chain(["GoldenWeek", "FireHorse"]);
    let mut heights: BTreeMap<_, _> =
        names.zip(1..).map(|(name, n)| (format!("Upgrade{name}Height"), -n)).collect();
    heights.insert("BreezeGasTampingDuration".into(), 0);
    heights
}

#[async_trait]
impl NetworkApi for Node {
    async fn version(&self) -> Result<NodeVersion, RpcError> {
        let version = concat!(env!("CARGO_PKG_VERSION"), "+venus-rs").to_owned();
        Ok(NodeVersion { version, api_version: API_VERSION })
    }

    async fn state_network_name(&self) -> Result<String, RpcError> {
        Ok(self.0.network.clone())
    }

    async fn state_network_version(&self, tsk: TipSetKey) -> Result<u32, RpcError> {
        self.run(move |chain| chain.tipset(&tsk).map(|_| NETWORK_VERSION)).await
    }

    async fn state_get_network_params(&self) -> Result<NetworkParams, RpcError> {
        let policy = &self.0.executor.config().policy;
        Ok(NetworkParams {
            network_name: self.0.network.clone(),
            block_delay_secs: self.0.delay(),
            consensus_miner_min_power: policy.minimum_consensus_power.clone().into(),
            supported_proof_types: self.0.executor.config().seal_proofs(),
            pre_commit_challenge_delay: policy.pre_commit_challenge_delay,
            fork_upgrade_params: upgrades(),
            eip155_chain_id: CHAIN_ID,
            genesis_timestamp: Some(self.0.genesis.min_timestamp()),
        })
    }

    async fn state_actor_code_cids(
        &self,
        network_version: u32,
    ) -> Result<BTreeMap<String, Cid>, RpcError> {
        if network_version != NETWORK_VERSION {
            return Err(RpcError::method(format!(
                "invalid network version {network_version}: unsupported network version \
                 {network_version}"
            )));
        }
        Ok(ActorKind::all().map(|kind| (kind.name().to_owned(), kind.code().into())).collect())
    }
}
