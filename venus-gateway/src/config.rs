//! Settings of a gateway.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Settings of a gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GatewayConfig {
    /// Events that may wait for one connection.
    pub request_queue_size: usize,
    /// Seconds after which a provider's answer is given up.
    pub request_timeout_secs: u64,
}

impl GatewayConfig {
    pub(crate) const fn request_timeout(&self) -> Duration {
        Duration::from_secs(self.request_timeout_secs)
    }
}

impl Default for GatewayConfig {
    /// 30 events, 5 minutes.
    fn default() -> Self {
        Self { request_queue_size: 30, request_timeout_secs: 300 }
    }
}
