//! The binaries as a user meets them.

#![expect(clippy::unwrap_used, reason = "a failed set-up is a failed test")]

mod auth;
mod backend;
mod database;
mod messager;
mod miner;
mod node;
mod params;
mod processes;
mod sealer;
mod support;
mod wallet;
