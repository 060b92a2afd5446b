//! Tests of the node through its public interface.
#![expect(clippy::unwrap_used, reason = "a failed set-up is a failed test")]

mod lifecycle;
mod node;
mod recorded;
mod replay;
mod replay_rpc;
