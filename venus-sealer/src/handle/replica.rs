//! From nothing to a replica: packing, ticket, PC1 and PC2.

use std::sync::Arc;

use venus_core::{TipSetKey, proof::SealJob};

use super::{blocking, sector_fault};
use crate::{
    SealerError,
    context::Context,
    fsm::{SectorEvent, SectorRecord},
    policy,
    storage::StoragePath,
};

/// The path where a sector lies.
pub(super) fn path_of(ctx: &Context, record: &SectorRecord) -> Result<StoragePath, SealerError> {
    let id = record.need("storage path", record.path)?;
    ctx.storage.path(id).ok_or(SealerError::FilesMissing(record.number))
}

/// The files of a sector.
pub(super) fn job_of(ctx: &Context, record: &SectorRecord) -> Result<SealJob, SealerError> {
    Ok(path_of(ctx, record)?.job(ctx.sector(record.number), record.proof_type))
}

pub(super) async fn pack(ctx: &Context, record: &SectorRecord) -> Result<SectorEvent, SealerError> {
    let (storage, sector, proof) =
        (Arc::clone(&ctx.storage), ctx.sector(record.number), record.proof_type);
    let path = blocking(move || storage.begin(sector, proof)).await?;
    let pieces = ctx
        .prover
        .fill_empty(&path.job(sector, proof))
        .await
        .map_err(|source| SealerError::Prover { what: "filling a sector", source })?;
    Ok(SectorEvent::Packed { pieces, path: path.meta.id })
}

pub(super) async fn ticket(
    ctx: &Context,
    record: &SectorRecord,
) -> Result<SectorEvent, SealerError> {
    let head = ctx.chain_head().await?;
    let call =
        ctx.chain.state_sector_pre_commit_info(ctx.miner(), record.number, head.key().clone());
    let epoch = match ctx.ask("a pre-commit", call).await? {
        // What is on chain binds the replica.
        Some(on_chain) => on_chain.info.seal_rand_epoch,
        // A young chain has no epoch that far back.
        None => (head.height() - policy::TICKET_LOOKBACK).max(0),
    };
    let entropy = policy::entropy(ctx.miner_id);
    let ticket =
        ctx.ticket_randomness(policy::TAG_SEAL, epoch, entropy, head.key().clone()).await?;
    Ok(SectorEvent::Ticket(ticket))
}

pub(super) async fn seal(ctx: &Context, record: &SectorRecord) -> Result<SectorEvent, SealerError> {
    let ticket = record.need("ticket", record.ticket)?;
    let job = job_of(ctx, record)?;
    // Waiting for a turn may take hours, so the ticket is judged after it.
    let Ok(_turn) = ctx.pre_commits.acquire().await else {
        return Ok(SectorEvent::Restart);
    };
    let head = ctx.chain_head().await?;
    let call =
        ctx.chain.state_sector_pre_commit_info(ctx.miner(), record.number, TipSetKey::head());
    let old = match ctx.ask("a pre-commit", call).await? {
        Some(on_chain) => on_chain.info.seal_rand_epoch != ticket.epoch,
        None => head.height() - ticket.epoch > policy::MAX_TICKET_AGE,
    };
    if old {
        return Ok(SectorEvent::OldTicket);
    }
    if !job.unsealed.exists() {
        // After a move or an interrupted try; zeros can be made again.
        let filled = ctx.prover.fill_empty(&job).await;
        filled.map_err(|source| SealerError::Prover { what: "filling a sector", source })?;
    }
    match ctx.prover.pre_commit(&job, ticket.value, &record.pieces).await {
        Ok(cids) => Ok(SectorEvent::PreCommit1 { cids }),
        Err(error) => {
            let error = sector_fault("PC1 and PC2", error)?;
            Ok(SectorEvent::SealPreCommit1Failed { error })
        }
    }
}

/// Whether the commitments can be those of the data: an empty sector's one piece is all of it, so
/// that CommP and CommD are the same.
pub(super) fn check(record: &SectorRecord) -> Result<SectorEvent, SealerError> {
    let cids = record.need("commitments", record.cids)?;
    let wrong = match record.pieces.as_slice() {
        [piece] => piece.cid.hash().digest() != cids.unsealed.hash().digest(),
        _ => false,
    };
    Ok(match wrong {
        true => {
            let error = format!("CommD {} is not that of the data", cids.unsealed);
            SectorEvent::SealPreCommit2Failed { error }
        }
        false => SectorEvent::PreCommit2,
    })
}
