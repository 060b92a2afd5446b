//! The whole pool, from an empty directory.
#![expect(clippy::unwrap_used, reason = "a failed set-up is a failed test")]

mod end_to_end;
mod killed;
mod restart;
