//! `venus-wallet`: keys and signatures, and the commands to its daemon.

mod auth;
mod config;
mod daemon;
mod keys;
mod password;

use std::{path::PathBuf, time::Duration};

use clap::{Parser, Subcommand};
use venus_core::{
    Address,
    api::wallet::{WalletApi, WalletClient},
    rpc::Client,
};

use self::{
    auth::AuthCommand,
    config::{Config, network},
    daemon::RunArgs,
    keys::{DeleteArgs, ExportArgs, ImportArgs, SignArgs},
    password::PasswordArgs,
};
use crate::{
    completion::Completion,
    output::{self, print},
    remote::{self, Daemon},
};

/// Unlocking derives a key from the password for each key that is kept, a second each.
const UNLOCK_TIMEOUT: Duration = Duration::from_secs(3600);

/// Keep a pool's keys and sign with them.
///
/// `venus-wallet run` serves; the other commands talk to the daemon of the same --home. It serves
/// those who have a token of it (`auth api-info`), and the gateways of its configuration.
#[derive(Debug, Parser)]
#[command(
    name = "venus-wallet",
    version,
    after_help = "Begin with:\n  venus-wallet run               writes config.toml and serves\n  \
                  venus-wallet set-password      in another terminal; after a restart: unlock\n  \
                  venus-wallet new bls\n  venus-wallet auth api-info --perm sign\n\n\
                  To sign for a pool, enter gateways and a token of venus-auth in config.toml:\n  \
                  [APIRegisterHub]\n  RegisterAPI = [\"/ip4/127.0.0.1/tcp/45132\"]\n  \
                  Token = \"eyJ..\"\n  SupportAccounts = [\"my-sealer\"]"
)]
pub struct Args {
    /// Where the configuration, the token and the keys are [default: ~/.venus_wallet].
    #[arg(long, alias = "repo", env = "VENUS_WALLET_PATH", global = true)]
    home: Option<PathBuf>,
    /// The network: main, test, 2k, nerpa, ...; says whether addresses begin with f or t. The home
    /// remembers it.
    #[arg(long, alias = "network", env = "VENUS_ADDRESS_TYPE", global = true)]
    nettype: Option<String>,
    /// Print answers as one JSON document.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve until interrupted; given a password, unlock the keys at start.
    Run(Box<RunArgs>),
    /// Set the password of a new wallet; asks twice, without echo, unless it is given.
    #[command(visible_alias = "setpwd")]
    SetPassword(PasswordArgs),
    /// Make the keys usable, as after a restart.
    Unlock(PasswordArgs),
    /// Make the keys unusable until the wallet is unlocked.
    Lock(PasswordArgs),
    /// Show whether the keys can be used.
    #[command(aliases = ["lockState", "lockstate"])]
    LockState,
    /// Make a key and print its address.
    New {
        /// bls, secp256k1 or delegated.
        #[arg(default_value = "secp256k1", value_parser = keys::kind)]
        kind: String,
    },
    /// List the addresses.
    #[command(visible_alias = "ls")]
    List,
    /// Sign bytes.
    Sign(SignArgs),
    /// Print a key; whoever reads it has it.
    Export(ExportArgs),
    /// Take a key in.
    Import(ImportArgs),
    /// Remove a key for good.
    #[command(aliases = ["del", "rm"])]
    Delete(DeleteArgs),
    /// Sign for one more account at the gateways, from now on.
    Support {
        /// The account: the name of a user of venus-auth.
        account: String,
    },
    /// Make and check tokens for this wallet.
    #[command(subcommand)]
    Auth(AuthCommand),
    /// Write a completion script for a shell.
    Completion(Completion),
}

type Answer = anyhow::Result<String>;

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
    let home = remote::home(args.home, ".venus_wallet")?;
    let mainnet = args.nettype.as_deref().map(network).transpose()?;
    if let Command::Run(run) = command {
        return run.serve(&home, mainnet.unwrap_or_else(|| daemon::is_mainnet(&home))).await;
    }
    let config = Config::load(&home)?;
    let daemon = Daemon {
        home: &home,
        start: "venus-wallet run",
        version: 0,
        given: None,
        configured: &config.api.listen_address,
    };
    venus_core::set_network(mainnet.unwrap_or_else(|| daemon::is_mainnet(&home)));
    let session = Session {
        rpc: daemon.client()?,
        address: daemon::announced(&home, &config),
        json: args.json,
    };
    print(&session.answer(command).await.map_err(|error| daemon.explain(error))?)
}

/// What a command asks, and how it answers.
struct Session {
    rpc: Client,
    /// Where the wallet is, for others.
    address: String,
    json: bool,
}

impl Session {
    fn wallet(&self) -> WalletClient {
        self.rpc.clone().into()
    }

    fn patient(&self) -> WalletClient {
        self.rpc.with_timeout(Some(UNLOCK_TIMEOUT)).into()
    }

    async fn answer(&self, command: Command) -> Answer {
        let wallet = self.wallet();
        match command {
            Command::SetPassword(args) => {
                self.patient().set_password(args.new_password()?).await?;
                Ok("Password set successfully\n".to_owned())
            }
            Command::Unlock(args) => {
                self.patient().unlock(args.password()?).await?;
                Ok("wallet unlock successfully\n".to_owned())
            }
            Command::Lock(args) => {
                wallet.lock(args.password()?).await?;
                Ok("wallet lock successfully\n".to_owned())
            }
            Command::LockState => {
                let locked = wallet.lock_state().await?;
                let state = if locked { "locked" } else { "unlocked" };
                self.text(&locked, format!("wallet state: {state}"))
            }
            Command::New { kind } => {
                let address = wallet.wallet_new(kind).await?;
                self.text(&address, address.to_string())
            }
            Command::List => {
                let addresses = wallet.wallet_list().await?;
                let lines: Vec<_> = addresses.iter().map(Address::to_string).collect();
                if self.json || addresses.is_empty() {
                    return if self.json { output::json(&addresses) } else { Ok(String::new()) };
                }
                Ok(lines.join("\n") + "\n")
            }
            Command::Sign(args) => args.run(self).await,
            Command::Export(args) => args.run(self).await,
            Command::Import(args) => args.run(self).await,
            Command::Delete(args) => args.run(self).await,
            Command::Support { account } => {
                wallet.add_support_account(account).await?;
                Ok(String::new())
            }
            Command::Auth(command) => command.run(self).await,
            Command::Run(_) | Command::Completion(_) => Ok(String::new()),
        }
    }

    /// A value as JSON or as the line that shows it.
    fn text(&self, value: &impl serde::Serialize, line: String) -> Answer {
        if self.json { output::json(value) } else { Ok(line + "\n") }
    }
}
