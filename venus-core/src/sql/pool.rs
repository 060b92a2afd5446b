//! Connections to one database.

use std::{fmt, sync::Arc, time::Duration};

use sqlx::{
    ConnectOptions, Connection, Execute, Executor, FromRow, MySql, MySqlConnection, MySqlPool,
    mysql::{MySqlArguments, MySqlPoolOptions, MySqlRow},
    pool::PoolConnection,
    query::{Query, QueryAs},
};
use tokio::time::{error::Elapsed, timeout};

use super::{Dsn, SqlError};

/// How many connections there may be and how long one is used: `maxOpenConns`, `maxIdleConns`,
/// `maxLifeTime` and `maxIdleTime` of the Go services. `Default` is that of sophon-auth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolLimits {
    /// Connections at most; 0 for as many as it takes.
    pub max_open: u32,
    /// Of these, how many may wait for work; 0 closes each after its work.
    pub max_idle: u32,
    /// The age at which a connection is replaced.
    pub max_life_time: Option<Duration>,
    /// How long it may wait for work.
    pub max_idle_time: Option<Duration>,
}

impl Default for PoolLimits {
    fn default() -> Self {
        Self {
            max_open: 64,
            max_idle: 128,
            max_life_time: Some(Duration::from_secs(120)),
            max_idle_time: Some(Duration::from_secs(60)),
        }
    }
}

/// Connections to one database. Clones share them.
#[derive(Clone)]
pub struct SqlPool {
    pool: MySqlPool,
    dsn: Arc<Dsn>,
    limits: PoolLimits,
}

impl fmt::Debug for SqlPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlPool")
            .field("dsn", &self.dsn)
            .field("limits", &self.limits)
            .field("open", &self.pool.size())
            .finish_non_exhaustive()
    }
}

/// Connects to a database that exists.
///
/// # Errors
///
/// [`SqlError::Unreachable`], [`SqlError::Denied`], [`SqlError::NoDatabase`],
/// [`SqlError::Certificate`], [`SqlError::Unencrypted`] or [`SqlError::Refused`], with the cause
/// and what to do.
pub async fn open_pool(dsn: &Dsn, limits: &PoolLimits) -> Result<SqlPool, SqlError> {
    use sqlx::Error as Sqlx;
    let options = dsn.options();
    // Not through the pool: that would go on trying where nobody listens.
    let first = timeout(dsn.connect_timeout(), options.connect()).await;
    let first = first.unwrap_or_else(|_| Err(Sqlx::Io(std::io::ErrorKind::TimedOut.into())));
    let mut connection = first.map_err(|source| SqlError::connecting(source, dsn))?;
    if let Ok(Some(setting)) = timeout(dsn.read_timeout(), lazy_commits(&mut connection)).await {
        tracing::warn!(
            setting,
            "the database may forget what it has acknowledged when its machine fails; set \
             innodb_flush_log_at_trx_commit = 1"
        );
    }
    // It was only to see that one can be made; a server that does not hear it drops it by itself.
    connection.close().await.ok();
    let pool = MySqlPoolOptions::new()
        .max_connections(if limits.max_open == 0 { 1024 } else { limits.max_open })
        .acquire_timeout(dsn.connect_timeout())
        .max_lifetime(limits.max_life_time)
        .idle_timeout(limits.max_idle_time)
        .connect_lazy_with(options);
    Ok(SqlPool { pool, dsn: Arc::new(dsn.clone()), limits: *limits })
}

/// How the server flushes its log, if not at each commit: what was acknowledged is only as durable
/// as the server makes it. Whoever has no such setting, or keeps it from us, is believed.
async fn lazy_commits(connection: &mut MySqlConnection) -> Option<i64> {
    let query = "SELECT CAST(@@GLOBAL.innodb_flush_log_at_trx_commit AS SIGNED)";
    let setting = sqlx::query_scalar(query).fetch_one(connection).await.ok()?;
    (setting != 1).then_some(setting)
}

impl SqlPool {
    /// What it was opened with.
    pub fn dsn(&self) -> &Dsn {
        &self.dsn
    }

    /// All rows of a query that only reads. The closure makes it, a second time if the connection
    /// was lost.
    ///
    /// # Errors
    ///
    /// What the database says, or that it is gone.
    pub async fn fetch_all<'q, T>(
        &self,
        query: impl Fn() -> QueryAs<'q, MySql, T, MySqlArguments> + Send + Sync,
    ) -> Result<Vec<T>, SqlError>
    where
        T: for<'r> FromRow<'r, MySqlRow> + Send + Unpin + 'q,
    {
        match self.read(query()).await {
            Err(error) if error.is_lost() => {
                tracing::warn!(%error, "a query is repeated over a new connection");
                self.read(query()).await
            }
            result => result,
        }
    }

    /// The row of a query that only reads, if there is one.
    ///
    /// # Errors
    ///
    /// As [`fetch_all`](Self::fetch_all).
    pub async fn fetch_optional<'q, T>(
        &self,
        query: impl Fn() -> QueryAs<'q, MySql, T, MySqlArguments> + Send + Sync,
    ) -> Result<Option<T>, SqlError>
    where
        T: for<'r> FromRow<'r, MySqlRow> + Send + Unpin + 'q,
    {
        Ok(self.fetch_all(query).await?.into_iter().next())
    }

    async fn read<'q, T>(
        &self,
        query: QueryAs<'q, MySql, T, MySqlArguments>,
    ) -> Result<Vec<T>, SqlError>
    where
        T: for<'r> FromRow<'r, MySqlRow> + Send + Unpin + 'q,
    {
        self.lease().await?.fetch_all(self.dsn.read_timeout(), query).await
    }

    /// One statement that writes, or changes the schema. Not repeated when the connection is lost.
    ///
    /// # Errors
    ///
    /// What the database says; [`SqlError::Lost`] if nobody knows whether it was done.
    pub async fn execute(&self, query: Query<'_, MySql, MySqlArguments>) -> Result<u64, SqlError> {
        self.lease().await?.execute(self.dsn.write_timeout(), query).await
    }

    /// Closes all connections once their work is done.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    pub(super) async fn lease(&self) -> Result<Lease, SqlError> {
        match self.pool.acquire().await {
            Ok(connection) => Ok(Lease { connection, pool: self.clone() }),
            Err(sqlx::Error::PoolTimedOut)
                if self.pool.num_idle() == 0
                    && self.pool.size() >= self.pool.options().get_max_connections() =>
            {
                Err(SqlError::Busy { max: self.limits.max_open })
            }
            Err(source) => Err(SqlError::connecting(source, &self.dsn)),
        }
    }
}

/// A connection that is in use.
pub(super) struct Lease {
    connection: PoolConnection<MySql>,
    pool: SqlPool,
}

impl Lease {
    pub(super) async fn fetch_all<'q, T>(
        &mut self,
        limit: Duration,
        query: QueryAs<'q, MySql, T, MySqlArguments>,
    ) -> Result<Vec<T>, SqlError>
    where
        T: for<'r> FromRow<'r, MySqlRow> + Send + Unpin + 'q,
    {
        let result = timeout(limit, query.fetch_all(&mut *self.connection)).await;
        self.outcome(limit, result)
    }

    pub(super) async fn execute<'q>(
        &mut self,
        limit: Duration,
        query: impl Execute<'q, MySql> + 'q,
    ) -> Result<u64, SqlError> {
        let result = timeout(limit, self.connection.execute(query)).await;
        Ok(self.outcome(limit, result)?.rows_affected())
    }

    /// After an exchange that was not finished the connection is closed, so that nobody else gets
    /// its answer.
    fn outcome<T>(
        &mut self,
        limit: Duration,
        result: Result<Result<T, sqlx::Error>, Elapsed>,
    ) -> Result<T, SqlError> {
        let dsn = &self.pool.dsn;
        let error = match result {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(source)) => SqlError::statement(source, dsn),
            Err(_) => SqlError::TimedOut { server: dsn.server().to_string(), limit },
        };
        if !matches!(error, SqlError::Statement(_)) {
            self.discard();
        }
        Err(error)
    }

    /// Has the connection closed instead of given back. The server rolls back what it was at.
    pub(super) fn discard(&mut self) {
        self.connection.close_on_drop();
    }

    pub(super) fn dsn(&self) -> &Dsn {
        &self.pool.dsn
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.pool.pool.num_idle() >= self.pool.limits.max_idle as usize {
            self.discard();
        }
    }
}
