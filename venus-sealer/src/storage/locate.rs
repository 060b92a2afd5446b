//! Finding the files that proofs are made of.

use async_trait::async_trait;
use venus_core::{
    ExtendedSectorInfo, RegisteredSealProof, SectorId,
    proof::{PoStSector, ProofError, SealJob, SectorLocator},
};

use super::SectorStorage;
use crate::policy;

impl SectorStorage {
    /// The files of a sector, wherever replica and cache lie together.
    pub fn find(&self, sector: SectorId, proof: RegisteredSealProof) -> Option<SealJob> {
        let mut paths = self.paths();
        // A path that keeps sectors wins over one where a copy was sealed.
        paths.sort_by_key(|path| !path.meta.can_store);
        paths
            .iter()
            .map(|path| path.job(sector, proof))
            .find(|job| job.sealed.is_file() && job.cache.is_dir())
    }

    /// Checks cheaply that a sector can be proven: its files are there and have their sizes.
    ///
    /// # Errors
    ///
    /// The reason, for people.
    pub fn check(&self, sector: SectorId, proof: RegisteredSealProof) -> Result<SealJob, String> {
        let job = self
            .find(sector, proof)
            .ok_or_else(|| format!("cache and/or sealed paths not found for {sector:?}"))?;
        let size = |path: &std::path::Path| {
            path.metadata().map(|m| m.len()).map_err(|e| format!("{}: {e}", path.display()))
        };
        let (got, expect) = (size(&job.sealed)?, policy::sector_size(proof));
        if got != expect {
            let path = job.sealed.display();
            return Err(format!("{path} is wrong size (got {got}, expect {expect})"));
        }
        if size(&job.cache.join("p_aux"))? == 0 {
            return Err(format!("{} is empty", job.cache.join("p_aux").display()));
        }
        Ok(job)
    }
}

#[async_trait]
impl SectorLocator for SectorStorage {
    async fn locate(
        &self,
        miner: u64,
        sector: &ExtendedSectorInfo,
    ) -> Result<PoStSector, ProofError> {
        let id = SectorId { miner, number: sector.sector_number };
        let job = self.find(id, sector.seal_proof).ok_or_else(|| ProofError::File {
            path: super::sector_name(id).into(),
            reason: "no attached path holds replica and cache".to_owned(),
        })?;
        Ok(PoStSector {
            number: id.number,
            proof: sector.seal_proof,
            sealed_cid: sector.sealed_cid,
            sealed: job.sealed,
            cache: job.cache,
        })
    }
}
