//! The command line.

mod down;
mod show;
mod up;

use std::{
    io::{self, Write},
    path::PathBuf,
};

use anyhow::Context;
use clap::{Parser, Subcommand};

/// Run a whole Filecoin mining pool on this machine, over a chain of its own.
///
/// Everything lies in one directory, the home; remove it and nothing is left. Proofs of the chain
/// are worth something on this chain only.
#[derive(Debug, Parser)]
#[command(
    name = "venus-cluster",
    version,
    after_help = "Begin with:\n  venus-cluster up               runs the pool until Ctrl-C\n  \
                  venus-cluster status           in another terminal\n  \
                  venus-cluster down             stops it, as Ctrl-C does"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the pool, or go on with one that was stopped or killed.
    Up(up::Args),
    /// Show a running pool: services, head, miners, messages.
    Status(show::Args),
    /// Stop a running pool in order and wait until it has.
    Down(down::Args),
}

/// Where the pool lies.
#[derive(Debug, clap::Args)]
struct Home {
    /// Where everything of the pool lies [default: ~/.venus-cluster].
    #[arg(long, value_name = "DIR", env = "VENUS_CLUSTER_PATH")]
    home: Option<PathBuf>,
}

impl Home {
    fn path(&self) -> anyhow::Result<PathBuf> {
        match &self.home {
            Some(home) => Ok(home.clone()),
            None => Ok(user_home()?.join(".venus-cluster")),
        }
    }
}

fn user_home() -> anyhow::Result<PathBuf> {
    std::env::home_dir().context("there is no home directory of the user; give --home")
}

/// Runs a command on a runtime of its own.
pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    if matches!(args.command, Command::Up(_)) {
        // Before there is a second thread: this may start the program anew.
        let dir = venus_proofs::parameter_dir(user_home()?.join(".venus-proofs"));
        venus_proofs::ensure_environment(&dir)?;
    }
    // The events tell the rest. On a chain that skips epochs blocks are late and draws are lost.
    venus_core::telemetry::init("warn,venus_miner=error", false)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match args.command {
            Command::Up(args) => up::run(args).await,
            Command::Status(args) => show::run(args).await,
            Command::Down(args) => down::run(args).await,
        }
    })
}

/// Writes to standard output.
fn print(text: &str) -> anyhow::Result<()> {
    match io::stdout().write_all(text.as_bytes()) {
        // Whoever read it has seen enough, as with `| head`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context("cannot write to standard output"),
    }
}
