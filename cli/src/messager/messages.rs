//! The commands about messages.

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use comfy_table::Table;
use venus_core::{
    Address, Cid, MaybeAddress,
    api::messager::{MessageQuery, MessageState, MessagerApi, MessagerClient, QueuedMessage},
    duration::GoDuration,
};

use crate::output::{fields, fil, show, table};

/// Look at messages, and give them up.
#[derive(Debug, Subcommand)]
pub(super) enum MsgCommand {
    /// Show one message.
    Search {
        /// By its id.
        #[arg(long, conflicts_with = "cid", required_unless_present = "cid")]
        id: Option<String>,
        /// By its CID on chain.
        #[arg(long)]
        cid: Option<Cid>,
    },
    /// List messages, the newest first.
    List(List),
    /// List the messages that wait and cannot be estimated or signed, with the reason.
    ListFail,
    /// List the messages that are not on chain after some time.
    ListBlocked {
        /// After how long, such as 3h.
        #[arg(long, short, default_value = "3h")]
        time: GoDuration,
        /// Of this sender only.
        #[arg(long)]
        from: Option<Address>,
    },
    /// Wait until a message is on chain with some epochs on top, and show its outcome.
    Wait {
        /// Its id.
        id: String,
        /// How many epochs.
        #[arg(long, default_value_t = 5)]
        confidence: u64,
    },
    /// Give all messages of a sender up that have no nonce yet.
    ClearUnfillMsg {
        /// Yes, really.
        #[arg(long)]
        really_do_it: bool,
        /// The sender.
        address: Address,
    },
    /// Publish a signed message again.
    Republish {
        /// Its id.
        id: String,
    },
    /// Look on chain for a message that is published.
    UpdateFilledMsg {
        /// Its id.
        #[arg(long)]
        id: String,
    },
    /// Look on chain for all messages that are published.
    UpdateAllFilledMsg,
    /// Give messages up that have no nonce yet.
    MarkBad {
        /// Yes, really.
        #[arg(long)]
        really_do_it: bool,
        /// Their ids.
        #[arg(required = true)]
        ids: Vec<String>,
    },
}

/// Which messages to list.
#[derive(Debug, Args)]
pub(super) struct List {
    /// Of this sender only.
    #[arg(long)]
    from: Option<Address>,
    /// In this state only: 1 waiting, 2 published, 3 on chain, 4 failed, 5 nonce conflict.
    #[arg(long)]
    state: Option<i64>,
    /// Which page, from 1 on.
    #[arg(long, default_value_t = 1)]
    page_index: u64,
    /// Messages a page.
    #[arg(long, default_value_t = 100)]
    page_size: u64,
    /// Do not shorten addresses and ids.
    #[arg(long, short)]
    verbose: bool,
}

impl MsgCommand {
    pub(super) async fn run(self, client: &MessagerClient, json: bool) -> anyhow::Result<String> {
        match self {
            Self::Search { id: Some(id), .. } => {
                crate::output::json(&client.get_message_by_uid(id).await?)
            }
            Self::Search { cid: Some(cid), .. } => {
                crate::output::json(&client.get_message_by_signed_cid(cid).await?)
            }
            Self::Search { .. } => bail!("value of query must be entered: give --id or --cid"),
            Self::List(list) => {
                let query = MessageQuery {
                    state: list.state.map(MessageState::from).into_iter().collect(),
                    from: list.from.into_iter().collect(),
                    ..MessageQuery::default()
                };
                let mut all = client.list_message(Some(query)).await?.unwrap_or_default();
                all.sort_by_key(|message| std::cmp::Reverse(message.created_at));
                let size = usize::try_from(list.page_size).unwrap_or(usize::MAX);
                let skipped = list.page_index.saturating_sub(1).saturating_mul(list.page_size);
                let skipped = usize::try_from(skipped).unwrap_or(usize::MAX);
                let page: Vec<_> = all.into_iter().skip(skipped).take(size).collect();
                show(json, &page, || messages(&page, list.verbose))
            }
            Self::ListFail => {
                let found = client.list_failed_message().await?.unwrap_or_default();
                show(json, &found, || messages(&found, false))
            }
            Self::ListBlocked { time, from } => {
                let age = i64::try_from(time.0.as_nanos()).unwrap_or(i64::MAX);
                let found = client.list_blocked_message(MaybeAddress(from), age).await?;
                show(json, &found, || messages(&found, false))
            }
            Self::Wait { id, confidence } => {
                let message = client.wait_message(id, confidence).await?;
                show(json, &message, || outcome(&message))
            }
            Self::ClearUnfillMsg { really_do_it, address } => {
                if !really_do_it {
                    bail!("confirm to exec this command, specify --really-do-it");
                }
                let count = client.clear_unfill_message(address).await?;
                Ok(format!("clear {count} unfill messages\n"))
            }
            Self::Republish { id } => {
                client.republish_message(id.clone()).await?;
                Ok(format!("republish message {id} success\n"))
            }
            Self::UpdateFilledMsg { id } => {
                client.update_filled_message_by_id(id.clone()).await?;
                Ok(format!("update message {id} success\n"))
            }
            Self::UpdateAllFilledMsg => {
                let count = client.update_all_filled_message().await?;
                Ok(format!("update message count: {count}\n"))
            }
            Self::MarkBad { really_do_it, ids } => {
                if !really_do_it {
                    bail!("confirm to exec this command, specify --really-do-it");
                }
                let mut text = String::new();
                for id in ids {
                    client
                        .mark_bad_message(id.clone())
                        .await
                        .with_context(|| format!("{text}marking {id}"))?;
                    text += &format!("mark message {id} as failed\n");
                }
                Ok(text)
            }
        }
    }
}

fn outcome(message: &QueuedMessage) -> Table {
    fields([
        ("message cid", message.signed_cid.map(|cid| cid.to_string()).unwrap_or_default()),
        ("state", message.state.to_string()),
        ("Height", message.height.to_string()),
        ("Tipset", message.tip_set_key.to_string()),
        ("exitcode", message.receipt.exit_code.to_string()),
        ("gas_used", message.receipt.gas_used.to_string()),
        ("return_value", hex::encode(&message.receipt.r#return.0)),
        ("error", message.error_msg.clone()),
    ])
}

fn messages(messages: &[QueuedMessage], verbose: bool) -> Table {
    let short = |text: String, length: usize| match text.char_indices().nth(length) {
        Some((end, _)) if !verbose => format!("{}...", text.get(..end).unwrap_or_default()),
        _ => text,
    };
    let mut table = table(&[
        "ID",
        "To",
        "From",
        "Nonce",
        "Value",
        "GasLimit",
        "GasFeeCap",
        "GasPremium",
        "Method",
        "State",
        "ExitCode",
        "CreateAt",
        "ErrorMsg",
    ]);
    table.add_rows(messages.iter().map(|m| {
        [
            short(m.id.clone(), 36),
            short(m.to.to_string(), 9),
            short(m.from.to_string(), 9),
            m.nonce.to_string(),
            fil(&m.value),
            m.gas_limit.to_string(),
            m.gas_fee_cap.atto().to_string(),
            m.gas_premium.atto().to_string(),
            m.method.to_string(),
            m.state.to_string(),
            m.receipt.exit_code.to_string(),
            m.created_at.format("%Y-%m-%d %H:%M:%S").to_string(),
            short(m.error_msg.clone(), 60),
        ]
    }));
    table
}
