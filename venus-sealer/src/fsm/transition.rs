//! Which event leads where.

use super::{SectorEvent as E, SectorState as S};

/// The state after an event; `None` if the state does not take it.
pub const fn next_state(state: S, event: &E) -> Option<S> {
    Some(match (state, event) {
        (_, E::FatalError { .. }) => S::FailedUnrecoverable,
        (_, E::ForceState(to)) => *to,
        (S::Removed, E::Remove | E::Restart) => S::Removed,
        (_, E::Remove) => S::Removing,
        (same, E::Restart) => same,

        (S::Packing, E::Packed { .. }) => S::GetTicket,
        (S::GetTicket, E::Ticket(_)) => S::PreCommit1,
        (S::GetTicket, E::CommitFailed { .. }) => S::CommitFailed,
        (S::PreCommit1, E::PreCommit1 { .. }) => S::PreCommit2,
        (S::PreCommit1 | S::PreCommit2, E::OldTicket) => S::GetTicket,
        (S::PreCommit2, E::PreCommit2) => S::PreCommitting,
        (S::PreCommit2, E::SealPreCommit2Failed { .. }) => S::SealPreCommit2Failed,
        (
            S::PreCommit1
            | S::PreCommit2
            | S::PreCommitting
            | S::Committing
            | S::PreCommitFailed
            | S::ComputeProofFailed
            | S::CommitFailed,
            E::SealPreCommit1Failed { .. },
        ) => S::SealPreCommit1Failed,
        (S::PreCommitting, E::PreCommitted { .. }) => S::PreCommitWait,
        (
            S::PreCommitting | S::PreCommitWait | S::WaitSeed | S::CommitFailed,
            E::ChainPreCommitFailed { .. },
        ) => S::PreCommitFailed,
        (S::PreCommitting | S::PreCommitWait | S::PreCommitFailed, E::PreCommitLanded) => {
            S::WaitSeed
        }
        (S::PreCommitWait | S::PreCommitFailed | S::CommitFailed, E::RetryPreCommit) => {
            S::PreCommitting
        }
        (S::WaitSeed | S::Committing, E::SeedReady(_)) => S::Committing,
        (S::Committing, E::Committed { .. }) => S::SubmitCommit,
        (S::Committing, E::ComputeProofFailed { .. }) => S::ComputeProofFailed,
        (S::Committing | S::SubmitCommit | S::CommitWait, E::CommitFailed { .. }) => {
            S::CommitFailed
        }
        (S::SubmitCommit, E::CommitSubmitted { .. }) => S::CommitWait,
        (S::Committing | S::CommitFailed, E::RetryCommitWait) => S::CommitWait,
        (S::CommitWait, E::Proving) => S::FinalizeSector,
        (S::CommitWait | S::CommitFailed, E::RetrySubmitCommit) => S::SubmitCommit,
        (S::FinalizeSector, E::Finalized { .. }) => S::Proving,
        (S::FinalizeSector, E::FinalizeFailed { .. }) => S::FinalizeFailed,

        (S::SealPreCommit1Failed | S::SealPreCommit2Failed, E::RetrySealPreCommit1) => {
            S::PreCommit1
        }
        (S::SealPreCommit2Failed, E::RetrySealPreCommit2) => S::PreCommit2,
        (S::PreCommitFailed | S::CommitFailed, E::RetryPreCommitWait) => S::PreCommitWait,
        (S::PreCommitFailed | S::CommitFailed, E::RetryWaitSeed) => S::WaitSeed,
        (S::ComputeProofFailed | S::CommitFailed, E::RetryComputeProof) => S::Committing,
        (S::CommitFailed, E::RetryInvalidProof) => S::Committing,
        (S::FinalizeFailed, E::RetryFinalize) => S::FinalizeSector,

        (S::Removing, E::Removed) => S::Removed,
        (S::Removing, E::RemoveFailed { .. }) => S::RemoveFailed,
        _ => return None,
    })
}
