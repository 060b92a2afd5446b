//! Gets messages on chain.
//!
//! Producers hand over messages without nonce and gas. For each sender, on each head that stands,
//! some are chosen, estimated, given nonces, signed, stored and then published; the chain is
//! followed until each has its receipt. Signing goes through any [`Signer`](venus_core::Signer),
//! the chain through any [`ChainApi`](venus_core::ChainApi).
//!
//! What is acknowledged is durable. Rows and nonce are stored in one transaction before anything is
//! published, so that a message is never signed under two nonces, whenever the process dies.
//!
//! ```no_run
//! use std::sync::Arc;
//! use tokio_util::sync::CancellationToken;
//! use venus_core::{ChainApi, Message, MessageSink, Signer};
//! use venus_messager::Messager;
//!
//! async fn send(
//!     chain: Arc<dyn ChainApi>,
//!     signer: Arc<dyn Signer>,
//!     message: Message,
//! ) -> Result<(), Box<dyn std::error::Error>> {
//!     let messager = Messager::builder(chain, signer).open("/var/lib/messager").await?;
//!     let stop = CancellationToken::new();
//!     tokio::spawn({
//!         let (messager, stop) = (messager.clone(), stop.clone());
//!         async move { messager.run(stop).await }
//!     });
//!     messager.push("payout-2026-11", message, None).await?;
//!     let outcome = messager.wait("payout-2026-11", 5).await?;
//!     println!("exit code {}", outcome.receipt.exit_code);
//!     Ok(())
//! }
//! ```

mod accept;
mod builder;
mod config;
mod error;
mod fees;
mod gauges;
mod manage;
mod publish;
mod rpc;
mod select;
mod service;
mod store;
mod track;
mod wallets;

pub use builder::MessagerBuilder;
pub use config::{MessagerConfig, Order};
pub use error::MessagerError;
pub use service::Messager;
#[cfg(feature = "sql")]
pub use store::SqlStore;
pub use store::{Batch, EmbeddedStore, Filter, Key, MessageStore, SenderChange, Tracked};
