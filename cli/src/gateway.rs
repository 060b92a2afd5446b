//! `venus-gateway`: the bridge to wallets and provers, and its commands.

use std::{
    io::{self, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, bail};
use clap::{Parser, Subcommand};
use comfy_table::{Table, presets};
use serde::{Deserialize, Serialize};
use venus_core::{
    Address,
    api::gateway::{ConnectState, GatewayCalls, GatewayClient},
    auth::{AuthClient, LocalToken, TokenGuard, read_token},
    config,
    rpc::{self, Client, Endpoint},
    shutdown,
};
use venus_gateway::{Gateway, GatewayConfig};

/// Bridge a pool's services to the wallets and provers that dial in.
///
/// Without a command it serves, as `run` does.
#[derive(Debug, Parser)]
#[command(name = "venus-gateway", version)]
pub struct Args {
    /// Where the configuration and the token are [default: ~/.venus-gateway].
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
    let home = match args.home {
        Some(home) => home,
        None => std::env::home_dir()
            .context("no home directory; give one with --home")?
            .join(".venus-gateway"),
    };
    let mut config: Config = config::load_or_create(&home.join("config.toml"))?;
    config.listen = args.listen.unwrap_or(config.listen);
    config.auth.url = args.auth_url.unwrap_or(config.auth.url);
    config.auth.token = args.auth_token.unwrap_or(config.auth.token);
    let listen = rpc::listen_addr(&config.listen)?;
    let text = match args.command {
        None | Some(Command::Run) => return serve(&home, config, listen).await,
        Some(Command::Wallet(command)) => {
            let client = client(&home, listen)?;
            let wallets = match command {
                WalletCommand::List => client.list_wallet_info().await?,
                WalletCommand::Get { account } => {
                    vec![client.list_wallet_info_by_wallet(account).await?]
                }
            };
            show(args.json, &wallets, || {
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
            })?
        }
        Some(Command::Miner(MinerCommand::List)) => {
            let miners = client(&home, listen)?.list_connected_miners().await?;
            show(args.json, &miners, || {
                let mut table = table(&["Miner"]);
                table.add_rows(miners.iter().map(|miner| [miner.to_string()]));
                table
            })?
        }
        Some(Command::Miner(MinerCommand::State { miner })) => {
            let state = client(&home, listen)?.list_miner_connection(miner).await?;
            show(args.json, &state, || {
                let mut table = table(&["Channel", "Peer", "Queued", "Since"]);
                table.add_rows(state.connections.iter().map(row));
                table
            })?
        }
    };
    io::stdout().write_all(text.as_bytes()).context("cannot write to standard output")
}

fn row(state: &ConnectState) -> [String; 4] {
    [
        state.channel_id.to_string(),
        state.ip.clone(),
        state.request_count.to_string(),
        state.create_time.to_rfc3339(),
    ]
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header.to_vec());
    table
}

fn show(
    json: bool,
    value: &impl Serialize,
    table: impl FnOnce() -> Table,
) -> anyhow::Result<String> {
    Ok(match json {
        true => serde_json::to_string_pretty(value)? + "\n",
        false => format!("{}\n", table()),
    })
}

async fn serve(home: &Path, config: Config, listen: SocketAddr) -> anyhow::Result<()> {
    if config.auth.token.is_empty() {
        bail!(
            "no token for venus-auth; make one with `venus-auth token gen --perm admin gateway` and \
             give it with --auth-token or as `auth.token` in {}",
            home.join("config.toml").display()
        );
    }
    let auth = AuthClient::new(&config.auth.url, config.auth.token)?;
    let listener = tokio::net::TcpListener::bind(listen).await.with_context(|| {
        format!("cannot listen at {listen}; stop what does, or choose another --listen")
    })?;
    let local = LocalToken::load_or_create(home)?;
    let gateway = Gateway::new(config.gateway, Arc::new(auth.clone()))?;
    let router = gateway.router(TokenGuard::new(local).or(auth));
    tracing::info!(listen = %listener.local_addr()?, auth = config.auth.url, "venus-gateway serves");
    rpc::serve(listener, router, shutdown::signal_token()).await.context("serving")
}

/// Calls the daemon of this home.
fn client(home: &Path, listen: SocketAddr) -> anyhow::Result<GatewayClient> {
    let token = read_token(home).context("start `venus-gateway run` first")?;
    let endpoint = Endpoint::parse(&format!("http://{listen}"), 2)?;
    Ok(Client::connect(&endpoint, Some(token)).into())
}
