//! How a node is set up.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use venus_core::{Address, MpoolConfig};

use crate::executor::ExecutorConfig;

/// The rules of a development chain (node.md 15).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    /// Those of lotus' 2k network, which Go programs have compiled in: blocks each 4 s, proving
    /// periods of 2880 epochs, a lookback of 900.
    Compat,
    /// Short periods: blocks each second, proving periods of 240 epochs, a lookback of 20.
    #[default]
    Fast,
    /// What is left of the nerpa network: its periods, which are mainnet's, blocks each 30 s, and
    /// sectors of 512 MiB; and those of 2 KiB, which a machine seals in seconds.
    Nerpa,
}

impl Preset {
    /// The rules of the executor.
    pub fn executor(self) -> ExecutorConfig {
        match self {
            Self::Compat => ExecutorConfig::compat(),
            Self::Fast => ExecutorConfig::fast(),
            Self::Nerpa => ExecutorConfig::nerpa(),
        }
    }

    /// Seconds between epochs, unless the configuration says otherwise.
    pub const fn block_delay(self) -> u64 {
        match self {
            Self::Compat => 4,
            Self::Fast => 1,
            Self::Nerpa => 30,
        }
    }

    /// The name in configuration files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Compat => "compat",
            Self::Fast => "fast",
            Self::Nerpa => "nerpa",
        }
    }
}

/// How the chain's time passes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClockKind {
    /// With the system's clock, ahead of it by what was skipped.
    #[default]
    Real,
    /// Only when it is moved.
    Stepped,
}

/// The settings of a node. The rules of the chain (preset, delay, name) count when the chain is
/// made; later they must be the same or left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NodeConfig {
    /// Where the RPC is served.
    pub listen: String,
    /// The rules.
    pub preset: Preset,
    /// Seconds between epochs; that of the preset if not given.
    pub block_delay: Option<u64>,
    /// How time passes.
    pub clock: ClockKind,
    /// The message pool.
    pub pool: PoolConfig,
}

impl Default for NodeConfig {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:3453".into(),
            preset: Preset::default(),
            block_delay: None,
            clock: ClockKind::default(),
            pool: PoolConfig::default(),
        }
    }
}

impl NodeConfig {
    /// A preset with everything else as it is by default.
    pub fn new(preset: Preset) -> Self {
        Self { preset, ..Self::default() }
    }

    /// Time between epochs.
    pub fn delay(&self) -> Duration {
        Duration::from_secs(self.block_delay.unwrap_or(self.preset.block_delay()).max(1))
    }
}

/// The settings of the message pool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PoolConfig {
    /// Senders whose messages are taken first.
    pub priority: Vec<Address>,
    /// Messages above which nothing more is taken.
    pub size_limit: usize,
    /// Factor on estimated gas limits.
    pub gas_over_estimation: f64,
    /// Standard deviation of the noise on estimated premiums, so that the messages of many do not
    /// all bid the same.
    pub premium_noise: f64,
    /// Most that a message may cost if its sender does not say, in FIL.
    pub max_fee: u64,
}

impl Default for PoolConfig {
    fn default() -> Self {
        Self {
            priority: Vec::new(),
            size_limit: 30_000,
            gas_over_estimation: 1.25,
            premium_noise: 0.005,
            max_fee: 10,
        }
    }
}

impl PoolConfig {
    /// As the RPC tells it.
    pub(crate) fn to_wire(&self) -> MpoolConfig {
        let high = i64::try_from(self.size_limit).unwrap_or(i64::MAX);
        MpoolConfig {
            priority_addrs: self.priority.clone(),
            size_limit_high: high,
            size_limit_low: high / 3 * 2,
            replace_by_fee_ratio: 1.25,
            prune_cooldown: 60_000_000_000,
            gas_limit_overestimation: self.gas_over_estimation,
        }
    }
}
