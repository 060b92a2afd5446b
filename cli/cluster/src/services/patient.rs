//! A prover for whose proofs the chain waits.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::watch;
use venus_core::{
    Bytes, ChainEpoch, ExtendedSectorInfo, PoStProof, ProofError, ProofProvider,
    RegisteredPoStProof, SealProver, WindowProver, WinningProver,
    clock::SharedClock,
    proof::{Piece, PoStSector, SealJob, SealedCids, WindowPoSt},
};

/// Holds the chain's clock while it proves, so that no block is late and no deadline is missed,
/// however slow the machine; and does not prove sectors before the parameters for it are there.
#[derive(Debug, Clone)]
pub(crate) struct PatientProver {
    pub(crate) prover: Arc<dyn ProofProvider>,
    pub(crate) clock: Arc<SharedClock>,
    /// Whether sectors can be proven.
    pub(crate) seal_ready: watch::Receiver<bool>,
}

#[async_trait]
impl SealProver for PatientProver {
    async fn fill_empty(&self, job: &SealJob) -> Result<Vec<Piece>, ProofError> {
        self.prover.fill_empty(job).await
    }

    async fn pre_commit(
        &self,
        job: &SealJob,
        ticket: [u8; 32],
        pieces: &[Piece],
    ) -> Result<SealedCids, ProofError> {
        let _hold = self.clock.hold();
        self.prover.pre_commit(job, ticket, pieces).await
    }

    async fn commit(
        &self,
        job: &SealJob,
        ticket: [u8; 32],
        seed: [u8; 32],
        pieces: &[Piece],
        cids: &SealedCids,
    ) -> Result<Bytes, ProofError> {
        let _hold = self.clock.hold();
        let mut ready = self.seal_ready.clone();
        if ready.wait_for(|ready| *ready).await.is_err() {
            return Err(ProofError::Parameters {
                what: "of sealing".to_owned(),
                reason: "they could not be made; start the pool again".to_owned(),
            });
        }
        self.prover.commit(job, ticket, seed, pieces, cids).await
    }

    async fn finalize(&self, job: &SealJob) -> Result<(), ProofError> {
        self.prover.finalize(job).await
    }
}

#[async_trait]
impl WindowProver for PatientProver {
    async fn window_post(
        &self,
        miner: u64,
        proof: RegisteredPoStProof,
        randomness: [u8; 32],
        sectors: &[PoStSector],
    ) -> Result<WindowPoSt, ProofError> {
        let _hold = self.clock.hold();
        self.prover.window_post(miner, proof, randomness, sectors).await
    }
}

#[async_trait]
impl WinningProver for PatientProver {
    async fn winning_post(
        &self,
        miner: u64,
        sectors: &[ExtendedSectorInfo],
        randomness: [u8; 32],
        epoch: ChainEpoch,
        network_version: u32,
    ) -> Result<Vec<PoStProof>, ProofError> {
        let _hold = self.clock.hold();
        self.prover.winning_post(miner, sectors, randomness, epoch, network_version).await
    }
}
