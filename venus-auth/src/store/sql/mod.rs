//! The store over MySQL, MariaDB or TiDB: the tables of sophon-auth.
//!
//! Names are compared byte for byte although the tables fold letter case and trailing spaces: what
//! a query finds is looked at once more here. A name that the tables cannot tell from one that is
//! there is taken.

mod migrate;
mod rows;
mod schema;
mod writes;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use venus_core::{
    auth::{MinerBinding, Page, RateLimit, SignerBinding, User, UserState, UserUpdate},
    chain::Address,
    sql::{Dsn, PoolLimits, SqlPool, Zone, open_pool, sqlx, transaction},
};

use self::rows::stored;
use super::{AuthStore, Bound, StoreError, TokenRow, UserRow};

/// Keeps everything in a database of sophon-auth. Several processes may use it at once, also one
/// of the Go service.
#[derive(Debug, Clone)]
pub struct SqlStore {
    pool: SqlPool,
    zone: Zone,
}

impl SqlStore {
    /// Opens a database; makes the tables that are missing, and brings those that sophon-auth from
    /// 1.3 on made to its present version.
    ///
    /// # Errors
    ///
    /// [`StoreError::Sql`] if there is no such database or it does not let us in,
    /// [`StoreError::Version`], [`StoreError::Outdated`] or [`StoreError::Newer`] if it is not of
    /// the kind that this program knows: then nothing is changed in it.
    pub async fn open(dsn: &Dsn, limits: &PoolLimits) -> Result<Self, StoreError> {
        let pool = open_pool(dsn, limits).await?;
        schema::prepare(&pool, dsn.zone()).await?;
        Ok(Self { zone: dsn.zone(), pool })
    }
}

/// Puts a statement together from parts that are all in this program.
fn sql(parts: &[&'static str]) -> sqlx::AssertSqlSafe<String> {
    sqlx::AssertSqlSafe(parts.concat())
}

/// The numbers for `LIMIT ? OFFSET ?`.
fn limit_and_offset(page: Page) -> (u64, u64) {
    let number = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    (if page.limit == 0 { u64::MAX } else { number(page.limit) }, number(page.skip))
}

#[async_trait]
impl AuthStore for SqlStore {
    async fn put_token(&self, row: TokenRow) -> Result<(), StoreError> {
        transaction!(self.pool, |tx| writes::put_token(tx, self.zone, &row).await)
    }

    async fn token(&self, token: &str) -> Result<Option<TokenRow>, StoreError> {
        let find = || sqlx::query_as(sql(&[rows::TOKENS, " WHERE token = ?"])).bind(token);
        let row = self.pool.fetch_optional(find).await?;
        Ok(row.map(|row| rows::token(row, self.zone)).filter(|row| row.token == token))
    }

    async fn tokens(&self, page: Page) -> Result<Vec<TokenRow>, StoreError> {
        let (limit, offset) = limit_and_offset(page);
        let order = " WHERE is_deleted = 0 ORDER BY CAST(token AS BINARY) LIMIT ? OFFSET ?";
        let list = || sqlx::query_as(sql(&[rows::TOKENS, order])).bind(limit).bind(offset);
        let found = self.pool.fetch_all(list).await?;
        Ok(found.into_iter().map(|row| rows::token(row, self.zone)).collect())
    }

    async fn tokens_by_name(&self, name: &str) -> Result<Vec<TokenRow>, StoreError> {
        let of = " WHERE name = ? AND is_deleted = 0 ORDER BY CAST(token AS BINARY)";
        let list = || sqlx::query_as(sql(&[rows::TOKENS, of])).bind(name);
        let found = self.pool.fetch_all(list).await?.into_iter();
        Ok(found.map(|row| rows::token(row, self.zone)).filter(|row| row.name == name).collect())
    }

    async fn set_token_removed(&self, token: &str, by: Option<&str>) -> Result<bool, StoreError> {
        transaction!(self.pool, |tx| writes::set_token_removed(tx, token, by).await)
    }

    async fn insert_user(&self, user: User) -> Result<bool, StoreError> {
        transaction!(self.pool, |tx| writes::insert_user(tx, self.zone, &user).await)
    }

    async fn user(&self, name: &str) -> Result<Option<UserRow>, StoreError> {
        let find = || sqlx::query_as(sql(&[rows::USERS, " WHERE name = ?"])).bind(name);
        let row = self.pool.fetch_optional(find).await?;
        Ok(row.map(|row| rows::user(row, self.zone)).filter(|row| row.user.name == name))
    }

    async fn users(&self, page: Page, state: UserState) -> Result<Vec<User>, StoreError> {
        let (limit, offset) = limit_and_offset(page);
        let which = " WHERE is_deleted = 0 AND (? = 0 OR state = ?) \
            ORDER BY CAST(name AS BINARY) LIMIT ? OFFSET ?";
        let list = || {
            let query = sqlx::query_as(sql(&[rows::USERS, which]));
            query.bind(state.0).bind(state.0).bind(limit).bind(offset)
        };
        let found = self.pool.fetch_all(list).await?;
        Ok(found.into_iter().map(|row| rows::user(row, self.zone).user).collect())
    }

    async fn update_user(
        &self,
        update: &UserUpdate,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let now = self.zone.write(now, 0);
        transaction!(self.pool, |tx| writes::update_user(tx, update, now).await)
    }

    async fn delete_user(&self, name: &str, now: DateTime<Utc>) -> Result<bool, StoreError> {
        transaction!(self.pool, |tx| writes::delete_user(tx, self.zone, name, now).await)
    }

    async fn recover_user(&self, name: &str, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let now = self.zone.write(now, 0);
        transaction!(self.pool, |tx| writes::recover_user(tx, name, now).await)
    }

    async fn bind_miner(
        &self,
        user: &str,
        miner: Address,
        open_mining: bool,
        now: DateTime<Utc>,
    ) -> Result<Bound, StoreError> {
        let (miner, now) = (stored(miner), self.zone.write(now, 3));
        transaction!(self.pool, |tx| writes::bind_miner(tx, user, &miner, open_mining, now).await)
    }

    async fn unbind_miner(&self, miner: Address, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let unbind = "UPDATE miners SET deleted_at = ? WHERE miner = ? AND deleted_at IS NULL";
        let unbind = sqlx::query(unbind).bind(self.zone.write(now, 3)).bind(stored(miner));
        Ok(self.pool.execute(unbind).await? > 0)
    }

    async fn miner(&self, miner: Address) -> Result<Option<MinerBinding>, StoreError> {
        let (miner, which) = (stored(miner), " WHERE miner = ? AND deleted_at IS NULL");
        let find = || sqlx::query_as(sql(&[rows::MINERS, which])).bind(&miner);
        let row = self.pool.fetch_optional(find).await?;
        row.map(|row| rows::miner(row, self.zone)).transpose()
    }

    async fn miners(&self, user: &str) -> Result<Vec<MinerBinding>, StoreError> {
        let of = " WHERE user = ? AND deleted_at IS NULL ORDER BY CAST(miner AS BINARY)";
        let list = || sqlx::query_as(sql(&[rows::MINERS, of])).bind(user);
        let found: Vec<rows::Miner> = self.pool.fetch_all(list).await?;
        let found = found.into_iter().filter(|(_, bound, ..)| bound == user);
        found.map(|row| rows::miner(row, self.zone)).collect()
    }

    async fn bind_signer(
        &self,
        user: &str,
        signer: Address,
        now: DateTime<Utc>,
    ) -> Result<Bound, StoreError> {
        let (signer, now) = (stored(signer), self.zone.write(now, 3));
        transaction!(self.pool, |tx| writes::bind_signer(tx, user, &signer, now).await)
    }

    async fn unbind_signer(
        &self,
        user: Option<&str>,
        signer: Address,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let (signer, now) = (stored(signer), self.zone.write(now, 3));
        transaction!(self.pool, |tx| writes::unbind_signer(tx, user, &signer, now).await)
    }

    async fn users_of_signer(&self, signer: Address) -> Result<Vec<String>, StoreError> {
        let signer = stored(signer);
        let list = "SELECT user FROM signers WHERE signer = ? AND deleted_at IS NULL \
            ORDER BY CAST(user AS BINARY)";
        let list = || sqlx::query_as::<_, (String,)>(list).bind(&signer);
        Ok(self.pool.fetch_all(list).await?.into_iter().map(|(user,)| user).collect())
    }

    async fn signers(&self, user: &str) -> Result<Vec<SignerBinding>, StoreError> {
        let of = " WHERE user = ? AND deleted_at IS NULL ORDER BY CAST(signer AS BINARY)";
        let list = || sqlx::query_as(sql(&[rows::SIGNERS, of])).bind(user);
        let found: Vec<rows::Signer> = self.pool.fetch_all(list).await?;
        let found = found.into_iter().filter(|(_, bound, ..)| bound == user);
        found.map(|row| rows::signer(row, self.zone)).collect()
    }

    async fn limits(&self, user: &str) -> Result<Vec<RateLimit>, StoreError> {
        let of = " WHERE name = ? ORDER BY CAST(id AS BINARY)";
        let list = || sqlx::query_as(sql(&[rows::LIMITS, of])).bind(user);
        let found: Vec<rows::Limit> = self.pool.fetch_all(list).await?;
        found.into_iter().filter(|(_, name, ..)| name == user).map(rows::limit).collect()
    }

    async fn put_limit(&self, limit: RateLimit) -> Result<bool, StoreError> {
        transaction!(self.pool, |tx| writes::put_limit(tx, &limit).await)
    }

    async fn remove_limit(&self, user: &str, id: &str) -> Result<bool, StoreError> {
        transaction!(self.pool, |tx| writes::remove_limit(tx, user, id).await)
    }
}
