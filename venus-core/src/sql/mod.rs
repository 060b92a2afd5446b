//! Databases that speak the protocol of MySQL: MySQL 5.7 and 8, MariaDB, TiDB.
//!
//! A [`Dsn`] is what the configuration of a Go service has; [`open_pool`] connects, or says why
//! not and what to do. Reads go through [`SqlPool`] and are retried once when the connection is
//! lost; writes go through [`transaction!`], which reports a lost connection, as nobody can
//! know then whether the server has committed.
//!
//! ```no_run
//! # async fn f() -> Result<(), venus_core::sql::SqlError> {
//! use venus_core::sql::{Dsn, PoolLimits, SqlError, open_pool, sqlx, transaction};
//!
//! let dsn: Dsn = "root:111111@(127.0.0.1:3306)/venus_auth?parseTime=true&loc=Local".parse()?;
//! let pool = open_pool(&dsn, &PoolLimits::default()).await?;
//! let find = || sqlx::query_as("SELECT id FROM users WHERE name = ?").bind("alice");
//! let user: Option<(String,)> = pool.fetch_optional(find).await?;
//!
//! let changed: Result<u64, SqlError> = transaction!(pool, |tx| {
//!     let change = "UPDATE users SET comment = ? WHERE name = ?";
//!     tx.execute(sqlx::query(change).bind("a miner").bind("alice")).await
//! });
//! # changed?;
//! # Ok(())
//! # }
//! ```

mod dsn;
mod error;
mod pool;
mod transaction;
mod zone;

pub use crate::sql_transaction as transaction;
pub use sqlx;

pub use dsn::{Dsn, Server, Tls};
pub use error::{DsnError, SqlError};
pub use pool::{PoolLimits, SqlPool, open_pool};
#[doc(hidden)]
pub use transaction::Attempts;
pub use transaction::Transaction;
pub use zone::Zone;
