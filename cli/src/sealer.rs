//! `venus-sealer`: seals and proves the sectors of one miner, and its commands.

mod info;
mod init;
mod params;
mod progress;
mod prover;
mod proving;
mod sectors;
mod serve;
mod storage;
mod units;

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Parser, Subcommand, ValueEnum};
use venus_core::config;
use venus_sealer::{SealerClient, SealerConfig};

use self::{
    init::Init, params::FetchParams, proving::ProvingCommand, sectors::SectorsCommand, serve::Run,
    storage::StorageCommand,
};
use crate::{
    completion::Completion,
    output, peers,
    remote::{self, Daemon},
};

/// Seal sectors of one miner, prove them for ever, and prove its blocks.
///
/// It holds no keys and signs nothing: messages go to a messager, questions to a chain node, and
/// gateways ask it for the proofs of blocks.
#[derive(Debug, Parser)]
#[command(
    name = "venus-sealer",
    version,
    after_help = "\
A new miner, from nothing to its first sector:
  venus-sealer init --worker t3.. --owner t3.. --sector-size 32GiB --auth-token T --no-local-storage \\
      --node-url /ip4/127.0.0.1/tcp/3453 --messager-url /ip4/127.0.0.1/tcp/39812 \\
      --gateway-url /ip4/127.0.0.1/tcp/45132
  venus-sealer run &
  venus-sealer storage attach --init --seal --store /data/sectors
  venus-sealer sectors pledge
  venus-sealer sectors list"
)]
pub struct Args {
    /// Where configuration, token and store are [default: ~/.venussealer].
    #[arg(long, alias = "repo", env = "VENUS_SEALER_PATH", global = true)]
    home: Option<PathBuf>,
    /// Where the daemon listens, such as /ip4/127.0.0.1/tcp/2345; overrides the configuration.
    #[arg(long, global = true)]
    listen: Option<String>,
    /// The network that the node must be on: mainnet, calibration, butterfly, nerpa, 2k or its own
    /// name [default: whichever it is on].
    #[arg(long, global = true)]
    network: Option<String>,
    /// Print results as one JSON document.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Create a miner on chain, or take one that is there, and make a home for it.
    Init(Box<Init>),
    /// Seal and prove until interrupted.
    Run(Run),
    /// Attach and list the directories that sectors are sealed and kept in.
    #[command(subcommand)]
    Storage(StorageCommand),
    /// Begin sectors and look at them.
    #[command(subcommand)]
    Sectors(SectorsCommand),
    /// Look at the deadlines of window PoSts.
    #[command(subcommand)]
    Proving(ProvingCommand),
    /// Show the miner at a glance: power, sectors, balances.
    Info {
        /// Leave the counts of sectors by state out.
        #[arg(long)]
        hide_sectors_info: bool,
    },
    /// Make the proof parameters of development networks ahead of time, and look at those there.
    FetchParams(FetchParams),
    /// Print the completion script of a shell.
    Completion(Completion),
}

/// Where SNARKs come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Proofs {
    /// Proven on the CPU.
    Real,
    /// Simulated from the known secret of the development parameters; development networks only.
    Simulated,
}

/// What every command works with.
#[derive(Debug)]
struct Session {
    home: PathBuf,
    config: SealerConfig,
    listen: Option<String>,
    json: bool,
}

/// Prepares the process for proofs, before it has a second thread.
///
/// # Errors
///
/// If the proofs library cannot be told where its parameters are.
pub fn prepare(args: &Args) -> anyhow::Result<()> {
    match args.command {
        Command::Run(_) | Command::FetchParams(_) => {
            Ok(venus_proofs::ensure_environment(&remote::parameter_dir()?)?)
        }
        _ => Ok(()),
    }
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
    let home = remote::home(args.home, ".venussealer")?;
    let mut config: SealerConfig = config::load(&home.join(CONFIG_FILE))?;
    config.network = args.network.unwrap_or(config.network);
    peers::print_addresses_of(&config.network);
    let session = Session { home, config, listen: args.listen, json: args.json };
    let text = match args.command {
        Command::Init(init) => init.run(session).await?,
        Command::Run(run) => return run.run(session).await,
        Command::Storage(command) => command.run(&session).await?,
        Command::Sectors(command) => command.run(&session).await?,
        Command::Proving(command) => command.run(&session).await?,
        Command::Info { hide_sectors_info } => info::show(&session, hide_sectors_info).await?,
        Command::FetchParams(fetch) => fetch.run(&session).await?,
        Command::Completion(_) => return Ok(()),
    };
    output::print(&text)
}

const CONFIG_FILE: &str = "config.toml";

impl Session {
    fn config_file(&self) -> PathBuf {
        self.home.join(CONFIG_FILE)
    }

    /// Calls the daemon of this home.
    async fn call<T, F>(&self, call: impl FnOnce(SealerClient) -> F) -> anyhow::Result<T>
    where
        F: Future<Output = Result<T, venus_core::rpc::RpcError>>,
    {
        initialized(&self.home)?;
        let configured = self.config.listen.to_string();
        let daemon = Daemon {
            home: &self.home,
            start: "venus-sealer run",
            version: 0,
            given: self.listen.as_deref(),
            configured: &configured,
        };
        let client = SealerClient::from(daemon.client()?);
        call(client).await.map_err(|error| daemon.explain(error.into()))
    }
}

/// Fails where nobody ran `init`.
fn initialized(home: &Path) -> anyhow::Result<()> {
    let there = home.join("datastore").exists();
    there.then_some(()).with_context(|| {
        format!(
            "{} holds no sealer; run `venus-sealer init` first, or name its home with --home",
            home.display()
        )
    })
}
