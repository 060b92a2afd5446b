//! What venus-auth can be asked, in process or over the network.

use std::{fmt::Debug, time::Duration};

use async_trait::async_trait;
use auto_impl::auto_impl;

use super::{
    Claims, MinerBinding, NewUser, Page, RateLimit, SignerBinding, TokenInfo, User, UserState,
    UserUpdate, UserWithMiners,
};
use crate::chain::Address;

/// Knows tokens and users.
///
/// # Contract
///
/// Nothing here changes anything, so every call may be repeated.
#[async_trait]
#[auto_impl(&, Box, Arc)]
pub trait UserDirectory: Debug + Send + Sync {
    /// Says what a token grants.
    ///
    /// # Errors
    ///
    /// [`AuthApiError::Unauthenticated`] or [`AuthApiError::NotFound`] if it is not valid (any
    /// more). Read it as "no", and only [`AuthApiError::is_retryable`] errors as "unknown".
    async fn verify(&self, token: &str) -> Result<Claims, AuthApiError>;

    /// Checks that all these users exist.
    ///
    /// # Errors
    ///
    /// [`AuthApiError::NotFound`] with the first name that does not.
    async fn verify_users(&self, names: &[String]) -> Result<(), AuthApiError>;

    /// Whether there is such a user.
    async fn has_user(&self, name: &str) -> Result<bool, AuthApiError>;

    /// Finds a user.
    ///
    /// # Errors
    ///
    /// [`AuthApiError::NotFound`] if there is none.
    async fn user(&self, name: &str) -> Result<User, AuthApiError>;

    /// Lists users by name; [`UserState::UNDEFINED`] means those of any state.
    async fn users(&self, page: Page, state: UserState) -> Result<Vec<User>, AuthApiError>;

    /// The request limits of a user; none is an empty list.
    async fn rate_limits(&self, user: &str) -> Result<Vec<RateLimit>, AuthApiError>;
}

/// Knows whose miner is whose. A miner belongs to exactly one user.
#[async_trait]
#[auto_impl(&, Box, Arc)]
pub trait MinerBindings: Debug + Send + Sync {
    /// Finds the user of a miner.
    ///
    /// # Errors
    ///
    /// [`AuthApiError::NotFound`] if it is bound to nobody.
    async fn user_by_miner(&self, miner: Address) -> Result<User, AuthApiError>;

    /// Whether the miner belongs to this user.
    async fn miner_exists_in_user(&self, user: &str, miner: Address) -> Result<bool, AuthApiError>;

    /// Whether the miner belongs to anybody.
    async fn has_miner(&self, miner: Address) -> Result<bool, AuthApiError>;

    /// Lists the miners of a user; an unknown user has none.
    async fn miners(&self, user: &str) -> Result<Vec<MinerBinding>, AuthApiError>;

    /// Binds a miner to a user, whoever had it before, and says whether to make blocks for it.
    /// `true`: it was bound to nobody.
    async fn upsert_miner(
        &self,
        user: &str,
        miner: Address,
        open_mining: bool,
    ) -> Result<bool, AuthApiError>;

    /// Unbinds a miner. `false`: it was bound to nobody.
    async fn remove_miner(&self, miner: Address) -> Result<bool, AuthApiError>;
}

/// Knows who may use which signing key. A key may have many users, and a user many keys.
#[async_trait]
#[auto_impl(&, Box, Arc)]
pub trait SignerBindings: Debug + Send + Sync {
    /// Finds the users of a key.
    ///
    /// # Errors
    ///
    /// [`AuthApiError::NotFound`] if it is bound to nobody.
    async fn users_by_signer(&self, signer: Address) -> Result<Vec<User>, AuthApiError>;

    /// Whether this user may use the key. It must be a key address, not an ID.
    async fn signer_exists_in_user(
        &self,
        user: &str,
        signer: Address,
    ) -> Result<bool, AuthApiError>;

    /// Whether anybody may use the key.
    async fn has_signer(&self, signer: Address) -> Result<bool, AuthApiError>;

    /// Lists the keys of a user; an unknown user has none.
    async fn signers(&self, user: &str) -> Result<Vec<SignerBinding>, AuthApiError>;

    /// Lets a user use these keys. Keys that it has already are no error.
    async fn register_signers(&self, user: &str, signers: &[Address]) -> Result<(), AuthApiError>;

    /// Takes these keys from a user. Keys that it does not have are no error.
    async fn unregister_signers(&self, user: &str, signers: &[Address])
    -> Result<(), AuthApiError>;
}

/// All that the services of a pool ask venus-auth. Implemented for whoever has the parts.
///
/// ```
/// use std::sync::Arc;
/// use venus_core::auth::{AuthApi, AuthApiError, UserWithMiners};
///
/// async fn miners_of_the_pool(
///     auth: Arc<dyn AuthApi>,
/// ) -> Result<Vec<UserWithMiners>, AuthApiError> {
///     auth.users_with_miners().await
/// }
/// ```
#[async_trait]
pub trait AuthApi: UserDirectory + MinerBindings + SignerBindings {
    /// Lists all users of any state with their miners, however many pages that takes.
    async fn users_with_miners(&self) -> Result<Vec<UserWithMiners>, AuthApiError> {
        let mut all = Vec::new();
        loop {
            let page = Page { skip: all.len(), limit: Page::MAX };
            let users = self.users(page, UserState::UNDEFINED).await?;
            let last = users.len() < Page::MAX;
            for user in users {
                let miners = self.miners(&user.name).await?;
                all.push(UserWithMiners { user, miners });
            }
            if last {
                return Ok(all);
            }
        }
    }
}

impl<T: UserDirectory + MinerBindings + SignerBindings + ?Sized> AuthApi for T {}

/// What an administrator can do besides [`AuthApi`].
#[async_trait]
#[auto_impl(&, Box, Arc)]
pub trait AuthAdmin: Debug + Send + Sync {
    /// Makes a token for an existing user.
    async fn generate_token(&self, claims: &Claims) -> Result<String, AuthApiError>;
    /// Describes one token.
    async fn token(&self, token: &str) -> Result<TokenInfo, AuthApiError>;
    /// Lists the tokens of a user.
    async fn tokens_by_name(&self, name: &str) -> Result<Vec<TokenInfo>, AuthApiError>;
    /// Lists all tokens.
    async fn tokens(&self, page: Page) -> Result<Vec<TokenInfo>, AuthApiError>;
    /// Makes a token invalid.
    async fn remove_token(&self, token: &str) -> Result<(), AuthApiError>;
    /// Makes a removed token valid again.
    async fn recover_token(&self, token: &str) -> Result<(), AuthApiError>;
    /// Creates a user.
    async fn create_user(&self, user: &NewUser) -> Result<User, AuthApiError>;
    /// Changes a user.
    async fn update_user(&self, update: &UserUpdate) -> Result<(), AuthApiError>;
    /// Deletes a user and unbinds its miners and signers.
    async fn delete_user(&self, name: &str) -> Result<(), AuthApiError>;
    /// Brings a deleted user back, without its miners and signers.
    async fn recover_user(&self, name: &str) -> Result<(), AuthApiError>;
    /// Takes a signing key from all users. `false`: nobody had it.
    async fn remove_signer(&self, signer: Address) -> Result<bool, AuthApiError>;
    /// Writes a limit and gives its id, a new one if that of `limit` is empty.
    async fn upsert_rate_limit(&self, limit: &RateLimit) -> Result<String, AuthApiError>;
    /// Removes a limit; one that does not exist is no error.
    async fn remove_rate_limit(&self, user: &str, id: &str) -> Result<(), AuthApiError>;
}

const _: fn(&dyn AuthApi, &dyn AuthAdmin) = |_, _| {};

/// Why venus-auth did not do what it was asked.
#[expect(missing_docs, reason = "the messages name the fields")]
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthApiError {
    /// The token of the one who asks, or the one asked about, is not valid.
    #[error("venus-auth does not accept the token: {0}; make one with `venus-auth token gen`")]
    Unauthenticated(String),
    /// The caller is known, but may not do this.
    #[error("venus-auth refused: {0}; use a token with the permission it names")]
    Denied(String),
    /// There is no such thing.
    #[error("venus-auth does not know it: {0}")]
    NotFound(String),
    /// The request is wrong, and will be wrong again.
    #[error("venus-auth rejected the request: {0}")]
    Rejected(String),
    /// The client was set up wrongly.
    #[error("cannot talk to venus-auth: {0}")]
    Setup(String),
    /// Nobody answered in time. What was asked may have been done.
    #[error("venus-auth at {endpoint} gave no answer within {waited:?}; check that it runs")]
    Timeout { endpoint: String, waited: Duration },
    /// Nobody answered.
    #[error("cannot reach venus-auth at {endpoint}: {cause}; check that it runs there")]
    Unreachable { endpoint: String, cause: String },
    /// What answered is not venus-auth.
    #[error("what answers at {endpoint} is not venus-auth: {cause}; check the address")]
    Malformed { endpoint: String, cause: String },
    /// venus-auth itself failed.
    #[error("venus-auth failed: {0}; its log has the cause")]
    Internal(String),
}

impl AuthApiError {
    /// Whether the same call, unchanged, may succeed later.
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Timeout { .. } | Self::Unreachable { .. } | Self::Internal(_))
    }

    /// Whether the thing asked for does not exist.
    pub const fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound(_))
    }
}
