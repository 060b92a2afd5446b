//! Doubles and contract suites for tests of this workspace and of third parties.

mod auth;

pub use auth::MemAuth;
