//! The node: chain, pool, RPC, restarts.

mod blocks;
mod chain;
mod gas;
mod pool;
mod proofs;
mod restart;
mod rpc;
mod skip;
mod wire;
mod world;
