//! The prover of this machine, real or simulated.

use std::sync::Arc;

use async_trait::async_trait;
use filecoin_proofs_api::RegisteredPoStProof as ApiPoSt;
use fvm_shared::sector::{RegisteredPoStProof, RegisteredSealProof};
use venus_core::proof::{
    Piece, PoStSector, ProofError as CoreError, SealJob, SealProver, SealedCids, SectorLocator,
    WindowPoSt, WindowProver, WinningProver,
};
use venus_core::{Bytes, ChainEpoch, ExtendedSectorInfo, PoStProof};

use super::lane::Lane;
use super::post::Request;
use super::simulate::{self, Simulator};
use super::{post, seal};
use crate::network::refuse_development_keys;
use crate::params::ParamSet;
use crate::{DevNetwork, ProofError, convert};

/// Proves on the CPU of this machine.
///
/// Three worker threads, each with a queue: sealing (PC1, PC2, C1), the seal's SNARK (C2, at most
/// one at a time), and PoSts, which therefore never wait for a C2. All clones share them.
#[derive(Clone, Debug)]
pub struct LocalProver {
    seal: Lane,
    snark: Lane,
    post: Lane,
    how: Arc<How>,
    locator: Option<Arc<dyn SectorLocator>>,
}

/// Where the SNARKs come from.
#[derive(Debug)]
enum How {
    Real,
    Simulated(Box<Simulator>, ParamSet),
}

impl LocalProver {
    /// A prover that makes real proofs. On a network that is not for development it refuses to
    /// work with the development parameters.
    ///
    /// Nothing is generated here: while a parameter file is absent, the calls that need it say so.
    pub fn real(network: &str) -> Result<Self, ProofError> {
        refuse_development_keys(network)?;
        Self::start(How::Real)
    }

    /// A prover that seals and makes vanilla proofs for real, verifies them, and then simulates
    /// the SNARK. The real verifier accepts its proofs under the development keys. What it makes
    /// proves nothing to anybody else, hence the [`DevNetwork`].
    pub fn simulated(network: &DevNetwork, set: &ParamSet) -> Result<Self, ProofError> {
        tracing::warn!(network = network.name(), "proofs are simulated: for development only");
        Self::start(How::Simulated(Box::new(Simulator::new(network, set)?), set.clone()))
    }

    /// Tells where sectors lie; without it there is no winning PoSt.
    pub fn with_locator(self, locator: Arc<dyn SectorLocator>) -> Self {
        Self { locator: Some(locator), ..self }
    }

    /// Whether its SNARKs are simulated.
    pub fn is_simulated(&self) -> bool {
        matches!(*self.how, How::Simulated(..))
    }

    /// Proves one sector for a block, from its files.
    pub async fn winning_post_of(
        &self,
        miner: u64,
        randomness: [u8; 32],
        sector: PoStSector,
    ) -> Result<PoStProof, ProofError> {
        let api = convert::winning_proof(sector.proof)?;
        self.prove_post("winning PoSt", api, miner, randomness, vec![sector]).await
    }

    /// Proves the sectors of a partition. Sectors that cannot be proven are named by
    /// [`ProofError::FaultySectors`].
    pub async fn window_post_of(
        &self,
        miner: u64,
        proof: RegisteredPoStProof,
        randomness: [u8; 32],
        sectors: Vec<PoStSector>,
    ) -> Result<PoStProof, ProofError> {
        let api = convert::post_proof(proof)?;
        self.prove_post("window PoSt", api, miner, randomness, sectors).await
    }

    fn start(how: How) -> Result<Self, ProofError> {
        Ok(Self {
            seal: Lane::start("seal")?,
            snark: Lane::start("snark")?,
            post: Lane::start("post")?,
            how: Arc::new(how),
            locator: None,
        })
    }

    async fn prove_post(
        &self,
        phase: &'static str,
        api: ApiPoSt,
        miner: u64,
        randomness: [u8; 32],
        sectors: Vec<PoStSector>,
    ) -> Result<PoStProof, ProofError> {
        for sector in &sectors {
            self.check_size(sector.proof)?;
        }
        let how = self.how.clone();
        let bytes = self
            .post
            .run(phase, move || {
                let request = Request::new(api, miner, randomness, sectors)?;
                let vanilla = request.vanilla()?;
                match &*how {
                    How::Simulated(simulator, _) => simulator.post(&request, &vanilla),
                    How::Real if phase == "winning PoSt" => post::winning_snark(&request, &vanilla),
                    How::Real => post::window_snark(&request, &vanilla),
                }
            })
            .await?;
        let post_proof = convert::chain_post_proof(api)?;
        Ok(PoStProof { post_proof, proof_bytes: bytes.into() })
    }

    fn check_size(&self, proof: RegisteredSealProof) -> Result<(), ProofError> {
        match &*self.how {
            How::Simulated(_, set) if !simulate::supports(set, proof) => {
                Err(ProofError::Unsupported { what: format!("simulated proof of {proof:?}") })
            }
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl SealProver for LocalProver {
    async fn fill_empty(&self, job: &SealJob) -> Result<Vec<Piece>, CoreError> {
        let job = job.clone();
        let fill = move || {
            seal::zero_file(&job.unsealed, job.proof)?;
            seal::zero_pieces(job.proof)
        };
        Ok(self.seal.run("add piece", fill).await?)
    }

    async fn pre_commit(
        &self,
        job: &SealJob,
        ticket: [u8; 32],
        pieces: &[Piece],
    ) -> Result<SealedCids, CoreError> {
        let (job, pieces) = (job.clone(), pieces.to_vec());
        Ok(self.seal.run("PC1 and PC2", move || seal::pre_commit(&job, ticket, &pieces)).await?)
    }

    async fn commit(
        &self,
        job: &SealJob,
        ticket: [u8; 32],
        seed: [u8; 32],
        pieces: &[Piece],
        cids: &SealedCids,
    ) -> Result<Bytes, CoreError> {
        self.check_size(job.proof)?;
        let (sector, how) = (job.sector, self.how.clone());
        let (job, pieces, cids) = (job.clone(), pieces.to_vec(), *cids);
        let commit_1 = move || seal::commit_1(&job, ticket, seed, &pieces, &cids);
        let vanilla = self.seal.run("C1", commit_1).await?;
        let commit_2 = move || match &*how {
            How::Simulated(simulator, _) => simulator.seal(&vanilla, sector.miner, sector.number),
            How::Real => seal::commit_2(vanilla, sector.miner, sector.number),
        };
        Ok(self.snark.run("C2", commit_2).await?.into())
    }

    async fn finalize(&self, job: &SealJob) -> Result<(), CoreError> {
        let job = job.clone();
        Ok(self.seal.run("finalize", move || seal::finalize(&job)).await?)
    }
}

#[async_trait]
impl WindowProver for LocalProver {
    async fn window_post(
        &self,
        miner: u64,
        proof: RegisteredPoStProof,
        randomness: [u8; 32],
        sectors: &[PoStSector],
    ) -> Result<WindowPoSt, CoreError> {
        match self.window_post_of(miner, proof, randomness, sectors.to_vec()).await {
            Ok(proof) => Ok(WindowPoSt { proofs: vec![proof], faulty: Vec::new() }),
            Err(ProofError::FaultySectors { sectors, .. }) => {
                Ok(WindowPoSt { proofs: Vec::new(), faulty: sectors })
            }
            Err(error) => Err(error.into()),
        }
    }
}

#[async_trait]
impl WinningProver for LocalProver {
    async fn winning_post(
        &self,
        miner: u64,
        sectors: &[ExtendedSectorInfo],
        randomness: [u8; 32],
        _epoch: ChainEpoch,
        _network_version: u32,
    ) -> Result<Vec<PoStProof>, CoreError> {
        let [sector] = sectors else {
            let reason = format!("{} instead of one", sectors.len());
            return Err(CoreError::Invalid { what: "number of challenged sectors", reason });
        };
        let Some(locator) = &self.locator else {
            return Err(CoreError::Unsupported("find sectors: it was given no locator"));
        };
        let located = locator.locate(miner, sector).await?;
        Ok(vec![self.winning_post_of(miner, randomness, located).await?])
    }
}
