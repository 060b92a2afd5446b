//! `venus-messager`: gets the messages of the pool on chain, and its commands.

mod config;
mod daemon;
mod db;
mod messages;
mod senders;
mod wallets;

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use venus_core::config as files;

use self::{
    config::Config,
    daemon::Run,
    messages::MsgCommand,
    senders::{AddressCommand, ShareParamsCommand},
    wallets::WalletCommand,
};
use crate::{
    completion::Completion,
    output::print,
    remote::{self, Daemon},
};

/// Get the messages of a pool on chain: nonce, gas, signature, publishing, tracking.
///
/// Producers push messages; for each sender some are chosen on every head, estimated by the chain
/// node, signed by the wallet behind the gateway, published and followed until they are executed.
#[derive(Debug, Parser)]
#[command(name = "venus-messager", version)]
pub struct Args {
    /// Where configuration, token and messages are [default: ~/.venus-messager].
    #[arg(long, alias = "repo", env = "VENUS_MESSAGER_PATH", global = true)]
    home: Option<PathBuf>,
    /// Print lists as one JSON document.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve until interrupted.
    Run(Run),
    /// Look at messages, and give them up.
    #[command(subcommand)]
    Msg(MsgCommand),
    /// Look at senders and set their limits.
    #[command(subcommand)]
    Address(AddressCommand),
    /// Wallets that the messager calls itself, without a gateway between.
    #[command(subcommand)]
    Wallet(WalletCommand),
    /// Look at what applies to all senders and set it.
    #[command(subcommand)]
    ShareParams(ShareParamsCommand),
    /// Write a completion script for a shell.
    Completion(Completion),
}

/// Runs the command that was given. Only its result goes to standard output.
///
/// # Errors
///
/// What was tried and what to do, for standard error and exit code 1.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let home = || remote::home(args.home.clone(), ".venus-messager");
    let config = |home: &std::path::Path| -> anyhow::Result<Config> {
        Ok(files::load_or_create(&home.join("config.toml"))?)
    };
    match args.command {
        Command::Completion(shell) => shell.print::<Args>(),
        Command::Run(run) => {
            let home = home()?;
            let config = run.over(config(&home)?);
            daemon::serve(&home, config).await
        }
        command => {
            let home = home()?;
            let config = config(&home)?;
            let daemon = Daemon {
                home: &home,
                start: "venus-messager run",
                version: 0,
                given: None,
                configured: &config.api.address,
            };
            let client = daemon.client()?.with_timeout(None).into();
            let shown = match command {
                Command::Msg(command) => command.run(&client, args.json).await,
                Command::Address(command) => command.run(&client, args.json).await,
                Command::Wallet(command) => command.run(&client, args.json).await,
                Command::ShareParams(command) => command.run(&client).await,
                Command::Run(_) | Command::Completion(_) => Ok(String::new()),
            };
            print(&shown.map_err(|error| daemon.explain(error))?)
        }
    }
}
