//! The work of each state: finds out which event happened. Handlers can be run again at any time,
//! also after a kill in their middle.

mod commit;
mod finalize;
mod pre_commit;
mod replica;
mod retry;

use std::time::Duration;

use venus_core::{ProofError, SectorNumber};

use crate::{
    SealerError,
    context::{Context, reason},
    fsm::{SectorEvent, SectorRecord, SectorState},
};

/// Longest pause after errors that do not change the sector.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// Takes a sector on until nothing happens any more by itself.
pub(crate) async fn drive(ctx: &Context, number: SectorNumber) {
    let mut pause = ctx.config.retry().min(Duration::from_secs(1));
    loop {
        match step(ctx, number).await {
            Ok(true) => pause = ctx.config.retry().min(Duration::from_secs(1)),
            Ok(false) => return,
            Err(error) => {
                let error = reason(error);
                tracing::warn!(sector = number, %error, "sector is held up; trying again");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(MAX_PAUSE);
            }
        }
    }
}

/// Does the work of a sector's state once. False: the state is settled.
pub(crate) async fn step(ctx: &Context, number: SectorNumber) -> Result<bool, SealerError> {
    let mut record = ctx.store.sector(number)?;
    if record.state.is_settled() {
        return Ok(false);
    }
    let event = handle(ctx, &record).await?;
    let (before, name) = (record.state, event.name());
    if let Some(error) = event.error() {
        tracing::warn!(sector = number, state = %before, event = name, error, "sector failed");
    }
    record.apply(event, chrono::Utc::now().timestamp())?;
    ctx.store.put_sector(&record).await?;
    tracing::info!(sector = number, from = %before, to = %record.state, event = name, "sector");
    Ok(true)
}

async fn handle(ctx: &Context, record: &SectorRecord) -> Result<SectorEvent, SealerError> {
    match record.state {
        SectorState::Packing => replica::pack(ctx, record).await,
        SectorState::GetTicket => replica::ticket(ctx, record).await,
        SectorState::PreCommit1 => replica::seal(ctx, record).await,
        SectorState::PreCommit2 => replica::check(record),
        SectorState::PreCommitting => pre_commit::make(ctx, record).await,
        SectorState::PreCommitWait => pre_commit::send(ctx, record).await,
        SectorState::WaitSeed => commit::seed(ctx, record).await,
        SectorState::Committing => commit::prove(ctx, record).await,
        SectorState::SubmitCommit => commit::make(ctx, record).await,
        SectorState::CommitWait => commit::send(ctx, record).await,
        SectorState::FinalizeSector => finalize::finalize(ctx, record).await,
        SectorState::Removing => finalize::remove(ctx, record).await,
        SectorState::SealPreCommit1Failed => {
            cool_down(ctx).await;
            Ok(SectorEvent::RetrySealPreCommit1)
        }
        SectorState::SealPreCommit2Failed => {
            cool_down(ctx).await;
            Ok(match record.pre_commit2_fails > 3 {
                true => SectorEvent::RetrySealPreCommit1,
                false => SectorEvent::RetrySealPreCommit2,
            })
        }
        SectorState::PreCommitFailed => retry::pre_commit(ctx, record).await,
        SectorState::ComputeProofFailed => retry::proof(ctx, record).await,
        SectorState::CommitFailed => retry::commit(ctx, record).await,
        SectorState::FinalizeFailed => {
            cool_down(ctx).await;
            Ok(SectorEvent::RetryFinalize)
        }
        SectorState::RemoveFailed => {
            cool_down(ctx).await;
            Ok(SectorEvent::Remove)
        }
        SectorState::Proving | SectorState::Removed | SectorState::FailedUnrecoverable => {
            Ok(SectorEvent::Restart)
        }
    }
}

async fn cool_down(ctx: &Context) {
    tokio::time::sleep(ctx.config.retry()).await;
}

/// Tells a sector that cannot be sealed from a prover that is not ready for any.
fn sector_fault(what: &'static str, error: ProofError) -> Result<String, SealerError> {
    match error {
        ProofError::Parameters { .. } | ProofError::Remote(_) => {
            Err(SealerError::Prover { what, source: error })
        }
        _ => Ok(reason(error)),
    }
}

/// Runs file work off the runtime's threads.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SealerError> + Send + 'static,
) -> Result<T, SealerError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(SealerError::Answer { what: "file work", reason: error.to_string() }),
    }
}
