//! Where tokens, users, bindings and limits are kept.

#[cfg(feature = "test-utils")]
mod contract;
mod sled;
#[cfg(feature = "sql")]
mod sql;

use std::{fmt, path::PathBuf};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use venus_core::auth::{
    JwtSecret, MinerBinding, Page, RateLimit, SignerBinding, User, UserState, UserUpdate,
};
use venus_core::chain::Address;

#[cfg(feature = "test-utils")]
pub use contract::*;

pub use self::sled::SledStore;
#[cfg(feature = "sql")]
pub use self::sql::SqlStore;

/// Keeps what venus-auth knows.
///
/// # Contract
///
/// - A call that has returned is durable: it survives the death of the process at any instant.
/// - Each call is one transaction, and calls appear to run one after the other.
/// - Names are compared byte for byte; a store that cannot keep two names apart takes the second
///   for taken. Lists are in the order of their keys: tokens by token,
///   users by name, miners and signers by address.
/// - Dropping the future cancels the wait, not always the work.
///
/// Check your own implementation with `auth_store_contract!` of the feature `test-utils`.
#[async_trait]
pub trait AuthStore: fmt::Debug + Send + Sync {
    /// Stores a new token.
    async fn put_token(&self, row: TokenRow) -> Result<(), StoreError>;
    /// Finds a token, also a removed one.
    async fn token(&self, token: &str) -> Result<Option<TokenRow>, StoreError>;
    /// Lists tokens that are not removed.
    async fn tokens(&self, page: Page) -> Result<Vec<TokenRow>, StoreError>;
    /// Lists the tokens of a user that are not removed.
    async fn tokens_by_name(&self, name: &str) -> Result<Vec<TokenRow>, StoreError>;
    /// Marks a token as removed by somebody, or as not removed. `false`: it was so already, or
    /// there is no such token. Whether it was its own user must be kept; the name of another may
    /// become empty.
    async fn set_token_removed(&self, token: &str, by: Option<&str>) -> Result<bool, StoreError>;

    /// Stores a new user, in place of a deleted one of the same name if there is one. `false`:
    /// the name is taken.
    async fn insert_user(&self, user: User) -> Result<bool, StoreError>;
    /// Finds a user, also a deleted one.
    async fn user(&self, name: &str) -> Result<Option<UserRow>, StoreError>;
    /// Lists users that are not deleted, of one state unless it is undefined.
    async fn users(&self, page: Page, state: UserState) -> Result<Vec<User>, StoreError>;
    /// Changes a user. `false`: there is none.
    async fn update_user(
        &self,
        update: &UserUpdate,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError>;
    /// Deletes a user with all its bindings. `false`: there is none.
    async fn delete_user(&self, name: &str, now: DateTime<Utc>) -> Result<bool, StoreError>;
    /// Brings a deleted user back, without bindings. `false`: there is no deleted one.
    async fn recover_user(&self, name: &str, now: DateTime<Utc>) -> Result<bool, StoreError>;

    /// Binds a miner to a user, whoever had it.
    async fn bind_miner(
        &self,
        user: &str,
        miner: Address,
        open_mining: bool,
        now: DateTime<Utc>,
    ) -> Result<Bound, StoreError>;
    /// Unbinds a miner. `false`: it was not bound.
    async fn unbind_miner(&self, miner: Address, now: DateTime<Utc>) -> Result<bool, StoreError>;
    /// Finds the binding of a miner.
    async fn miner(&self, miner: Address) -> Result<Option<MinerBinding>, StoreError>;
    /// Lists the miners of a user.
    async fn miners(&self, user: &str) -> Result<Vec<MinerBinding>, StoreError>;

    /// Binds a signer to a user besides those that have it.
    async fn bind_signer(
        &self,
        user: &str,
        signer: Address,
        now: DateTime<Utc>,
    ) -> Result<Bound, StoreError>;
    /// Takes a signer from one user, or from all. `false`: it was not bound.
    async fn unbind_signer(
        &self,
        user: Option<&str>,
        signer: Address,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError>;
    /// Lists the users of a signer.
    async fn users_of_signer(&self, signer: Address) -> Result<Vec<String>, StoreError>;
    /// Lists the signers of a user.
    async fn signers(&self, user: &str) -> Result<Vec<SignerBinding>, StoreError>;

    /// Lists the limits of a user by id.
    async fn limits(&self, user: &str) -> Result<Vec<RateLimit>, StoreError>;
    /// Writes a limit. `false`: its id belongs to another user.
    async fn put_limit(&self, limit: RateLimit) -> Result<bool, StoreError>;
    /// Removes a limit of a user. `false`: it has none of this id.
    async fn remove_limit(&self, user: &str, id: &str) -> Result<bool, StoreError>;
}

const _: fn(&dyn AuthStore) = |_| {};

/// What became of a binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// It is new.
    Created,
    /// It was there before, perhaps with another user.
    Updated,
    /// Nothing was done: there is no such user.
    NoUser,
}

/// A token as it is stored. Its secret is not printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRow {
    /// The token.
    pub token: String,
    /// Its user.
    pub name: String,
    /// What it grants.
    pub perm: String,
    /// Free text.
    pub extra: String,
    /// The key that signed it.
    #[serde(with = "secret_hex")]
    pub secret: JwtSecret,
    /// When it was made.
    pub create_time: DateTime<Utc>,
    /// Who removed it; empty for an administrator whose name is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed_by: Option<String>,
}

impl fmt::Debug for TokenRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenRow")
            .field("token", &venus_core::auth::token_fingerprint(&self.token))
            .field("name", &self.name)
            .field("perm", &self.perm)
            .field("removed_by", &self.removed_by)
            .finish_non_exhaustive()
    }
}

mod secret_hex {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use venus_core::auth::JwtSecret;
    use zeroize::Zeroizing;

    pub(super) fn serialize<S: Serializer>(secret: &JwtSecret, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&secret.to_hex())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<JwtSecret, D::Error> {
        let text = Zeroizing::new(String::deserialize(from)?);
        JwtSecret::from_hex(&text).map_err(D::Error::custom)
    }
}

/// A user as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRow {
    /// The user.
    #[serde(flatten)]
    pub user: User,
    /// Whether it is deleted.
    pub deleted: bool,
}

/// Why the store did not answer.
#[expect(missing_docs, reason = "the messages name the fields")]
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("another process uses the store in {}; stop it or choose another home", path.display())]
    Locked { path: PathBuf },
    #[error("{} holds the badger store of a Go service; choose another home", path.display())]
    Foreign { path: PathBuf },
    #[error("cannot open the store in {}; check the disk and the owner of the files", path.display())]
    Open { path: PathBuf, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("the store is of version {found}, this program knows {known}; use a newer program")]
    Version { found: u32, known: u32 },
    #[error("the store failed to {what}")]
    Backend { what: &'static str, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("a record in the store is broken: {0}; restore the store from a backup")]
    Corrupt(#[source] serde_json::Error),
    #[error("a row of the table `{table}` is broken: {reason}; correct or delete it")]
    BadRow { table: &'static str, reason: String },
    #[error(
        "the database was made by an old version ({what}); start sophon-auth 1.16 on it once, \
         which brings it up to date, or choose another database"
    )]
    Outdated { what: String },
    #[error(
        "the database is of a newer version: its table `{table}` has the column `{column}`; \
         use a newer program"
    )]
    Newer { table: String, column: String },
    #[cfg(feature = "sql")]
    #[error(transparent)]
    Sql(#[from] venus_core::sql::SqlError),
}
