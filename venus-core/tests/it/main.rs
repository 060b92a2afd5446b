//! What the shared vocabulary promises to the components.

#![expect(clippy::unwrap_used, reason = "a failed set-up is a failed test")]

mod rpc;
