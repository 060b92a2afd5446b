//! `venus-auth`: the pool's authority over tokens, users, miners and signers, and its commands.

mod client;
mod old;
mod print;

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Parser, Subcommand};
use venus_auth::{Auth, AuthConfig};
use venus_core::{
    auth::{AuthClient, TOKEN_FILE, read_token},
    shutdown,
};

use crate::{
    completion::Completion,
    output::print,
    remote::{reachable, user_home},
};

use self::client::{MinerCommand, SignerCommand, TokenCommand, UserCommand};

/// Keep the tokens, users, miners and signers of a pool.
///
/// Without a command it serves, as `run` does.
#[derive(Debug, Parser)]
#[command(name = "venus-auth", version)]
pub struct Args {
    /// Where the configuration, the token and the store are [default: ~/.venus-auth].
    #[arg(long, alias = "repo", env = "VENUS_AUTH_PATH", global = true)]
    home: Option<PathBuf>,
    /// Where the daemon listens; overrides the configuration.
    #[arg(long, global = true)]
    listen: Option<String>,
    /// Print lists as one JSON document.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve until interrupted.
    Run {
        /// The store: sled.
        #[arg(long, default_value = "sled")]
        db_type: String,
    },
    /// Make, list and remove tokens.
    #[command(subcommand)]
    Token(TokenCommand),
    /// Create, list and change users, their miners, signers and limits.
    #[command(subcommand)]
    User(UserCommand),
    /// Ask about a miner of any user.
    #[command(subcommand)]
    Miner(MinerCommand),
    /// Ask about a signer of any user.
    #[command(subcommand)]
    Signer(SignerCommand),
    #[command(flatten)]
    Old(old::OldCommand),
    /// Write a completion script for a shell.
    Completion(Completion),
}

/// What every command needs to reach the daemon and to answer.
#[derive(Debug)]
struct Session {
    client: AuthClient,
    json: bool,
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
    let home = match args.home {
        Some(home) => home,
        None => default_home()?,
    };
    let mut config = AuthConfig::load(&home)?;
    if let Some(listen) = &args.listen {
        config.listen = venus_core::rpc::listen_addr(listen)?;
    }
    let command = match args.command {
        None => return serve(config).await,
        Some(Command::Run { db_type }) => {
            if !["sled", "badger"].contains(&db_type.to_lowercase().as_str()) {
                bail!("the type {db_type} is not currently supported; use sled");
            }
            return serve(config).await;
        }
        Some(command) => command,
    };
    let token = read_token(&home).with_context(|| {
        format!("no token in {}; start `venus-auth run` first", home.join(TOKEN_FILE).display())
    })?;
    let client = AuthClient::new(&format!("http://{}", reachable(config.listen)), token)?;
    let session = Session { client, json: args.json };
    let answer = match command {
        Command::Run { .. } | Command::Completion(_) => return Ok(()),
        Command::Token(command) => command.run(&session).await?,
        Command::User(command) => command.run(&session).await?,
        Command::Miner(command) => command.run(&session).await?,
        Command::Signer(command) => command.run(&session).await?,
        Command::Old(command) => command.run(&session).await?,
    };
    print(&answer)
}

async fn serve(config: AuthConfig) -> anyhow::Result<()> {
    let auth = Auth::builder(config).open().await?;
    Ok(auth.serve(shutdown::signal_token()).await?)
}

fn default_home() -> anyhow::Result<PathBuf> {
    if let Some(home) = std::env::var_os("SOPHON_AUTH_PATH") {
        return Ok(home.into());
    }
    Ok(user_home()?.join(".venus-auth"))
}
