//! Connections to one database.

use std::{fmt, sync::Arc, time::Duration};

use sqlx::{
    ConnectOptions, Connection, FromRow, MySql, MySqlConnection, MySqlPool,
    mysql::{MySqlArguments, MySqlPoolOptions, MySqlRow},
    pool::PoolConnection,
    query::{Query, QueryAs},
};
use tokio::time::timeout;

use super::{Dsn, SqlError, Transaction};

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
/// [`SqlError::Unreachable`], [`SqlError::Denied`], [`SqlError::NoDatabase`] or
/// [`SqlError::Refused`], with the cause and what to do.
pub async fn open_pool(dsn: &Dsn, limits: &PoolLimits) -> Result<SqlPool, SqlError> {
    use sqlx::Error as Sqlx;
    let options = dsn.options();
    // Not through the pool: that would go on trying where nobody listens.
    let first = timeout(dsn.connect_timeout(), options.connect()).await;
    let first = first.unwrap_or_else(|_| Err(Sqlx::Io(std::io::ErrorKind::TimedOut.into())));
    let connection = first.map_err(|source| SqlError::connecting(source, dsn))?;
    connection.close().await.ok();
    let pool = MySqlPoolOptions::new()
        .max_connections(if limits.max_open == 0 { 1024 } else { limits.max_open })
        .acquire_timeout(dsn.connect_timeout())
        .max_lifetime(limits.max_life_time)
        .idle_timeout(limits.max_idle_time)
        .connect_lazy_with(options);
    Ok(SqlPool { pool, dsn: Arc::new(dsn.clone()), limits: *limits })
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
        let mut lease = self.lease().await?;
        lease.run(self.dsn.read_timeout(), async |connection| query.fetch_all(connection).await).await
    }

    /// One statement that writes, or changes the schema. Not repeated when the connection is lost.
    ///
    /// # Errors
    ///
    /// As [`transact`](Self::transact).
    pub async fn execute(&self, query: Query<'_, MySql, MySqlArguments>) -> Result<u64, SqlError> {
        let mut lease = self.lease().await?;
        let limit = self.dsn.write_timeout();
        let done = lease.run(limit, async |connection| query.execute(connection).await).await?;
        Ok(done.rows_affected())
    }

    /// Does some work in one transaction: committed if it succeeds, as if it had never been if it
    /// fails. Done anew, at most five times, when another transaction was in the way.
    ///
    /// # Errors
    ///
    /// What the work says; [`SqlError::Lost`] if the connection was lost in the middle, when
    /// nobody knows whether it was committed.
    pub async fn transact<T, E: From<SqlError>>(
        &self,
        work: impl AsyncFn(&mut Transaction) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let mut transaction = Transaction::begin(self).await?;
            match work(&mut transaction).await {
                Ok(value) => {
                    transaction.commit().await?;
                    return Ok(value);
                }
                Err(error) => {
                    let again = transaction.conflicted() && attempt < 5;
                    transaction.rollback().await;
                    if !again {
                        return Err(error);
                    }
                    tokio::time::sleep(Duration::from_millis(10 << attempt)).await;
                }
            }
        }
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
    /// One exchange with the server. After one that was not finished the connection is closed, so
    /// that nobody else gets its answer.
    pub(super) async fn run<T>(
        &mut self,
        limit: Duration,
        work: impl AsyncFnOnce(&mut MySqlConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, SqlError> {
        let dsn = &self.pool.dsn;
        let result = match timeout(limit, work(&mut self.connection)).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(source)) => SqlError::statement(source, dsn),
            Err(_) => SqlError::TimedOut { server: dsn.server().to_string(), limit },
        };
        if !matches!(result, SqlError::Statement(_)) {
            self.discard();
        }
        Err(result)
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
