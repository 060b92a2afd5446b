//! The whole pool, from an empty directory.
#![expect(clippy::unwrap_used, reason = "a failed set-up is a failed test")]
#![expect(clippy::print_stdout, reason = "shown of a test that failed")]

mod end_to_end;
mod restart;
