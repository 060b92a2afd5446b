//! Settings.

use std::time::Duration;

/// How the messager works; the defaults are those of the Go service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessagerConfig {
    /// How long a head must stand before messages are selected on it. Half a block time if that
    /// is less.
    pub stable: Duration,
    /// For each question to the node that is quick to answer.
    pub ask_timeout: Duration,
    /// For each signature.
    pub sign_timeout: Duration,
    /// For the estimation of one sender's messages.
    pub estimate_timeout: Duration,
    /// For handing messages to the node.
    pub push_timeout: Duration,
    /// Which of a sender's waiting messages go first.
    pub order: Order,
}

/// Which of a sender's waiting messages go first. Those that failed before go after the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// The last ones, as in the Go service since 1.10.
    #[default]
    NewestFirst,
    /// The first ones.
    OldestFirst,
}

impl Default for MessagerConfig {
    fn default() -> Self {
        Self {
            stable: Duration::from_secs(8),
            ask_timeout: Duration::from_secs(10),
            sign_timeout: Duration::from_secs(3),
            estimate_timeout: Duration::from_secs(30),
            push_timeout: Duration::from_secs(30),
            order: Order::NewestFirst,
        }
    }
}
