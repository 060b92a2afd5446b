//! Serving.

use std::{path::Path, sync::Arc};

use anyhow::{Context, bail};
use clap::Args;
use venus_core::{
    Signer,
    api::gateway::{GatewayCalls, GatewayClient},
    auth::{AuthClient, LocalToken, SignerBindings, TokenGuard},
    chain_api::NodeClient,
    rpc, shutdown,
};
use venus_gateway::GatewaySigner;
use venus_messager::Messager;

use super::{config::Config, db};
use crate::{peers, remote};

/// What overrides the configuration.
#[derive(Debug, Args)]
pub(super) struct Run {
    /// Where to listen, such as /ip4/127.0.0.1/tcp/39812.
    #[arg(long)]
    listen: Option<String>,
    /// Where venus-auth is, such as http://127.0.0.1:8989.
    #[arg(long)]
    auth_url: Option<String>,
    /// An administrator's token of venus-auth, also for node and gateway unless they have their own.
    #[arg(long, env = "VENUS_MESSAGER_AUTH_TOKEN", hide_env_values = true)]
    auth_token: Option<String>,
    /// Where the chain node is, such as /ip4/127.0.0.1/tcp/3453.
    #[arg(long)]
    node_url: Option<String>,
    /// A token of the chain node that may write.
    #[arg(long, env = "VENUS_MESSAGER_NODE_TOKEN", hide_env_values = true)]
    node_token: Option<String>,
    /// Where the gateway is, such as /ip4/127.0.0.1/tcp/45132.
    #[arg(long)]
    gateway_url: Option<String>,
    /// An administrator's token of the gateway.
    #[arg(long, env = "VENUS_MESSAGER_GATEWAY_TOKEN", hide_env_values = true)]
    gateway_token: Option<String>,
    /// Where messages are kept: sqlite (sled, in the home) or mysql.
    #[arg(long)]
    db_type: Option<String>,
    /// The database, such as "root:111111@tcp(127.0.0.1:3306)/messager?parseTime=true&loc=Local".
    #[arg(long, env = "VENUS_MESSAGER_MYSQL_DSN", hide_env_values = true)]
    mysql_dsn: Option<String>,
}

impl Run {
    /// The configuration with what was given.
    pub(super) fn over(self, mut config: Config) -> Config {
        if let Some(token) = self.auth_token {
            config.jwt.token.clone_from(&token);
            config.node.token.clone_from(&token);
            config.gateway.token = token;
        }
        let set = |place: &mut String, given: Option<String>| {
            if let Some(given) = given {
                *place = given;
            }
        };
        set(&mut config.api.address, self.listen);
        set(&mut config.jwt.url, self.auth_url);
        set(&mut config.node.url, self.node_url);
        set(&mut config.node.token, self.node_token);
        set(&mut config.gateway.token, self.gateway_token);
        set(&mut config.db.kind, self.db_type);
        set(&mut config.db.mysql.connection_string, self.mysql_dsn);
        if let Some(url) = self.gateway_url {
            config.gateway.url = vec![url];
        }
        // The guide gives one token, for the node: it is an administrator's at venus-auth.
        if config.jwt.token.is_empty() {
            config.jwt.token.clone_from(&config.node.token);
        }
        config
    }
}

pub(super) async fn serve(home: &Path, config: Config) -> anyhow::Result<()> {
    rpc::listen_addr(&config.api.address)?;
    config.db.place()?;
    if config.jwt.token.is_empty() {
        bail!(
            "token is empty: make one with `venus-auth token gen --perm admin messager` and give it \
             with --auth-token or as `jwt.token` in {}",
            home.join("config.toml").display()
        );
    }
    let [gateway] = config.gateway.url.as_slice() else {
        bail!(
            "can't create any gateway client, please check 'GatewayConfig': give one address as \
             --gateway-url or `gateway.url`"
        );
    };
    let own = |token: &String| match token.is_empty() {
        true => config.jwt.token.clone(),
        false => token.clone(),
    };
    let node_token = own(&config.node.token);
    let node = peers::client("node.url", &config.node.url, &node_token, 1, "--node-url")?;
    let gateway_token = own(&config.gateway.token);
    let gateway = peers::client("gateway.url", gateway, &gateway_token, 2, "--gateway-url")?;
    let auth = AuthClient::new(&config.jwt.url, config.jwt.token.clone())?;

    let (node, gateway) = (NodeClient::new(node), GatewayClient::new(gateway));
    let bindings: Arc<dyn SignerBindings> = Arc::new(auth.clone());
    let calls: Arc<dyn GatewayCalls> = Arc::new(gateway);
    let signer: Arc<dyn Signer> = Arc::new(GatewaySigner::new(calls, bindings.clone()));
    let builder = Messager::builder(Arc::new(node.clone()), signer)
        .with_signers(bindings)
        .with_config(config.service.settings());
    let stop = shutdown::signal_token();
    let ready = async {
        let messager = db::open(builder, home, &config.db).await?;
        let listener = remote::bind(&config.api.address).await?;
        peers::auth(&auth).await?;
        anyhow::Ok((messager, listener, peers::network(&node, "").await?))
    };
    let (messager, listener, network) = tokio::select! {
        ready = ready => ready?,
        () = stop.cancelled() => return Ok(()),
    };
    remote::publish(home, &listener)?;
    let local = LocalToken::load_or_create(home)?;
    tracing::info!(listen = %listener.local_addr()?, network, "venus-messager serves");
    let router = messager.router(TokenGuard::new(local).or(auth));
    let (served, ()) =
        tokio::join!(rpc::serve(listener, router, stop.clone()), messager.run(stop.clone()));
    served.context("serving")
}
