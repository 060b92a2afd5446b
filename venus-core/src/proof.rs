//! Proofs: sealing phases, winning and window PoSt.

use std::{fmt, path::PathBuf, sync::Arc};

use async_trait::async_trait;
use auto_impl::auto_impl;
use serde::{Deserialize, Serialize};

use crate::{
    Bytes, ChainEpoch, Cid, ExtendedSectorInfo, PoStProof, RegisteredPoStProof,
    RegisteredSealProof, SectorId, SectorNumber, rpc::RpcError,
};

/// A sector on its way through sealing, and where its files lie.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealJob {
    /// The sector.
    pub sector: SectorId,
    /// How it is sealed.
    pub proof: RegisteredSealProof,
    /// File with the data; for a sector without data it is made by
    /// [`SealProver::fill_empty`].
    pub unsealed: PathBuf,
    /// The replica.
    pub sealed: PathBuf,
    /// Directory of the trees.
    pub cache: PathBuf,
}

/// A piece of data in a sector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// Padded bytes.
    pub size: u64,
    /// CommP.
    pub cid: Cid,
}

/// The two commitments of a replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedCids {
    /// CommR.
    pub sealed: Cid,
    /// CommD.
    pub unsealed: Cid,
}

/// Seals sectors. Phases are repeatable: each can be called again after a crash, the first of an
/// interrupted pair being [`pre_commit`](Self::pre_commit).
#[async_trait]
#[auto_impl(&, Box, Arc)]
pub trait SealProver: fmt::Debug + Send + Sync {
    /// Fills the whole sector with zeros and returns its one piece.
    async fn fill_empty(&self, job: &SealJob) -> Result<Vec<Piece>, ProofError>;

    /// PC1 and PC2: makes the replica and its trees. `ticket` is 32 bytes of seal randomness.
    async fn pre_commit(
        &self,
        job: &SealJob,
        ticket: [u8; 32],
        pieces: &[Piece],
    ) -> Result<SealedCids, ProofError>;

    /// C1 and C2: proves the replica. `seed` is the interactive randomness. Returns the proof
    /// bytes for the chain.
    async fn commit(
        &self,
        job: &SealJob,
        ticket: [u8; 32],
        seed: [u8; 32],
        pieces: &[Piece],
        cids: &SealedCids,
    ) -> Result<Bytes, ProofError>;

    /// Removes what PoSts do not need from the cache directory.
    async fn finalize(&self, job: &SealJob) -> Result<(), ProofError>;
}

/// A proven sector with its files, to be proven again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoStSector {
    /// The sector.
    pub number: SectorNumber,
    /// How it was sealed.
    pub proof: RegisteredSealProof,
    /// CommR.
    pub sealed_cid: Cid,
    /// The replica.
    pub sealed: PathBuf,
    /// Directory of the trees.
    pub cache: PathBuf,
}

/// The outcome of a window PoSt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowPoSt {
    /// The proofs, one element a proof type.
    pub proofs: Vec<PoStProof>,
    /// Sectors that could not be read or proven; if there are any, `proofs` is empty: leave them
    /// out and prove again.
    pub faulty: Vec<SectorNumber>,
}

/// Proves that sectors are still kept.
#[async_trait]
#[auto_impl(&, Box, Arc)]
pub trait WindowProver: fmt::Debug + Send + Sync {
    /// Proves one partition, in ascending order of sector numbers. `randomness` is as drawn from
    /// the chain; the prover masks it.
    async fn window_post(
        &self,
        miner: u64,
        proof: RegisteredPoStProof,
        randomness: [u8; 32],
        sectors: &[PoStSector],
    ) -> Result<WindowPoSt, ProofError>;
}

/// Proves a sector for a block. Where the files lie is the prover's business.
#[async_trait]
#[auto_impl(&, Box, Arc)]
pub trait WinningProver: fmt::Debug + Send + Sync {
    /// Proves the sectors that the node chose. `randomness` is as drawn (tag 3); the prover masks
    /// it. Must answer well within an epoch.
    async fn winning_post(
        &self,
        miner: u64,
        sectors: &[ExtendedSectorInfo],
        randomness: [u8; 32],
        epoch: ChainEpoch,
        network_version: u32,
    ) -> Result<Vec<PoStProof>, ProofError>;
}

/// Tells where the files of a miner's proven sectors lie.
#[async_trait]
#[auto_impl(&, Box, Arc)]
pub trait SectorLocator: fmt::Debug + Send + Sync {
    /// The files of a sector.
    async fn locate(
        &self,
        miner: u64,
        sector: &ExtendedSectorInfo,
    ) -> Result<PoStSector, ProofError>;
}

/// Everything about proofs.
pub trait ProofProvider: SealProver + WindowProver + WinningProver {}

impl<T: SealProver + WindowProver + WinningProver + ?Sized> ProofProvider for T {}

const _: fn(&dyn ProofProvider) = |_| {}; // Stays usable as a trait object.
const _: fn(Arc<dyn SectorLocator>) = |_| {};

/// What can go wrong with a proof.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// The input makes no sense; repeating is useless.
    #[error("{what} is invalid: {reason}")]
    Invalid {
        /// Which part of the input.
        what: &'static str,
        /// Why.
        reason: String,
    },
    /// This prover does not do that.
    #[error("this prover cannot {0}")]
    Unsupported(&'static str),
    /// A file or directory is missing or unreadable.
    #[error("{path} cannot be used: {reason}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The parameters for the proof are not there.
    #[error("proof parameters {what} are not ready: {reason}")]
    Parameters {
        /// Which.
        what: String,
        /// Why, and what to do.
        reason: String,
    },
    /// The proofs library failed.
    #[error("{operation} failed: {reason}")]
    Library {
        /// Which call.
        operation: &'static str,
        /// What it said.
        reason: String,
    },
    /// The proofs library panicked; after this the process should be restarted.
    #[error("{operation} panicked: {reason}; restart the process before further proofs")]
    Panicked {
        /// Which call.
        operation: &'static str,
        /// What it said.
        reason: String,
    },
    /// The prover could not be asked.
    #[error("the prover could not be asked")]
    Remote(#[from] RpcError),
}

impl ProofError {
    /// Whether the same call, unchanged, may succeed later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Remote(source) => source.is_retryable(),
            Self::Parameters { .. } | Self::Library { .. } | Self::File { .. } => true,
            Self::Invalid { .. } | Self::Unsupported(_) | Self::Panicked { .. } => false,
        }
    }
}
