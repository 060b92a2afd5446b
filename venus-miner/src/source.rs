//! Where the list of miners comes from.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use venus_core::{
    Address,
    api::miner::PoolMiner,
    auth::{AuthApi, AuthApiError, Page, User, UserState},
};

/// A reading of the list of miners.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// The miners that are known, also those switched off.
    pub miners: Vec<PoolMiner>,
    /// Users whose miners could not be read: what was known of them still holds.
    pub unread: Vec<String>,
}

/// Knows the pool's miners.
#[async_trait]
pub trait MinerSource: fmt::Debug + Send + Sync {
    /// Reads the miners of a page of users.
    async fn list(&self, users: Page) -> Result<Listing, AuthApiError>;

    /// Switches block production for a miner on or off, for good.
    async fn set_mining(&self, miner: &PoolMiner, on: bool) -> Result<(), AuthApiError>;
}

/// The miners that venus-auth knows.
#[derive(Debug, Clone)]
pub struct AuthMiners(pub Arc<dyn AuthApi>);

impl AuthMiners {
    /// Reads users, all of them piece by piece: a service gives so many at most.
    async fn users(&self, page: Page) -> Result<Vec<User>, AuthApiError> {
        if page.limit != 0 {
            return self.0.users(page, UserState::UNDEFINED).await;
        }
        let mut all = Vec::new();
        loop {
            let piece = Page { skip: page.skip + all.len(), limit: Page::MAX };
            let users = self.0.users(piece, UserState::UNDEFINED).await?;
            let last = users.len() < Page::MAX;
            all.extend(users);
            if last {
                return Ok(all);
            }
        }
    }
}

#[async_trait]
impl MinerSource for AuthMiners {
    async fn list(&self, page: Page) -> Result<Listing, AuthApiError> {
        let mut listing = Listing::default();
        for user in self.users(page).await? {
            match self.0.miners(&user.name).await {
                Ok(bindings) if user.state != UserState::ENABLED => {
                    if !bindings.is_empty() {
                        tracing::warn!(user = user.name, state = %user.state, "user left out");
                    }
                }
                Ok(bindings) => listing.miners.extend(bindings.into_iter().map(|b| PoolMiner {
                    addr: b.miner,
                    id: user.id.clone(),
                    name: user.name.clone(),
                    open_mining: b.open_mining,
                })),
                Err(error) => {
                    tracing::warn!(user = user.name, %error, "miners of a user not read");
                    listing.unread.push(user.name);
                }
            }
        }
        Ok(listing)
    }

    async fn set_mining(&self, miner: &PoolMiner, on: bool) -> Result<(), AuthApiError> {
        self.0.upsert_miner(&miner.name, miner.addr, on).await.map(|_| ())
    }
}

/// A fixed list of miners, all of one user and switched on.
#[derive(Debug, Clone, Default)]
pub struct StaticMiners(Vec<PoolMiner>);

impl StaticMiners {
    /// These miners of `user`.
    pub fn new(user: &str, miners: impl IntoIterator<Item = Address>) -> Self {
        let entry =
            |addr| PoolMiner { addr, id: String::new(), name: user.to_owned(), open_mining: true };
        Self(miners.into_iter().map(entry).collect())
    }
}

#[async_trait]
impl MinerSource for StaticMiners {
    async fn list(&self, _: Page) -> Result<Listing, AuthApiError> {
        Ok(Listing { miners: self.0.clone(), unread: Vec::new() })
    }

    async fn set_mining(&self, miner: &PoolMiner, _: bool) -> Result<(), AuthApiError> {
        let known = self.0.iter().any(|known| known.addr == miner.addr);
        known.then_some(()).ok_or_else(|| AuthApiError::NotFound(miner.addr.to_string()))
    }
}
