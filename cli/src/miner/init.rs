//! `venus-miner init`: a home with its configuration.

use anyhow::{Context, bail};
use clap::Args;
use venus_core::{
    auth::{AuthClient, AuthError, Caller, Permission, TokenVerifier},
    chain_api::{NetworkApi, NodeClient},
    rpc::{Endpoint, listen_addr},
};

use super::{
    Session,
    config::{Config, Gateways, Service},
};
use crate::peers;

/// The version of the node's API that the originals ask for: major and minor must be the same.
const API_VERSION: (u32, u32) = (2, 3);

/// What `init` takes.
#[derive(Debug, Args)]
pub(super) struct Init {
    /// The chain node, such as /ip4/127.0.0.1/tcp/3453.
    #[arg(long)]
    api: String,
    /// The venus-auth, such as http://127.0.0.1:8989.
    #[arg(long)]
    auth_api: String,
    /// A gateway, such as /ip4/127.0.0.1/tcp/45132; may be given more than once.
    #[arg(long, required = true)]
    gateway_api: Vec<String>,
    /// An admin token of venus-auth, for all three; see `venus-auth token gen --perm admin`.
    #[arg(long, env = "VENUS_MINER_TOKEN", hide_env_values = true)]
    token: String,
    /// Another token for venus-auth.
    #[arg(long)]
    auth_token: Option<String>,
    /// Another token for the gateways.
    #[arg(long)]
    gateway_token: Option<String>,
    /// The network that the node must be on: mainnet, calibnet, butterfly, nerpanet, 2k, debug or
    /// its own name [default: whichever it is on].
    #[arg(long)]
    nettype: Option<String>,
    /// Where it is kept which blocks were signed: local, that is in the home.
    #[arg(long, default_value = "local")]
    slash_filter: String,
    /// Do not ask the node, so that it need not run yet.
    #[arg(long)]
    offline: bool,
}

impl Init {
    pub(super) async fn run(self, session: Session) -> anyhow::Result<String> {
        let Session { home, listen, .. } = session;
        tracing::info!("Initializing venus miner");
        tracing::info!("Checking if repo exists");
        if Config::exists(&home) {
            bail!(
                "repo at '{}' is already initialized; edit its config.toml, or choose another \
                 --home",
                home.display()
            );
        }
        if self.slash_filter != "local" {
            bail!("wrong slash filter type `{}`; use local", self.slash_filter);
        }
        let mut config = self.settings(listen)?;
        if !self.offline {
            tracing::info!("Trying to connect to full node RPC");
            let Service { url, token } = &config.node;
            let node = NodeClient::from(peers::client("the node", url, token, 1, "--api")?);
            tracing::info!("Checking full node version");
            let version = node.version().await.context("--api cannot be used")?;
            let (major, minor) = (version.api_version >> 16, version.api_version >> 8 & 0xff);
            let (wanted_major, wanted_minor) = API_VERSION;
            if (major, minor) != API_VERSION {
                bail!(
                    "RemoteAPI version didn't match (expected {wanted_major}.{wanted_minor}.0, \
                     remote {major}.{minor}.{}); use a node of another version",
                    version.api_version & 0xff
                );
            }
            config.network = peers::network(&node, &config.network).await?;
            check_token(&config.auth).await?;
        }
        tracing::info!("Initializing repo at '{}'", home.display());
        config.save(&home)?;
        Ok(format!(
            "Miner successfully created at {}, you can now start it with 'venus-miner run'\n",
            home.display()
        ))
    }

    /// The configuration that the flags describe.
    fn settings(&self, listen: Option<String>) -> anyhow::Result<Config> {
        let mut config = Config::default();
        config.listen = listen.unwrap_or(config.listen);
        listen_addr(&config.listen).context("--listen")?;
        Endpoint::parse(&self.api, 1).context("--api")?;
        for gateway in &self.gateway_api {
            Endpoint::parse(gateway, 2).context("--gateway-api")?;
        }
        let or_all = |other: &Option<String>| other.clone().unwrap_or_else(|| self.token.clone());
        let auth_token = or_all(&self.auth_token);
        AuthClient::new(&self.auth_api, auth_token.clone()).context("--auth-api")?;
        config.network = self.nettype.clone().unwrap_or_default();
        config.node = Service { url: self.api.clone(), token: self.token.clone() };
        config.auth = Service { url: self.auth_api.clone(), token: auth_token };
        config.gateway =
            Gateways { urls: self.gateway_api.clone(), token: or_all(&self.gateway_token) };
        Ok(config)
    }
}

/// A token that allows too little would show only when the first block is due.
async fn check_token(Service { url, token }: &Service) -> anyhow::Result<()> {
    let auth = AuthClient::new(url, token.as_str())?;
    match auth.verify_token(token).await {
        Ok(caller) if caller.may(Permission::Admin) => Ok(()),
        Ok(Caller { name, .. }) => bail!(
            "the token of `{name}` lacks the permission admin, with which the miners of the pool \
             are listed; make another with `venus-auth token gen --perm admin {name}` and give it \
             with --token"
        ),
        Err(error @ AuthError::Unavailable(_)) => {
            tracing::warn!(%error, "the token is not checked");
            Ok(())
        }
        Err(error) => Err(error).context("--token cannot be used with --auth-api"),
    }
}
