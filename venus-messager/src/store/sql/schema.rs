//! The tables of sophon-messager, as it makes them itself, and ours beside them.

use venus_core::sql::{SqlPool, sqlx};

use crate::error::{MessagerError, Result};

/// A table, its columns, and how it is made.
type Table = (&'static str, &'static str, &'static str);

const TABLES: [Table; 7] = [
    (
        "messages",
        "id,version,from_addr,nonce,to,value,gas_limit,gas_fee_cap,gas_premium,method,params,\
         signed_data,unsigned_cid,signed_cid,height,receipt_exit_code,receipt_return_value,\
         receipt_gas_used,tipset_key,meta_expire_epoch,meta_gas_over_estimation,meta_max_fee,\
         meta_gas_over_premium,wallet_name,state,is_deleted,error_msg,created_at,updated_at",
        "CREATE TABLE IF NOT EXISTS `messages` (
            `id` varchar(256) NOT NULL,
            `version` bigint unsigned NOT NULL,
            `from_addr` varchar(256) NOT NULL,
            `nonce` bigint unsigned NOT NULL,
            `to` varchar(256) NOT NULL,
            `value` varchar(256) DEFAULT '0',
            `gas_limit` bigint NOT NULL,
            `gas_fee_cap` varchar(256) DEFAULT '0',
            `gas_premium` varchar(256) DEFAULT '0',
            `method` bigint NOT NULL,
            `params` blob,
            `signed_data` blob,
            `unsigned_cid` varchar(256),
            `signed_cid` varchar(256),
            `height` bigint NOT NULL,
            `receipt_exit_code` bigint DEFAULT -1,
            `receipt_return_value` blob,
            `receipt_gas_used` bigint NOT NULL,
            `tipset_key` varchar(2048),
            `meta_expire_epoch` bigint NOT NULL,
            `meta_gas_over_estimation` decimal(10,2),
            `meta_max_fee` varchar(256) DEFAULT '0',
            `meta_gas_over_premium` decimal(10,2),
            `wallet_name` varchar(256),
            `state` bigint NOT NULL,
            `is_deleted` bigint NOT NULL DEFAULT -1,
            `error_msg` varchar(2048),
            `created_at` datetime(3) NOT NULL,
            `updated_at` datetime(3) NOT NULL,
            PRIMARY KEY (`id`),
            KEY `idx_from_nonce` (`from_addr`,`nonce`),
            KEY `idx_messages_create_at_state_from_addr` (`from_addr`,`state`,`created_at`),
            KEY `msg_signed_cid` (`signed_cid`),
            KEY `msg_height` (`height`),
            KEY `msg_state` (`state`),
            KEY `idx_messages_is_deleted` (`is_deleted`),
            KEY `idx_messages_created_at` (`created_at`),
            KEY `msg_from` (`from_addr`),
            KEY `msg_from_state` (`from_addr`,`state`),
            KEY `msg_nonce` (`nonce`),
            KEY `msg_unsigned_cid` (`unsigned_cid`),
            KEY `idx_messages_updated_at` (`updated_at`))",
    ),
    (
        "addresses",
        "id,addr,nonce,weight,state,sel_msg_num,gas_over_estimation,max_fee,gas_fee_cap,\
         gas_over_premium,base_fee,is_deleted,created_at,updated_at",
        "CREATE TABLE IF NOT EXISTS `addresses` (
            `id` varchar(256) NOT NULL,
            `addr` varchar(256) NOT NULL,
            `nonce` bigint unsigned NOT NULL,
            `weight` bigint NOT NULL,
            `state` bigint DEFAULT 1,
            `sel_msg_num` bigint unsigned NOT NULL,
            `gas_over_estimation` decimal(10,2) NOT NULL,
            `max_fee` varchar(256) DEFAULT '0',
            `gas_fee_cap` varchar(256) DEFAULT '0',
            `gas_over_premium` decimal(10,2) NOT NULL,
            `base_fee` varchar(256) DEFAULT '0',
            `is_deleted` bigint NOT NULL DEFAULT -1,
            `created_at` datetime(3) NOT NULL,
            `updated_at` datetime(3) NOT NULL,
            PRIMARY KEY (`id`),
            UNIQUE KEY `idx_addresses_addr` (`addr`),
            KEY `idx_addresses_nonce` (`nonce`),
            KEY `idx_addresses_weight` (`weight`),
            KEY `idx_addresses_state` (`state`),
            KEY `idx_addresses_is_deleted` (`is_deleted`),
            KEY `idx_addresses_created_at` (`created_at`),
            KEY `idx_addresses_updated_at` (`updated_at`))",
    ),
    (
        "shared_params",
        "id,sel_msg_num,gas_over_estimation,max_fee,gas_fee_cap,gas_over_premium,base_fee",
        "CREATE TABLE IF NOT EXISTS `shared_params` (
            `id` smallint(2) unsigned NOT NULL AUTO_INCREMENT,
            `sel_msg_num` bigint unsigned NOT NULL,
            `gas_over_estimation` decimal(10,2) NOT NULL,
            `max_fee` varchar(256) DEFAULT '0',
            `gas_fee_cap` varchar(256) DEFAULT '0',
            `gas_over_premium` decimal(10,2) NOT NULL,
            `base_fee` varchar(256) DEFAULT '0',
            PRIMARY KEY (`id`))",
    ),
    (
        "nodes",
        "id,name,url,token,node_type,is_deleted,created_at,updated_at",
        "CREATE TABLE IF NOT EXISTS `nodes` (
            `id` varchar(256) NOT NULL,
            `name` varchar(256) NOT NULL,
            `url` varchar(256) NOT NULL,
            `token` varchar(256) NOT NULL,
            `node_type` bigint NOT NULL,
            `is_deleted` bigint NOT NULL DEFAULT -1,
            `created_at` datetime(3) NOT NULL,
            `updated_at` datetime(3) NOT NULL,
            PRIMARY KEY (`id`),
            KEY `idx_nodes_is_deleted` (`is_deleted`),
            KEY `idx_nodes_created_at` (`created_at`),
            KEY `idx_nodes_updated_at` (`updated_at`))",
    ),
    (
        "actor_cfg",
        "id,actor_v,code,method,gas_over_estimation,max_fee,gas_fee_cap,gas_over_premium,base_fee,\
         created_at,updated_at",
        "CREATE TABLE IF NOT EXISTS `actor_cfg` (
            `id` varchar(256) NOT NULL,
            `actor_v` bigint NOT NULL,
            `code` varchar(256) NOT NULL,
            `method` bigint unsigned NOT NULL,
            `gas_over_estimation` decimal(10,2) NOT NULL,
            `max_fee` varchar(256) DEFAULT '0',
            `gas_fee_cap` varchar(256) DEFAULT '0',
            `gas_over_premium` decimal(10,2) NOT NULL,
            `base_fee` varchar(256) DEFAULT '0',
            `created_at` datetime(3) NOT NULL,
            `updated_at` datetime(3) NOT NULL,
            PRIMARY KEY (`id`),
            UNIQUE KEY `idx_code_method` (`code`,`method`),
            KEY `idx_actor_cfg_created_at` (`created_at`),
            KEY `idx_actor_cfg_updated_at` (`updated_at`))",
    ),
    // Of the versions of 2021; those of today have no direct wallets and leave it alone.
    (
        "wallets",
        "id,name,url,token,state,is_deleted,created_at,updated_at",
        "CREATE TABLE IF NOT EXISTS `wallets` (
            `id` varchar(256) NOT NULL,
            `name` varchar(256) NOT NULL,
            `url` varchar(256) NOT NULL,
            `token` varchar(256) NOT NULL,
            `state` bigint DEFAULT 1,
            `is_deleted` bigint NOT NULL DEFAULT -1,
            `created_at` datetime(3) NOT NULL,
            `updated_at` datetime(3) NOT NULL,
            PRIMARY KEY (`id`),
            UNIQUE KEY `idx_wallets_name` (`name`),
            KEY `idx_wallets_is_deleted` (`is_deleted`))",
    ),
    // How far the chain was followed: one row. The Go program has the file `tipset.json` for it.
    (
        "venus_tracked",
        "id,tipset_key,height",
        "CREATE TABLE IF NOT EXISTS `venus_tracked` (
            `id` bigint NOT NULL,
            `tipset_key` varchar(2048) NOT NULL,
            `height` bigint NOT NULL,
            PRIMARY KEY (`id`))",
    ),
];

/// Table, column, and whether a new row must say something about it.
type Column = (String, String, bool);

/// Makes the tables that are missing, after a look at those that are there: nothing is changed in
/// a database that this program does not know.
pub(super) async fn prepare(pool: &SqlPool) -> Result<()> {
    let found = columns(pool).await?;
    let has_table = |name: &str| found.iter().any(|(table, ..)| table == name);
    for table in TABLES.iter().filter(|(name, ..)| has_table(name)) {
        check(table, &found)?;
    }
    for &(table, _, create) in TABLES.iter().filter(|(name, ..)| !has_table(name)) {
        tracing::info!(table, database = pool.dsn().database(), "making a table");
        pool.execute(sqlx::query(create)).await?;
    }
    Ok(())
}

async fn columns(pool: &SqlPool) -> Result<Vec<Column>> {
    // The casts are for MySQL 8, which has these names in a binary type.
    let query = "SELECT CAST(table_name AS CHAR), CAST(column_name AS CHAR), \
        is_nullable = 'NO' AND column_default IS NULL AND extra NOT LIKE '%auto_increment%' \
        FROM information_schema.columns WHERE table_schema = DATABASE()";
    Ok(pool.fetch_all(|| sqlx::query_as(query)).await?)
}

fn check(&(table, expected, _): &Table, columns: &[Column]) -> Result<()> {
    let mut found = columns.iter().filter(|(of, ..)| of == table);
    let is = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
    let missing =
        expected.split(',').find(|name| !found.clone().any(|(_, column, _)| is(column, name)));
    if let Some(column) = missing {
        return Err(MessagerError::Outdated { table, column: column.to_owned() });
    }
    let unknown = |column: &str| !expected.split(',').any(|name| is(column, name));
    match found.find(|(_, column, must)| *must && unknown(column)) {
        Some((_, column, _)) => Err(MessagerError::Newer { table, column: column.clone() }),
        None => Ok(()),
    }
}
