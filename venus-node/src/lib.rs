//! The chain node: chain store, validation, message pool, embedded development chain.

pub mod blockstore;
pub mod executor;
pub mod genesis;
