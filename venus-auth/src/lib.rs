//! Tokens, users, miners and signers of a pool: one authority, asked by all other services.
//!
//! Wire compatible with the Go service sophon-auth (formerly venus-auth).
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use tokio_util::sync::CancellationToken;
//! use venus_auth::{Auth, AuthConfig};
//! use venus_core::auth::{AuthAdmin, AuthClient, Claims, NewUser, Permission, UserDirectory};
//!
//! # let home = tempfile::tempdir()?;
//! let mut config = AuthConfig::in_home(home.path());
//! config.listen = "127.0.0.1:0".parse()?;
//! let auth = Auth::builder(config).open().await?.start(CancellationToken::new()).await?;
//!
//! let client = AuthClient::new(&auth.url(), auth.admin_token())?;
//! client.create_user(&NewUser::enabled("alice")).await?;
//! let token = client.generate_token(&Claims::new("alice", Permission::Sign)).await?;
//! assert_eq!(client.verify(&token).await?.name, "alice");
//!
//! auth.shutdown().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Invariants
//!
//! - What was acknowledged is on the disk.
//! - A token verifies only while it is not removed and its user is neither disabled nor deleted.
//! - Nobody without a token gets anything but the health and the version.
//!
//! # Features
//!
//! - `sql`: the store over MySQL, MariaDB or TiDB, with the tables of the Go service.
//! - `test-utils`: the contract suite for stores, `auth_store_contract!`.

mod builder;
mod config;
mod db;
mod error;
mod influx;
mod rest;
mod service;
pub mod store;

pub use builder::{Auth, AuthBuilder, AuthHandle};
pub use config::AuthConfig;
pub use db::DbConfig;
pub use error::Error;
pub use influx::InfluxConfig;
pub use service::AuthService;
