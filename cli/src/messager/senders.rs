//! The commands about senders and what their messages may cost.

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use serde::Serialize;
use venus_core::{
    Address, TokenAmount,
    api::messager::{MessagerApi, MessagerClient, SenderFees},
};

use crate::output::{json, show, table};

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
