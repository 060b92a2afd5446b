//! The deadlines of a miner as `proving deadlines` and `proving faults` show them.

use futures::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};
use venus_core::{BitField, ChainEpoch, Partition, SectorNumber, TipSetKey};

use crate::{Sealer, SealerError};

/// Deadlines whose partitions are asked for at the same time.
const PARALLEL: usize = 8;

/// A deadline and its partitions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeadlineSummary {
    /// Which.
    pub index: u64,
    /// Whether the miner is in it now.
    pub current: bool,
    /// When it opens, in the period that runs.
    pub open: ChainEpoch,
    /// Partitions proven since it opened last.
    pub proven: BitField,
    /// Its partitions.
    pub partitions: Vec<Partition>,
}

impl DeadlineSummary {
    /// Sectors that are not terminated.
    pub fn live(&self) -> u64 {
        self.partitions.iter().map(|partition| partition.live_sectors.len()).sum()
    }

    /// Faulty sectors by partition.
    pub fn faults(&self) -> Vec<(u64, Vec<SectorNumber>)> {
        (0u64..)
            .zip(&self.partitions)
            .filter(|(_, partition)| !partition.faulty_sectors.is_empty())
            .map(|(index, partition)| (index, partition.faulty_sectors.iter().collect()))
            .collect()
    }
}

impl Sealer {
    /// All deadlines of the proving period that runs.
    pub async fn deadlines(&self) -> Result<Vec<DeadlineSummary>, SealerError> {
        let ctx = &self.context;
        let tsk = ctx.chain_head().await?.key().clone();
        let now = ctx.chain.state_miner_proving_deadline(ctx.miner(), tsk.clone());
        let now = ctx.ask("the proving deadline", now).await?;
        let all = ctx.chain.state_miner_deadlines(ctx.miner(), tsk.clone());
        let all = ctx.ask("deadlines", all).await?;
        stream::iter((0u64..).zip(all))
            .map(|(index, deadline)| {
                let tsk: TipSetKey = tsk.clone();
                async move {
                    let call = ctx.chain.state_miner_partitions(ctx.miner(), index, tsk);
                    Ok(DeadlineSummary {
                        index,
                        current: index == now.index,
                        open: now.period_start + index as ChainEpoch * now.w_post_challenge_window,
                        proven: deadline.post_submissions,
                        partitions: ctx.ask("partitions", call).await?,
                    })
                }
            })
            .buffered(PARALLEL)
            .try_collect()
            .await
    }
}
