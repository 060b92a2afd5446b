//! What needs more than one crate, and the rules of the repository.

#![expect(clippy::unwrap_used, reason = "a failed set-up is a failed test")]

mod tidy;
