//! The tables of sophon-auth, as it makes them itself.

use venus_core::sql::{SqlError, SqlPool, Zone, sqlx};

use super::migrate;
use crate::store::StoreError;

/// The version that sophon-auth 1.9 to 1.16 writes.
pub(super) const VERSION: u64 = 3;

const TABLES: [(&str, &str, &str); 6] = [
    (
        "token",
        "name,perm,secret,extra,token,createTime,is_deleted",
        "CREATE TABLE IF NOT EXISTS `token` (
            `name` varchar(50) NOT NULL,
            `perm` varchar(50) NOT NULL,
            `secret` varchar(255) NOT NULL,
            `extra` varchar(255),
            `token` varchar(512) NOT NULL,
            `createTime` datetime NOT NULL,
            `is_deleted` bigint NOT NULL DEFAULT 0,
            UNIQUE INDEX `token_token_IDX` (`token`),
            INDEX `idx_token_is_deleted` (`is_deleted`))",
    ),
    (
        "users",
        "id,name,comment,state,createTime,updateTime,is_deleted",
        "CREATE TABLE IF NOT EXISTS `users` (
            `id` varchar(64),
            `name` varchar(50) NOT NULL,
            `comment` varchar(255),
            `state` tinyint(4) NOT NULL DEFAULT 0,
            `createTime` datetime NOT NULL,
            `updateTime` datetime NOT NULL,
            `is_deleted` bigint NOT NULL DEFAULT 0,
            PRIMARY KEY (`id`),
            UNIQUE INDEX `users_name_IDX` (`name`),
            INDEX `idx_users_is_deleted` (`is_deleted`))",
    ),
    (
        "signers",
        "id,signer,user,created_at,updated_at,deleted_at",
        "CREATE TABLE IF NOT EXISTS `signers` (
            `id` bigint unsigned AUTO_INCREMENT,
            `signer` varchar(128) NOT NULL,
            `user` varchar(50) NOT NULL,
            `created_at` datetime(3) NULL,
            `updated_at` datetime(3) NULL,
            `deleted_at` datetime(3) NULL,
            PRIMARY KEY (`id`),
            UNIQUE INDEX `user_signer_idx` (`user`,`signer`),
            INDEX `idx_signers_deleted_at` (`deleted_at`))",
    ),
    (
        "user_rate_limits",
        "id,name,service,api,reqLimit",
        "CREATE TABLE IF NOT EXISTS `user_rate_limits` (
            `id` varchar(64),
            `name` varchar(50) NOT NULL,
            `service` varchar(50),
            `api` varchar(50),
            `reqLimit` varchar(256),
            PRIMARY KEY (`id`),
            INDEX `user_service_api_IDX` (`name`,`service`,`api`))",
    ),
    (
        "miners",
        "id,miner,user,open_mining,created_at,updated_at,deleted_at",
        "CREATE TABLE IF NOT EXISTS `miners` (
            `id` bigint unsigned AUTO_INCREMENT,
            `miner` varchar(128) NOT NULL,
            `user` varchar(50) NOT NULL,
            `open_mining` boolean DEFAULT 1 COMMENT '0-false,1-true',
            `created_at` datetime(3) NULL,
            `updated_at` datetime(3) NULL,
            `deleted_at` datetime(3) NULL,
            PRIMARY KEY (`id`),
            UNIQUE INDEX `miner_idx` (`miner`),
            INDEX `idx_miners_deleted_at` (`deleted_at`))",
    ),
    (
        "store_versions",
        "id,version",
        "CREATE TABLE IF NOT EXISTS `store_versions` (
            `id` bigint unsigned AUTO_INCREMENT,
            `version` bigint unsigned,
            PRIMARY KEY (`id`))",
    ),
];

/// What the tables have, as the server describes it.
pub(super) struct Layout {
    /// Table, column, and whether a new row must say something about it.
    columns: Vec<(String, String, bool)>,
    /// Table and name.
    indexes: Vec<(String, String)>,
}

impl Layout {
    pub(super) async fn read(pool: &SqlPool) -> Result<Self, SqlError> {
        // The casts are for MySQL 8, which has these names in a binary type.
        let columns = "SELECT CAST(table_name AS CHAR), CAST(column_name AS CHAR), \
            is_nullable = 'NO' AND column_default IS NULL AND extra NOT LIKE '%auto_increment%' \
            FROM information_schema.columns WHERE table_schema = DATABASE()";
        let indexes = "SELECT CAST(table_name AS CHAR), CAST(index_name AS CHAR) \
            FROM information_schema.statistics WHERE table_schema = DATABASE()";
        Ok(Self {
            columns: pool.fetch_all(|| sqlx::query_as(columns)).await?,
            indexes: pool.fetch_all(|| sqlx::query_as(indexes)).await?,
        })
    }

    pub(super) fn has_table(&self, table: &str) -> bool {
        self.columns.iter().any(|(of, ..)| of == table)
    }

    /// Whether a table has a column or an index.
    pub(super) fn has(&self, table: &str, name: &str) -> bool {
        let is = |of: &str, found: &str| of == table && found.eq_ignore_ascii_case(name);
        self.columns.iter().any(|(of, found, _)| is(of, found))
            || self.indexes.iter().any(|(of, found)| is(of, found))
    }

    /// Whether a new row must say something about a column.
    pub(super) fn wants(&self, table: &str, column: &str) -> bool {
        self.columns.iter().any(|(of, name, must)| *must && of == table && name == column)
    }

    /// Whether this program knows what to do with it.
    fn check(&self, version: u64) -> Result<(), StoreError> {
        for (table, expected, _) in TABLES.iter().filter(|(table, ..)| self.has_table(table)) {
            let found = || self.columns.iter().filter(|(of, ..)| of == table);
            for name in expected.split(',') {
                if !found().any(|(_, column, _)| column.eq_ignore_ascii_case(name))
                    && !migrate::brings(table, name, version)
                {
                    let what = format!("its table `{table}` has no column `{name}`");
                    return Err(StoreError::Outdated { what });
                }
            }
            let known = |column: &str| {
                expected.split(',').any(|name| column.eq_ignore_ascii_case(name))
                    || (*table, column) == ("users", "miner")
            };
            if let Some((_, column, _)) = found().find(|(_, name, must)| *must && !known(name)) {
                let (table, column) = ((*table).to_owned(), column.clone());
                return Err(StoreError::Newer { table, column });
            }
        }
        Ok(())
    }
}

/// Makes the tables that are missing and migrates those of old, after a look at all of them:
/// nothing is changed in a database that this program does not know.
pub(super) async fn prepare(pool: &SqlPool, zone: Zone) -> Result<(), StoreError> {
    let layout = Layout::read(pool).await?;
    let version = match layout.has_table("store_versions") {
        true => version(pool).await?,
        false => None,
    };
    if let Some(found) = version.filter(|version| *version > VERSION) {
        let small = |version: u64| u32::try_from(version).unwrap_or(u32::MAX);
        return Err(StoreError::Version { found: small(found), known: small(VERSION) });
    }
    layout.check(version.unwrap_or(0))?;
    migrate::complete(pool, &layout).await?;
    for &(table, _, create) in TABLES.iter().filter(|(table, ..)| !layout.has_table(table)) {
        tracing::info!(table, database = pool.dsn().database(), "making a table");
        make(pool, create).await?;
    }
    match version {
        None if !layout.has_table("users") => migrate::raise(pool, VERSION).await,
        // Without a version it is Go's of old, or our own making of it was cut off.
        version => migrate::migrate(pool, zone, version.unwrap_or(0)).await,
    }
}

/// Makes the table of miners under another name.
pub(super) async fn create_miners(pool: &SqlPool, name: &str) -> Result<(), StoreError> {
    let miners = TABLES.iter().find(|(table, ..)| *table == "miners");
    let create = miners.map_or("", |(_, _, create)| create);
    make(pool, &create.replace("`miners`", name)).await
}

async fn make(pool: &SqlPool, create: &str) -> Result<(), StoreError> {
    let options = table_options(pool).await?;
    let create = sqlx::AssertSqlSafe(format!("{create} {options}"));
    pool.execute(sqlx::query(create)).await?;
    Ok(())
}

async fn version(pool: &SqlPool) -> Result<Option<u64>, SqlError> {
    let query = "SELECT version FROM store_versions ORDER BY id LIMIT 1";
    let row = pool.fetch_optional(|| sqlx::query_as::<_, (Option<u64>,)>(query)).await?;
    Ok(row.and_then(|(version,)| version))
}

/// What gorm adds for servers whose version begins with a digit below 8, MariaDB 10 among them:
/// without it the long key of `token` does not fit.
async fn table_options(pool: &SqlPool) -> Result<&'static str, SqlError> {
    let version =
        pool.fetch_optional(|| sqlx::query_as::<_, (String,)>("SELECT VERSION()")).await?;
    let version = version.map(|(version,)| version).unwrap_or_default();
    let digit = version.chars().find_map(|c| c.to_digit(10));
    Ok(if digit.is_some_and(|digit| digit < 8) { "ROW_FORMAT=DYNAMIC" } else { "" })
}
