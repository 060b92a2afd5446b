//! Commands as the deployment guide of the first versions spells them.

use clap::Subcommand;
use venus_core::auth::{
    AuthAdmin, Claims, MinerBindings, NewUser, Permission, UserDirectory, UserState,
};

use super::{
    Session,
    client::{MinerCommand, Range, TokenCommand, UserCommand, list, miner_address},
    print::state,
};

#[derive(Debug, Subcommand)]
pub(super) enum OldCommand {
    /// `token gen`, which creates a missing user.
    #[command(name = "genToken", hide = true)]
    GenToken {
        /// The user.
        name: String,
        /// read, write, sign or admin.
        #[arg(long, default_value_t = Permission::Read)]
        perm: Permission,
        /// Free text to be kept in the token.
        #[arg(long, default_value = "")]
        extra: String,
    },
    /// `token list`.
    #[command(name = "listTokens", alias = "tokens", hide = true)]
    ListTokens(#[command(flatten)] Range),
    /// `token rm`.
    #[command(name = "rmToken", hide = true)]
    RmToken {
        /// The token.
        token: String,
    },
    /// `user add` and `user miner add`; a user that is there gets one more miner.
    #[command(name = "addUser", hide = true)]
    AddUser {
        /// Its name.
        #[arg(long)]
        name: String,
        /// A miner to bind to it.
        #[arg(long)]
        miner: Option<String>,
        /// Free text.
        #[arg(long)]
        comment: Option<String>,
        /// Taken for compatibility; means nothing. The guide misspells it.
        #[arg(long = "sourceType", alias = "srouceType")]
        source_type: Option<u8>,
    },
    /// `user update`.
    #[command(name = "updateUser", hide = true)]
    UpdateUser {
        /// Its name.
        #[arg(long)]
        name: String,
        /// A miner to bind to it.
        #[arg(long)]
        miner: Option<String>,
        /// The new comment.
        #[arg(long)]
        comment: Option<String>,
        /// Taken for compatibility; means nothing.
        #[arg(long = "sourceType", alias = "srouceType")]
        source_type: Option<u8>,
        /// The new state.
        #[arg(long, value_parser = state)]
        state: Option<UserState>,
    },
    /// `user list`.
    #[command(name = "listUsers", hide = true)]
    ListUsers {
        #[command(flatten)]
        range: Range,
        /// Only users in this state.
        #[arg(long, value_parser = state)]
        state: Option<UserState>,
        /// Taken for compatibility; means nothing.
        #[arg(long = "sourceType", alias = "srouceType")]
        source_type: Option<u8>,
    },
    /// `user get`.
    #[command(name = "getUser", hide = true)]
    GetUser {
        /// Its name.
        #[arg(long)]
        name: String,
    },
    /// `miner has`.
    #[command(name = "hasMiner", hide = true)]
    HasMiner {
        /// The miner.
        #[arg(long)]
        miner: String,
    },
}

impl OldCommand {
    pub(super) async fn run(self, session: &Session) -> anyhow::Result<String> {
        let client = &session.client;
        match self {
            Self::GenToken { name, perm, extra } => {
                if !client.has_user(&name).await? {
                    client.create_user(&NewUser::enabled(&name)).await?;
                }
                let claims = Claims { ext: extra, ..Claims::new(name, perm) };
                let token = client.generate_token(&claims).await?;
                Ok(format!("generate token success: {token}\n"))
            }
            Self::ListTokens(range) => TokenCommand::List(range).run(session).await,
            Self::RmToken { token } => TokenCommand::Rm { token }.run(session).await,
            Self::AddUser { name, miner, comment, source_type: _ } => {
                // Read first: a wrong address must not leave a user behind.
                let miner = miner.map(|miner| miner_address(&miner)).transpose()?;
                // `genToken` has made the user already where the guide is followed.
                let user = match miner.is_some() && client.has_user(&name).await? {
                    true => client.user(&name).await?,
                    false => {
                        let state = UserState::ENABLED;
                        client.create_user(&NewUser { name, comment, state }).await?
                    }
                };
                if let Some(miner) = miner {
                    client.upsert_miner(&user.name, miner, true).await?;
                }
                Ok(format!("add user success: {}\n", user.id))
            }
            Self::UpdateUser { name, miner, comment, source_type: _, state } => {
                let miner = miner.map(|miner| miner_address(&miner)).transpose()?;
                let update = UserCommand::Update { name: name.clone(), comment, state };
                let answer = update.run(session).await?;
                if let Some(miner) = miner {
                    client.upsert_miner(&name, miner, true).await?;
                }
                Ok(answer)
            }
            Self::ListUsers { range, state, source_type: _ } => {
                list(session, &range, state.unwrap_or_default()).await
            }
            Self::GetUser { name } => UserCommand::Get { name }.run(session).await,
            Self::HasMiner { miner } => {
                MinerCommand::Has { miner: miner_address(&miner)? }.run(session).await
            }
        }
    }
}
