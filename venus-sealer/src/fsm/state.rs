//! The states of a sector.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! states {
    ($( $(#[$meta:meta])* $name:ident ),* $(,)?) => {
        /// The states of a sector, under the names that the Go sealers use.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum SectorState { $( $(#[$meta])* $name, )* }

        impl SectorState {
            /// Every state, in the order of a sector's life.
            pub const ALL: &'static [Self] = &[ $( Self::$name, )* ];

            /// The name on the wire and for people.
            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$name => stringify!($name), )* }
            }
        }
    };
}

states! {
    /// The data is being made (for a sector without data: zeros).
    Packing,
    /// A ticket is being drawn.
    GetTicket,
    /// The replica is being made: PC1, and PC2 with it.
    PreCommit1,
    /// The replica's commitments are being checked.
    PreCommit2,
    /// The pre-commit message is being made.
    PreCommitting,
    /// The pre-commit message is on its way.
    PreCommitWait,
    /// The seed is awaited.
    WaitSeed,
    /// The replica is being proven: C1 and C2.
    Committing,
    /// The message with the proof is being made.
    SubmitCommit,
    /// The message with the proof is on its way.
    CommitWait,
    /// The files are being cut down and moved to their place.
    FinalizeSector,
    /// On chain, proven by window PoSts.
    Proving,
    /// Making the replica failed.
    SealPreCommit1Failed,
    /// The replica's commitments make no sense.
    SealPreCommit2Failed,
    /// The pre-commit was not accepted.
    PreCommitFailed,
    /// Proving the replica failed.
    ComputeProofFailed,
    /// The proof was not accepted.
    CommitFailed,
    /// Cutting down or moving failed.
    FinalizeFailed,
    /// The files are being removed.
    Removing,
    /// Removing failed.
    RemoveFailed,
    /// Gone.
    Removed,
    /// Needs an operator.
    FailedUnrecoverable,
}

impl SectorState {
    /// Whether nothing happens any more by itself.
    pub const fn is_settled(self) -> bool {
        matches!(self, Self::Proving | Self::Removed | Self::FailedUnrecoverable)
    }

    /// Whether something went wrong.
    pub const fn is_failed(self) -> bool {
        matches!(
            self,
            Self::SealPreCommit1Failed
                | Self::SealPreCommit2Failed
                | Self::PreCommitFailed
                | Self::ComputeProofFailed
                | Self::CommitFailed
                | Self::FinalizeFailed
                | Self::RemoveFailed
                | Self::FailedUnrecoverable
        )
    }

    /// The state of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|state| state.as_str() == name)
    }
}

impl fmt::Display for SectorState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
