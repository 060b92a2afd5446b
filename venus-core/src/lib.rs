//! The shared vocabulary of a Filecoin mining pool.

pub mod api;
pub mod auth;
mod causes;
pub mod chain;
pub mod chain_api;
pub mod clock;
pub mod config;
pub mod consensus;
pub mod crypto;
pub mod duration;
pub mod metrics;
pub mod proof;
pub mod rpc;
pub mod shutdown;
pub mod signer;
pub mod sink;
#[cfg(feature = "sql")]
pub mod sql;
pub mod store;
pub mod telemetry;
#[cfg(feature = "test-utils")]
pub mod test_utils;

pub use causes::with_causes;
pub use chain::*;
pub use chain_api::ChainApi;
pub use proof::{ProofError, ProofProvider, SealProver, WindowProver, WinningProver};
pub use signer::{FanOut, MsgMeta, Purpose, SignError, Signer, WalletSigner};
pub use sink::{MessageSink, SinkError};
