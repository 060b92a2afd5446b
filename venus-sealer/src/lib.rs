//! Seals, proves and keeps the sectors of one miner.
//!
//! ```no_run
//! use std::sync::Arc;
//! use venus_core::{ChainApi, MessageSink, ProofProvider};
//! use venus_sealer::Sealer;
//!
//! # async fn example(
//! #     chain: Arc<dyn ChainApi>,
//! #     sink: Arc<dyn MessageSink>,
//! #     prover: Arc<dyn ProofProvider>,
//! # ) -> Result<(), venus_sealer::SealerError> {
//! // `init_new` or `init_existing` made the home before.
//! let sealer = Sealer::builder(chain, sink, prover).open("/var/lib/venus-sealer").await?;
//! let sector = sealer.pledge().await?;
//! println!("sealing sector {}", sector.number);
//! // Until it is cancelled: sealing, and a window PoSt for each deadline with sectors.
//! sealer.run(venus_core::shutdown::signal_token()).await
//! # }
//! ```
//!
//! # Invariants
//!
//! - A message is kept, with its id, before it is handed over: after a kill the same one goes out.
//! - A sector's event is durable before the next effect; each handler can be run again.
//! - A sector number is given out once.
//! - Proofs of a deadline that a reorg gave another challenge are never submitted.

pub mod api;
pub mod fsm;
pub mod gateway;
pub mod params;
pub mod policy;
pub mod storage;
pub mod view;

mod builder;
mod config;
mod context;
mod error;
mod funds;
mod handle;
mod head;
mod init;
mod peer;
mod post;
mod proving;
mod service;
mod store;
mod winning;

pub use api::{SealerApi, SealerClient};
pub use builder::SealerBuilder;
pub use config::{
    AddressConfig, FeeConfig, GatewaysConfig, ProvingConfig, SealerConfig, SealingConfig,
    ServiceConfig,
};
pub use error::SealerError;
pub use init::{InitOptions, NewMiner, identity, init_existing, init_new};
pub use peer::{PEER_KEY_FILE, peer_id};
pub use service::Sealer;
pub use store::Identity;
pub use winning::MinerWinningProver;
