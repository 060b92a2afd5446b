//! One transaction.

use std::{fmt, time::Duration};

use sqlx::{
    FromRow, MySql,
    mysql::{MySqlArguments, MySqlRow},
    query::{Query, QueryAs},
};

use super::{SqlError, SqlPool, pool::Lease};

/// Does some work in one transaction: committed if it succeeds, as if it had never been if it
/// fails. Done anew, at most five times, when another transaction was in the way.
///
/// The work is an expression with the [`Transaction`](crate::sql::Transaction) in a variable; its
/// error can be made `From<SqlError>`. [`SqlError::Lost`](crate::sql::SqlError::Lost) means that
/// nobody knows whether it was committed.
#[macro_export]
macro_rules! sql_transaction {
    ($pool:expr, |$tx:ident| $work:expr) => {{
        // No closure: a future that borrows from its arguments cannot be said to be `Send`.
        let mut attempts = $crate::sql::Attempts::new(&$pool);
        loop {
            let mut transaction = match attempts.begin().await {
                Ok(transaction) => transaction,
                Err(error) => break Err(error.into()),
            };
            let $tx = &mut transaction;
            let result = async { $work }.await;
            if let Some(result) = attempts.end(transaction, result).await {
                break result;
            }
        }
    }};
}

/// What [`transaction!`](crate::sql::transaction) counts.
#[doc(hidden)]
#[derive(Debug)]
pub struct Attempts<'a> {
    pool: &'a SqlPool,
    count: u32,
}

impl<'a> Attempts<'a> {
    /// The most that are made.
    const MAX: u32 = 5;

    /// None yet.
    pub fn new(pool: &'a SqlPool) -> Self {
        Self { pool, count: 0 }
    }

    /// Begins the next one.
    ///
    /// # Errors
    ///
    /// There is no connection to be had.
    pub async fn begin(&mut self) -> Result<Transaction, SqlError> {
        self.count += 1;
        Transaction::begin(self.pool).await
    }

    /// Commits or takes back. `None`: it is to be done anew.
    pub async fn end<T, E: From<SqlError>>(
        &self,
        transaction: Transaction,
        result: Result<T, E>,
    ) -> Option<Result<T, E>> {
        match result {
            Ok(value) => Some(transaction.commit().await.map(|()| value).map_err(E::from)),
            Err(error) => {
                let again = transaction.conflicted && self.count < Self::MAX;
                transaction.rollback().await;
                if !again {
                    return Some(Err(error));
                }
                tokio::time::sleep(Duration::from_millis(10 << self.count)).await;
                None
            }
        }
    }
}

/// A transaction that [`transaction!`](crate::sql::transaction) commits or takes back.
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
    async fn begin(pool: &SqlPool) -> Result<Self, SqlError> {
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
        let result = self.lease.fetch_all(self.limit, query).await;
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
        let result = self.lease.execute(self.limit, query).await;
        self.watch(result)
    }

    async fn commit(mut self) -> Result<(), SqlError> {
        self.control("COMMIT").await?;
        self.open = false;
        Ok(())
    }

    async fn rollback(mut self) {
        // If this fails, closing the connection does it.
        self.open = self.control("ROLLBACK").await.is_err();
    }

    async fn control(&mut self, statement: &'static str) -> Result<(), SqlError> {
        self.lease.execute(self.limit, sqlx::raw_sql(statement)).await.map(|_| ())
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
