//! Executes messages over the real actor state.
//!
//! [`Executor`] is what the chain needs; [`NativeExecutor`] does it with own code over the state
//! layout of the builtin actors v18 (network version 28). Everything here is synchronous and may
//! take long when proofs are checked: call it off the runtime's threads.
//!
//! [`StateView`] reads a state without changing it.

mod actors;
mod apply;
pub(crate) mod buffer;
pub(crate) mod codes;
mod config;
pub(crate) mod error;
pub mod externs;
mod gas;
pub(crate) mod machine;
pub(crate) mod state_tree;
mod supply;
mod tipset;
mod types;
mod view;

use std::fmt::Debug;

use cid::Cid;

pub use codes::ActorKind;
pub use config::ExecutorConfig;
pub use error::{ExecutorError, Result};
pub use externs::{ChainRand, MockVerifier, ProofsVerifier, Purpose, SealAndPostVerifier};
pub use gas::{BLOCK_GAS_LIMIT, BLOCK_GAS_TARGET, GasOutputs, gas_outputs, over_estimation};
pub use state_tree::ActorState;
pub use supply::Supply;
pub use tipset::NativeExecutor;
pub use types::{
    CallInput, ChainMessage, ExecBlock, MessageTrace, TipsetInput, TipsetResult, message_cid,
};
pub use view::{Eligibility, MinerPower, PartitionView, SectorLocation, SectorPledge, StateView};

use crate::blockstore::SharedStore;
use crate::genesis::GenesisTemplate;

/// Computes states.
pub trait Executor: Debug + Send + Sync {
    /// The store that states are read from and written to.
    fn store(&self) -> &SharedStore;

    /// The rules of the network.
    fn config(&self) -> &ExecutorConfig;

    /// Executes the messages of a tipset, after the cron of the null rounds before it. The new
    /// state is in the store when this returns.
    ///
    /// # Errors
    ///
    /// When a state is missing, or the tipset breaks a rule that no receipt can express.
    fn apply_tipset(&self, input: &TipsetInput<'_>) -> Result<TipsetResult>;

    /// Executes a message on top of a state and throws the outcome away. Its fees are not
    /// charged, so it shows what the method does and how much gas it takes.
    ///
    /// # Errors
    ///
    /// When the state is missing or the sender does not exist.
    fn call(&self, input: &CallInput<'_>) -> Result<MessageTrace>;

    /// Builds the state that a chain begins with.
    ///
    /// # Errors
    ///
    /// When the template contradicts itself or a miner cannot be made as it asks.
    fn genesis(&self, template: &GenesisTemplate) -> Result<Cid>;
}
