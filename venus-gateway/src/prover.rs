//! The gateway as a [`WinningProver`].

use std::sync::Arc;

use async_trait::async_trait;
use venus_core::{
    Address, ChainEpoch, ExtendedSectorInfo, PoStProof, ProofError, WinningProver,
    api::gateway::GatewayCalls,
};

/// Proves through whichever connected prover serves the miner. Of a
/// [`ProofProvider`](venus_core::ProofProvider) the protocol carries this part alone.
#[derive(Debug, Clone)]
pub struct GatewayProver(Arc<dyn GatewayCalls>);

impl GatewayProver {
    /// Proves through `gateway`.
    pub fn new(gateway: Arc<dyn GatewayCalls>) -> Self {
        Self(gateway)
    }
}

#[async_trait]
impl WinningProver for GatewayProver {
    async fn winning_post(
        &self,
        miner: u64,
        sectors: &[ExtendedSectorInfo],
        randomness: [u8; 32],
        epoch: ChainEpoch,
        network_version: u32,
    ) -> Result<Vec<PoStProof>, ProofError> {
        let proofs = self.0.compute_proof(
            Address::id(miner),
            sectors.to_vec(),
            randomness.to_vec().into(),
            epoch,
            network_version,
        );
        Ok(proofs.await?)
    }
}
