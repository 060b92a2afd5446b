//! `config.json`, in the spelling of venus.

use std::{fmt, path::Path};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use venus_core::{auth::write_secret_file, config};
use venus_node::{ClockKind, NodeConfig, PoolConfig, Preset};
use venus_proofs::DevNetwork;

/// The file in the home.
pub(super) const CONFIG_FILE: &str = "config.json";

/// What is read of it. Sections that only the Go program has are left alone.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Config {
    /// The RPC.
    pub(super) api: Api,
    /// The message pool.
    pub(super) mpool: Mpool,
    /// The embedded chain; only ours has this section.
    pub(super) devnet: DevNet,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Api {
    pub(super) api_address: String,
    #[serde(rename = "venusAuthURL")]
    pub(super) venus_auth_url: String,
    pub(super) venus_auth_token: String,
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { api_address, venus_auth_url, .. } = self;
        f.debug_tuple("Api").field(api_address).field(venus_auth_url).finish()
    }
}

impl Default for Api {
    fn default() -> Self {
        Self {
            api_address: "/ip4/127.0.0.1/tcp/3453".into(),
            venus_auth_url: String::new(),
            venus_auth_token: String::new(),
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Mpool {
    /// Such as `10 FIL`.
    pub(super) max_fee: String,
}

impl Default for Mpool {
    fn default() -> Self {
        Self { max_fee: "10 FIL".into() }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct DevNet {
    pub(super) network: String,
    /// The rules; those of the network if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) preset: Option<Preset>,
    /// Seconds between epochs; that of the preset if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) block_time: Option<u64>,
    pub(super) clock: ClockKind,
    /// Whether the node makes the first miner's blocks; only that of nerpa does if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mine: Option<bool>,
}

impl DevNet {
    /// The rules that a new chain gets.
    pub(super) fn preset(&self) -> Preset {
        let nerpa = network(&self.network).is_ok_and(|name| name == NERPA);
        let of_network = if nerpa { Preset::Nerpa } else { Preset::default() };
        self.preset.unwrap_or(of_network)
    }

    /// Whether the node makes the first miner's blocks.
    pub(super) fn mines(&self) -> bool {
        self.mine.unwrap_or(self.preset() == Preset::Nerpa)
    }
}

impl Default for DevNet {
    fn default() -> Self {
        Self {
            network: "2k".into(),
            preset: None,
            block_time: None,
            clock: ClockKind::default(),
            mine: None,
        }
    }
}

impl Config {
    /// Reads the file; the defaults if there is none.
    pub(super) fn load(home: &Path) -> anyhow::Result<Self> {
        Ok(config::load_json(&home.join(CONFIG_FILE))?)
    }

    /// Writes the file if there is none.
    pub(super) fn write_if_absent(&self, home: &Path) -> anyhow::Result<()> {
        let path = home.join(CONFIG_FILE);
        if path.exists() {
            return Ok(());
        }
        std::fs::create_dir_all(home)
            .with_context(|| format!("cannot make the home {}", home.display()))?;
        Ok(write_secret_file(&path, serde_json::to_string_pretty(self)?.as_bytes())?)
    }

    /// The settings of the library.
    pub(super) fn node(&self) -> anyhow::Result<NodeConfig> {
        let fee = self.mpool.max_fee.trim();
        let max_fee = fee
            .strip_suffix("FIL")
            .unwrap_or(fee)
            .trim()
            .parse()
            .with_context(|| format!("mpool.maxFee `{fee}` is no amount such as `10 FIL`"))?;
        Ok(NodeConfig {
            listen: self.api.api_address.clone(),
            preset: self.devnet.preset(),
            block_delay: self.devnet.block_time,
            clock: self.devnet.clock,
            pool: PoolConfig { max_fee, ..PoolConfig::default() },
        })
    }
}

/// The chain in the place of the network nerpa.
const NERPA: &str = "localnet-nerpa";

/// The chain's name for what `--network` says.
pub(super) fn network(name: &str) -> anyhow::Result<String> {
    const GONE: [&str; 5] = ["nerpa", "nerpanet", "test", "testnet", "integrationnet"];
    const PUBLIC: [&str; 8] = [
        "main",
        "mainnet",
        "cali",
        "calibrationnet",
        "calibration",
        "butterflynet",
        "interopnet",
        "forcenet",
    ];
    if GONE.contains(&name) {
        return Ok(NERPA.into());
    }
    if PUBLIC.contains(&name) {
        bail!(
            "this node cannot join the public network {name} yet; use --network 2k for an embedded \
             development chain, or let the other services use a venus, lotus or forest node there"
        );
    }
    match DevNetwork::named(name) {
        Ok(network) => Ok(network.name().to_owned()),
        Err(_) => bail!(
            "unknown network {name}; use 2k, nerpa, or a name of your own that begins with \
             localnet or devnet"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_of_venus_is_read() {
        let text = r#"{
            "api": {"apiAddress": "/ip4/0.0.0.0/tcp/3453", "venusAuthURL": "http://a:8989",
                    "accessControlAllowMethods": ["GET"]},
            "datastore": {"type": "badgerds"},
            "mpool": {"maxNonceGap": 100, "maxFee": "3 FIL"}
        }"#;
        let config: Config = serde_json::from_str(text).unwrap();
        let node = config.node().unwrap();
        assert_eq!(node.listen, "/ip4/0.0.0.0/tcp/3453");
        assert_eq!(node.pool.max_fee, 3);
        assert_eq!(config.api.venus_auth_url, "http://a:8989");
        let written = serde_json::to_string(&config).unwrap();
        assert!(written.contains("\"apiAddress\"") && written.contains("\"venusAuthURL\""));
    }

    #[test]
    fn networks_are_development_networks() {
        assert_eq!(network("2k").unwrap(), "2k");
        assert_eq!(network("nerpanet").unwrap(), "localnet-nerpa");
        let nerpa = DevNet { network: "nerpa".into(), ..DevNet::default() };
        assert!(nerpa.preset() == Preset::Nerpa && nerpa.mines());
        let own = DevNet { network: "localnet-1".into(), ..nerpa };
        assert!(own.preset() == Preset::Fast && !own.mines());
        assert!(network("mainnet").unwrap_err().to_string().contains("--network 2k"));
        assert!(network("moon").unwrap_err().to_string().contains("moon"));
    }
}
