//! The chain node's RPC, split by concern: a custom backend implements only what it serves.
//!
//! Each trait is implemented by the embedded chain in process and by [`NodeClient`] over the wire.
//! `tsk` names the tipset as of which is asked; [`TipSetKey::head`](crate::TipSetKey::head) means
//! the head. State is that **before** the messages of that tipset.

mod chain_reader;
mod gas_oracle;
mod head_stream;
mod message_pool;
mod miner_state;
mod mining;
mod network;
mod state_reader;

pub use chain_reader::ChainReader;
pub use gas_oracle::GasOracle;
pub use head_stream::HeadStream;
pub use message_pool::MessagePool;
pub use miner_state::MinerState;
pub use mining::MiningApi;
pub use network::NetworkApi;
pub use state_reader::StateReader;

crate::rpc_client! {
    /// Calls a chain node (venus, lotus, forest or ours).
    pub struct NodeClient;
}

/// Everything that the services of a pool ask of a chain node.
///
/// # Contract
///
/// - Reads are idempotent; dropping a future cancels the call.
/// - Amounts are attoFIL, epochs are heights, randomness is 32 bytes.
/// - A tipset that the node does not know is an error; a null round is not (see each method).
pub trait ChainApi:
    ChainReader
    + StateReader
    + MinerState
    + HeadStream
    + GasOracle
    + MessagePool
    + MiningApi
    + NetworkApi
{
}

impl<T> ChainApi for T where
    T: ChainReader
        + StateReader
        + MinerState
        + HeadStream
        + GasOracle
        + MessagePool
        + MiningApi
        + NetworkApi
        + ?Sized
{
}

const _: fn(&dyn ChainApi) = |_| {}; // Stays usable as a trait object.
