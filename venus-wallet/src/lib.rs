//! Keys, their encryption at rest, and signatures.
//!
//! A [`Wallet`] keeps BLS, secp256k1 and delegated keys encrypted under one password (the format of
//! the Go wallet) and signs what it can check: see [`sign_bytes`]. It is a
//! [`Signer`](venus_core::Signer) in process, a [`WalletApi`](venus_core::api::wallet::WalletApi)
//! over RPC, and it registers at gateways ([`register`]).
//!
//! ```
//! use venus_core::{MsgMeta, Purpose, Signer, crypto::{self, KeyKind}};
//! use venus_wallet::{Wallet, WalletConfig};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let runtime = tokio::runtime::Runtime::new()?;
//! # let home = std::env::temp_dir().join(format!("venus-wallet-doc-{}", std::process::id()));
//! # runtime.block_on(async {
//! let config = WalletConfig { scrypt_log_n: 10, ..WalletConfig::default() };
//! let wallet = Wallet::open(&home, config)?;
//! wallet.set_password("correct horse").await?;
//!
//! let address = wallet.new_key(KeyKind::Bls).await?;
//! let signature = wallet.sign(address, b"hello", MsgMeta::new(Purpose::Unknown)).await?;
//! crypto::verify(&signature, b"hello", address)?;
//! # drop(wallet);
//! # std::fs::remove_dir_all(&home)?;
//! # Ok(())
//! # })
//! # }
//! ```
//!
//! # Invariants
//!
//! - A secret is in memory only while the wallet is unlocked, and on disk only encrypted.
//! - What is signed for a chain message is what `extra` shows, not what the caller claims.

mod config;
mod crypto_json;
mod error;
mod keystore;
mod market;
mod params;
pub mod register;
mod rpc;
pub mod sign_bytes;
mod token;
mod wallet;

pub use config::WalletConfig;
pub use crypto_json::{CryptoJson, CryptoJsonError, PasswordHash};
pub use error::{NotSender, WalletError};
pub use rpc::{SupportBook, WalletService};
pub use token::WalletTokens;
pub use wallet::Wallet;
