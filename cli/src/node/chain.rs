//! `venus chain` and `venus sync`.

use anyhow::Context;
use clap::Subcommand;
use venus_core::{
    ChainEpoch, Cid, TipSet, TipSetKey,
    chain_api::{ChainReader, MiningApi},
};

use super::{Answer, Session};
use crate::output::{self, fields, fil, show, table};

#[derive(Debug, Subcommand)]
pub(super) enum ChainCommand {
    /// Show the head.
    Head,
    /// List tipsets, the newest first.
    #[command(visible_alias = "ls")]
    List {
        /// How many to show.
        #[arg(long, default_value_t = 30)]
        count: usize,
        /// From which height down; from the head if not given.
        #[arg(long)]
        height: Option<ChainEpoch>,
    },
    /// Show a block and its messages.
    GetBlock {
        /// The CID of the block, such as bafy2bza...
        #[arg(value_parser = cid)]
        cid: Cid,
    },
    /// Show a message.
    GetMessage {
        /// The CID of the message, such as bafy2bza...
        #[arg(value_parser = cid)]
        cid: Cid,
    },
}

/// Reads a CID.
pub(super) fn cid(text: &str) -> Result<Cid, String> {
    text.parse().map_err(|error| format!("`{text}` is no CID (such as bafy2bza..): {error}"))
}

impl ChainCommand {
    pub(super) async fn run(&self, Session { node, json, .. }: &Session) -> Answer {
        match self {
            Self::Head => {
                let head = node.chain_head().await?;
                show(*json, &head, || rows(std::slice::from_ref(&head)))
            }
            Self::List { count, height } => {
                let mut next = match height {
                    Some(height) => {
                        node.chain_get_tipset_by_height(*height, TipSetKey::head()).await?
                    }
                    None => node.chain_head().await?,
                };
                let mut tipsets = Vec::new();
                while tipsets.len() < *count {
                    let (parents, at) = (next.parents(), next.height());
                    tipsets.push(next);
                    if at == 0 || tipsets.len() == *count {
                        break;
                    }
                    next = node.chain_get_tipset(parents).await?;
                }
                show(*json, &tipsets, || rows(&tipsets))
            }
            Self::GetBlock { cid } => {
                let block = node
                    .chain_get_block(*cid)
                    .await
                    .with_context(|| format!("the node has no block {cid}"))?;
                let messages = node.chain_get_block_messages(*cid).await?;
                let both = serde_json::json!({ "Header": block, "Messages": messages });
                show(*json, &both, || {
                    let mut table = fields([
                        ("Block", cid.to_string()),
                        ("Miner", block.miner.to_string()),
                        ("Height", block.height.to_string()),
                        ("Time", output::time(block.timestamp)),
                        ("Wins", block.election_proof.map_or(0, |p| p.win_count).to_string()),
                        ("Parents", lines(&block.parents)),
                        ("Parent weight", block.parent_weight.to_string()),
                        ("Parent state", block.parent_state_root.to_string()),
                        ("Base fee", format!("{} attoFIL", block.parent_base_fee.0.atto())),
                    ]);
                    if !messages.cids.is_empty() {
                        table.add_row(["Messages:".to_owned(), lines(&messages.cids)]);
                    }
                    table
                })
            }
            Self::GetMessage { cid } => {
                let message = node
                    .chain_get_message(*cid)
                    .await
                    .with_context(|| format!("the node has no message {cid}"))?;
                show(*json, &message, || {
                    fields([
                        ("From", message.from.to_string()),
                        ("To", message.to.to_string()),
                        ("Value", fil(&message.value)),
                        ("Method", message.method.to_string()),
                        ("Nonce", message.nonce.to_string()),
                        ("Gas limit", message.gas_limit.to_string()),
                        ("Fee cap", format!("{} attoFIL", message.gas_fee_cap.0.atto())),
                        ("Premium", format!("{} attoFIL", message.gas_premium.0.atto())),
                        ("Parameters", format!("0x{}", hex::encode(&message.params.0))),
                    ])
                })
            }
        }
    }
}

fn lines(cids: &[Cid]) -> String {
    cids.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn rows(tipsets: &[TipSet]) -> comfy_table::Table {
    let mut table = table(&["Height", "Time", "Base fee", "Miner", "Block"]);
    for tipset in tipsets {
        let miners: Vec<_> = tipset.blocks().iter().map(|block| block.miner.to_string()).collect();
        table.add_row([
            tipset.height().to_string(),
            output::time(tipset.min_timestamp()),
            tipset.base_fee().0.atto().to_string(),
            miners.join("\n"),
            lines(tipset.key().cids()),
        ]);
    }
    table
}

#[derive(Debug, Subcommand)]
pub(super) enum SyncCommand {
    /// Show what is being synced.
    Status,
}

impl SyncCommand {
    pub(super) async fn run(&self, Session { node, json, .. }: &Session) -> Answer {
        const STAGES: [&str; 7] = [
            "idle",
            "header sync",
            "persisting headers",
            "message sync",
            "complete",
            "error",
            "fetching messages",
        ];
        let Self::Status = self;
        let state = node.sync_state().await?;
        show(*json, &state, || {
            let mut table = table(&["Worker", "Base", "Target", "Stage", "Height", "Message"]);
            let height = |tipset: &Option<TipSet>| {
                tipset.as_ref().map_or_else(|| "-".to_owned(), |t| t.height().to_string())
            };
            for sync in &state.active_syncs {
                let stage = usize::try_from(sync.stage).ok().and_then(|n| STAGES.get(n).copied());
                table.add_row([
                    sync.worker_id.to_string(),
                    height(&sync.base),
                    height(&sync.target),
                    stage.map_or_else(|| sync.stage.to_string(), str::to_owned),
                    sync.height.to_string(),
                    sync.message.clone(),
                ]);
            }
            table
        })
    }
}
