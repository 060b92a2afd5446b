//! The end of sealing: files cut down and moved to their place.

use std::sync::Arc;

use super::{blocking, replica};
use crate::{
    SealerError,
    context::{Context, reason},
    fsm::{SectorEvent, SectorRecord},
};

pub(super) async fn finalize(
    ctx: &Context,
    record: &SectorRecord,
) -> Result<SectorEvent, SealerError> {
    match finalized(ctx, record).await {
        Ok(path) => Ok(SectorEvent::Finalized { path }),
        Err(error) => Ok(SectorEvent::FinalizeFailed { error: reason(error) }),
    }
}

async fn finalized(ctx: &Context, record: &SectorRecord) -> Result<uuid::Uuid, SealerError> {
    let from = replica::path_of(ctx, record)?;
    let (sector, proof) = (ctx.sector(record.number), record.proof_type);
    let job = from.job(sector, proof);
    // The cache is the last to be moved: without it a former try got past this.
    if job.cache.is_dir() && job.sealed.is_file() {
        ctx.prover
            .finalize(&job)
            .await
            .map_err(|source| SealerError::Prover { what: "finalizing a sector", source })?;
    }
    let storage = Arc::clone(&ctx.storage);
    let with_data = ctx.config.sealing.always_keep_unsealed_copy;
    Ok(blocking(move || storage.keep(&from, sector, proof, with_data)).await?.meta.id)
}

pub(super) async fn remove(
    ctx: &Context,
    record: &SectorRecord,
) -> Result<SectorEvent, SealerError> {
    let (storage, sector, proof) =
        (Arc::clone(&ctx.storage), ctx.sector(record.number), record.proof_type);
    Ok(match blocking(move || storage.remove(sector, proof)).await {
        Ok(()) => SectorEvent::Removed,
        Err(error) => SectorEvent::RemoveFailed { error: reason(error) },
    })
}
