//! The proofs of one deadline.

use std::{collections::BTreeSet, sync::Arc};

use futures::{StreamExt, stream};
use venus_core::{
    BitField, DeadlineInfo, PoStProof, SectorNumber, SectorOnChainInfo, TipSetKey,
    proof::PoStSector,
};

use crate::{SealerError, context::Context, storage::SectorStorage, store::PostState};

/// What one message proves.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Batch {
    /// Partitions, each with the sectors left out.
    pub(super) partitions: Vec<(u64, BitField)>,
    /// The proof.
    pub(super) proofs: Vec<PoStProof>,
}

/// Proves what is not proven yet in a deadline.
pub(super) async fn prove(
    ctx: &Context,
    deadline: &DeadlineInfo,
    challenge: [u8; 32],
    tsk: &TipSetKey,
) -> Result<Vec<Batch>, SealerError> {
    let done = done(ctx, deadline, challenge, tsk).await?;
    let call = ctx.chain.state_miner_partitions(ctx.miner(), deadline.index, tsk.clone());
    let partitions = ctx.ask("partitions", call).await?;
    let mut open: Vec<(u64, BTreeSet<SectorNumber>)> = Vec::new();
    for (index, partition) in (0u64..).zip(&partitions) {
        let live = &*partition.live_sectors - &*partition.faulty_sectors;
        let wanted = &live | &*partition.recovering_sectors;
        if !wanted.is_empty() && !done.contains(&index) {
            open.push((index, wanted.iter().collect()));
        }
    }
    let mut batches = Vec::new();
    for chunk in open.chunks(ctx.config.proving.partitions_per_message.clamp(1, 3)) {
        batches.extend(prove_batch(ctx, chunk, challenge, tsk).await?);
    }
    Ok(batches)
}

/// Partitions that are proven on chain, or by a message on its way.
async fn done(
    ctx: &Context,
    deadline: &DeadlineInfo,
    challenge: [u8; 32],
    tsk: &TipSetKey,
) -> Result<BTreeSet<u64>, SealerError> {
    let mut done = BTreeSet::new();
    if deadline.is_open() {
        let call = ctx.chain.state_miner_deadlines(ctx.miner(), tsk.clone());
        let deadlines = ctx.ask("deadlines", call).await?;
        if let Some(state) = deadlines.get(deadline.index as usize) {
            done.extend(state.post_submissions.iter());
        }
    }
    let challenge = hex::encode(challenge);
    for post in ctx.store.posts()? {
        if post.open == deadline.open
            && post.challenge == challenge
            && post.state == PostState::Sent
        {
            done.extend(post.partitions);
        }
    }
    Ok(done)
}

async fn prove_batch(
    ctx: &Context,
    partitions: &[(u64, BTreeSet<SectorNumber>)],
    challenge: [u8; 32],
    tsk: &TipSetKey,
) -> Result<Option<Batch>, SealerError> {
    let numbers: BitField = partitions.iter().flat_map(|(_, s)| s.iter().copied()).collect();
    let call = ctx.chain.state_miner_sectors(ctx.miner(), Some(numbers), tsk.clone());
    let on_chain = ctx.ask("sectors", call).await?;
    // Ascending, as the chain takes them.
    let mut good = provable(ctx, on_chain).await;
    good.sort_by_key(|sector| sector.number);
    loop {
        if good.is_empty() {
            return Ok(None);
        }
        let made = ctx
            .prover
            .window_post(ctx.miner_id, ctx.identity.window_proof, challenge, &good)
            .await
            .map_err(|source| SealerError::Prover { what: "window PoSt", source })?;
        if made.faulty.is_empty() {
            let proven: BTreeSet<_> = good.iter().map(|sector| sector.number).collect();
            let partitions = partitions
                .iter()
                .filter(|(_, wanted)| !wanted.is_disjoint(&proven))
                .map(|(index, wanted)| (*index, wanted.difference(&proven).copied().collect()))
                .collect();
            return Ok(Some(Batch { partitions, proofs: made.proofs }));
        }
        let before = good.len();
        tracing::warn!(sectors = ?made.faulty, "sectors cannot be proven and are left out");
        good.retain(|sector| !made.faulty.contains(&sector.number));
        if good.len() == before {
            let reason = format!("sectors {:?} are called faulty, unasked", made.faulty);
            return Err(SealerError::Answer { what: "window PoSt", reason });
        }
    }
}

/// Those sectors whose files pass the cheap check.
pub(super) async fn provable(ctx: &Context, sectors: Vec<SectorOnChainInfo>) -> Vec<PoStSector> {
    let miner = ctx.miner_id;
    stream::iter(sectors)
        .map(|sector| check_one(Arc::clone(&ctx.storage), miner, sector))
        .buffer_unordered(ctx.config.proving.parallel_check.max(1))
        .filter_map(|checked| async { checked })
        .collect()
        .await
}

async fn check_one(
    storage: Arc<SectorStorage>,
    miner: u64,
    info: SectorOnChainInfo,
) -> Option<PoStSector> {
    let id = venus_core::SectorId { miner, number: info.sector_number };
    let proof = info.seal_proof;
    let checked = tokio::task::spawn_blocking(move || storage.check(id, proof)).await;
    match checked.unwrap_or_else(|error| Err(error.to_string())) {
        Ok(job) => Some(PoStSector {
            number: id.number,
            proof,
            sealed_cid: info.sealed_cid,
            sealed: job.sealed,
            cache: job.cache,
        }),
        Err(reason) => {
            tracing::error!(sector = id.number, reason, "sector cannot be proven");
            None
        }
    }
}
