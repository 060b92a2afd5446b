//! Winning PoSts: one sector, proven within seconds, for a block of this miner.

use std::sync::Arc;

use async_trait::async_trait;
use venus_core::{
    ChainEpoch, ExtendedSectorInfo, PoStProof, ProofError, ProofProvider, WinningProver,
};

/// Proves blocks of one miner, and of no other.
///
/// The prover must know where the sectors lie: give it the sealer's
/// [`SectorStorage`](crate::storage::SectorStorage) as locator.
#[derive(Debug, Clone)]
pub struct MinerWinningProver {
    miner: u64,
    prover: Arc<dyn ProofProvider>,
}

impl MinerWinningProver {
    /// A prover for the miner with this actor number.
    pub fn new(miner: u64, prover: Arc<dyn ProofProvider>) -> Self {
        Self { miner, prover }
    }
}

#[async_trait]
impl WinningProver for MinerWinningProver {
    async fn winning_post(
        &self,
        miner: u64,
        sectors: &[ExtendedSectorInfo],
        randomness: [u8; 32],
        epoch: ChainEpoch,
        network_version: u32,
    ) -> Result<Vec<PoStProof>, ProofError> {
        if miner != self.miner {
            let reason = format!("this sealer proves for f0{}, not for f0{miner}", self.miner);
            return Err(ProofError::Invalid { what: "miner", reason });
        }
        if sectors.is_empty() {
            let reason = "must provide sectors for winning post".to_owned();
            return Err(ProofError::Invalid { what: "sector list", reason });
        }
        self.prover.winning_post(miner, sectors, randomness, epoch, network_version).await
    }
}
