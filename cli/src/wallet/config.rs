//! `config.toml`, in the spelling of the Go wallet.

use std::{fmt, path::Path};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use venus_core::{auth::write_secret_file, config};
use venus_wallet::WalletConfig;

/// The file in the home.
pub(super) const CONFIG_FILE: &str = "config.toml";
const HUB: &str = "APIRegisterHub";
const ACCOUNTS: &str = "SupportAccounts";

/// What is read of it. Keys may be of any case; sections that only the Go program has are left
/// alone.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Config {
    #[serde(rename(serialize = "API"))]
    pub(super) api: Api,
    #[serde(skip_serializing)]
    pub(super) jwt: Jwt,
    #[serde(rename(serialize = "Factor"))]
    pub(super) factor: Factor,
    #[serde(skip_serializing, rename = "signfilter")]
    pub(super) sign_filter: SignFilter,
    #[serde(rename(serialize = "APIRegisterHub", deserialize = "apiregisterhub"))]
    pub(super) hub: Hub,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Api {
    #[serde(rename(serialize = "ListenAddress", deserialize = "listenaddress"))]
    pub(super) listen_address: String,
}

impl Default for Api {
    fn default() -> Self {
        Self { listen_address: "/ip4/127.0.0.1/tcp/5678/http".into() }
    }
}

/// The secret of a Go wallet's tokens, so that they stay good; ours is in a file of its own.
#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Jwt {
    pub(super) secret: String,
    #[serde(rename = "token")]
    _token: String,
}

impl fmt::Debug for Jwt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Jwt(..)")
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Factor {
    #[serde(rename(serialize = "ScryptN", deserialize = "scryptn"))]
    pub(super) scrypt_n: u64,
    #[serde(rename(serialize = "ScryptP", deserialize = "scryptp"))]
    pub(super) scrypt_p: u64,
}

impl Default for Factor {
    fn default() -> Self {
        Self { scrypt_n: 1 << 18, scrypt_p: 1 }
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct SignFilter {
    pub(super) expr: String,
}

#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Hub {
    #[serde(rename(serialize = "RegisterAPI", deserialize = "registerapi"))]
    pub(super) register_api: Vec<String>,
    #[serde(rename(serialize = "Token", deserialize = "token"))]
    pub(super) token: String,
    #[serde(rename(serialize = "SupportAccounts", deserialize = "supportaccounts"))]
    pub(super) support_accounts: Vec<String>,
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { register_api, support_accounts, .. } = self;
        f.debug_tuple("Hub").field(register_api).field(support_accounts).finish()
    }
}

impl Config {
    /// Reads the file; the defaults if there is none.
    pub(super) fn load(home: &Path) -> anyhow::Result<Self> {
        let path = home.join(CONFIG_FILE);
        Ok(config::from_table(&path, lower(config::load(&path)?))?)
    }

    /// Writes the file if there is none.
    pub(super) fn write_if_absent(&self, home: &Path) -> anyhow::Result<()> {
        let path = home.join(CONFIG_FILE);
        if path.exists() {
            return Ok(());
        }
        std::fs::create_dir_all(home)
            .with_context(|| format!("cannot make the home {}", home.display()))?;
        let text = format!("# Default config:\n{}", toml::to_string_pretty(self)?);
        Ok(write_secret_file(&path, text.as_bytes())?)
    }

    /// The settings of the library.
    pub(super) fn wallet(&self) -> anyhow::Result<WalletConfig> {
        let Factor { scrypt_n, scrypt_p } = self.factor;
        let log_n = scrypt_n.checked_ilog2().filter(|log| 1 << log == scrypt_n && *log < 32);
        let (Some(log_n), 1) = (log_n, scrypt_p) else {
            bail!(
                "Factor.ScryptN = {scrypt_n}, ScryptP = {scrypt_p} in {CONFIG_FILE} cannot be used; \
                 N must be a power of 2 such as 262144, and P must be 1"
            );
        };
        if !self.sign_filter.expr.is_empty() {
            bail!(
                "SignFilter.Expr in {CONFIG_FILE} is not supported, and without it this wallet \
                 would sign what you want refused; remove it to go on without a filter"
            );
        }
        let scrypt_log_n = u8::try_from(log_n)?;
        Ok(WalletConfig { scrypt_log_n, ..WalletConfig::default() })
    }
}

/// All keys in lower case, as the Go wallet takes them in any.
fn lower(table: toml::Table) -> toml::Table {
    let value = |value| match value {
        toml::Value::Table(table) => toml::Value::Table(lower(table)),
        other => other,
    };
    table.into_iter().map(|(key, inner)| (key.to_lowercase(), value(inner))).collect()
}

/// Adds an account to the file; what else is in it stays as it is, comments too.
pub(super) fn add_account(home: &Path, account: &str) -> anyhow::Result<()> {
    let path = home.join(CONFIG_FILE);
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("the configuration {} cannot be read", path.display()))?;
    let mut document: toml_edit::DocumentMut =
        text.parse().with_context(|| format!("the configuration {} is broken", path.display()))?;
    let hub = spelling(document.as_table(), HUB);
    let section = document.entry(&hub).or_insert(toml_edit::table());
    let section = section.as_table_like_mut().with_context(|| format!("{hub} is no section"))?;
    let key = spelling(section, ACCOUNTS);
    let list = section.entry(&key).or_insert(toml_edit::value(toml_edit::Array::new()));
    let list = list.as_array_mut().with_context(|| format!("{hub}.{key} is no list"))?;
    if !list.iter().any(|there| there.as_str() == Some(account)) {
        list.push(account);
        write_secret_file(&path, document.to_string().as_bytes())?;
    }
    Ok(())
}

/// A key as the table has it, in whatever case.
fn spelling(table: &(impl toml_edit::TableLike + ?Sized), key: &str) -> String {
    let mut keys = table.iter().map(|(there, _)| there);
    keys.find(|there| there.eq_ignore_ascii_case(key)).unwrap_or(key).to_owned()
}

/// Whether addresses of a network begin with f.
pub(super) fn network(name: &str) -> anyhow::Result<bool> {
    const TEST: [&str; 18] = [
        "test",
        "testnet",
        "_testnet_",
        "integrationnet",
        "2k",
        "cali",
        "calibnet",
        "calibration",
        "calibrationnet",
        "interop",
        "interopnet",
        "force",
        "forcenet",
        "butterfly",
        "butterflynet",
        "nerpa",
        "nerpanet",
        "dev",
    ];
    match name {
        "main" | "mainnet" => Ok(true),
        _ if TEST.contains(&name) || venus_proofs::DevNetwork::named(name).is_ok() => Ok(false),
        _ => bail!("invalid network name {name}; use main, test, 2k, cali, nerpa, ..."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_of_the_go_wallet_is_read_in_any_case() {
        let home = tempfile::tempdir().unwrap();
        let text = "# mine\n[api]\nlistenaddress = \"/ip4/0.0.0.0/tcp/5678/http\"\n\
                    [DB]\nConn = \"x\"\nDebugMode = true\n[JWT]\nToken = \"aa\"\nSecret = \"bb\"\n\
                    [SignRecorder]\nEnable = true\n\
                    [APIRegisterHub]\n  RegisterAPI = [\"/127.0.0.1/tcp/45132\"] # the gateway\n";
        std::fs::write(home.path().join(CONFIG_FILE), text).unwrap();
        for _ in 0..2 {
            add_account(home.path(), "sealer").unwrap();
        }
        let config = Config::load(home.path()).unwrap();
        assert_eq!(config.api.listen_address, "/ip4/0.0.0.0/tcp/5678/http");
        assert_eq!(config.jwt.secret, "bb");
        assert_eq!(config.hub.register_api, ["/127.0.0.1/tcp/45132"]);
        assert_eq!(config.hub.support_accounts, ["sealer"]);
        let after = std::fs::read_to_string(home.path().join(CONFIG_FILE)).unwrap();
        assert!(after.starts_with("# mine") && after.contains("# the gateway"), "{after}");
        assert_eq!(config.wallet().unwrap(), WalletConfig::default());
        let file = format!("{config:?}");
        assert!(!file.contains("bb"), "{file}");
    }

    #[test]
    fn what_is_written_is_read_and_mistakes_are_named() {
        let home = tempfile::tempdir().unwrap();
        Config::default().write_if_absent(home.path()).unwrap();
        let text = std::fs::read_to_string(home.path().join(CONFIG_FILE)).unwrap();
        assert!(text.contains("[APIRegisterHub]") && text.contains("ScryptN = 262144"), "{text}");
        Config::load(home.path()).unwrap();

        let path = home.path().join(CONFIG_FILE);
        std::fs::write(&path, "[APIRegisterHub]\nSuportAccounts = []").unwrap();
        let error = format!("{:#}", Config::load(home.path()).unwrap_err());
        assert!(error.contains("suportaccounts"), "{error}");
        std::fs::write(&path, "[Factor]\nScryptN = 1000").unwrap();
        let error = Config::load(home.path()).unwrap().wallet().unwrap_err().to_string();
        assert!(error.contains("ScryptN = 1000"), "{error}");
    }

    #[test]
    fn networks_of_all_ages() {
        assert!(network("mainnet").unwrap());
        for name in ["test", "nerpa", "2k", "cali", "localnet-7"] {
            assert!(!network(name).unwrap());
        }
        assert!(network("moon").unwrap_err().to_string().contains("invalid network name moon"));
    }
}
