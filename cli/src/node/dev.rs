//! `venus dev`: the time of a development chain.

use clap::Subcommand;
use venus_core::ChainEpoch;
use venus_node::{ChainTime, DevChain, DevClient};

use super::{Answer, Session};
use crate::output::{self, fields, show};

#[derive(Debug, Subcommand)]
pub(super) enum DevCommand {
    /// Show the time of the chain.
    Time,
    /// Show the next epoch in which a message waits or a deadline opens.
    NextDue,
    /// Move the clock to the beginning of an epoch; those in between become null rounds.
    SkipTo {
        /// The epoch.
        epoch: ChainEpoch,
    },
    /// Move the clock forward.
    Advance {
        /// By how many epochs.
        epochs: u32,
    },
}

impl DevCommand {
    pub(super) async fn run(&self, Session { rpc, json, .. }: &Session) -> Answer {
        let dev = DevClient::from(rpc.clone());
        let time: ChainTime = match self {
            Self::Time => dev.dev_time().await?,
            Self::SkipTo { epoch } => dev.dev_skip_to(*epoch).await?,
            Self::Advance { epochs } => dev.dev_advance(*epochs).await?,
            Self::NextDue => {
                let due = dev.dev_next_due().await?;
                let text = due.map_or_else(|| "nothing is due".to_owned(), |due| due.to_string());
                return if *json { output::json(&due) } else { Ok(format!("{text}\n")) };
            }
        };
        show(*json, &time, || {
            fields([
                ("Time", output::time(time.now as u64)),
                ("Ahead of the clock", format!("{:.0} s", time.ahead)),
                ("Epoch", time.epoch.to_string()),
                ("Head", time.head.to_string()),
            ])
        })
    }
}
