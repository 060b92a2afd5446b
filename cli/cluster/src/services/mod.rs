//! The services of a pool, each with what it needs of the others.

mod access;
mod auth;
mod gateway;
mod messager;
mod miner;
mod node;
mod patient;
mod proofs;
mod sealer;
mod stage;
mod wallet;

pub(crate) use access::Access;
pub(crate) use auth::start as start_auth;
pub(crate) use gateway::start as start_gateway;
pub(crate) use messager::start as start_messager;
pub(crate) use miner::start as start_miner;
pub(crate) use node::start as start_node;
pub(crate) use proofs::Proving;
pub(crate) use sealer::{Owned, Running, Sealers, Tools, run as run_sealer};
pub(crate) use stage::{Ports, Stage};
pub(crate) use wallet::{open as open_wallet, start as start_wallet};
