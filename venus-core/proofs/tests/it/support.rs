//! A miner with sealed sectors.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use fvm_shared::randomness::Randomness;
use fvm_shared::sector::{
    PoStProof, RegisteredPoStProof, RegisteredSealProof, SealVerifyInfo, SectorID, SectorInfo,
    WindowPoStVerifyInfo, WinningPoStVerifyInfo,
};
use tempfile::TempDir;
use venus_core::proof::{
    Piece, PoStSector, ProofError as CoreError, SealJob, SealProver, SealedCids, SectorLocator,
};
use venus_core::{ExtendedSectorInfo, SectorId};
use venus_proofs::{LocalProver, ParamSet, post_sector, seal_job};

pub(crate) const MINER: u64 = 1000;
pub(crate) const SEAL: RegisteredSealProof = RegisteredSealProof::StackedDRG2KiBV1P1;
pub(crate) const WINDOW: RegisteredPoStProof = RegisteredPoStProof::StackedDRGWindow2KiBV1P1;
/// Top bits set, as the chain may well draw them.
pub(crate) const RANDOMNESS: [u8; 32] = [0xee; 32];
pub(crate) const TICKET: [u8; 32] = [0xf7; 32];
pub(crate) const SEED: [u8; 32] = [0xf9; 32];

/// The set in the directory that the library of this process uses.
pub(crate) fn param_set() -> &'static ParamSet {
    static SET: OnceLock<ParamSet> = OnceLock::new();
    SET.get_or_init(|| ParamSet::open_default().unwrap())
}

/// A sector, sealed below a directory of its own.
pub(crate) struct Sealed {
    pub(crate) dir: TempDir,
    pub(crate) job: SealJob,
    pub(crate) pieces: Vec<Piece>,
    pub(crate) cids: SealedCids,
}

pub(crate) async fn seal(
    prover: &impl SealProver,
    number: u64,
    proof: RegisteredSealProof,
) -> Sealed {
    let dir = tempfile::tempdir().unwrap();
    let job = seal_job(dir.path(), SectorId { miner: MINER, number }, proof);
    let pieces = prover.fill_empty(&job).await.unwrap();
    let cids = prover.pre_commit(&job, TICKET, &pieces).await.unwrap();
    Sealed { dir, job, pieces, cids }
}

impl Sealed {
    pub(crate) async fn commit(&self, prover: &LocalProver) -> Result<Vec<u8>, CoreError> {
        let Self { job, pieces, cids, .. } = self;
        Ok(prover.commit(job, TICKET, SEED, pieces, cids).await?.0)
    }

    pub(crate) fn verify_info(&self, proof: Vec<u8>) -> SealVerifyInfo {
        SealVerifyInfo {
            registered_proof: self.job.proof,
            sector_id: SectorID { miner: MINER, number: self.job.sector.number },
            deal_ids: Vec::new(),
            randomness: Randomness(TICKET.to_vec()),
            interactive_randomness: Randomness(SEED.to_vec()),
            proof,
            sealed_cid: self.cids.sealed.0,
            unsealed_cid: self.cids.unsealed.0,
        }
    }

    pub(crate) fn post_sector(&self) -> PoStSector {
        self.post_sector_in(self.dir.path())
    }

    fn post_sector_in(&self, root: &Path) -> PoStSector {
        post_sector(root, self.job.sector, self.job.proof, self.cids.sealed)
    }

    pub(crate) fn info(&self) -> SectorInfo {
        SectorInfo {
            proof: self.job.proof,
            sector_number: self.job.sector.number,
            sealed_cid: self.cids.sealed.0,
        }
    }

    pub(crate) fn extended_info(&self) -> ExtendedSectorInfo {
        ExtendedSectorInfo {
            seal_proof: self.job.proof,
            sector_number: self.job.sector.number,
            sector_key: None,
            sealed_cid: self.cids.sealed,
        }
    }
}

pub(crate) fn window_info(
    sectors: &[&Sealed],
    proofs: &[venus_core::PoStProof],
) -> WindowPoStVerifyInfo {
    WindowPoStVerifyInfo {
        randomness: Randomness(RANDOMNESS.to_vec()),
        proofs: proofs.iter().map(chain_proof).collect(),
        challenged_sectors: sectors.iter().map(|sector| sector.info()).collect(),
        prover: MINER,
    }
}

pub(crate) fn winning_info(
    sector: &Sealed,
    proofs: &[venus_core::PoStProof],
) -> WinningPoStVerifyInfo {
    WinningPoStVerifyInfo {
        randomness: Randomness(RANDOMNESS.to_vec()),
        proofs: proofs.iter().map(chain_proof).collect(),
        challenge_sectors: vec![sector.info()],
        prover: MINER,
    }
}

fn chain_proof(proof: &venus_core::PoStProof) -> PoStProof {
    PoStProof { post_proof: proof.post_proof, proof_bytes: proof.proof_bytes.0.clone() }
}

/// Knows one sector.
#[derive(Debug)]
pub(crate) struct OneSector(PoStSector);

impl OneSector {
    pub(crate) fn of(sector: &Sealed) -> Arc<Self> {
        Arc::new(Self(sector.post_sector()))
    }
}

#[async_trait]
impl SectorLocator for OneSector {
    async fn locate(&self, _: u64, info: &ExtendedSectorInfo) -> Result<PoStSector, CoreError> {
        assert_eq!(info.sector_number, self.0.number);
        Ok(self.0.clone())
    }
}
