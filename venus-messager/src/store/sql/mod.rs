//! The store over MySQL, MariaDB or TiDB: the tables of sophon-messager.

mod apply;
mod columns;
mod message;
mod migrate;
mod query;
mod rows;
mod schema;
mod writes;

use async_trait::async_trait;
use chrono::Utc;
use venus_core::{
    Address,
    api::messager::{ActorConfig, DirectWallet, QueuedMessage, Sender, SharedSpec},
    sql::{
        Dsn, PoolLimits, SqlPool, Zone, open_pool,
        sqlx::{self, AssertSqlSafe, MySql, mysql::MySqlArguments, query::QueryAs},
        transaction,
    },
};

use self::{
    columns::{Found, Stored, stored},
    query::List,
};
use super::{Batch, Filter, Key, MessageStore, SenderChange, Tracked};
use crate::error::{MessagerError, Result};

/// Keeps everything in a database of sophon-messager, which can use it again afterwards.
///
/// Ids are compared byte for byte. As the tables do not, an id that differs from one that is there
/// in nothing but the case of letters is taken.
#[derive(Debug, Clone)]
pub struct SqlStore {
    pool: SqlPool,
    zone: Zone,
}

impl SqlStore {
    /// Opens a database; makes the tables that are missing, and writes addresses that begin with
    /// `t` with `f`.
    ///
    /// # Errors
    ///
    /// [`MessagerError::Sql`] if there is no such database or it does not let us in,
    /// [`MessagerError::Outdated`] or [`MessagerError::Newer`] if it is not of the kind that this
    /// program knows: then nothing is changed in it.
    pub async fn open(dsn: &Dsn, limits: &PoolLimits) -> Result<Self> {
        let pool = open_pool(dsn, limits).await?;
        schema::prepare(&pool).await?;
        migrate::to_one_form(&pool).await?;
        Ok(Self { zone: dsn.zone(), pool })
    }

    async fn all<'q, T: Stored + Send + Unpin + 'q>(
        &self,
        query: impl Fn() -> QueryAs<'q, MySql, Found<T>, MySqlArguments> + Send + Sync,
    ) -> Result<Vec<T>> {
        let found = self.pool.fetch_all(query).await?;
        found.into_iter().map(|row| row.at(self.zone)).collect()
    }

    async fn one<'q, T: Stored + Send + Unpin + 'q>(
        &self,
        query: impl Fn() -> QueryAs<'q, MySql, Found<T>, MySqlArguments> + Send + Sync,
    ) -> Result<Option<T>> {
        Ok(self.all(query).await?.into_iter().next())
    }
}

/// What fits into a `varchar(256)`.
fn fits(what: &'static str, text: &str) -> Result<()> {
    const LIMIT: usize = 256;
    match text.chars().count() {
        length if length > LIMIT => Err(MessagerError::TooLong { what, length, limit: LIMIT }),
        _ => Ok(()),
    }
}

#[async_trait]
impl MessageStore for SqlStore {
    async fn insert(&self, message: QueuedMessage) -> Result<()> {
        fits("the id", &message.id)?;
        fits("the account", &message.wallet_name)?;
        transaction!(self.pool, |tx| writes::insert(tx, self.zone, &message).await)
    }

    async fn find(&self, key: &Key) -> Result<Option<QueuedMessage>> {
        let (condition, text, nonce) = match key {
            Key::Id(id) => ("id = ?", id.clone(), None),
            Key::Signed(cid) => ("signed_cid = ?", cid.to_string(), None),
            Key::Unsigned(cid) => ("unsigned_cid = ?", cid.to_string(), None),
            Key::Nonce(from, nonce) => {
                ("from_addr = ? AND signed_cid <> '' AND nonce = ?", stored(*from), Some(*nonce))
            }
        };
        // Of several, as databases of old have them, the one that is not given up.
        let statement = format!(
            "{} WHERE {condition} ORDER BY state = 4, updated_at DESC LIMIT 1",
            message::SELECT
        );
        let found: Option<QueuedMessage> = self
            .one(|| {
                let query = sqlx::query_as(AssertSqlSafe(statement.clone())).bind(&text);
                match nonce {
                    Some(nonce) => query.bind(nonce),
                    None => query,
                }
            })
            .await?;
        Ok(found.filter(|found| !matches!(key, Key::Id(id) if *id != found.id)))
    }

    async fn list(&self, filter: &Filter) -> Result<Vec<QueuedMessage>> {
        let list = List::new(filter, self.zone);
        self.all(|| list.query()).await
    }

    async fn sender(&self, address: Address) -> Result<Option<Sender>> {
        let (of, address) = (format!("{} AND addr = ?", rows::SENDERS), stored(address));
        self.one(|| sqlx::query_as(AssertSqlSafe(of.clone())).bind(&address)).await
    }

    async fn senders(&self) -> Result<Vec<Sender>> {
        let all = format!("{} ORDER BY created_at, id", rows::SENDERS);
        self.all(|| sqlx::query_as(AssertSqlSafe(all.clone()))).await
    }

    async fn change_sender(&self, address: Address, change: SenderChange) -> Result<bool> {
        let set = match &change {
            SenderChange::State(_) => "state=?",
            SenderChange::SelMsgNum(_) => "sel_msg_num=?",
            SenderChange::Fees(_) => rows::SET_FEES,
            SenderChange::Nonce(_) => "nonce=?",
        };
        let update = format!(
            "UPDATE addresses SET {set},updated_at=? \
            WHERE addr = ? AND is_deleted = -1"
        );
        let update = sqlx::query(AssertSqlSafe(update));
        let update = match change {
            SenderChange::State(state) => update.bind(rows::code(state)),
            SenderChange::SelMsgNum(number) | SenderChange::Nonce(number) => update.bind(number),
            SenderChange::Fees(fees) => rows::bind_fees(update, &fees),
        };
        let update = update.bind(self.zone.write(Utc::now(), 3)).bind(stored(address));
        Ok(self.pool.execute(update).await? > 0)
    }

    async fn remove_sender(&self, address: Address) -> Result<bool> {
        transaction!(self.pool, |tx| writes::remove_sender(tx, address).await)
    }

    async fn ensure_sender(&self, address: Address) -> Result<()> {
        transaction!(self.pool, |tx| writes::ensure_sender(tx, self.zone, address).await)
            .map(|_| ())
    }

    async fn shared(&self) -> Result<SharedSpec> {
        Ok(self.one(|| sqlx::query_as(rows::SHARED)).await?.unwrap_or_default())
    }

    async fn set_shared(&self, params: SharedSpec) -> Result<()> {
        transaction!(self.pool, |tx| writes::set_shared(tx, &params).await)
    }

    async fn actor_configs(&self) -> Result<Vec<ActorConfig>> {
        self.all(|| sqlx::query_as(rows::ACTOR_CONFIGS)).await
    }

    async fn save_actor_config(&self, config: ActorConfig) -> Result<()> {
        transaction!(self.pool, |tx| writes::save_actor_config(tx, self.zone, &config).await)
    }

    async fn wallets(&self) -> Result<Vec<DirectWallet>> {
        let mut wallets: Vec<DirectWallet> = self.all(|| sqlx::query_as(rows::WALLETS)).await?;
        wallets.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(wallets)
    }

    async fn put_wallet(&self, wallet: DirectWallet) -> Result<()> {
        fits("the wallet's name", &wallet.name)?;
        fits("the wallet's address", &wallet.url)?;
        fits("the wallet's token", &wallet.token)?;
        transaction!(self.pool, |tx| writes::put_wallet(tx, self.zone, &wallet).await)
    }

    async fn remove_wallet(&self, id: &str) -> Result<()> {
        self.pool.execute(sqlx::query("DELETE FROM wallets WHERE id = ?").bind(id)).await?;
        Ok(())
    }

    async fn tracked(&self) -> Result<Option<Tracked>> {
        self.one(|| sqlx::query_as(rows::TRACKED)).await
    }

    async fn apply(&self, batch: Batch) -> Result<()> {
        transaction!(self.pool, |tx| apply::apply(tx, self.zone, &batch).await)
    }
}
