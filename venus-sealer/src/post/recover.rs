//! Faulty sectors that can be proven again are declared recovered, two deadlines ahead: the next
//! deadline takes no declarations any more.

use venus_core::{BitField, DeadlineInfo, TipSetKey, TokenAmount};

use super::{prove::provable, submit};
use crate::{
    SealerError,
    context::{Context, Use},
    params,
    store::{PostRecord, PostState},
};

/// Marks the records of declarations, which answer no challenge.
const RECOVERY: &str = "recovery";

/// Declares what can be recovered in a deadline, once.
pub(super) async fn declare(
    ctx: &Context,
    target: &DeadlineInfo,
    tsk: &TipSetKey,
) -> Result<(), SealerError> {
    let begun = |post: &PostRecord| post.open == target.open && post.challenge == RECOVERY;
    if target.current_epoch >= target.fault_cutoff || ctx.store.posts()?.iter().any(begun) {
        return Ok(());
    }
    let call = ctx.chain.state_miner_partitions(ctx.miner(), target.index, tsk.clone());
    let mut declarations: Vec<(u64, u64, BitField)> = Vec::new();
    for (index, partition) in (0u64..).zip(ctx.ask("partitions", call).await?) {
        let faulty = &*partition.faulty_sectors - &*partition.recovering_sectors;
        if faulty.is_empty() {
            continue;
        }
        let call = ctx.chain.state_miner_sectors(ctx.miner(), Some(faulty.into()), tsk.clone());
        let good = provable(ctx, ctx.ask("faulty sectors", call).await?).await;
        if !good.is_empty() {
            let sectors = good.iter().map(|sector| sector.number).collect();
            declarations.push((target.index, index, sectors));
        }
    }
    if declarations.is_empty() {
        return Ok(());
    }
    let message = ctx
        .miner_message(
            Use::Post,
            &format!("recover-{}-{}", target.open, target.index),
            params::DECLARE_FAULTS_RECOVERED,
            params::recovered(&declarations),
            TokenAmount::zero(),
        )
        .await?;
    let record = PostRecord {
        deadline: target.index,
        open: target.open,
        close: target.close,
        partitions: declarations.iter().map(|(_, partition, _)| *partition).collect(),
        challenge: RECOVERY.to_owned(),
        message,
        state: PostState::Sent,
    };
    match submit::deliver(ctx, record).await? {
        Ok(()) => tracing::info!(deadline = target.index, "faults declared recovered"),
        Err(error) => tracing::error!(deadline = target.index, error, "recovery not declared"),
    }
    Ok(())
}
