//! Settings of a sealer.

use std::{fmt, net::SocketAddr, time::Duration};

use serde::{Deserialize, Serialize};
use venus_core::{Address, ChainEpoch, TokenAmount};

use crate::policy;

/// Settings of a sealer, as in `config.toml`. The services are spelled as operators know them from
/// the Go sealer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SealerConfig {
    /// Where the command line and tools reach the sealer.
    pub listen: SocketAddr,
    /// Seconds that the node, the messager and the gateway have to answer.
    pub request_timeout_secs: u64,
    /// The network that it is for; empty: the one of the node, whichever that is.
    pub network: String,
    /// Whether SNARKs are simulated, which development networks alone allow. The crate takes its
    /// prover ready-made: this is for the program that makes it.
    pub simulated_proofs: bool,
    /// The chain node.
    #[serde(rename = "Node", alias = "node")]
    pub node: ServiceConfig,
    /// The messager.
    #[serde(rename = "Messager", alias = "messager")]
    pub messager: ServiceConfig,
    /// Gateways that may ask for winning PoSts.
    #[serde(rename = "RegisterProof", alias = "register_proof")]
    pub register_proof: GatewaysConfig,
    /// Sealing.
    pub sealing: SealingConfig,
    /// Window PoSt.
    pub proving: ProvingConfig,
    /// Who sends messages.
    pub addresses: AddressConfig,
    /// What messages may cost.
    pub fees: FeeConfig,
}

/// A service that is called.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServiceConfig {
    /// Where it is: a URL or a multiaddr.
    #[serde(rename = "Url", alias = "url")]
    pub url: String,
    /// The token that it takes.
    #[serde(rename = "Token", alias = "token")]
    pub token: String,
}

/// Services of one kind that are called with one token.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GatewaysConfig {
    /// Where they are: URLs or multiaddrs.
    #[serde(rename = "Urls", alias = "urls")]
    pub urls: Vec<String>,
    /// The token that they take.
    #[serde(rename = "Token", alias = "token")]
    pub token: String,
}

impl fmt::Debug for ServiceConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceConfig").field("url", &self.url).finish_non_exhaustive()
    }
}

impl fmt::Debug for GatewaysConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatewaysConfig").field("urls", &self.urls).finish_non_exhaustive()
    }
}

/// Settings of sealing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SealingConfig {
    /// Epochs that a sector without data lives; 0: as long as possible.
    pub sector_lifetime: ChainEpoch,
    /// Sectors in PC1 and PC2 at the same time.
    pub parallel_pre_commit: usize,
    /// Sectors in C1 and C2 at the same time.
    pub parallel_commit: usize,
    /// Seconds between a failure and the next try.
    pub retry_secs: u64,
    /// Epochs after a message's execution until it is relied on.
    pub message_confidence: u64,
    /// Epochs after the seed's epoch until the seed is relied on.
    pub seed_confidence: ChainEpoch,
    /// Keeps the data of sectors beside their replicas.
    pub always_keep_unsealed_copy: bool,
    /// Pays deposits and pledges from what the miner actor has available, as far as it goes.
    pub collateral_from_miner_balance: bool,
    /// What stays available in the miner actor nevertheless.
    pub available_balance_buffer: TokenAmount,
    /// Refuses to add from the sender what the miner actor lacks.
    pub disable_collateral_fallback: bool,
}

/// Settings of window PoSts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProvingConfig {
    /// Epochs after the challenge's epoch until proving begins.
    pub challenge_confidence: ChainEpoch,
    /// Epochs after the opening of a deadline until proofs are submitted.
    pub submit_confidence: ChainEpoch,
    /// Partitions a message, 1 to 3.
    pub partitions_per_message: usize,
    /// Sectors whose files are checked at the same time.
    pub parallel_check: usize,
    /// Leaves window PoSts to another program.
    pub disable_window_post: bool,
}

/// Who sends messages. Without an address, or if it is short of money, the worker does.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AddressConfig {
    /// Senders of pre-commits.
    pub pre_commit: Vec<Address>,
    /// Senders of proofs of sectors.
    pub commit: Vec<Address>,
    /// Senders of window PoSts and recoveries.
    pub post: Vec<Address>,
}

/// What messages may cost at most.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FeeConfig {
    /// A pre-commit.
    pub pre_commit: TokenAmount,
    /// A proof of a sector.
    pub commit: TokenAmount,
    /// A window PoSt or recovery.
    pub window_post: TokenAmount,
}

impl Default for SealerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 2345)),
            network: String::new(),
            simulated_proofs: false,
            node: ServiceConfig::default(),
            messager: ServiceConfig::default(),
            register_proof: GatewaysConfig::default(),
            sealing: SealingConfig::default(),
            proving: ProvingConfig::default(),
            addresses: AddressConfig::default(),
            fees: FeeConfig::default(),
            request_timeout_secs: 60,
        }
    }
}

impl Default for SealingConfig {
    fn default() -> Self {
        Self {
            sector_lifetime: 540 * policy::DAY,
            parallel_pre_commit: 1,
            parallel_commit: 1,
            retry_secs: 60,
            message_confidence: 5,
            seed_confidence: 6,
            always_keep_unsealed_copy: false,
            collateral_from_miner_balance: false,
            available_balance_buffer: TokenAmount::zero(),
            disable_collateral_fallback: false,
        }
    }
}

impl Default for ProvingConfig {
    fn default() -> Self {
        Self {
            challenge_confidence: 10,
            submit_confidence: 4,
            partitions_per_message: 1,
            parallel_check: 32,
            disable_window_post: false,
        }
    }
}

impl Default for FeeConfig {
    fn default() -> Self {
        let milli = |n: u64| TokenAmount::from_atto(n * 1_000_000_000_000_000);
        Self { pre_commit: milli(25), commit: milli(50), window_post: milli(5000) }
    }
}

impl SealerConfig {
    pub(crate) const fn request_timeout(&self) -> Duration {
        Duration::from_secs(self.request_timeout_secs)
    }

    pub(crate) const fn retry(&self) -> Duration {
        Duration::from_secs(self.sealing.retry_secs)
    }
}
