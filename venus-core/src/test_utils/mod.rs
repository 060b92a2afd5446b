//! Doubles and contract suites for tests of this workspace and of third parties.

#![expect(clippy::expect_used, reason = "a broken contract is a failed test")]

mod auth;
mod chain;
#[cfg(feature = "sql")]
mod mariadb;
mod proof;
pub mod replay;
mod signer;
mod sink;

pub use auth::MemAuth;
pub use chain::chain_contract;
#[cfg(feature = "sql")]
pub use mariadb::MariaDb;
pub use proof::{ContractProofs, prover_contract};
pub use signer::signer_contract;

pub use crate::signer::MemSigner;
pub use sink::sink_contract;
