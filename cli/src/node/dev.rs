//! `venus dev`: the time of a development chain, and its money.

use std::time::Duration;

use anyhow::{Context, ensure};
use clap::Subcommand;
use venus_core::{
    Address, ChainEpoch, Message, SignedMessage, TipSetKey, TokenAmount,
    chain_api::{GasOracle, MessagePool, NodeClient, StateReader},
    crypto::signing_bytes,
};
use venus_node::{ChainTime, DevChain, DevClient};

use super::{Answer, Session, genesis};
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
    /// Give an address money, from the faucet whose key lies in the home of a chain made here.
    Fund {
        /// The address; it is on the chain then.
        address: Address,
        /// Whole FIL.
        #[arg(default_value_t = 1000)]
        fil: u64,
    },
    /// Move the clock forward.
    Advance {
        /// By how many epochs.
        epochs: u32,
    },
}

impl DevCommand {
    pub(super) async fn run(&self, session: &Session) -> Answer {
        let Session { rpc, json, .. } = session;
        let dev = DevClient::from(rpc.clone());
        let time: ChainTime = match self {
            Self::Time => dev.dev_time().await?,
            Self::SkipTo { epoch } => dev.dev_skip_to(*epoch).await?,
            Self::Advance { epochs } => dev.dev_advance(*epochs).await?,
            Self::Fund { address, fil } => return fund(session, *address, *fil).await,
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

/// How long the chain may take to execute the transfer, in seconds.
const PATIENCE: u64 = 600;

async fn fund(session: &Session, to: Address, fil: u64) -> Answer {
    let Session { home, node, rpc, json } = session;
    let key = genesis::faucet_key(home)?;
    let from = key.address();
    let transfer = Message::transfer(from, to, TokenAmount::from_fil(fil));
    let mut message = node
        .gas_estimate_message_gas(transfer, None, TipSetKey::head())
        .await
        .with_context(|| format!("the faucet {from} cannot give {fil} FIL"))?;
    message.nonce = node.mpool_get_nonce(from).await?;
    let signature = key.sign(&signing_bytes(&message, 0)?)?;
    let cid = node.mpool_push(SignedMessage { message, signature }).await?;
    let patient: NodeClient = rpc.with_timeout(Some(Duration::from_secs(PATIENCE))).into();
    let found = patient.state_wait_msg(cid, 1, -1, true).await.with_context(|| {
        format!("message {cid} is sent, but not executed yet; does anybody make blocks?")
    })?;
    let code = found.receipt.exit_code;
    ensure!(code == 0, "message {cid} failed with exit code {code}");
    if *json { output::json(&cid) } else { Ok(format!("{to} got {fil} FIL by message {cid}\n")) }
}
