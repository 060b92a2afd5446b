//! The RPC of a block producer.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{Address, ChainEpoch, NodeVersion, null_as_default};

/// A miner of the pool and whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PoolMiner {
    /// ID address.
    pub addr: Address,
    /// The user's id.
    pub id: String,
    /// The user's name.
    pub name: String,
    /// Whether blocks shall be made for it.
    pub open_mining: bool,
}

/// How a miner fares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MiningStatus {
    /// The miner.
    pub addr: Address,
    /// Whether it takes part.
    pub is_mining: bool,
    /// The last errors, each with its time; none if there were none.
    pub err: Option<Vec<String>>,
}

/// How often a miner won.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WinnerCount {
    /// The miner.
    pub miner: Address,
    /// The sum.
    pub total_win_count: i64,
    /// Why nothing was counted; empty if it was.
    pub msg: String,
    /// The epochs won or not known; none for an unknown miner.
    pub win_epoch_list: Option<Vec<WinnerEpoch>>,
}

/// The draw of one epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WinnerEpoch {
    /// The epoch.
    pub epoch: ChainEpoch,
    /// How many times it was won.
    pub win_count: i64,
    /// Why that is not known; empty if it is.
    pub msg: String,
}

/// How far a block got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MineState {
    /// The draw was won; the block is being made.
    Mining,
    /// A node took the block.
    Success,
    /// It took too long.
    Timeout,
    /// The base was left by the chain.
    ChainForked,
    /// There is no block.
    Error,
    /// A state of later versions.
    Other(i64),
}

impl MineState {
    /// The number on the wire.
    pub const fn code(self) -> i64 {
        match self {
            Self::Mining => 0,
            Self::Success => 1,
            Self::Timeout => 2,
            Self::ChainForked => 3,
            Self::Error => 4,
            Self::Other(code) => code,
        }
    }
}

impl Serialize for MineState {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_i64(self.code())
    }
}

impl<'de> Deserialize<'de> for MineState {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Ok(match i64::deserialize(d)? {
            0 => Self::Mining,
            1 => Self::Success,
            2 => Self::Timeout,
            3 => Self::ChainForked,
            4 => Self::Error,
            code => Self::Other(code),
        })
    }
}

/// Which blocks to list, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct BlockQuery {
    /// Of these miners; of all if empty.
    #[serde(deserialize_with = "null_as_default")]
    pub miners: Vec<Address>,
    /// So many; 0 is all.
    pub limit: u64,
    /// Without the first so many.
    pub offset: u64,
}

/// A draw that was won, and its block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MinedBlock {
    /// Height of the base.
    pub parent_epoch: ChainEpoch,
    /// Key of the base, as text.
    pub parent_key: String,
    /// Height of the block.
    pub epoch: ChainEpoch,
    /// Whose.
    pub miner: Address,
    /// The block's CID; empty until there is one.
    pub cid: String,
    /// When the draw was won, RFC 3339.
    pub winning_at: String,
    /// How far it got.
    pub mine_state: MineState,
    /// Always 0; the Go service has it.
    pub consuming: i64,
}

/// Which records of rounds to read: so many epochs from one on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RecordQuery {
    /// Whose.
    pub miner: Address,
    /// The first epoch.
    pub epoch: ChainEpoch,
    /// How many epochs; 0 is one.
    #[serde(default, deserialize_with = "not_negative")]
    pub limit: u64,
}

fn not_negative<'de, D: Deserializer<'de>>(d: D) -> Result<u64, D::Error> {
    let number = i64::deserialize(d)?;
    u64::try_from(number).map_err(|_| de::Error::custom(format!("{number} is negative")))
}

crate::rpc_client! {
    /// Calls a block producer.
    pub struct MinerClient;
}

crate::rpc_interface! {
    /// Block production for many miners. Callers who are no administrators see their own alone.
    pub trait MinerApi for MinerClient in "Filecoin" {
        /// Reads users `skip` to `skip + limit` (0: all) anew and returns the miners that now mine.
        #[admin]
        fn update_address(skip: i64, limit: i64) -> Vec<PoolMiner> = "UpdateAddress";
        /// Lists the known miners.
        #[read]
        fn list_address() -> Vec<PoolMiner> = "ListAddress";
        /// Tells how these miners fare; all if none is named.
        #[read]
        fn states_for_mining(miners: Option<Vec<Address>>) -> Vec<MiningStatus> = "StatesForMining";
        /// Counts how often miners won on the bases at `start` to `end`, that is one epoch later.
        #[read]
        fn count_winners(miners: Option<Vec<Address>>, start: ChainEpoch, end: ChainEpoch) -> Vec<WinnerCount> = "CountWinners";
        /// Lists draws won and their blocks.
        #[read]
        fn list_blocks(query: Option<BlockQuery>) -> Vec<MinedBlock> = "ListBlocks";
        /// Makes a winning PoSt to see whether it works.
        #[write]
        fn warmup_for_miner(miner: Address) -> () = "WarmupForMiner";
        /// Makes blocks for these miners from now on; for all if none is named.
        #[admin]
        fn start(miners: Option<Vec<Address>>) -> () = "Start";
        /// Makes no more blocks for these miners; for none if none is named.
        #[admin]
        fn stop(miners: Option<Vec<Address>>) -> () = "Stop";
        /// Reads what was recorded of rounds.
        #[read]
        fn query_record(query: RecordQuery) -> Vec<BTreeMap<String, String>> = "QueryRecord";
        /// Returns the version.
        #[read]
        fn version() -> NodeVersion = "Version";
        /// Ends the service.
        #[admin]
        fn shutdown() -> () = "Shutdown";
    }
}
