//! What to do after a failure: looks at the chain, then goes back as far as needed.

use venus_core::TipSetKey;

use super::{commit, cool_down, pre_commit};
use crate::{
    SealerError,
    context::Context,
    fsm::{SectorEvent, SectorRecord},
    policy,
};

/// The chain refused the parameters: the proof is wrong.
const ILLEGAL_ARGUMENT: u32 = 16;

pub(super) async fn pre_commit(
    ctx: &Context,
    record: &SectorRecord,
) -> Result<SectorEvent, SealerError> {
    cool_down(ctx).await;
    let ticket = record.need("ticket", record.ticket)?;
    let cids = record.need("commitments", record.cids)?;
    if let Some(found) = pre_commit::on_chain(ctx, record, TipSetKey::head()).await? {
        return Ok(match found.info.sealed_cid == cids.sealed {
            true => SectorEvent::PreCommitLanded,
            false => SectorEvent::FatalError {
                error: format!("the chain has another replica, {}", found.info.sealed_cid),
            },
        });
    }
    if is_allocated(ctx, record).await? {
        return Ok(lost(record));
    }
    let head = ctx.chain_head().await?;
    if head.height() - ticket.epoch > policy::MAX_TICKET_AGE {
        let error = format!("ticket of epoch {} expired", ticket.epoch);
        return Ok(SectorEvent::SealPreCommit1Failed { error });
    }
    Ok(SectorEvent::RetryPreCommit)
}

pub(super) async fn proof(
    ctx: &Context,
    record: &SectorRecord,
) -> Result<SectorEvent, SealerError> {
    cool_down(ctx).await;
    Ok(match record.invalid_proofs > 1 {
        true => SectorEvent::SealPreCommit1Failed { error: "consecutive compute fails".into() },
        false => SectorEvent::RetryComputeProof,
    })
}

pub(super) async fn commit(
    ctx: &Context,
    record: &SectorRecord,
) -> Result<SectorEvent, SealerError> {
    cool_down(ctx).await;
    if commit::on_chain(ctx, record, TipSetKey::head()).await?.is_some() {
        return Ok(SectorEvent::RetryCommitWait);
    }
    let Some(seed) = commit::current_seed(ctx, record).await? else {
        return Ok(match is_allocated(ctx, record).await? {
            true => lost(record),
            false => SectorEvent::RetryPreCommit,
        });
    };
    if record.seed != Some(seed) {
        return Ok(SectorEvent::RetryWaitSeed);
    }
    if record.proof.is_none() {
        return Ok(SectorEvent::RetryComputeProof);
    }
    Ok(match (record.commit_exit, record.invalid_proofs) {
        (Some(ILLEGAL_ARGUMENT), 0) => SectorEvent::RetryInvalidProof,
        (Some(ILLEGAL_ARGUMENT), _) => {
            SectorEvent::SealPreCommit1Failed { error: "consecutive invalid proofs".into() }
        }
        _ => SectorEvent::RetrySubmitCommit,
    })
}

async fn is_allocated(ctx: &Context, record: &SectorRecord) -> Result<bool, SealerError> {
    let call = ctx.chain.state_miner_allocated(ctx.miner(), TipSetKey::head());
    Ok(ctx.ask("allocated sector numbers", call).await?.get(record.number))
}

fn lost(record: &SectorRecord) -> SectorEvent {
    SectorEvent::FatalError {
        error: format!(
            "number {} is used up on chain without a pre-commit: it expired, or the sector was \
             terminated; remove the sector and pledge another",
            record.number
        ),
    }
}
