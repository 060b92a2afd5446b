//! What a wallet promises to whoever signs through it.

#![expect(clippy::unwrap_used, reason = "a failed set-up is a failed test")]

mod lock;
mod replay;
mod vectors;
