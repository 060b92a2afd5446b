//! What the shared vocabulary promises to the components.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed set-up is a failed test"
)]

mod aggregate;
mod contracts;
mod draws;
mod keys;
mod round_trips;
mod rpc;
mod vectors;
