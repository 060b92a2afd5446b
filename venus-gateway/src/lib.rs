//! The bridge between a pool's shared services and the wallets and provers that dial in.
//!
//! Wallets and provers sit in private networks: they open a stream to the gateway
//! ([`GatewayProviders`](venus_core::api::gateway::GatewayProviders)) and answer what they are asked
//! on it. Services call the gateway ([`GatewayCalls`](venus_core::api::gateway::GatewayCalls)), or
//! take it as a [`Signer`](venus_core::Signer) ([`GatewaySigner`]) and a
//! [`WinningProver`](venus_core::WinningProver) ([`GatewayProver`]).
//!
//! ```
//! use std::sync::Arc;
//! use venus_core::{api::gateway::GatewayCalls, auth::AuthClient};
//! use venus_gateway::{Gateway, GatewayConfig};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let runtime = tokio::runtime::Runtime::new()?;
//! # runtime.block_on(async {
//! let auth = AuthClient::new("http://127.0.0.1:8989", "token")?;
//! let gateway = Gateway::new(GatewayConfig::default(), Arc::new(auth))?;
//! assert!(gateway.list_connected_miners().await?.is_empty());
//! # Ok(())
//! # })
//! # }
//! ```
//!
//! # Invariants
//!
//! - A connection serves an account only after it has proven that it has each of its keys, and a
//!   miner only if that miner is bound to the account of its token.
//! - A lost connection fails its waiting calls at once; they go to the other candidates.

mod config;
mod home;
mod proof_hub;
mod prover;
mod rpc;
mod service;
mod signer;
mod switch;
mod wallet_hub;

pub use config::GatewayConfig;
pub use home::HomeLock;
pub use prover::GatewayProver;
pub use service::{Gateway, GatewayError};
pub use signer::GatewaySigner;
