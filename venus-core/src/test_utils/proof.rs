//! What every prover must do.

use std::path::Path;

use crate::{
    Bytes, ProofProvider, RegisteredPoStProof, RegisteredSealProof, SectorId,
    proof::{PoStSector, SealJob, SealedCids},
};

/// What a prover made of the suite's sector, for the caller to verify.
#[derive(Debug)]
pub struct ContractProofs {
    /// The sector.
    pub sector: SectorId,
    /// Seal randomness.
    pub ticket: [u8; 32],
    /// Interactive randomness.
    pub seed: [u8; 32],
    /// Its commitments.
    pub cids: SealedCids,
    /// The seal proof.
    pub seal_proof: Bytes,
    /// Randomness of the window PoSt, unmasked.
    pub post_randomness: [u8; 32],
    /// The window PoSt.
    pub window_post: Vec<crate::PoStProof>,
}

/// Takes a 2 KiB sector through its life in the empty directory `dir`.
///
/// # Panics
///
/// Where the contract is broken.
pub async fn prover_contract(prover: &dyn ProofProvider, dir: &Path) -> ContractProofs {
    let sector = SectorId { miner: 1000, number: 7 };
    let proof = RegisteredSealProof::StackedDRG2KiBV1P1;
    let job = SealJob {
        sector,
        proof,
        unsealed: dir.join("unsealed"),
        sealed: dir.join("sealed"),
        cache: dir.join("cache"),
    };
    let (ticket, seed, post_randomness) = ([1; 32], [2; 32], [0xff; 32]);
    let pieces = prover.fill_empty(&job).await.expect("an empty sector is filled");
    assert_eq!(pieces.iter().map(|piece| piece.size).sum::<u64>(), 2048);

    let cids = prover.pre_commit(&job, ticket, &pieces).await.expect("it is sealed");
    let again = prover.pre_commit(&job, ticket, &pieces).await.expect("and sealed again");
    assert_eq!(again, cids, "a phase that is repeated gives the same replica");

    let seal_proof = prover.commit(&job, ticket, seed, &pieces, &cids).await.expect("it is proven");
    prover.finalize(&job).await.expect("and finalized");

    let post = PoStSector {
        number: sector.number,
        proof,
        sealed_cid: cids.sealed,
        sealed: job.sealed,
        cache: job.cache,
    };
    let kind = RegisteredPoStProof::StackedDRGWindow2KiBV1P1;
    let window = prover.window_post(sector.miner, kind, post_randomness, &[post]).await;
    let window = window.expect("a finalized sector can be proven");
    assert_eq!((window.faulty.len(), window.proofs.len()), (0, 1));
    ContractProofs {
        sector,
        ticket,
        seed,
        cids,
        seal_proof,
        post_randomness,
        window_post: window.proofs,
    }
}
