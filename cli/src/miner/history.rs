//! What miners won: `winner count`, `block list`, `record query`.

use clap::Args;
use venus_core::{
    Address, ChainEpoch,
    api::miner::{BlockQuery, MineState, MinerApi, RecordQuery},
};

use super::{Named, Session, json};
use crate::output;

/// What `winner count` takes.
#[derive(Debug, Args)]
pub(super) struct Winners {
    /// The first base; the draw on it is for the epoch after.
    #[arg(long)]
    epoch_start: ChainEpoch,
    /// The last base.
    #[arg(long)]
    epoch_end: ChainEpoch,
    #[command(flatten)]
    named: Named,
}

impl Winners {
    pub(super) async fn run(self, session: &Session) -> anyhow::Result<String> {
        let Self { epoch_start: start, epoch_end: end, named } = self;
        let named = Some(named.addresses()?);
        let call = |miner: venus_core::api::miner::MinerClient| async move {
            miner.count_winners(named, start, end).await
        };
        json(&session.call(call).await?)
    }
}

/// What `block list` takes.
#[derive(Debug, Args)]
pub(super) struct Blocks {
    /// So many at most; 0 is all.
    #[arg(long, default_value_t = 20)]
    limit: u64,
    /// Without the newest so many.
    #[arg(long, default_value_t = 0)]
    offset: u64,
    #[command(flatten)]
    named: Named,
}

impl Blocks {
    pub(super) async fn run(self, session: &Session) -> anyhow::Result<String> {
        let Self { limit, offset, named } = self;
        let query = Some(BlockQuery { miners: named.addresses()?, limit, offset });
        let call = session.call(|miner| async move { miner.list_blocks(query).await });
        let blocks = call.await?;
        if session.json {
            return json(&blocks);
        }
        output::show(false, &blocks, || {
            let header = ["Epoch", "Miner", "Base", "State", "Won", "Block"];
            let mut table = output::table(&header);
            for block in &blocks {
                table.add_row([
                    block.epoch.to_string(),
                    block.miner.to_string(),
                    block.parent_epoch.to_string(),
                    state(block.mine_state),
                    block.winning_at.clone(),
                    block.cid.clone(),
                ]);
            }
            table
        })
    }
}

fn state(state: MineState) -> String {
    match state {
        MineState::Mining => "being made".into(),
        MineState::Success => "taken".into(),
        MineState::Timeout => "too late".into(),
        MineState::ChainForked => "base left".into(),
        MineState::Error => "failed".into(),
        MineState::Other(code) => format!("state {code}"),
    }
}

/// What `record query` takes.
#[derive(Debug, Args)]
pub(super) struct Records {
    /// How many epochs.
    #[arg(long, default_value_t = 1)]
    limit: u64,
    /// The miner, such as t01000.
    miner: String,
    /// The first epoch.
    epoch: ChainEpoch,
}

impl Records {
    pub(super) async fn run(self, session: &Session) -> anyhow::Result<String> {
        let Self { limit, miner, epoch } = self;
        let parsed: Vec<Address> = Named { miners: vec![miner] }.addresses()?;
        let [miner] = parsed[..] else { anyhow::bail!("name one miner") };
        let query = RecordQuery { miner, epoch, limit };
        json(&session.call(|miner| async move { miner.query_record(query).await }).await?)
    }
}
