//! What happens to sectors.

use uuid::Uuid;
use venus_core::{
    Bytes, TokenAmount,
    proof::{Piece, SealedCids},
};

use super::{Outgoing, Randomness, SectorState};

/// What happened to a sector. Events with an `error` say why in words for people.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum SectorEvent {
    /// The process was started; the state's work is done again.
    Restart,
    /// Cannot go on without an operator.
    FatalError {
        /// Why.
        error: String,
    },
    /// An operator decided.
    ForceState(SectorState),
    /// An operator gives it up.
    Remove,
    /// The files are gone.
    Removed,
    /// The files are not gone.
    RemoveFailed {
        /// Why.
        error: String,
    },
    /// The data is there.
    Packed {
        /// Of what it consists.
        pieces: Vec<Piece>,
        /// The storage path where it is sealed.
        path: Uuid,
    },
    /// A ticket was drawn.
    Ticket(Randomness),
    /// The ticket is too old.
    OldTicket,
    /// The replica was made.
    PreCommit1 {
        /// Its commitments.
        cids: SealedCids,
    },
    /// The commitments are those of the data.
    PreCommit2,
    /// The replica was not made.
    SealPreCommit1Failed {
        /// Why.
        error: String,
    },
    /// The commitments are wrong.
    SealPreCommit2Failed {
        /// Why.
        error: String,
    },
    /// The replica is to be made again.
    RetrySealPreCommit1,
    /// The commitments are to be checked again.
    RetrySealPreCommit2,
    /// The pre-commit message was made; it goes out once this is kept.
    PreCommitted {
        /// The message.
        message: Outgoing,
        /// The deposit that it locks.
        deposit: TokenAmount,
    },
    /// The pre-commit is on chain.
    PreCommitLanded,
    /// The pre-commit is not and will not be on chain.
    ChainPreCommitFailed {
        /// Why.
        error: String,
    },
    /// Another pre-commit message is to be made.
    RetryPreCommit,
    /// The pre-commit message may be on chain yet.
    RetryPreCommitWait,
    /// The seed is to be drawn again.
    RetryWaitSeed,
    /// The seed was drawn.
    SeedReady(Randomness),
    /// The replica was proven.
    Committed {
        /// For the chain.
        proof: Bytes,
    },
    /// The replica was not proven.
    ComputeProofFailed {
        /// Why.
        error: String,
    },
    /// The replica is to be proven again.
    RetryComputeProof,
    /// The chain refused the proof: it is to be made again.
    RetryInvalidProof,
    /// The message with the proof was made; it goes out once this is kept.
    CommitSubmitted {
        /// The message.
        message: Outgoing,
    },
    /// The sector is not and will not be proven by this message.
    CommitFailed {
        /// Why.
        error: String,
        /// What the chain said, if it got there.
        exit_code: Option<u32>,
    },
    /// The message with the proof may be on chain yet.
    RetryCommitWait,
    /// Another message is to be made of the same proof.
    RetrySubmitCommit,
    /// The sector is on chain.
    Proving,
    /// The files are in their place.
    Finalized {
        /// The storage path where they are kept.
        path: Uuid,
    },
    /// The files are not in their place.
    FinalizeFailed {
        /// Why.
        error: String,
    },
    /// The files are to be moved again.
    RetryFinalize,
}

impl SectorEvent {
    /// The name, as logs of the Go sealers show it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Restart => "SectorRestart",
            Self::FatalError { .. } => "SectorFatalError",
            Self::ForceState(_) => "SectorForceState",
            Self::Remove => "SectorRemove",
            Self::Removed => "SectorRemoved",
            Self::RemoveFailed { .. } => "SectorRemoveFailed",
            Self::Packed { .. } => "SectorPacked",
            Self::Ticket(_) => "SectorTicket",
            Self::OldTicket => "SectorOldTicket",
            Self::PreCommit1 { .. } => "SectorPreCommit1",
            Self::PreCommit2 => "SectorPreCommit2",
            Self::SealPreCommit1Failed { .. } => "SectorSealPreCommit1Failed",
            Self::SealPreCommit2Failed { .. } => "SectorSealPreCommit2Failed",
            Self::RetrySealPreCommit1 => "SectorRetrySealPreCommit1",
            Self::RetrySealPreCommit2 => "SectorRetrySealPreCommit2",
            Self::PreCommitted { .. } => "SectorPreCommitted",
            Self::PreCommitLanded => "SectorPreCommitLanded",
            Self::ChainPreCommitFailed { .. } => "SectorChainPreCommitFailed",
            Self::RetryPreCommit => "SectorRetryPreCommit",
            Self::RetryPreCommitWait => "SectorRetryPreCommitWait",
            Self::RetryWaitSeed => "SectorRetryWaitSeed",
            Self::SeedReady(_) => "SectorSeedReady",
            Self::Committed { .. } => "SectorCommitted",
            Self::ComputeProofFailed { .. } => "SectorComputeProofFailed",
            Self::RetryComputeProof => "SectorRetryComputeProof",
            Self::RetryInvalidProof => "SectorRetryInvalidProof",
            Self::CommitSubmitted { .. } => "SectorCommitSubmitted",
            Self::CommitFailed { .. } => "SectorCommitFailed",
            Self::RetryCommitWait => "SectorRetryCommitWait",
            Self::RetrySubmitCommit => "SectorRetrySubmitCommit",
            Self::Proving => "SectorProving",
            Self::Finalized { .. } => "SectorFinalized",
            Self::FinalizeFailed { .. } => "SectorFinalizeFailed",
            Self::RetryFinalize => "SectorRetryFinalize",
        }
    }

    /// What went wrong, if it tells of that.
    pub fn error(&self) -> Option<&str> {
        match self {
            Self::FatalError { error }
            | Self::RemoveFailed { error }
            | Self::SealPreCommit1Failed { error }
            | Self::SealPreCommit2Failed { error }
            | Self::ChainPreCommitFailed { error }
            | Self::ComputeProofFailed { error }
            | Self::CommitFailed { error, .. }
            | Self::FinalizeFailed { error } => Some(error),
            _ => None,
        }
    }
}
