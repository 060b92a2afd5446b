//! The binaries as a user meets them.

#![expect(clippy::unwrap_used, reason = "a failed set-up is a failed test")]

mod backend;
mod messager;
mod miner;
mod node;
mod processes;
mod sealer;
mod support;
mod wallet;
