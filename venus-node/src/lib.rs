//! The chain node: chain store, validation, message pool, embedded development chain.
//!
//! ```no_run
//! use venus_core::{chain_api::ChainReader, crypto::{KeyKind, PrivateKey}};
//! use venus_node::{DevGenesis, Node, NodeConfig};
//!
//! # async fn start() -> Result<(), Box<dyn std::error::Error>> {
//! let worker = PrivateKey::generate(KeyKind::Bls)?;
//! let genesis = DevGenesis::single("localnet-1", worker.address(), 2, "home/miner");
//! let node =
//!     Node::builder("home/node", NodeConfig::default()).with_dev_genesis(genesis).open().await?;
//! println!("height {}", node.chain_head().await?.height());
//! # Ok(())
//! # }
//! ```
//!
//! # Invariants
//!
//! - Every block goes through the same full validation, whoever made it.
//! - A block is on disk before it is acknowledged; a message before it is in the pool.
//! - A switch of heads is atomic, on disk and for subscribers.
//! - What cannot be executed never becomes the head.
//! - A chain from a snapshot ([`NodeBuilder::with_snapshot`]) is taken by its links and CIDs; what is
//!   above its head is executed and judged like any other block.
//! - A chain stays with the [`Beacon`] that it began with.
//!
//! # Metrics
//!
//! `/metrics`: `venus_head_height`, `venus_head_lag_seconds` (on the chain's clock),
//! `venus_mpool_size`, `venus_blocks_total{result="accepted|rejected|failed"}`, and the calls.
//!
//! # Simplifications
//!
//! Gas is not that of the real network; receipts have no events root; no EVM, payment channels,
//! data cap or market deals; no F3; upgrades only at genesis; nothing is collected as garbage.

mod api;
mod beacon;
pub mod blockstore;
mod builder;
mod chain;
mod config;
mod dev_genesis;
mod error;
pub mod executor;
mod gas;
mod gauges;
pub mod genesis;
mod pool;
mod search;
mod service;
mod skip;
mod snapshot;
mod store;

pub use api::{ChainTime, DevChain, DevClient, NodeTools};
pub use beacon::Beacon;
pub use builder::NodeBuilder;
pub use config::{ClockKind, NodeConfig, PoolConfig, Preset};
pub use dev_genesis::{DevGenesis, DevMiner};
pub use error::{NodeError, Result};
pub use service::Node;
