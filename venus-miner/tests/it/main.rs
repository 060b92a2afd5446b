//! What a block producer promises, against a scripted node and the recorded rounds of the original.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed set-up is a failed test")]

mod access;
mod embedded;
mod golden;
mod guard;
mod mining;
mod node;
mod replay;
mod restore;
mod rules;
mod watch;
mod world;
