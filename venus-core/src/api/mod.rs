//! RPC interfaces of the pool's own services; each is a trait, a client and a server's dispatch.

pub mod gateway;
pub mod messager;
pub mod miner;
pub mod wallet;
