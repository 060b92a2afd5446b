//! `venus-gateway`: the bridge to wallets and provers, and its commands.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, bail};
use clap::{Parser, Subcommand};
use serde::{Deserialize, Serialize};
use venus_core::{
    Address,
    api::gateway::{ConnectState, GatewayCalls, GatewayClient},
    auth::{AuthClient, LocalToken, TokenGuard},
    config, rpc, shutdown,
};
use venus_gateway::{Gateway, GatewayConfig, HomeLock};

use crate::{
    completion::Completion,
    output::{print, show, table},
    peers,
    remote::{self, Daemon},
};

/// Bridge a pool's services to the wallets and provers that dial in.
///
/// Without a command it serves, as `run` does.
#[derive(Debug, Parser)]
#[command(name = "venus-gateway", version)]
pub struct Args {
    /// Where the configuration and the token are [default: ~/.venusgateway].
    #[arg(long, alias = "repo", env = "VENUS_GATEWAY_PATH", global = true)]
    home: Option<PathBuf>,
    /// Where the daemon listens, such as /ip4/127.0.0.1/tcp/45132; overrides the configuration.
    #[arg(long, global = true)]
    listen: Option<String>,
    /// Where venus-auth is, such as http://127.0.0.1:8989; overrides the configuration.
    #[arg(long, global = true)]
    auth_url: Option<String>,
    /// A token of venus-auth for this gateway; overrides the configuration.
    #[arg(long, env = "VENUS_GATEWAY_AUTH_TOKEN", hide_env_values = true, global = true)]
    auth_token: Option<String>,
    /// Print lists as one JSON document.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve until interrupted.
    Run,
    /// Look at the connected wallets.
    #[command(subcommand)]
    Wallet(WalletCommand),
    /// Look at the connected provers.
    #[command(subcommand)]
    Miner(MinerCommand),
    /// Write a completion script for a shell.
    Completion(Completion),
}

#[derive(Debug, Subcommand)]
enum WalletCommand {
    /// List the wallets with their accounts and addresses.
    List,
    /// Show the wallet of one account.
    Get {
        /// The account.
        account: String,
    },
}

#[derive(Debug, Subcommand)]
enum MinerCommand {
    /// List the miners that have a prover here.
    List,
    /// Show the provers of one miner.
    State {
        /// The miner, such as f01000.
        miner: Address,
    },
}

/// The file `config.toml` in the home.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Config {
    listen: String,
    auth: AuthSection,
    gateway: GatewayConfig,
}

#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct AuthSection {
    url: String,
    token: String,
}

impl std::fmt::Debug for AuthSection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuthSection").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: "/ip4/127.0.0.1/tcp/45132".into(),
            auth: AuthSection { url: "http://127.0.0.1:8989".into(), token: String::new() },
            gateway: GatewayConfig::default(),
        }
    }
}

/// Runs the command that was given. Only its result goes to standard output.
///
/// # Errors
///
/// What was tried and what to do, for standard error and exit code 1.
pub async fn run(args: Args) -> anyhow::Result<()> {
    if let Some(Command::Completion(shell)) = &args.command {
        return shell.print::<Args>();
    }
    let home = remote::home(args.home, ".venusgateway")?;
    let mut config: Config = config::load_or_create(&home.join("config.toml"))?;
    let daemon = Daemon {
        home: &home,
        start: "venus-gateway run",
        version: 2,
        given: args.listen.as_deref(),
        configured: &config.listen,
    };
    let command = match args.command {
        None | Some(Command::Run | Command::Completion(_)) => {
            config.listen = args.listen.unwrap_or(config.listen);
            config.auth.url = args.auth_url.unwrap_or(config.auth.url);
            config.auth.token = args.auth_token.unwrap_or(config.auth.token);
            return serve(&home, config).await;
        }
        Some(command) => command,
    };
    let client = daemon.client()?.into();
    print(&ask(&client, &command, args.json).await.map_err(|error| daemon.explain(error))?)
}

async fn ask(client: &GatewayClient, command: &Command, json: bool) -> anyhow::Result<String> {
    match command {
        Command::Wallet(command) => {
            let wallets = match command {
                WalletCommand::List => client.list_wallet_info().await?,
                WalletCommand::Get { account } => {
                    vec![client.list_wallet_info_by_wallet(account.clone()).await?]
                }
            };
            show(json, &wallets, || {
                let mut table = table(&["Account", "Supports", "Channel", "Peer", "Addresses"]);
                for wallet in &wallets {
                    let supports = Vec::from_iter(wallet.support_accounts.clone()).join("\n");
                    for state in &wallet.connect_states {
                        let addresses: Vec<_> =
                            state.addrs.iter().flatten().map(ToString::to_string).collect();
                        table.add_row([
                            wallet.account.clone(),
                            supports.clone(),
                            state.channel_id.to_string(),
                            state.ip.clone(),
                            addresses.join("\n"),
                        ]);
                    }
                }
                table
            })
        }
        Command::Miner(MinerCommand::List) => {
            let miners = client.list_connected_miners().await?;
            show(json, &miners, || {
                let mut table = table(&["Miner"]);
                table.add_rows(miners.iter().map(|miner| [miner.to_string()]));
                table
            })
        }
        Command::Miner(MinerCommand::State { miner }) => {
            let state = client.list_miner_connection(*miner).await?;
            show(json, &state, || {
                let mut table = table(&["Channel", "Peer", "Queued", "Since"]);
                table.add_rows(state.connections.iter().map(row));
                table
            })
        }
        Command::Run | Command::Completion(_) => Ok(String::new()),
    }
}

fn row(state: &ConnectState) -> [String; 4] {
    [
        state.channel_id.to_string(),
        state.ip.clone(),
        state.request_count.to_string(),
        state.create_time.to_rfc3339(),
    ]
}

async fn serve(home: &Path, config: Config) -> anyhow::Result<()> {
    rpc::listen_addr(&config.listen)?;
    if config.auth.token.is_empty() {
        bail!(
            "no token for venus-auth; make one with `venus-auth token gen --perm admin gateway` and \
             give it with --auth-token or as `auth.token` in {}",
            home.join("config.toml").display()
        );
    }
    let _lock = HomeLock::take(home)?;
    let auth = AuthClient::new(&config.auth.url, config.auth.token)?;
    let listener = remote::bind(&config.listen).await?;
    let stop = shutdown::signal_token();
    tokio::select! {
        known = peers::auth(&auth) => known?,
        () = stop.cancelled() => return Ok(()),
    }
    remote::publish(home, &listener)?;
    let local = LocalToken::load_or_create(home)?;
    let gateway = Gateway::new(config.gateway, Arc::new(auth.clone()))?;
    let router = gateway.router(TokenGuard::new(local).or(auth));
    tracing::info!(listen = %listener.local_addr()?, auth = config.auth.url, "venus-gateway serves");
    rpc::serve(listener, router, stop).await.context("serving")
}
