//! `venus-auth`: the pool's authority over tokens, users, miners and signers, and its commands.

mod client;
mod old;
mod print;

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Parser, Subcommand};
use venus_auth::{Auth, AuthConfig, DbConfig, store::StoreError};
use venus_core::{
    auth::{AuthClient, TOKEN_FILE, read_token},
    shutdown,
};

use crate::{
    completion::Completion,
    output::print,
    peers::{Retryable, patiently},
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
        /// The store: sled (badger counts as that) or mysql; overrides the configuration.
        #[arg(long)]
        db_type: Option<String>,
        /// The database of `--db-type mysql`, such as
        /// user:password@(127.0.0.1:3306)/venus_auth?parseTime=true&loc=Local.
        #[arg(long, env = "VENUS_AUTH_MYSQL_DSN", hide_env_values = true)]
        mysql_dsn: Option<String>,
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
        Some(Command::Run { db_type, mysql_dsn }) => {
            match (db_type.map(|kind| kind.to_lowercase()).as_deref(), mysql_dsn) {
                (None, None) => {}
                (Some("sled" | "badger"), None) => config.db = DbConfig::Sled,
                (Some("mysql"), Some(dsn)) => config.db = DbConfig::mysql(&dsn)?,
                (Some("mysql"), None) if matches!(config.db, DbConfig::Mysql { .. }) => {}
                (Some("mysql"), None) => bail!("--db-type mysql needs a database: --mysql-dsn"),
                (Some("sled" | "badger") | None, Some(_)) => {
                    bail!("--mysql-dsn is for --db-type mysql; give that too")
                }
                (Some(other), _) => {
                    bail!("the type {other} is not currently supported; use sled or mysql")
                }
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
    let store = match &config.db {
        DbConfig::Mysql { dsn, .. } => format!("the database {dsn}"),
        _ => format!("the store in {}", config.home.display()),
    };
    let stop = shutdown::signal_token();
    let auth = tokio::select! {
        auth = patiently(store, || Auth::builder(config.clone()).open()) => auth?,
        () = stop.cancelled() => return Ok(()),
    };
    Ok(auth.serve(stop).await?)
}

impl Retryable for venus_auth::Error {
    fn retryable(&self) -> bool {
        matches!(self, Self::Store(StoreError::Sql(error)) if error.is_away())
    }
}

fn default_home() -> anyhow::Result<PathBuf> {
    if let Some(home) = std::env::var_os("SOPHON_AUTH_PATH") {
        return Ok(home.into());
    }
    Ok(user_home()?.join(".venus-auth"))
}
