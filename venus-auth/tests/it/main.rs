//! What venus-auth promises to those who ask it.

#![expect(clippy::unwrap_used, reason = "a failed set-up is a failed test")]

mod api;
mod durability;
mod influx;
mod replay;
mod sql;
mod sql_failures;
mod sql_migrations;
mod sql_tls;
mod world;

// One directory a store; it goes away with the process.
venus_auth::auth_store_contract!(
    sled,
    venus_auth::store::SledStore::open(&tempfile::tempdir().unwrap().keep()).unwrap()
);

venus_auth::auth_store_contract!(mariadb, crate::sql::empty_store().await);
