//! A pool at a glance, over RPC.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use venus_core::{Address, BigInt, ChainEpoch, Cid, TokenAmount};

use crate::{Plan, Service};

/// A pool at a glance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// What it was started with.
    pub plan: Plan,
    /// Its services.
    pub services: Vec<Service>,
    /// The head of its chain.
    pub head: HeadStatus,
    /// Its miners, that of the genesis first.
    pub miners: Vec<MinerStatus>,
    /// Messages at the messager by state.
    pub messages: BTreeMap<String, u64>,
}

/// The head of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeadStatus {
    /// Its height.
    pub height: ChainEpoch,
    /// Its blocks.
    pub cids: Vec<Cid>,
    /// The base fee, attoFIL a unit of gas.
    pub base_fee: TokenAmount,
}

/// How a miner fares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MinerStatus {
    /// The miner.
    pub miner: Address,
    /// Whose it is.
    pub account: String,
    /// Whether this pool created it, after the genesis.
    pub is_new: bool,
    /// Its power in bytes.
    pub power: BigInt,
    /// The network's power in bytes.
    pub network_power: BigInt,
    /// Sectors that its sealer knows, by state.
    pub sectors: BTreeMap<String, u64>,
    /// Sectors with power on chain.
    pub active: u64,
    /// Faulty sectors on chain.
    pub faults: u64,
    /// How often it came to have more faulty sectors since the pool was started: each time a
    /// deadline was missed.
    pub missed_deadlines: u64,
    /// Window PoSts that the chain accepted.
    pub window_posts: u64,
    /// Blocks on the canonical chain.
    pub wins: u64,
}

venus_core::rpc_client! {
    /// Calls a running pool.
    pub struct ClusterClient;
}

venus_core::rpc_interface! {
    /// What a running pool tells of itself.
    pub trait ClusterApi for ClusterClient in "Cluster" {
        /// Returns the pool at a glance.
        #[read]
        fn status() -> Status = "Status";
    }
}
