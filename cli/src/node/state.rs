//! `venus state`.

use std::time::Duration;

use anyhow::{Context, bail};
use clap::Subcommand;
use venus_core::{
    Address, ChainEpoch, Cid, MaybeAddress, MsgLookup, TipSetKey,
    chain_api::{MinerState, NetworkApi, NodeClient, StateReader},
};

use super::{Answer, Session, chain::cid};
use crate::output::{self, fields, fil, show, table};

const HEAD: TipSetKey = TipSetKey::head();

#[derive(Debug, Subcommand)]
pub(super) enum StateCommand {
    /// Show an actor: what it is, holds and has sent.
    GetActor {
        /// Its address.
        address: Address,
    },
    /// Show the ID address of a key address.
    Lookup {
        /// The address.
        address: Address,
        /// The other way: the key address of an ID address.
        #[arg(short, long)]
        reverse: bool,
    },
    /// Show the power of a miner, or of the network.
    Power {
        /// The miner, such as f01000.
        miner: Option<Address>,
    },
    /// List all miners.
    ListMiners,
    /// Show owner, worker and sector size of a miner.
    MinerInfo {
        /// The miner, such as f01000.
        miner: Address,
    },
    /// List the sectors of a miner.
    Sectors {
        /// The miner, such as f01000.
        miner: Address,
    },
    /// Show the network's parameters.
    NetworkInfo,
    /// Look for a message that was executed, and show its outcome.
    SearchMsg {
        /// The CID of the message.
        #[arg(value_parser = cid)]
        message: Cid,
    },
    /// Wait until a message is executed, and show its outcome.
    WaitMsg {
        /// The CID of the message.
        #[arg(value_parser = cid)]
        message: Cid,
        /// Epochs that must follow the execution.
        #[arg(long, default_value_t = 5)]
        confidence: u64,
        /// Give up after so many seconds; 0 waits for ever.
        #[arg(long, value_name = "SECONDS", default_value_t = 0)]
        timeout: u64,
    },
}

impl StateCommand {
    pub(super) async fn run(&self, session: &Session) -> Answer {
        let Session { node, json, rpc, .. } = session;
        match self {
            Self::GetActor { address } => actor(session, *address).await,
            Self::Lookup { address, reverse } => {
                let found = match reverse {
                    false => node.state_lookup_id(*address, HEAD).await,
                    true => node.state_account_key(*address, HEAD).await,
                };
                let found = found.with_context(|| on_chain(*address))?;
                if *json { output::json(&found) } else { Ok(format!("{found}\n")) }
            }
            Self::Power { miner } => power(session, *miner).await,
            Self::ListMiners => {
                let miners = node.state_list_miners(HEAD).await?;
                show(*json, &miners, || {
                    let mut table = table(&["Miner"]);
                    table.add_rows(miners.iter().map(|miner| [miner.to_string()]));
                    table
                })
            }
            Self::MinerInfo { miner } => {
                let info = node
                    .state_miner_info(*miner, HEAD)
                    .await
                    .with_context(|| format!("miner {miner}"))?;
                show(*json, &info, || {
                    let controls: Vec<_> =
                        info.control_addresses.iter().map(ToString::to_string).collect();
                    fields([
                        ("Owner", info.owner.to_string()),
                        ("Worker", info.worker.to_string()),
                        ("Control", controls.join("\n")),
                        ("Sector size", output::bytes(&info.sector_size.into())),
                        ("Peer", info.peer_id.clone().unwrap_or_default()),
                    ])
                })
            }
            Self::Sectors { miner } => {
                let sectors = node
                    .state_miner_sectors(*miner, None, HEAD)
                    .await
                    .with_context(|| format!("miner {miner}"))?;
                show(*json, &sectors, || {
                    let mut table =
                        table(&["Sector", "Activation", "Expiration", "Pledge", "Sealed CID"]);
                    table.add_rows(sectors.iter().map(|sector| {
                        [
                            sector.sector_number.to_string(),
                            sector.activation.to_string(),
                            sector.expiration.to_string(),
                            fil(&sector.initial_pledge),
                            sector.sealed_cid.to_string(),
                        ]
                    }));
                    table
                })
            }
            Self::NetworkInfo => network(session).await,
            Self::SearchMsg { message } => {
                match node.state_search_msg(HEAD, *message, -1, true).await? {
                    Some(found) => outcome(&found, *json),
                    None => bail!(
                        "message {message} was not executed yet; see `venus mpool pending`, or \
                         wait with `venus state wait-msg`"
                    ),
                }
            }
            Self::WaitMsg { message, confidence, timeout } => {
                let limit = (*timeout > 0).then(|| Duration::from_secs(*timeout));
                let patient: NodeClient = rpc.with_timeout(limit).into();
                let found = patient.state_wait_msg(*message, *confidence, -1, true).await;
                outcome(&found.with_context(|| format!("message {message}"))?, *json)
            }
        }
    }
}

fn on_chain(address: Address) -> String {
    format!("{address} is not on the chain; an address appears with the first funds sent to it")
}

async fn actor(Session { node, json, .. }: &Session, address: Address) -> Answer {
    let actor = node.state_get_actor(address, HEAD).await.with_context(|| on_chain(address))?;
    let version = node.state_network_version(HEAD).await?;
    let codes = node.state_actor_code_cids(version).await?;
    let kind = codes.iter().find(|(_, code)| **code == actor.code).map(|(name, _)| name.clone());
    show(*json, &actor, || {
        fields([
            ("Address", address.to_string()),
            ("Balance", fil(&actor.balance)),
            ("Nonce", actor.nonce.to_string()),
            ("Kind", kind.unwrap_or_else(|| "unknown".to_owned())),
            ("Code", actor.code.to_string()),
            ("Head", actor.head.to_string()),
        ])
    })
}

async fn power(Session { node, json, .. }: &Session, miner: Option<Address>) -> Answer {
    if let Some(miner) = miner {
        // Of what is no miner the power is zero, which would mislead.
        node.state_miner_info(miner, HEAD).await.with_context(|| format!("miner {miner}"))?;
    }
    let power = node.state_miner_power(MaybeAddress(miner), HEAD).await?;
    show(*json, &power, || {
        let mut table = table(&["", "Raw", "Quality-adjusted", "May win"]);
        if let Some(miner) = miner {
            table.add_row([
                miner.to_string(),
                output::bytes(&power.miner_power.raw_byte_power),
                output::bytes(&power.miner_power.quality_adj_power),
                if power.has_min_power { "yes" } else { "no" }.to_owned(),
            ]);
        }
        table.add_row([
            "network".to_owned(),
            output::bytes(&power.total_power.raw_byte_power),
            output::bytes(&power.total_power.quality_adj_power),
            String::new(),
        ]);
        table
    })
}

async fn network(Session { node, json, .. }: &Session) -> Answer {
    let params = node.state_get_network_params().await?;
    let version = node.state_network_version(HEAD).await?;
    show(*json, &params, || {
        fields([
            ("Network", params.network_name.clone()),
            ("Network version", version.to_string()),
            ("Seconds an epoch", params.block_delay_secs.to_string()),
            ("Power to win", output::bytes(&params.consensus_miner_min_power)),
            ("Pre-commit delay", format!("{} epochs", params.pre_commit_challenge_delay)),
            ("Genesis", params.genesis_timestamp.map(output::time).unwrap_or_default()),
        ])
    })
}

fn outcome(found: &MsgLookup, json: bool) -> Answer {
    show(json, found, || {
        let height: ChainEpoch = found.height;
        fields([
            ("Message", found.message.to_string()),
            ("Executed at", height.to_string()),
            ("Tipset", found.tip_set.to_string()),
            ("Exit code", found.receipt.exit_code.to_string()),
            ("Gas used", found.receipt.gas_used.to_string()),
            ("Return", format!("0x{}", hex::encode(&found.receipt.return_data.0))),
        ])
    })
}
