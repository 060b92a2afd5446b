//! The file `config.toml`, with the keys of sophon-messager.

use std::{fmt, time::Duration};

use serde::{Deserialize, Deserializer, Serialize};
use venus_core::duration::GoDuration;
use venus_messager::{MessagerConfig, Order};

use super::db::Db;

/// What the daemon reads. Sections of the Go service that are not here are accepted: a file that
/// it wrote works.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Config {
    pub(super) api: Api,
    pub(super) db: Db,
    pub(super) jwt: Jwt,
    pub(super) node: Peer,
    pub(super) gateway: Gateways,
    #[serde(rename = "messageService")]
    pub(super) service: Service,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Api {
    #[serde(rename = "Address")]
    pub(super) address: String,
}

impl Default for Api {
    fn default() -> Self {
        Self { address: "/ip4/127.0.0.1/tcp/39812".to_owned() }
    }
}

/// venus-auth, and the token for it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Jwt {
    #[serde(rename = "authURL", alias = "url")]
    pub(super) url: String,
    pub(super) token: String,
}

impl Default for Jwt {
    fn default() -> Self {
        Self { url: "http://127.0.0.1:8989".to_owned(), token: String::new() }
    }
}

impl fmt::Debug for Jwt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jwt").field("url", &self.url).finish_non_exhaustive()
    }
}

/// The chain node.
#[derive(Clone, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Peer {
    pub(super) url: String,
    pub(super) token: String,
}

impl Default for Peer {
    fn default() -> Self {
        Self { url: "/ip4/127.0.0.1/tcp/3453".to_owned(), token: String::new() }
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peer").field("url", &self.url).finish_non_exhaustive()
    }
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Gateways {
    /// Several are asked in turn.
    #[serde(deserialize_with = "one_or_more")]
    pub(super) url: Vec<String>,
    pub(super) token: String,
}

impl Default for Gateways {
    fn default() -> Self {
        Self { url: vec!["/ip4/127.0.0.1/tcp/45132".to_owned()], token: String::new() }
    }
}

impl fmt::Debug for Gateways {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateways").field("url", &self.url).finish_non_exhaustive()
    }
}

/// Files of old have one address instead of a list.
fn one_or_more<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Urls {
        One(String),
        Many(Vec<String>),
    }
    Ok(match Urls::deserialize(d)? {
        Urls::One(url) => vec![url],
        Urls::Many(urls) => urls,
    })
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Service {
    #[serde(rename = "WaitingChainHeadStableDuration")]
    stable: GoDuration,
    #[serde(rename = "SignMessageTimeout")]
    sign: GoDuration,
    #[serde(rename = "EstimateMessageTimeout")]
    estimate: GoDuration,
    /// Select a sender's oldest messages first.
    #[serde(rename = "OldestFirst")]
    oldest_first: bool,
}

impl Default for Service {
    fn default() -> Self {
        let config = MessagerConfig::default();
        Self {
            stable: GoDuration(config.stable),
            sign: GoDuration(config.sign_timeout),
            estimate: GoDuration(config.estimate_timeout),
            oldest_first: false,
        }
    }
}

impl Service {
    /// The settings of the library; zero leaves its default, as in the Go service.
    pub(super) fn settings(&self) -> MessagerConfig {
        let usual = MessagerConfig::default();
        let or = |given: GoDuration, usual: Duration| match given.0 {
            Duration::ZERO => usual,
            given => given,
        };
        MessagerConfig {
            stable: self.stable.0,
            sign_timeout: or(self.sign, usual.sign_timeout),
            estimate_timeout: or(self.estimate, usual.estimate_timeout),
            order: if self.oldest_first { Order::OldestFirst } else { Order::NewestFirst },
            ..usual
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_the_go_service_is_read() {
        let text = r#"
            [api]
            Address = "/ip4/0.0.0.0/tcp/39812"
            [db]
            type = "sqlite"
            [gateway]
            url = "/ip4/127.0.0.1/tcp/45132"
            token = "t"
            [jwt]
            authURL = "http://127.0.0.1:8989"
            [messageService]
            WaitingChainHeadStableDuration = "2s"
            SignMessageTimeout = "0s"
            skipPushMessage = false
        "#;
        let config: Config = toml::from_str(text).unwrap();
        assert_eq!(config.api.address, "/ip4/0.0.0.0/tcp/39812");
        assert_eq!(config.gateway.url, ["/ip4/127.0.0.1/tcp/45132"]);
        let settings = config.service.settings();
        assert_eq!(settings.stable, Duration::from_secs(2));
        assert_eq!(settings.sign_timeout, Duration::from_secs(3));
        assert!(!format!("{config:?}").contains("\"t\""), "tokens are not shown");
    }
}
