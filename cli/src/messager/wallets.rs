//! `wallet`: wallets that the messager calls itself.

use clap::Subcommand;
use venus_core::api::messager::{DirectWallet, DirectWallets, MessagerClient};

use crate::output::{json, show, table};

/// Wallets that the messager calls itself, without a gateway between.
#[derive(Debug, Subcommand)]
pub(super) enum WalletCommand {
    /// Add a wallet: it must answer. Its keys become senders, also those that come later.
    Add {
        /// How to call it; no other wallet has this name.
        #[arg(long)]
        name: String,
        /// Where it answers, such as /ip4/127.0.0.1/tcp/5678/http.
        #[arg(long)]
        url: String,
        /// A token of the wallet that may sign: `venus-wallet auth api-info --perm sign` makes one.
        #[arg(long, env = "VENUS_MESSAGER_WALLET_TOKEN", hide_env_values = true)]
        token: String,
    },
    /// List the wallets, without their tokens.
    List,
    /// Show one.
    Search {
        /// Its name.
        #[arg(long)]
        name: String,
    },
    /// List the addresses that a wallet has now.
    ListAddr {
        /// Its name.
        name: String,
    },
    /// Call a wallet no more.
    Del {
        /// Its name.
        name: String,
    },
}

impl WalletCommand {
    pub(super) async fn run(
        self,
        client: &MessagerClient,
        as_json: bool,
    ) -> anyhow::Result<String> {
        match self {
            Self::Add { name, url, token } => {
                let now = chrono::Utc::now();
                let wallet = DirectWallet {
                    id: String::new(),
                    name: name.clone(),
                    url,
                    token: bare(&token).to_owned(),
                    created_at: now,
                    updated_at: now,
                };
                client.save_wallet(wallet).await?;
                let addresses = client.list_remote_wallet_address(name.clone()).await?;
                Ok(format!("wallet {name} added, it has {} addresses\n", addresses.len()))
            }
            Self::List => {
                let wallets = client.list_wallet().await?;
                show(as_json, &wallets, || {
                    let mut table = table(&["Name", "Url", "Added"]);
                    table.add_rows(wallets.iter().map(|wallet| {
                        let added = wallet.created_at.format("%Y-%m-%d %H:%M:%S").to_string();
                        [wallet.name.clone(), wallet.url.clone(), added]
                    }));
                    table
                })
            }
            Self::Search { name } => json(&client.get_wallet_by_name(name).await?),
            Self::ListAddr { name } => {
                let addresses = client.list_remote_wallet_address(name).await?;
                show(as_json, &addresses, || {
                    let mut table = table(&["Address"]);
                    table.add_rows(addresses.iter().map(|address| [address.to_string()]));
                    table
                })
            }
            Self::Del { name } => {
                client.delete_wallet(name.clone()).await?;
                Ok(format!("wallet {name} deleted\n"))
            }
        }
    }
}

/// `auth api-info` prints token and address as one: `<token>:<address>`.
fn bare(token: &str) -> &str {
    token.split_once(':').map_or(token, |(token, _)| token)
}
