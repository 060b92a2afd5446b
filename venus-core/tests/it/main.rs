//! What the shared vocabulary promises to the components.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed set-up is a failed test"
)]

mod contracts;
mod round_trips;
mod rpc;
mod vectors;
