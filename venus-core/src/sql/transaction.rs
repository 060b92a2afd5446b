//! One transaction.

use std::{fmt, time::Duration};

use sqlx::{
    FromRow, MySql,
    mysql::{MySqlArguments, MySqlRow},
    query::{Query, QueryAs},
};

use super::{SqlError, SqlPool, pool::Lease};

/// A transaction that [`SqlPool::transact`] commits or takes back.
pub struct Transaction {
    lease: Lease,
    limit: Duration,
    /// The server has begun it and not yet ended it.
    open: bool,
    conflicted: bool,
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction").field("open", &self.open).finish_non_exhaustive()
    }
}

impl Transaction {
    pub(super) async fn begin(pool: &SqlPool) -> Result<Self, SqlError> {
        match Self::try_begin(pool).await {
            // Nothing has been asked for yet, so this may be repeated.
            Err(error) if error.is_lost() => Self::try_begin(pool).await,
            result => result,
        }
    }

    async fn try_begin(pool: &SqlPool) -> Result<Self, SqlError> {
        let lease = pool.lease().await?;
        let limit = lease.dsn().write_timeout();
        let mut this = Self { lease, limit, open: true, conflicted: false };
        this.control("BEGIN").await?;
        Ok(this)
    }

    /// All rows of a query.
    ///
    /// # Errors
    ///
    /// What the database says, or that it is gone. The work is then to end.
    pub async fn fetch_all<'q, T>(
        &mut self,
        query: QueryAs<'q, MySql, T, MySqlArguments>,
    ) -> Result<Vec<T>, SqlError>
    where
        T: for<'r> FromRow<'r, MySqlRow> + Send + Unpin + 'q,
    {
        let rows = async |connection: &mut _| query.fetch_all(connection).await;
        let result = self.lease.run(self.limit, rows).await;
        self.watch(result)
    }

    /// The row of a query, if there is one.
    ///
    /// # Errors
    ///
    /// As [`fetch_all`](Self::fetch_all).
    pub async fn fetch_optional<'q, T>(
        &mut self,
        query: QueryAs<'q, MySql, T, MySqlArguments>,
    ) -> Result<Option<T>, SqlError>
    where
        T: for<'r> FromRow<'r, MySqlRow> + Send + Unpin + 'q,
    {
        Ok(self.fetch_all(query).await?.into_iter().next())
    }

    /// Runs a statement; says how many rows it met.
    ///
    /// # Errors
    ///
    /// As [`fetch_all`](Self::fetch_all).
    pub async fn execute(
        &mut self,
        query: Query<'_, MySql, MySqlArguments>,
    ) -> Result<u64, SqlError> {
        let done = async |connection: &mut _| query.execute(connection).await;
        let result = self.lease.run(self.limit, done).await.map(|done| done.rows_affected());
        self.watch(result)
    }

    pub(super) async fn commit(mut self) -> Result<(), SqlError> {
        self.control("COMMIT").await?;
        self.open = false;
        Ok(())
    }

    pub(super) async fn rollback(mut self) {
        // If this fails, closing the connection does it.
        self.open = self.control("ROLLBACK").await.is_err();
    }

    pub(super) fn conflicted(&self) -> bool {
        self.conflicted
    }

    async fn control(&mut self, statement: &'static str) -> Result<(), SqlError> {
        let done =
            async |connection: &mut _| sqlx::raw_sql(statement).execute(connection).await;
        self.lease.run(self.limit, done).await.map(|_| ())
    }

    fn watch<T>(&mut self, result: Result<T, SqlError>) -> Result<T, SqlError> {
        self.conflicted |= result.as_ref().is_err_and(SqlError::is_conflict);
        result
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if self.open {
            self.lease.discard();
        }
    }
}
