//! Settings of a block producer.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use venus_core::ChainEpoch;

/// Settings of a block producer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MinerConfig {
    /// Seconds to wait for all blocks of a base; if not given, 12 for blocks each 30 s, 1 for
    /// blocks each 4 s, else half the time between blocks.
    pub propagation_delay_secs: Option<u64>,
    /// Seconds that one miner's draw and proof may take.
    pub miner_once_timeout_secs: u64,
    /// Seconds that the choice of messages may take; 0: as any request.
    pub mpool_select_delay_secs: u64,
    /// Seconds that any other request may take.
    pub request_timeout_secs: u64,
    /// Seconds between readings of the list of miners.
    pub refresh_secs: u64,
    /// Whether each miner makes a winning PoSt for nothing at the start, to see whether it can.
    pub warm_up: bool,
    /// Whether blocks say that they know of fork signaling, as those of venus do since 1.19.
    pub fork_signaling: bool,
    /// Whether a block of ours that the base lacks is always a fault, also where it was on another
    /// fork: stricter than the protocol.
    pub strict_parent_grinding: bool,
    /// Epochs that the chain may lie behind the clock before they are left to be null rounds
    /// instead of drawn for one by one.
    pub catch_up_epochs: ChainEpoch,
    /// What is kept of each round.
    pub recorder: RecorderConfig,
}

/// What is kept of each round, for `QueryRecord`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RecorderConfig {
    /// Whether anything is.
    pub enable: bool,
    /// For how many epochs.
    pub expire_epoch: ChainEpoch,
    /// How many epochs one query may ask for.
    pub max_record_per_query: u64,
}

impl Default for RecorderConfig {
    /// Nothing; if enabled, a week.
    fn default() -> Self {
        Self { enable: false, expire_epoch: 7 * 2880, max_record_per_query: 288 }
    }
}

impl Default for MinerConfig {
    fn default() -> Self {
        Self {
            propagation_delay_secs: None,
            miner_once_timeout_secs: 15,
            mpool_select_delay_secs: 0,
            request_timeout_secs: 10,
            refresh_secs: 60,
            warm_up: true,
            fork_signaling: true,
            strict_parent_grinding: false,
            catch_up_epochs: 20,
            recorder: RecorderConfig::default(),
        }
    }
}

impl MinerConfig {
    pub(crate) fn propagation_delay(&self, block_delay: Duration) -> Duration {
        match (self.propagation_delay_secs, block_delay.as_secs()) {
            (Some(secs), _) => Duration::from_secs(secs),
            (None, 30) => Duration::from_secs(12),
            (None, 4) => Duration::from_secs(1),
            (None, _) => block_delay / 2,
        }
    }

    pub(crate) const fn once_timeout(&self) -> Duration {
        Duration::from_secs(self.miner_once_timeout_secs)
    }

    pub(crate) const fn request_timeout(&self) -> Duration {
        Duration::from_secs(self.request_timeout_secs)
    }

    pub(crate) const fn select_timeout(&self) -> Duration {
        match self.mpool_select_delay_secs {
            0 => self.request_timeout(),
            secs => Duration::from_secs(secs),
        }
    }
}
