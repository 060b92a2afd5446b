//! Proofs of spacetime, on the calling thread.

use filecoin_proofs_api::{
    ChallengeSeed, PrivateReplicaInfo, ProverId, RegisteredPoStProof as ApiPoSt, SectorId, post,
};
use venus_core::proof::PoStSector;

use super::guarded;
use crate::{ProofError, convert};

/// What a PoSt is made from.
pub(super) struct Request {
    pub(super) proof: ApiPoSt,
    pub(super) prover: ProverId,
    /// Masked.
    pub(super) randomness: ChallengeSeed,
    /// In ascending order, each once.
    pub(super) sectors: Vec<PoStSector>,
}

impl Request {
    /// Verifiers sort the sectors and take each once (a miner actor names a good sector in place
    /// of each faulty one), so provers do the same.
    pub(super) fn new(
        proof: ApiPoSt,
        miner: u64,
        randomness: [u8; 32],
        mut sectors: Vec<PoStSector>,
    ) -> Result<Self, ProofError> {
        if sectors.is_empty() {
            return Err(ProofError::input("there are no sectors to prove"));
        }
        sectors.sort_by_key(|sector| sector.number);
        sectors.dedup();
        if !sectors.is_sorted_by(|a, b| a.number < b.number) {
            return Err(ProofError::input("a sector is given twice, differently"));
        }
        let randomness = convert::mask_post_randomness(randomness);
        Ok(Self { proof, prover: convert::prover_id(miner), randomness, sectors })
    }

    /// The vanilla proof of each sector. All sectors that cannot be read or whose proof is wrong
    /// are found in one pass.
    pub(super) fn vanilla(&self) -> Result<Vec<Vec<u8>>, ProofError> {
        let numbers: Vec<_> = self.sectors.iter().map(|s| SectorId::from(s.number)).collect();
        let challenges = post::generate_fallback_sector_challenges(
            self.proof,
            &self.randomness,
            &numbers,
            self.prover,
        )
        .map_err(|error| ProofError::failed("PoSt challenges", error))?;
        let mut proofs = Vec::with_capacity(self.sectors.len());
        let mut faulty = Vec::new();
        let mut reason = String::new();
        for sector in &self.sectors {
            let number = SectorId::from(sector.number);
            let challenges = challenges.get(&number).map_or(&[][..], Vec::as_slice);
            match self.vanilla_of(sector, challenges) {
                Ok(proof) => proofs.push(proof),
                Err(error) => {
                    tracing::warn!(sector = sector.number, %error, "sector cannot be proven");
                    faulty.push(sector.number);
                    reason = error.to_string();
                }
            }
        }
        if faulty.is_empty() {
            Ok(proofs)
        } else {
            Err(ProofError::FaultySectors { sectors: faulty, reason })
        }
    }

    fn vanilla_of(&self, sector: &PoStSector, challenges: &[u64]) -> Result<Vec<u8>, ProofError> {
        guarded("vanilla proof", || {
            let comm_r = convert::comm_r(&sector.sealed_cid)?;
            let (cache, sealed) = (sector.cache.clone(), sector.sealed.clone());
            let replica = PrivateReplicaInfo::new(self.proof, comm_r, cache, sealed);
            let number = SectorId::from(sector.number);
            post::generate_single_vanilla_proof(self.proof, number, &replica, challenges)
                .map_err(|error| ProofError::failed("vanilla proof", error))
        })
    }
}

/// The real SNARK over the vanilla proofs.
pub(super) fn winning_snark(request: &Request, vanilla: &[Vec<u8>]) -> Result<Vec<u8>, ProofError> {
    require_parameters(request.proof)?;
    let (proof, randomness, prover) = (request.proof, &request.randomness, request.prover);
    post::generate_winning_post_with_vanilla(proof, randomness, prover, vanilla)
        .map(|proofs| proofs.into_iter().flat_map(|(_, bytes)| bytes).collect())
        .map_err(|error| ProofError::failed("winning PoSt", error))
}

/// The real SNARKs, one a partition, in one string.
pub(super) fn window_snark(request: &Request, vanilla: &[Vec<u8>]) -> Result<Vec<u8>, ProofError> {
    require_parameters(request.proof)?;
    let (proof, randomness, prover) = (request.proof, &request.randomness, request.prover);
    post::generate_window_post_with_vanilla(proof, randomness, prover, vanilla)
        .map(|proofs| proofs.into_iter().flat_map(|(_, bytes)| bytes).collect())
        .map_err(|error| ProofError::failed("window PoSt", error))
}

fn require_parameters(proof: ApiPoSt) -> Result<(), ProofError> {
    let path =
        proof.cache_params_path().map_err(|error| ProofError::failed("PoSt parameters", error))?;
    if path.is_file() { Ok(()) } else { Err(ProofError::MissingParameters { path }) }
}
