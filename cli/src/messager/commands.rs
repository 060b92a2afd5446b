//! The commands of a running messager.

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use comfy_table::Table;
use serde::Serialize;
use venus_core::{
    Address, Cid, MaybeAddress, TokenAmount,
    api::messager::{
        MessageQuery, MessageState, MessagerApi, MessagerClient, QueuedMessage, SenderFees,
    },
    duration::GoDuration,
};

use crate::output::{fields, fil, json, show, table};

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

/// Look at senders and set their limits.
#[derive(Debug, Subcommand)]
pub(super) enum AddressCommand {
    /// Show one.
    Search {
        /// Its address.
        address: Address,
    },
    /// List all.
    List,
    /// Take and select no more of its messages.
    Forbidden {
        /// Its address.
        address: Address,
    },
    /// Take and select its messages again.
    Active {
        /// Its address.
        address: Address,
    },
    /// Set how many of its messages may be in flight.
    SetSelMsgNum {
        /// How many; 0: as for all.
        #[arg(long)]
        num: u64,
        /// Its address.
        address: Address,
    },
    /// Set prices of its own.
    SetFeeParams {
        #[command(flatten)]
        fees: Fees,
        /// Its address.
        address: Address,
    },
}

/// Prices; what is not given stays.
#[derive(Debug, Args)]
pub(super) struct Fees {
    /// Factor on the gas limit.
    #[arg(long, alias = "gas-overestimation")]
    gas_over_estimation: Option<f64>,
    /// Factor on the premium.
    #[arg(long)]
    gas_over_premium: Option<f64>,
    /// Most that a message may cost, in attoFIL.
    #[arg(long)]
    max_fee: Option<String>,
    /// AttoFIL a gas unit.
    #[arg(long, alias = "gas-fee-cap")]
    gas_feecap: Option<String>,
    /// Select nothing while the base fee, in attoFIL, is above.
    #[arg(long)]
    base_fee: Option<String>,
}

/// Whether something was done, for those who read it.
#[derive(Debug, Serialize)]
struct Done {
    address: Address,
    done: &'static str,
}

fn done(as_json: bool, address: Address, done: &'static str) -> anyhow::Result<String> {
    match as_json {
        true => json(&Done { address, done }),
        false => Ok(format!("{done} {address}\n")),
    }
}

impl AddressCommand {
    pub(super) async fn run(
        self,
        client: &MessagerClient,
        as_json: bool,
    ) -> anyhow::Result<String> {
        match self {
            Self::Search { address } => json(&client.get_address(address).await?),
            Self::List => {
                let senders = client.list_address().await?.unwrap_or_default();
                show(as_json, &senders, || {
                    let mut table = table(&["Address", "Next nonce", "State", "In flight at most"]);
                    table.add_rows(senders.iter().map(|sender| {
                        [
                            sender.addr.to_string(),
                            sender.nonce.to_string(),
                            format!("{:?}", sender.state),
                            sender.sel_msg_num.to_string(),
                        ]
                    }));
                    table
                })
            }
            Self::Forbidden { address } => {
                known(client, address).await?;
                client.forbidden_address(address).await?;
                done(as_json, address, "forbidden")
            }
            Self::Active { address } => {
                known(client, address).await?;
                client.active_address(address).await?;
                done(as_json, address, "active")
            }
            Self::SetSelMsgNum { num, address } => {
                known(client, address).await?;
                client.set_select_msg_num(address, num).await?;
                done(as_json, address, "limit set for")
            }
            Self::SetFeeParams { fees, address } => {
                let fees = SenderFees {
                    address,
                    gas_over_estimation: fees.gas_over_estimation.unwrap_or_default(),
                    gas_over_premium: fees.gas_over_premium.unwrap_or_default(),
                    max_fee_str: fees.max_fee.unwrap_or_default(),
                    gas_fee_cap_str: fees.gas_feecap.unwrap_or_default(),
                    base_fee_str: fees.base_fee.unwrap_or_default(),
                };
                client.set_fee_params(fees).await?;
                done(as_json, address, "prices set for")
            }
        }
    }
}

/// The RPC takes changes of unknown senders for done; an operator wants to know.
async fn known(client: &MessagerClient, address: Address) -> anyhow::Result<()> {
    match client.has_address(address).await? {
        true => Ok(()),
        false => bail!("address not exist: {address} has pushed no message here"),
    }
}

/// Look at what applies to all senders and set it.
#[derive(Debug, Subcommand)]
pub(super) enum ShareParamsCommand {
    /// Show it.
    Get,
    /// Set it; what is not given stays.
    Set {
        #[command(flatten)]
        fees: Fees,
        /// Most messages of a sender in flight.
        #[arg(long)]
        sel_msg_num: Option<u64>,
    },
}

impl ShareParamsCommand {
    pub(super) async fn run(self, client: &MessagerClient) -> anyhow::Result<String> {
        let mut shared = client.get_shared_params().await?;
        if let Self::Set { fees, sel_msg_num } = self {
            let amount = |place: &mut TokenAmount, given: Option<String>, what: &str| match given {
                None => Ok(()),
                Some(text) => {
                    // Without a unit the guide means attoFIL.
                    let text = match text.bytes().all(|b| b.is_ascii_digit()) {
                        true => format!("{text} attoFIL"),
                        false => text,
                    };
                    *place = text.parse().with_context(|| what.to_owned())?;
                    anyhow::Ok(())
                }
            };
            shared.sel_msg_num = sel_msg_num.unwrap_or(shared.sel_msg_num);
            let prices = &mut shared.fees;
            prices.gas_over_estimation =
                fees.gas_over_estimation.unwrap_or(prices.gas_over_estimation);
            prices.gas_over_premium = fees.gas_over_premium.unwrap_or(prices.gas_over_premium);
            amount(&mut prices.max_fee, fees.max_fee, "--max-fee")?;
            amount(&mut prices.gas_fee_cap, fees.gas_feecap, "--gas-feecap")?;
            amount(&mut prices.base_fee, fees.base_fee, "--base-fee")?;
            client.set_shared_params(shared.clone()).await?;
        }
        json(&shared)
    }
}
