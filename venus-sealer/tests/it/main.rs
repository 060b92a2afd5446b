//! The sealer against a scripted world.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed set-up is a failed test")]

mod fsm;
mod gateway;
mod init;
mod node;
mod post;
mod sealing;
mod storage;
mod vectors;
mod wire;
mod world;
