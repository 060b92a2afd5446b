//! The binaries as a user meets them.

#![expect(clippy::unwrap_used, reason = "a failed set-up is a failed test")]

mod processes;
