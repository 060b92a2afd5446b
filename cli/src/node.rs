//! `venus`: the chain node, and what can be asked of it.

mod chain;
mod config;
mod daemon;
mod dev;
mod first_miner;
mod genesis;
mod pool;
mod state;

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use venus_core::{
    auth::read_token,
    chain_api::{NetworkApi, NodeClient},
    rpc::{Client, Endpoint},
    set_network,
};

use self::{
    chain::{ChainCommand, SyncCommand},
    config::Config,
    daemon::DaemonArgs,
    dev::DevCommand,
    pool::{MpoolCommand, WalletCommand},
    state::StateCommand,
};
use crate::{
    completion::Completion,
    output::{fields, print, show},
    remote::{self, Daemon},
};

/// The networks whose addresses begin with `f`.
const MAINNET: &str = "mainnet";

/// Keep a chain and ask about it.
///
/// `venus daemon` serves the RPC of a chain node over an embedded development chain; the other
/// commands ask a node: the one of the same --home, or any node given with --api.
#[derive(Debug, Parser)]
#[command(
    name = "venus",
    version,
    after_help = "Begin with:\n  venus daemon --network 2k      makes a chain with one miner and serves it\n  \
                  venus chain head               in another terminal\n  venus state power f01000\n\n\
                  The daemon writes `config.json`, `token` and `api` into its home; give others \
                  the token and\n/ip4/127.0.0.1/tcp/3453 to let them use the node."
)]
pub struct Args {
    /// Where the configuration, the token and the chain are [default: ~/.venus].
    #[arg(long, aliases = ["repo", "repodir"], env = "VENUS_PATH", global = true)]
    home: Option<PathBuf>,
    /// The node to ask, instead of the one of this home: /ip4/127.0.0.1/tcp/3453, http://host:3453,
    /// or `token:address`.
    #[arg(long, alias = "cmdapiaddr", env = "VENUS_API", hide_env_values = true, global = true)]
    api: Option<String>,
    /// The token for --api; without it, for a node on this machine, that of the home.
    #[arg(long, env = "VENUS_TOKEN", hide_env_values = true, global = true)]
    token: Option<String>,
    /// Print answers as one JSON document.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the chain of the home until interrupted; make one first if there is none.
    Daemon(Box<DaemonArgs>),
    /// Look at blocks, tipsets and messages.
    #[command(subcommand)]
    Chain(ChainCommand),
    /// Look at actors, miners and the fate of messages.
    #[command(subcommand)]
    State(StateCommand),
    /// Look at the messages that wait for a block.
    #[command(subcommand)]
    Mpool(MpoolCommand),
    /// Look at what addresses hold; keys are in venus-wallet.
    #[command(subcommand)]
    Wallet(WalletCommand),
    /// Look at how the node follows the chain.
    #[command(subcommand)]
    Sync(SyncCommand),
    /// Steer the time of a development chain.
    #[command(subcommand)]
    Dev(DevCommand),
    /// Show the versions of this program and of the node.
    Version,
    /// Write a completion script for a shell.
    Completion(Completion),
}

/// What a command asks, and how it answers.
struct Session {
    home: PathBuf,
    rpc: Client,
    node: NodeClient,
    json: bool,
}

type Answer = anyhow::Result<String>;

/// What must be done before there are threads: the proofs library reads its directories once.
///
/// # Errors
///
/// When the program cannot be started anew with the right environment.
pub fn prepare(args: &Args) -> anyhow::Result<()> {
    if matches!(args.command, Command::Daemon(_)) {
        venus_proofs::ensure_environment(&remote::parameter_dir()?)?;
    }
    Ok(())
}

/// Runs the command that was given. Only its result goes to standard output.
///
/// # Errors
///
/// What was tried and what to do, for standard error and exit code 1.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let command = match args.command {
        Command::Completion(shell) => return shell.print::<Args>(),
        command => command,
    };
    let home = remote::home(args.home, ".venus")?;
    if let Command::Daemon(daemon) = command {
        set_network(false);
        return daemon.serve(&home).await;
    }
    let config = Config::load(&home)?;
    let daemon = Daemon {
        home: &home,
        start: "venus daemon",
        version: 1,
        given: None,
        configured: &config.api.api_address,
    };
    let rpc = match args.api.or_else(|| std::env::var("FIL_API").ok()) {
        None => daemon.client()?,
        Some(api) => {
            let (endpoint, token) = Endpoint::parse_api_info(&api, 1)?;
            // The token of the home is an administrator's: it does not leave the machine.
            let own = || read_token(&home).ok().filter(|_| endpoint.is_loopback());
            let token = args.token.or(token).or_else(own);
            let http = Endpoint::parse(endpoint.http_url().as_str(), 1)?;
            Client::connect(&http, token)
        }
    };
    let session = Session { home: home.clone(), node: rpc.clone().into(), rpc, json: args.json };
    print(&session.answer(&command).await.map_err(|error| daemon.explain(error))?)
}

impl Session {
    async fn answer(&self, command: &Command) -> Answer {
        // So that addresses are printed as on the network of the node that is asked.
        set_network(self.node.state_network_name().await? == MAINNET);
        match command {
            Command::Chain(command) => command.run(self).await,
            Command::State(command) => command.run(self).await,
            Command::Mpool(command) => command.run(self).await,
            Command::Wallet(command) => command.run(self).await,
            Command::Sync(command) => command.run(self).await,
            Command::Dev(command) => command.run(self).await,
            Command::Version => self.version().await,
            Command::Daemon(_) | Command::Completion(_) => Ok(String::new()),
        }
    }

    async fn version(&self) -> Answer {
        let node = self.node.version().await?;
        show(self.json, &node, || {
            let [major, minor, patch] = [16, 8, 0].map(|shift| (node.api_version >> shift) & 0xff);
            fields([
                ("Client", env!("CARGO_PKG_VERSION").to_owned()),
                ("Node", node.version.clone()),
                ("Node API", format!("{major}.{minor}.{patch}")),
            ])
        })
    }
}
