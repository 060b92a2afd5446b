//! `venus-miner`: makes blocks for the pool's miners, and its commands.

mod address;
mod clock;
mod config;
mod gateways;
mod history;
mod init;
mod serve;

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand};
use serde::Serialize;
use venus_core::{
    Address,
    api::miner::{MinerApi, MinerClient},
    auth::parse_address,
    rpc::RpcError,
};

use self::{
    address::AddressCommand,
    config::Config,
    history::{Blocks, Records, Winners},
    init::Init,
};
use crate::{
    completion::Completion,
    output, peers,
    remote::{self, Daemon},
};

/// Make blocks for the miners of a pool.
///
/// It holds no keys and no sectors: venus-auth names the miners, the node gives the base, and the
/// gateway reaches the wallets and provers of the miners.
#[derive(Debug, Parser)]
#[command(
    name = "venus-miner",
    version,
    after_help = "\
From nothing to the first block:
  venus-miner init --api /ip4/127.0.0.1/tcp/3453 --auth-api http://127.0.0.1:8989 \\
      --gateway-api /ip4/127.0.0.1/tcp/45132 --token <admin token of venus-auth>
  venus-miner run &
  venus-auth user miner add <user> t01000
  venus-miner address update
  venus-miner address state"
)]
pub struct Args {
    /// Where configuration, token and store are [default: ~/.venusminer].
    #[arg(long, aliases = ["repo", "miner-repo"], env = "VENUS_MINER_PATH", global = true)]
    home: Option<PathBuf>,
    /// Where the daemon listens, such as /ip4/127.0.0.1/tcp/12308; overrides the configuration.
    #[arg(long, global = true)]
    listen: Option<String>,
    /// Print results as one JSON document; most commands do so anyway, as the original.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a home: check that the node is there and write the configuration.
    Init(Init),
    /// Make blocks until interrupted.
    Run {
        /// The network that the node must be on; by default whichever it is on.
        #[arg(long)]
        nettype: Option<String>,
        /// Taken for compatibility: blocks are made on whatever head the node has.
        #[arg(long, hide = true)]
        nosync: bool,
    },
    /// List, update, start and stop the pool's miners.
    #[command(subcommand)]
    Address(AddressCommand),
    /// List the known miners, as `address list`.
    List,
    /// Tell how the miners fare, as `address state`.
    State(Named),
    /// Make blocks for these miners, as `address start`.
    Start(Named),
    /// Make no more blocks for these miners, as `address stop`; without any, stop the daemon.
    Stop(Named),
    /// Count the blocks that miners could win.
    #[command(subcommand)]
    Winner(WinnerCommand),
    /// Look at the blocks that were won.
    #[command(subcommand)]
    Block(BlockCommand),
    /// Look at what was recorded of rounds.
    #[command(subcommand)]
    Record(RecordCommand),
    /// Print the completion script of a shell.
    Completion(Completion),
}

#[derive(Debug, Subcommand)]
enum WinnerCommand {
    /// Draw again for past epochs and count the wins.
    Count(Winners),
}

#[derive(Debug, Subcommand)]
enum BlockCommand {
    /// List draws won and their blocks, newest first.
    List(Blocks),
}

#[derive(Debug, Subcommand)]
enum RecordCommand {
    /// Show what happened in the rounds of a miner; `mining.recorder.enable` turns it on.
    Query(Records),
}

/// Miners named on the command line.
#[derive(Debug, ClapArgs)]
struct Named {
    /// Their ID addresses, such as t01000.
    miners: Vec<String>,
}

impl Named {
    /// Their addresses; the error counts as the original does.
    fn addresses(&self) -> anyhow::Result<Vec<Address>> {
        let parse = |(index, text): (usize, &String)| {
            parse_address(text)
                .map_err(|error| anyhow::anyhow!("parsing {index}-th miner: `{text}`: {error}"))
        };
        self.miners.iter().enumerate().map(parse).collect()
    }
}

/// What every command works with.
#[derive(Debug)]
struct Session {
    home: PathBuf,
    config: Config,
    listen: Option<String>,
    json: bool,
}

/// Runs the command that was given. Only its result goes to standard output.
///
/// # Errors
///
/// What was tried and what to do, for standard error and exit code 1.
pub async fn run(args: Args) -> anyhow::Result<()> {
    if let Command::Completion(completion) = args.command {
        return completion.print::<Args>();
    }
    let home = remote::home(args.home, ".venusminer")?;
    let config = Config::load(&home)?;
    peers::print_addresses_of(&config.network);
    let session = Session { home, config, listen: args.listen, json: args.json };
    let text = match args.command {
        Command::Init(init) => init.run(session).await?,
        Command::Run { nettype, nosync: _ } => return serve::run(session, nettype).await,
        Command::Address(command) => command.run(&session).await?,
        Command::List => AddressCommand::List.run(&session).await?,
        Command::State(named) => AddressCommand::State(named).run(&session).await?,
        Command::Start(named) => AddressCommand::Start(named).run(&session).await?,
        Command::Stop(named) if named.miners.is_empty() => session.stop().await?,
        Command::Stop(named) => AddressCommand::Stop(named).run(&session).await?,
        Command::Winner(WinnerCommand::Count(winners)) => winners.run(&session).await?,
        Command::Block(BlockCommand::List(blocks)) => blocks.run(&session).await?,
        Command::Record(RecordCommand::Query(records)) => records.run(&session).await?,
        Command::Completion(_) => return Ok(()),
    };
    output::print(&text)
}

impl Session {
    /// Calls the daemon of this home.
    async fn call<T, F>(&self, call: impl FnOnce(MinerClient) -> F) -> anyhow::Result<T>
    where
        F: Future<Output = Result<T, RpcError>>,
    {
        let daemon = Daemon {
            home: &self.home,
            start: "venus-miner run",
            version: 0,
            given: self.listen.as_deref(),
            configured: &self.config.listen,
        };
        let client = MinerClient::from(daemon.client()?);
        call(client).await.map_err(|error| daemon.explain(error.into()))
    }

    async fn stop(&self) -> anyhow::Result<String> {
        self.call(|miner| async move { miner.shutdown().await }).await?;
        Ok(String::new())
    }
}

/// A value as the original prints it: indented by tabulators.
fn json(value: &(impl Serialize + ?Sized)) -> anyhow::Result<String> {
    let mut text = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b"\t");
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut text, formatter))?;
    Ok(String::from_utf8(text)? + "\n")
}
