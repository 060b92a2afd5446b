//! Databases that old versions of sophon-auth made, brought to the present version as the later
//! ones do.
//!
//! No server takes back a statement that changes tables. So each is made only where its work is
//! not done yet, and a start that was cut off anywhere is finished by the next one.

use std::collections::BTreeMap;

use chrono::Utc;
use venus_core::{
    auth::parse_address,
    sql::{SqlPool, Transaction, Zone, sqlx, transaction},
};

use super::{
    rows::stored,
    schema::{Layout, VERSION, create_miners},
    sql, writes,
};
use crate::store::{Bound, StoreError};

/// Columns and indexes that came later, each with its table and how it is added. That
/// `open_mining` is there is all of the step from version 1 to 2.
const LATER: [(&str, &str, &str); 5] = [
    ("token", "is_deleted", "ALTER TABLE token ADD COLUMN is_deleted bigint NOT NULL DEFAULT 0"),
    (
        "token",
        "idx_token_is_deleted",
        "ALTER TABLE token ADD INDEX idx_token_is_deleted (is_deleted)",
    ),
    ("users", "is_deleted", "ALTER TABLE users ADD COLUMN is_deleted bigint NOT NULL DEFAULT 0"),
    (
        "users",
        "idx_users_is_deleted",
        "ALTER TABLE users ADD INDEX idx_users_is_deleted (is_deleted)",
    ),
    (
        "miners",
        "open_mining",
        "ALTER TABLE miners ADD COLUMN open_mining boolean DEFAULT 1 COMMENT '0-false,1-true' \
         AFTER user",
    ),
];

/// The miners while they get their numbers, and the table that they had before.
const NEW: &str = "venus_miners_new";
const OLD: &str = "venus_miners_old";

/// Whether a column that is missing is one that comes with the migration.
pub(super) fn brings(table: &str, column: &str, version: u64) -> bool {
    LATER.iter().any(|&(of, name, _)| (of, name) == (table, column))
        || ((table, column) == ("miners", "id") && version < VERSION)
}

/// Adds what came later, and puts `miners` back that was cut off between its two names.
pub(super) async fn complete(pool: &SqlPool, layout: &Layout) -> Result<(), StoreError> {
    if !layout.has_table("miners") && layout.has_table(OLD) && layout.has_table(NEW) {
        pool.execute(sqlx::query(sql(&["RENAME TABLE ", NEW, " TO miners"]))).await?;
    }
    for (table, name, add) in LATER {
        if layout.has_table(table) && !layout.has(table, name) {
            tracing::info!(table, name, database = pool.dsn().database(), "adding to a table");
            pool.execute(sqlx::query(add)).await?;
        }
    }
    // The oldest wanted a miner of every user; present programs know nothing of it.
    if layout.wants("users", "miner") {
        pool.execute(sqlx::query("ALTER TABLE users MODIFY COLUMN miner varchar(255)")).await?;
    }
    Ok(())
}

/// Goes on from a version to the present one. All tables are there.
pub(super) async fn migrate(pool: &SqlPool, zone: Zone, from: u64) -> Result<(), StoreError> {
    for version in from..VERSION {
        match version {
            0 if Layout::read(pool).await?.has("users", "miner") => {
                transaction!(pool, |tx| bind_miners(tx, zone).await)?;
            }
            2 => number_miners(pool).await?,
            _ => {}
        }
        raise(pool, version + 1).await?;
        let (to, database) = (version + 1, pool.dsn().database());
        tracing::info!(from = version, to, database, "the database was migrated");
    }
    Ok(())
}

/// Writes the version down, unless another process is further already.
pub(super) async fn raise(pool: &SqlPool, version: u64) -> Result<(), StoreError> {
    let raise = "INSERT INTO store_versions (id, version) VALUES (1, ?) \
        ON DUPLICATE KEY UPDATE version = GREATEST(COALESCE(version, 0), ?)";
    pool.execute(sqlx::query(raise).bind(version).bind(version)).await?;
    Ok(())
}

/// A user had one miner, in a column of its own. Of several users with the same one the last gets
/// it, as in Go.
async fn bind_miners(tx: &mut Transaction, zone: Zone) -> Result<(), StoreError> {
    let find = "SELECT name, miner FROM users WHERE miner <> '' ORDER BY id";
    let mut users = BTreeMap::new();
    for (user, miner) in tx.fetch_all::<(String, String)>(sqlx::query_as(find)).await? {
        match parse_address(&miner) {
            Ok(address) => {
                if let Some(other) = users.insert(stored(address), user.clone()) {
                    tracing::warn!(miner, user, other, "two users had this miner: now one has it");
                }
            }
            Err(error) => tracing::warn!(miner, user, %error, "no address: not migrated"),
        }
    }
    let now = zone.write(Utc::now(), 3);
    for (miner, user) in &users {
        if writes::bind_miner(tx, user, miner, true, now).await? == Bound::NoUser {
            tracing::warn!(miner, user, "the miner of a deleted user is not migrated");
        }
    }
    Ok(())
}

/// Gives `miners` a number for its primary key instead of the address, by a copy: TiDB does not
/// take a primary key away. The table has its name all the time, and the old one goes when every
/// row of it is in the new one.
async fn number_miners(pool: &SqlPool) -> Result<(), StoreError> {
    let mut layout = Layout::read(pool).await?;
    if !layout.has("miners", "id") || !layout.has("miners", "miner_idx") {
        pool.execute(sqlx::query(sql(&["DROP TABLE IF EXISTS ", NEW]))).await?;
        create_miners(pool, NEW).await?;
        copy(pool, "miners", NEW).await?;
        let swap = ["RENAME TABLE miners TO ", OLD, ", ", NEW, " TO miners"];
        pool.execute(sqlx::query(sql(&swap))).await?;
        layout = Layout::read(pool).await?;
    }
    if layout.has_table(OLD) {
        copy(pool, OLD, "miners").await?;
        pool.execute(sqlx::query(sql(&["DROP TABLE IF EXISTS ", OLD]))).await?;
    }
    Ok(())
}

/// Copies the rows that are not there yet.
async fn copy(pool: &SqlPool, from: &'static str, to: &'static str) -> Result<(), StoreError> {
    const COLUMNS: &str = "miner, user, open_mining, created_at, updated_at, deleted_at";
    let parts = ["INSERT INTO ", to, " (", COLUMNS, ") SELECT ", COLUMNS, " FROM ", from];
    // The two may be of different collations.
    let missing = [
        " AS a WHERE NOT EXISTS (SELECT 1 FROM ",
        to,
        " AS b WHERE CAST(b.miner AS BINARY) = CAST(a.miner AS BINARY)) ORDER BY created_at, miner",
    ];
    pool.execute(sqlx::query(sql(&[&parts[..], &missing].concat()))).await?;
    Ok(())
}
