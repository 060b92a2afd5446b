//! `config.toml` of a venus-miner.

use std::{fmt, path::Path};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use venus_core::{auth::write_secret_file, config};
use venus_miner::MinerConfig;

/// The settings of the daemon.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Config {
    /// Where the daemon listens.
    pub(super) listen: String,
    /// The network that it is for; empty: the one of the node, whichever that is.
    pub(super) network: String,
    /// The chain node.
    pub(super) node: Service,
    /// More nodes to submit blocks to, if those before do not take them.
    pub(super) submit_nodes: Vec<Service>,
    /// Whom to ask for the pool's miners.
    pub(super) auth: Service,
    /// Through whom wallets and provers are reached; tried in order.
    pub(super) gateway: Gateways,
    /// How blocks are made.
    pub(super) mining: MinerConfig,
}

/// A service that is called.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Service {
    pub(super) url: String,
    pub(super) token: String,
}

/// Services of one kind that are called with one token.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Gateways {
    pub(super) urls: Vec<String>,
    pub(super) token: String,
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("url", &self.url).finish_non_exhaustive()
    }
}

impl fmt::Debug for Gateways {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateways").field("urls", &self.urls).finish_non_exhaustive()
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: "/ip4/127.0.0.1/tcp/12308".into(),
            network: String::new(),
            node: Service::default(),
            submit_nodes: Vec::new(),
            auth: Service::default(),
            gateway: Gateways::default(),
            mining: MinerConfig::default(),
        }
    }
}

const FILE: &str = "config.toml";

impl Config {
    pub(super) fn load(home: &Path) -> anyhow::Result<Self> {
        Ok(config::load(&home.join(FILE))?)
    }

    /// Whether `init` made this home.
    pub(super) fn exists(home: &Path) -> bool {
        home.join(FILE).exists()
    }

    pub(super) fn save(&self, home: &Path) -> anyhow::Result<()> {
        let created = std::fs::create_dir_all(home);
        created.with_context(|| format!("{} cannot be created", home.display()))?;
        Ok(write_secret_file(&home.join(FILE), toml::to_string_pretty(self)?.as_bytes())?)
    }

    /// Fails if something is missing without which no block is made.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        let Self { node, auth, gateway, .. } = self;
        let there = [
            ("node.url", "--api", !node.url.is_empty()),
            ("auth.url", "--auth-api", !auth.url.is_empty()),
            ("auth.token", "--token", !auth.token.is_empty()),
            ("gateway.urls", "--gateway-api", !gateway.urls.is_empty()),
        ];
        for (key, flag, there) in there {
            if !there {
                bail!("no `{key}` in the configuration; `venus-miner init` takes it as {flag}");
            }
        }
        Ok(())
    }
}
