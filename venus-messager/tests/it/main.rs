//! What a messager promises to those whose messages it takes.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed set-up is a failed test")]

mod api;
mod crash;
mod node;
mod publish;
mod random;
mod replay;
mod select;
mod sink;
mod store;
mod track;
mod wallets;
mod world;
