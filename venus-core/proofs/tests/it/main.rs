//! What this crate promises to sealers, miners and nodes.

#![expect(clippy::unwrap_used, reason = "a failed set-up is a failed test")]

mod contract;
mod environment;
mod life;
mod mock;
mod params;
mod real;
mod support;
