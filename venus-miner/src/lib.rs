//! Makes blocks for many miners at once.
//!
//! It holds no keys, no sectors and no chain: it asks a node ([`ChainApi`](venus_core::ChainApi))
//! for a base, lets every miner draw through a [`Signer`](venus_core::Signer), has the winners
//! prove by a [`WinningProver`](venus_core::WinningProver), and hands the signed blocks back to the
//! node.
//!
//! ```no_run
//! use std::sync::Arc;
//! use tokio_util::sync::CancellationToken;
//! use venus_core::{Address, ChainApi, Signer, WinningProver, clock::SystemClock};
//! use venus_miner::{Miner, StaticMiners};
//!
//! async fn mine(
//!     chain: Arc<dyn ChainApi>,
//!     wallet: Arc<dyn Signer>,
//!     prover: Arc<dyn WinningProver>,
//! ) -> Result<(), venus_miner::MinerError> {
//!     let miner = Miner::builder(chain, wallet, prover, Arc::new(SystemClock))
//!         .with_miners(StaticMiners::new("me", [Address::id(1000)]))
//!         .open("/var/lib/venus-miner")
//!         .await?;
//!     miner.run(CancellationToken::new()).await;
//!     Ok(())
//! }
//! ```
//!
//! # Invariants
//!
//! - Nothing is signed before the [`BlockStore`] has it on the disk, and of two blocks that
//!   together slash a miner one is never signed: not after a crash, not by two rounds at once.
//! - A slow miner delays nobody: who is ready in time goes without it.
//! - A record that was lost is taken from the chain again before anything is signed: from the 900
//!   epochs for which a fault can be reported.
//! - On one base a miner makes one block at most, however many rounds on it are null.

mod block;
mod builder;
mod config;
mod error;
mod gauges;
mod lottery;
mod recorder;
mod registry;
mod restore;
mod round;
mod rpc;
mod service;
mod source;
mod store;
mod winners;

pub use builder::MinerBuilder;
pub use config::{MinerConfig, RecorderConfig};
pub use error::MinerError;
pub use service::Miner;
pub use source::{AuthMiners, Listing, MinerSource, StaticMiners};
pub use store::{BlockStore, EmbeddedStore, Fault, Intent, Verdict};
