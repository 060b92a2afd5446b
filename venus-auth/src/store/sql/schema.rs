//! The tables of sophon-auth, as it makes them itself.

use venus_core::sql::{SqlError, SqlPool, sqlx};

use crate::store::StoreError;

/// The version that sophon-auth 1.9 to 1.16 writes.
const VERSION: u64 = 3;

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
    // The last one, so that a start that was cut off is known by its absence.
    (
        "store_versions",
        "id,version",
        "CREATE TABLE IF NOT EXISTS `store_versions` (
            `id` bigint unsigned AUTO_INCREMENT,
            `version` bigint unsigned,
            PRIMARY KEY (`id`))",
    ),
];

/// A column as the server describes it.
type Column = (String, String, bool);

/// Makes the tables that are missing, after a look at those that are there: nothing is changed in
/// a database that this program does not know.
pub(super) async fn prepare(pool: &SqlPool) -> Result<(), StoreError> {
    let before = columns(pool).await?;
    let has_table = |name: &str| before.iter().any(|(table, ..)| table == name);
    if has_table("store_versions") {
        check_version(version(pool).await?, &before)?;
    }
    for (table, expected, _) in TABLES.iter().filter(|(table, ..)| has_table(table)) {
        check_columns(table, expected, &before)?;
    }
    let options = table_options(pool).await?;
    for (table, _, create) in TABLES.iter().filter(|(table, ..)| !has_table(table)) {
        tracing::info!(table, database = pool.dsn().database(), "making a table");
        let create = sqlx::AssertSqlSafe(format!("{create} {options}"));
        pool.execute(sqlx::query(create)).await?;
    }
    if version(pool).await?.is_none() {
        let insert = sqlx::query("INSERT IGNORE INTO store_versions (id, version) VALUES (1, ?)");
        pool.execute(insert.bind(VERSION)).await?;
    }
    warn_of_lazy_commits(pool).await;
    Ok(())
}

async fn columns(pool: &SqlPool) -> Result<Vec<Column>, SqlError> {
    // The casts are for MySQL 8, which has these names in a binary type.
    let query = "SELECT CAST(table_name AS CHAR), CAST(column_name AS CHAR), \
        is_nullable = 'NO' AND column_default IS NULL AND extra NOT LIKE '%auto_increment%' \
        FROM information_schema.columns WHERE table_schema = DATABASE()";
    pool.fetch_all(|| sqlx::query_as(query)).await
}

async fn version(pool: &SqlPool) -> Result<Option<u64>, SqlError> {
    let query = "SELECT version FROM store_versions ORDER BY id LIMIT 1";
    let row = pool.fetch_optional(|| sqlx::query_as::<_, (Option<u64>,)>(query)).await?;
    Ok(row.and_then(|(version,)| version))
}

fn check_version(version: Option<u64>, columns: &[Column]) -> Result<(), StoreError> {
    let small = |version: u64| u32::try_from(version).unwrap_or(u32::MAX);
    match version {
        Some(VERSION) => Ok(()),
        Some(found) if found > VERSION => {
            Err(StoreError::Version { found: small(found), known: small(VERSION) })
        }
        Some(found) => Err(StoreError::Outdated { what: format!("its version is {found}") }),
        // Ours, cut off before the version was written, or Go's before it migrated.
        None if columns.iter().any(|(table, name, _)| table == "users" && name == "miner") => {
            Err(StoreError::Outdated { what: "it has no version".to_owned() })
        }
        None => Ok(()),
    }
}

fn check_columns(table: &str, expected: &str, columns: &[Column]) -> Result<(), StoreError> {
    let found = || columns.iter().filter(|(of, ..)| of == table);
    for name in expected.split(',') {
        if !found().any(|(_, column, _)| column.eq_ignore_ascii_case(name)) {
            let what = format!("its table `{table}` has no column `{name}`");
            return Err(StoreError::Outdated { what });
        }
    }
    let unknown = |column: &str| !expected.split(',').any(|name| column.eq_ignore_ascii_case(name));
    match found().find(|(_, column, must)| *must && unknown(column)) {
        // `users.miner` and its like were left behind by the oldest versions.
        Some((_, column, _)) if ["miner", "stype"].contains(&column.as_str()) => {
            Err(StoreError::Outdated { what: format!("its table `{table}` still has `{column}`") })
        }
        Some((_, column, _)) => {
            Err(StoreError::Newer { table: table.to_owned(), column: column.clone() })
        }
        None => Ok(()),
    }
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

/// What was acknowledged is only as durable as the server makes it.
async fn warn_of_lazy_commits(pool: &SqlPool) {
    let query = "SELECT CAST(@@GLOBAL.innodb_flush_log_at_trx_commit AS SIGNED)";
    // TiDB has no such setting.
    if let Ok(Some((setting,))) = pool.fetch_optional(|| sqlx::query_as::<_, (i64,)>(query)).await
        && setting != 1
    {
        tracing::warn!(
            setting,
            "the database may forget what it has acknowledged when its machine fails; set \
             innodb_flush_log_at_trx_commit = 1"
        );
    }
}
