//! Other answers of the node: actors, network, mining, message pool.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Address, BeaconEntry, BigInt, ChainEpoch, Cid, ExtendedSectorInfo, Message, Receipt,
    SignedMessage, TipSet, TokenAmount, null_as_default,
};

/// An actor's entry in the state tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Actor {
    /// What kind.
    pub code: Cid,
    /// Its state.
    pub head: Cid,
    /// The next nonce.
    pub nonce: u64,
    /// Its money.
    pub balance: TokenAmount,
    /// The f4 address, if it has one.
    #[serde(default)]
    pub delegated_address: Option<Address>,
}

/// A deadline of a miner as of an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeadlineInfo {
    /// As of when.
    pub current_epoch: ChainEpoch,
    /// First epoch of the proving period.
    pub period_start: ChainEpoch,
    /// Which deadline.
    pub index: u64,
    /// First epoch for a PoSt.
    pub open: ChainEpoch,
    /// First epoch when it is too late.
    pub close: ChainEpoch,
    /// The epoch of the challenge randomness.
    pub challenge: ChainEpoch,
    /// First epoch when faults cannot be declared any more.
    pub fault_cutoff: ChainEpoch,
    /// Deadlines a period.
    #[serde(rename = "WPoStPeriodDeadlines")]
    pub w_post_period_deadlines: u64,
    /// Epochs a period.
    #[serde(rename = "WPoStProvingPeriod")]
    pub w_post_proving_period: ChainEpoch,
    /// Epochs a deadline.
    #[serde(rename = "WPoStChallengeWindow")]
    pub w_post_challenge_window: ChainEpoch,
    /// Epochs between challenge and opening.
    #[serde(rename = "WPoStChallengeLookback")]
    pub w_post_challenge_lookback: ChainEpoch,
    /// Epochs between fault cutoff and opening.
    pub fault_declaration_cutoff: ChainEpoch,
}

impl DeadlineInfo {
    /// Whether a PoSt is accepted now.
    pub const fn is_open(&self) -> bool {
        self.current_epoch >= self.open && self.current_epoch < self.close
    }
}

/// What a miner needs to know to draw for an epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MiningBaseInfo {
    /// Quality-adjusted bytes of the miner at the lookback.
    pub miner_power: BigInt,
    /// Of the network.
    pub network_power: BigInt,
    /// The sectors to prove.
    #[serde(default, deserialize_with = "null_as_default")]
    pub sectors: Vec<ExtendedSectorInfo>,
    /// Key address of the worker.
    pub worker_key: Address,
    /// Bytes.
    pub sector_size: u64,
    /// The last beacon entry of the base or before.
    pub prev_beacon_entry: BeaconEntry,
    /// Those for the round.
    #[serde(default, deserialize_with = "null_as_default")]
    pub beacon_entries: Vec<BeaconEntry>,
    /// Whether a block of the miner would be valid.
    pub eligible_for_mining: bool,
}

/// The version of a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct NodeVersion {
    /// The program's.
    pub version: String,
    /// The API's: major, minor, patch in a byte each.
    #[serde(rename = "APIVersion")]
    pub api_version: u32,
}

/// The heights of network upgrades by Go field name (`UpgradeSmokeHeight`, ..).
pub type ForkUpgradeParams = BTreeMap<String, ChainEpoch>;

/// The parameters of a network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct NetworkParams {
    /// Its name.
    pub network_name: String,
    /// Seconds between epochs.
    pub block_delay_secs: u64,
    /// Bytes a miner needs to win, while few have them.
    pub consensus_miner_min_power: BigInt,
    /// Seal proofs accepted; not told by all nodes.
    #[serde(default, deserialize_with = "null_as_default")]
    pub supported_proof_types: Vec<i64>,
    /// Epochs between pre-commit and its randomness.
    pub pre_commit_challenge_delay: ChainEpoch,
    /// Upgrade heights.
    pub fork_upgrade_params: ForkUpgradeParams,
    /// The Ethereum chain id.
    #[serde(rename = "Eip155ChainID", default)]
    pub eip155_chain_id: u64,
    /// Unix seconds of genesis; told by Lotus and by us.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub genesis_timestamp: Option<u64>,
}

/// What execution of a message cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MsgGasCost {
    /// The message.
    pub message: Option<Cid>,
    /// Units used.
    pub gas_used: BigInt,
    /// Burnt for the units used.
    pub base_fee_burn: TokenAmount,
    /// Burnt because the limit was too high.
    pub over_estimation_burn: TokenAmount,
    /// What the block producer loses.
    pub miner_penalty: TokenAmount,
    /// What the block producer earns.
    pub miner_tip: TokenAmount,
    /// What the sender gets back.
    pub refund: TokenAmount,
    /// What the sender pays.
    pub total_cost: TokenAmount,
}

/// The outcome of a call that changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct InvocResult {
    /// The message.
    pub msg_cid: Cid,
    /// The message.
    pub msg: Message,
    /// Its outcome.
    pub msg_rct: Receipt,
    /// What it would cost.
    pub gas_cost: MsgGasCost,
    /// What was called in turn, as the node reports it.
    #[serde(default)]
    pub execution_trace: serde_json::Value,
    /// Empty on success.
    #[serde(default)]
    pub error: String,
    /// Nanoseconds.
    #[serde(default)]
    pub duration: i64,
}

/// Settings of a message pool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MpoolConfig {
    /// Senders taken first.
    #[serde(default, deserialize_with = "null_as_default")]
    pub priority_addrs: Vec<Address>,
    /// Messages above which the pool is pruned.
    pub size_limit_high: i64,
    /// Messages to prune to.
    pub size_limit_low: i64,
    /// How much more premium a replacement needs.
    pub replace_by_fee_ratio: f64,
    /// Nanoseconds between prunings.
    pub prune_cooldown: i64,
    /// Factor on estimated gas limits.
    pub gas_limit_overestimation: f64,
}

/// A change of the message pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MpoolUpdate {
    /// 0: added, 1: removed.
    pub r#type: i64,
    /// The message.
    pub message: SignedMessage,
}

/// What a node is syncing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SyncState {
    /// Workers.
    #[serde(default, deserialize_with = "null_as_default")]
    pub active_syncs: Vec<ActiveSync>,
    /// Messages applied since start.
    #[serde(rename = "VMApplied", default)]
    pub vm_applied: u64,
}

/// One sync worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ActiveSync {
    /// Its number.
    #[serde(rename = "WorkerID")]
    pub worker_id: u64,
    /// From where.
    pub base: Option<TipSet>,
    /// To where.
    pub target: Option<TipSet>,
    /// 0 idle, 1 headers, 2 persisting headers, 3 messages, 4 complete, 5 error, 6 fetching.
    pub stage: i64,
    /// How far.
    pub height: ChainEpoch,
    /// RFC 3339.
    pub start: String,
    /// RFC 3339.
    pub end: String,
    /// What went wrong.
    pub message: String,
}
