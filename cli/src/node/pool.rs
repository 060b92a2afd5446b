//! `venus mpool` and `venus wallet`.

use clap::Subcommand;
use venus_core::{
    Address, TipSetKey,
    chain_api::{MessagePool, StateReader},
};

use super::{Answer, Session};
use crate::output::{self, fields, fil, show, table};

#[derive(Debug, Subcommand)]
pub(super) enum MpoolCommand {
    /// List the messages that wait for a block.
    Pending {
        /// Only those of this sender.
        #[arg(long)]
        from: Option<Address>,
    },
    /// Show the next nonce of a sender, pending messages counted.
    Nonce {
        /// The sender.
        address: Address,
    },
    /// Show the pool's settings.
    Config,
}

impl MpoolCommand {
    pub(super) async fn run(&self, Session { node, json, .. }: &Session) -> Answer {
        match self {
            Self::Pending { from } => {
                let mut messages = node.mpool_pending(TipSetKey::head()).await?;
                messages.retain(|signed| from.is_none_or(|from| signed.message.from == from));
                show(*json, &messages, || {
                    let mut table = table(&["From", "Nonce", "To", "Method", "Value", "CID"]);
                    table.add_rows(messages.iter().map(|signed| {
                        [
                            signed.message.from.to_string(),
                            signed.message.nonce.to_string(),
                            signed.message.to.to_string(),
                            signed.message.method.to_string(),
                            fil(&signed.message.value),
                            signed.cid().to_string(),
                        ]
                    }));
                    table
                })
            }
            Self::Nonce { address } => {
                let nonce = node.mpool_get_nonce(*address).await?;
                if *json { output::json(&nonce) } else { Ok(format!("{nonce}\n")) }
            }
            Self::Config => {
                let config = node.mpool_get_config().await?;
                show(*json, &config, || {
                    fields([
                        ("Messages at most", config.size_limit_high.to_string()),
                        ("Premium to replace", format!("x {}", config.replace_by_fee_ratio)),
                        ("Gas over-estimation", format!("x {}", config.gas_limit_overestimation)),
                    ])
                })
            }
        }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum WalletCommand {
    /// Show what an address holds.
    Balance {
        /// The address.
        address: Address,
    },
}

impl WalletCommand {
    pub(super) async fn run(&self, Session { node, json, .. }: &Session) -> Answer {
        let Self::Balance { address } = self;
        let balance = node.wallet_balance(*address).await?;
        if *json { output::json(&balance) } else { Ok(format!("{}\n", fil(&balance))) }
    }
}
