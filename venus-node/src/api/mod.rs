//! The node's side of the RPC interfaces.

mod chain_reader;
mod dev;
mod miner_state;
mod mining;
mod network;
mod pool;
mod state_reader;
mod tools;
pub(crate) mod v0;

pub use dev::{ChainTime, DevChain, DevClient};
pub use tools::NodeTools;
