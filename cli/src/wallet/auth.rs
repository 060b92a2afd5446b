//! `venus-wallet auth`.

use anyhow::Context;
use clap::Subcommand;
use venus_core::{api::wallet::WalletApi, auth::Permission};

use super::{Answer, Session};

#[derive(Debug, Subcommand)]
pub(super) enum AuthCommand {
    /// Make a token and print it with the wallet's address: `token:/ip4/.../tcp/5678/http`.
    ApiInfo {
        /// read, write, sign or admin; each includes those before it.
        #[arg(long)]
        perm: Permission,
    },
    /// Make a token and print it.
    #[command(alias = "gen")]
    Token {
        /// read, write, sign or admin; each includes those before it.
        #[arg(long)]
        perm: Permission,
    },
    /// Show what a token allows.
    Verify {
        /// The token.
        token: String,
    },
}

impl AuthCommand {
    pub(super) async fn run(&self, session: &Session) -> Answer {
        match self {
            Self::ApiInfo { perm } => {
                let info = format!("{}:{}", token(session, *perm).await?, session.address);
                session.text(&info, info.clone())
            }
            Self::Token { perm } => {
                let token = token(session, *perm).await?;
                session.text(&token, token.clone())
            }
            Self::Verify { token } => {
                let names = session.wallet().auth_verify(token.clone()).await?;
                session.text(&names, names.join(", "))
            }
        }
    }
}

async fn token(session: &Session, permission: Permission) -> anyhow::Result<String> {
    let names = permission.up_to().iter().map(ToString::to_string).collect();
    let token = session.wallet().auth_new(names).await?;
    String::from_utf8(token.0).context("the wallet answered with something that is no token")
}
