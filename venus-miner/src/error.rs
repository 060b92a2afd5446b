//! What can go wrong while blocks are made.

use std::time::Duration;

use venus_core::{
    Address, ChainEpoch, Cid, ProofError, SignError, TipSetKey, auth::AuthApiError,
    crypto::CryptoError, rpc::RpcError, store::StoreError, with_causes,
};

use crate::store::Fault;

/// Why there is no block, or no service.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MinerError {
    /// The node did not answer what was asked.
    #[error("failed to {what}: {source}")]
    Node {
        /// What was tried.
        what: &'static str,
        /// Why not.
        source: RpcError,
    },
    /// Something took too long.
    #[error("failed to {what}: no answer within {after:?}")]
    TimedOut {
        /// What was tried.
        what: &'static str,
        /// How long it was waited for.
        after: Duration,
    },
    /// Draw and proof of one miner took too long.
    #[error("mining timeout!")]
    MiningTimeout,
    /// The worker of the miner cannot draw.
    #[error("miner worker address was not a BLS key")]
    WorkerNotBls,
    /// The wallet gave no signature.
    #[error("{what}: sign failed: {}", with_causes(.source))]
    Sign {
        /// What was to be signed.
        what: &'static str,
        /// Why not.
        source: Box<SignError>,
    },
    /// The wallet gave a signature that is not one of the worker over the bytes.
    #[error("{what}: the signature is not of {worker}; check the wallet that holds its key")]
    WrongSignature {
        /// What was signed.
        what: &'static str,
        /// Whose signature it should be.
        worker: Address,
        /// What is wrong with it.
        source: Box<CryptoError>,
    },
    /// The prover gave no proof.
    #[error("failed to compute winning post proof: {}, miner: {miner}", of_prover(.source))]
    Proof {
        /// For whom.
        miner: Address,
        /// Why not.
        source: Box<ProofError>,
    },
    /// The node says that a miner has no sector to prove.
    #[error("must provide sectors for winning post: the node named none for {0}")]
    NoSectors(Address),
    /// An address of another kind was given as miner.
    #[error("{0} is no miner: give its ID address (such as f01000)")]
    NotAnId(Address),
    /// The chain went another way so that the draw counts no more.
    #[error("base changed, chain may be forked: from {from} to {to}")]
    BaseChanged {
        /// The base that was drawn on.
        from: TipSetKey,
        /// The head now.
        to: TipSetKey,
    },
    /// The node made another block than asked for.
    #[error("the node made a block with another {0} than asked for; it is not signed")]
    OtherBlock(&'static str),
    /// The block would be slashed.
    #[error("<!!> SLASH FILTER ERROR: {0}")]
    Slash(Box<Fault>),
    /// No node took the block.
    #[error("no node took block {block} at {height}: {source}")]
    Submit {
        /// Which.
        block: Cid,
        /// Its epoch.
        height: ChainEpoch,
        /// What the last node said.
        source: Box<RpcError>,
    },
    /// The record of blocks failed.
    #[error("the record of blocks failed: {0}")]
    Store(#[from] StoreError),
    /// The list of miners could not be read or changed.
    #[error("cannot ask for the list of miners: {0}")]
    Source(#[from] AuthApiError),
    /// Rounds are not recorded.
    #[error("recorder disabled")]
    RecorderDisabled,
    /// Too many records at once.
    #[error("query exceed MaxRecordPerQuery({0})")]
    TooManyRecords(u64),
    /// A miner that takes no part.
    #[error("{0} not exist")]
    NotMining(Address),
    /// A sector that its partition names is not there.
    #[error("sector not found {0}")]
    SectorNotFound(u64),
    /// Epochs that have not come.
    #[error("start or end greater than cur tipset height: {0}")]
    Future(ChainEpoch),
}

impl MinerError {
    /// What became of a draw that was won, in a word.
    pub(crate) const fn outcome(&self) -> &'static str {
        match self {
            Self::MiningTimeout | Self::TimedOut { .. } => "timeout",
            Self::Slash(_) => "slash_filter",
            Self::Submit { .. } => "not_taken",
            Self::Proof { .. } | Self::NoSectors(_) => "no_proof",
            Self::Sign { .. } | Self::WrongSignature { .. } => "not_signed",
            _ => "error",
        }
    }
}

/// Why there is no proof; of one who was asked, what it said.
fn of_prover(error: &ProofError) -> String {
    match error {
        ProofError::Remote(source) => source.to_string(),
        other => with_causes(other),
    }
}

/// The outcome of what this crate does.
pub(crate) type Result<T, E = MinerError> = std::result::Result<T, E>;

/// Waits for an answer of a node, but not for ever.
pub(crate) async fn ask<T>(
    after: Duration,
    what: &'static str,
    call: impl Future<Output = Result<T, RpcError>>,
) -> Result<T> {
    match tokio::time::timeout(after, call).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(source)) => Err(MinerError::Node { what, source }),
        Err(_) => Err(MinerError::TimedOut { what, after }),
    }
}
