//! What a wallet promises to whoever signs through it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed set-up is a failed test")]

mod lock;
mod messages;
mod register;
mod remote;
mod replay;
mod vectors;
