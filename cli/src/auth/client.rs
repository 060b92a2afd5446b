//! The commands of today.

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use venus_core::auth::{
    AuthAdmin, Claims, MinerBindings, NewUser, Page, Permission, RateLimit, RequestLimit,
    SignerBindings, UserDirectory, UserState, UserUpdate, parse_address,
};
use venus_core::chain::Address;
use venus_core::duration::parse_go_duration;

use crate::output;

use super::{
    Session,
    print::{self, state},
};

type Answer = anyhow::Result<String>;

/// Part of a list.
#[derive(Debug, Args)]
pub(super) struct Range {
    /// How many entries to leave out.
    #[arg(long, default_value_t = 0)]
    skip: usize,
    /// How many to show at most; 0 shows all.
    #[arg(long, default_value_t = 20)]
    limit: usize,
}

impl From<&Range> for Page {
    fn from(range: &Range) -> Self {
        Self { skip: range.skip, limit: range.limit }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum TokenCommand {
    /// Make a token for an existing user.
    Gen {
        /// The user.
        name: String,
        /// read, write, sign or admin; each includes those before it.
        #[arg(long)]
        perm: Permission,
        /// Free text to be kept in the token.
        #[arg(long, default_value = "")]
        extra: String,
    },
    /// Show the tokens of a user, or one token.
    Get {
        /// The user.
        #[arg(long, required_unless_present = "token")]
        name: Option<String>,
        /// The token.
        #[arg(long)]
        token: Option<String>,
    },
    /// List all tokens.
    List(#[command(flatten)] Range),
    /// Make a token invalid.
    Rm {
        /// The token.
        token: String,
    },
    /// Make a removed token valid again.
    Recover {
        /// The token.
        token: String,
    },
}

impl TokenCommand {
    pub(super) async fn run(&self, Session { client, json }: &Session) -> Answer {
        match self {
            Self::Gen { name, perm, extra } => {
                let claims = Claims { ext: extra.clone(), ..Claims::new(name, *perm) };
                let token = client.generate_token(&claims).await?;
                Ok(format!("generate token success: {token}\n"))
            }
            Self::Get { name, token } => {
                let tokens = match (token, name) {
                    (Some(token), _) => vec![client.token(token).await?],
                    (None, Some(name)) => client.tokens_by_name(name).await?,
                    (None, None) => bail!("`name` and `token` both empty"),
                };
                if *json { output::json(&tokens) } else { Ok(print::token_blocks(&tokens)) }
            }
            Self::List(range) => {
                let tokens = client.tokens(range.into()).await?;
                if *json { output::json(&tokens) } else { Ok(print::token_rows(&tokens)) }
            }
            Self::Rm { token } => {
                client.remove_token(token).await?;
                Ok(format!("remove token success: {token}\n"))
            }
            Self::Recover { token } => {
                client.recover_token(token).await?;
                Ok(format!("recover token success: {token}\n"))
            }
        }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Create a user.
    Add {
        /// Its name; it cannot be changed.
        #[arg(required_unless_present = "name_flag")]
        name: Option<String>,
        /// The name, as older versions took it.
        #[arg(long = "name", hide = true)]
        name_flag: Option<String>,
        /// Free text.
        #[arg(long)]
        comment: Option<String>,
        /// 1 enabled, 2 disabled: its tokens are refused and no blocks are made for its miners.
        #[arg(long, value_parser = state, default_value = "1")]
        state: UserState,
    },
    /// Show a user.
    Get {
        /// Its name.
        name: String,
    },
    /// Change a user.
    Update {
        /// Its name.
        #[arg(long)]
        name: String,
        /// The new comment.
        #[arg(long)]
        comment: Option<String>,
        /// The new state: 1 enabled, 2 disabled.
        #[arg(long, value_parser = state)]
        state: Option<UserState>,
    },
    /// Enable a user.
    Active {
        /// Its name.
        name: String,
    },
    /// List users with their miners.
    List {
        #[command(flatten)]
        range: Range,
        /// Only those that are enabled (1) or disabled (2).
        #[arg(long, value_parser = state)]
        state: Option<UserState>,
    },
    /// Delete a user and unbind its miners and signers.
    #[command(alias = "rm")]
    Delete {
        /// Its name.
        name: String,
    },
    /// Bring a deleted user back, without its miners and signers.
    Recover {
        /// Its name.
        name: String,
    },
    /// Whether a miner belongs to anybody, as older versions asked it.
    #[command(hide = true)]
    Has {
        /// The miner.
        #[arg(value_parser = parse_address)]
        miner: Address,
    },
    /// Limit the requests of a user.
    #[command(subcommand)]
    RateLimit(LimitCommand),
    /// Bind miners to users.
    #[command(subcommand)]
    Miner(UserMinerCommand),
    /// Bind signers to users.
    #[command(subcommand)]
    Signer(UserSignerCommand),
}

impl UserCommand {
    pub(super) async fn run(&self, session: &Session) -> Answer {
        let Session { client, json } = session;
        match self {
            Self::Add { name, name_flag, comment, state } => {
                let name = name.as_ref().or(name_flag.as_ref()).context("expect name")?;
                let user = NewUser { name: name.clone(), comment: comment.clone(), state: *state };
                let id = client.create_user(&user).await?.id;
                Ok(format!("Add user success: {id}, next can add miner for this user\n"))
            }
            Self::Get { name } => {
                let user = client.user(name).await?;
                if *json { output::json(&user) } else { Ok(print::user(&user)) }
            }
            Self::Update { name, comment, state } => {
                let (comment, state) = (comment.clone(), state.unwrap_or_default());
                client.update_user(&UserUpdate { name: name.clone(), comment, state }).await?;
                Ok("update user success\n".to_owned())
            }
            Self::Active { name } => {
                let state = UserState::ENABLED;
                client
                    .update_user(&UserUpdate { name: name.clone(), comment: None, state })
                    .await?;
                Ok("active user success\n".to_owned())
            }
            Self::List { range, state } => list(session, range, state.unwrap_or_default()).await,
            Self::Delete { name } => match client.delete_user(name).await {
                Err(error) if error.is_not_found() => {
                    Err(anyhow::Error::new(error).context(format!("not found user {name}")))
                }
                other => Ok(other.map(|()| "remove user success\n".to_owned())?),
            },
            Self::Recover { name } => {
                client.recover_user(name).await?;
                Ok("recover user success\n".to_owned())
            }
            Self::Has { miner } => Ok(format!("{}\n", client.has_miner(*miner).await?)),
            Self::RateLimit(command) => command.run(session).await,
            Self::Miner(command) => command.run(session).await,
            Self::Signer(command) => command.run(session).await,
        }
    }
}

pub(super) async fn list(session: &Session, range: &Range, state: UserState) -> Answer {
    let Session { client, json } = session;
    let users = client.users(range.into(), state).await?;
    if *json {
        return output::json(&users);
    }
    let mut text = String::new();
    for (num, user) in (1..).zip(&users) {
        text += &print::user_block(num, user, &client.miners(&user.name).await?);
    }
    Ok(text)
}

#[derive(Debug, Subcommand)]
pub(super) enum LimitCommand {
    /// Add a limit, such as `10 1h20m`: ten requests in 80 minutes.
    Add {
        /// The user.
        name: String,
        /// Requests.
        cap: u32,
        /// The time in which they may be made.
        #[arg(value_parser = duration)]
        duration: i64,
        /// Names the limit; left out, it gets a new name.
        #[arg(long, default_value = "")]
        id: String,
    },
    /// Change a limit.
    Update {
        /// The user.
        name: String,
        /// The limit.
        id: String,
        /// Requests.
        cap: u32,
        /// The time in which they may be made.
        #[arg(value_parser = duration)]
        duration: i64,
    },
    /// Show the limits of a user.
    Get {
        /// The user.
        name: String,
    },
    /// Remove a limit.
    Del {
        /// The user.
        name: String,
        /// The limit.
        id: String,
    },
}

fn duration(text: &str) -> Result<i64, String> {
    match parse_go_duration(text) {
        Some(nanoseconds) if nanoseconds > 0 => Ok(nanoseconds),
        Some(_) => Err("the duration must be positive".to_owned()),
        None => Err("write a duration as 1h20m or 90s".to_owned()),
    }
}

impl LimitCommand {
    async fn run(&self, Session { client, json }: &Session) -> Answer {
        let write = async |name: &String, id: &String, cap: u32, reset_dur: i64| {
            let req_limit = RequestLimit { cap: cap.into(), reset_dur };
            let limit =
                RateLimit { id: id.clone(), name: name.clone(), req_limit, ..RateLimit::default() };
            let id = client.upsert_rate_limit(&limit).await?;
            anyhow::Ok(format!("upsert user rate limit success:\t{id}\n"))
        };
        match self {
            Self::Add { name, cap, duration, id } => {
                if let Some(limit) = client.rate_limits(name).await?.first() {
                    bail!("user rate limit:{} exists; change it with `update`", limit.id);
                }
                write(name, id, *cap, *duration).await
            }
            Self::Update { name, id, cap, duration } => {
                if !client.rate_limits(name).await?.iter().any(|limit| limit.id == *id) {
                    bail!("user rate limit:{id} NOT exists; see `venus-auth user rate-limit get`");
                }
                write(name, id, *cap, *duration).await
            }
            Self::Get { name } => {
                let limits = client.rate_limits(name).await?;
                if *json { output::json(&limits) } else { Ok(print::limits(&limits)) }
            }
            Self::Del { name, id } => {
                if !client.rate_limits(name).await?.iter().any(|limit| limit.id == *id) {
                    return Ok(format!("user:{name}, rate-limit-id:{id} Not exits\n"));
                }
                client.remove_rate_limit(name, id).await?;
                Ok(format!("delete rate limit success, {id}\n"))
            }
        }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum UserMinerCommand {
    /// Bind a miner to a user, whoever had it before.
    Add {
        /// The user.
        user: String,
        /// The miner's ID address.
        miner: String,
        /// Whether blocks shall be made for it.
        #[arg(long = "openMining", alias = "open-mining", action = clap::ArgAction::Set,
              default_value_t = true, default_missing_value = "true", num_args = 0..=1,
              require_equals = true)]
        open_mining: bool,
    },
    /// Whether a miner belongs to a user.
    Exist {
        /// The user.
        #[arg(long)]
        user: String,
        /// The miner.
        #[arg(value_parser = parse_address)]
        miner: Address,
    },
    /// List the miners of a user.
    List {
        /// The user.
        user: String,
    },
    /// Unbind a miner.
    #[command(aliases = ["rm", "del"])]
    Delete {
        /// The miner.
        miner: String,
    },
}

pub(super) fn miner_address(text: &str) -> anyhow::Result<Address> {
    parse_address(text).with_context(|| format!("invalid miner address:{text}"))
}

impl UserMinerCommand {
    async fn run(&self, Session { client, json }: &Session) -> Answer {
        match self {
            Self::Add { user, miner, open_mining } => {
                let address = miner_address(miner)?;
                let created = client.upsert_miner(user, address, *open_mining).await?;
                let did = if created { "create" } else { "update" };
                Ok(format!("{did} user:{user} miner:{miner} success.\n"))
            }
            Self::Exist { user, miner } => {
                Ok(format!("{}\n", client.miner_exists_in_user(user, *miner).await?))
            }
            Self::List { user } => {
                let failed = || format!("list user:{user} miner failed");
                client.user(user).await.with_context(failed)?;
                let miners = client.miners(user).await.with_context(failed)?;
                if *json { output::json(&miners) } else { Ok(print::miners(user, &miners)) }
            }
            Self::Delete { miner } => {
                let existed = client.remove_miner(miner_address(miner)?).await?;
                Ok(if existed {
                    format!("remove miner:{miner} success.\n")
                } else {
                    format!("miner:{miner} not exists.\n")
                })
            }
        }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum UserSignerCommand {
    /// Let a user sign with a key.
    Register {
        /// The user.
        user: String,
        /// The key's address.
        address: String,
    },
    /// Whether a user may sign with a key.
    Exist {
        /// The user.
        #[arg(long)]
        user: String,
        /// The key's address.
        #[arg(value_parser = parse_address)]
        address: Address,
    },
    /// List the keys of a user.
    List {
        /// The user.
        user: String,
    },
    /// Take a key from a user.
    Unregister {
        /// The user.
        #[arg(long)]
        user: String,
        /// The key's address.
        address: String,
    },
}

impl UserSignerCommand {
    async fn run(&self, Session { client, json }: &Session) -> Answer {
        match self {
            Self::Register { user, address } => {
                client.register_signers(user, &[parse_address(address)?]).await?;
                Ok(format!("register signer address:{address} success for {user}.\n"))
            }
            Self::Exist { user, address } => {
                Ok(format!("{}\n", client.signer_exists_in_user(user, *address).await?))
            }
            Self::List { user } => {
                let signers = client.signers(user).await?;
                if *json { output::json(&signers) } else { Ok(print::signers(user, &signers)) }
            }
            Self::Unregister { user, address } => {
                client.unregister_signers(user, &[parse_address(address)?]).await?;
                Ok(format!("unregister signers: {address} of {user} success.\n"))
            }
        }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum MinerCommand {
    /// Whether a miner belongs to anybody.
    Has {
        /// The miner.
        #[arg(value_parser = parse_address)]
        miner: Address,
    },
}

impl MinerCommand {
    pub(super) async fn run(&self, Session { client, .. }: &Session) -> Answer {
        let Self::Has { miner } = self;
        Ok(format!("{}\n", client.has_miner(*miner).await?))
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum SignerCommand {
    /// Whether anybody may sign with a key.
    Has {
        /// The key's address.
        #[arg(value_parser = parse_address)]
        address: Address,
    },
    /// Take a key from all users.
    Del {
        /// The key's address.
        #[arg(value_parser = parse_address)]
        address: Address,
        /// Mandatory: it affects all users.
        #[arg(long)]
        really_do_it: bool,
    },
}

impl SignerCommand {
    pub(super) async fn run(&self, Session { client, .. }: &Session) -> Answer {
        match self {
            Self::Has { address } => Ok(format!("{}\n", client.has_signer(*address).await?)),
            Self::Del { really_do_it: false, .. } => bail!(
                "--really-do-it must be specified for this action to have an effect; you have been warned"
            ),
            Self::Del { address, .. } => {
                client.remove_signer(*address).await?;
                Ok("delete success\n".to_owned())
            }
        }
    }
}
