//! What can go wrong in a sealer.

use std::{io, path::PathBuf};

use venus_core::{
    Address, SectorNumber, proof::ProofError, rpc::RpcError, sink::SinkError, store::StoreError,
};

use crate::fsm::SectorState;

/// Why a sealer cannot do what was asked.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum SealerError {
    /// The node could not be asked, or refused.
    #[error("the node could not be asked for {what}")]
    Chain {
        /// What was asked for.
        what: &'static str,
        /// Why not.
        source: RpcError,
    },
    /// Somebody outside did not answer in time.
    #[error("no answer in time while asking for {0}; it will be asked again")]
    Timeout(&'static str),
    /// The node's answer makes no sense.
    #[error("the node's answer for {what} is unusable: {reason}")]
    Answer {
        /// What was asked for.
        what: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A message could not be handed over.
    #[error("the message {id} could not be handed over")]
    Sink {
        /// Its id.
        id: String,
        /// Why not.
        source: SinkError,
    },
    /// A proof could not be made, and the sector is not to blame.
    #[error("the prover is not ready for {what}")]
    Prover {
        /// Which phase.
        what: &'static str,
        /// Why not.
        source: ProofError,
    },
    /// The sealer's store failed.
    #[error("the sealer's store failed")]
    Store(#[from] StoreError),
    /// A file or directory cannot be used.
    #[error("{path} cannot be {action}")]
    File {
        /// Which.
        path: PathBuf,
        /// What was tried, as a participle.
        action: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// A metadata file makes no sense.
    #[error("{path} is broken; mend it or attach the path again with --init")]
    Metadata {
        /// Which.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// Nobody ran `init` here.
    #[error("{0} holds no sealer; run `venus-sealer init` first")]
    NotInitialized(PathBuf),
    /// A miner is kept here already.
    #[error("{home} is the home of {miner} already; choose another home")]
    AlreadyInitialized {
        /// Where.
        home: PathBuf,
        /// Whose.
        miner: Address,
    },
    /// The miner was not created.
    #[error("no miner was created: {0}; nothing is left behind, so init can be repeated")]
    NotCreated(String),
    /// There is no such proof type.
    #[error("there are no sectors of {0} bytes; use 2KiB, 8MiB, 512MiB, 32GiB or 64GiB")]
    SectorSize(u64),
    /// An address that must be an ID address is none.
    #[error("{0} is no miner's ID address (such as f01000)")]
    NoId(Address),
    /// The path is attached or initialized already.
    #[error("path is already initialized: {0}; attach it without --init")]
    PathInitialized(PathBuf),
    /// The path has no metadata.
    #[error("{0} has no sectorstore.json; attach it with --init and --seal or --store")]
    PathNotInitialized(PathBuf),
    /// A path with no use.
    #[error("must specify at least one of --store or --seal")]
    PathUseless,
    /// Two paths have the same id.
    #[error("{0} has the id of another attached path; was it copied?")]
    PathTwice(PathBuf),
    /// No path is for that.
    #[error(
        "no storage path for {0} is attached; attach one with \
         `venus-sealer storage attach --init --seal --store <path>`"
    )]
    NoStorage(&'static str),
    /// No path has room.
    #[error("no good path found for {need} bytes of a sector ({role}); attach one with room")]
    NoPath {
        /// What for: sealing or storage.
        role: &'static str,
        /// Bytes.
        need: u64,
    },
    /// A sector's files are gone.
    #[error("no attached path holds the files of sector {0}; attach the path where they lie")]
    FilesMissing(SectorNumber),
    /// There is no such sector.
    #[error("this sealer has no sector {0}; `sectors list` shows those it has")]
    UnknownSector(SectorNumber),
    /// The state machine has no such step.
    #[error("sector {number} is in {state}, which does not take {event}")]
    Transition {
        /// Which sector.
        number: SectorNumber,
        /// Its state.
        state: SectorState,
        /// What came.
        event: &'static str,
    },
    /// A record lacks what its state promises.
    #[error("sector {number} has no {what}, although it is in {state}; the store is damaged")]
    Incomplete {
        /// Which sector.
        number: SectorNumber,
        /// Its state.
        state: SectorState,
        /// What is missing.
        what: &'static str,
    },
}

impl SealerError {
    /// Whether the same call, unchanged, may succeed later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Chain { source, .. } => source.is_retryable(),
            Self::Sink { source, .. } => source.is_retryable(),
            Self::Prover { source, .. } => source.is_retryable(),
            Self::Timeout(_) | Self::File { .. } | Self::NoPath { .. } => true,
            _ => false,
        }
    }
}
