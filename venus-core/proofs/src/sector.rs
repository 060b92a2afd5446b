//! Where a sector's files lie, and sectors sealed before there is a chain.

use std::path::Path;

use fvm_shared::ActorID;
use fvm_shared::sector::{RegisteredSealProof, SectorNumber};
use venus_core::proof::{Piece, PoStSector, SealJob};
use venus_core::{Cid, SectorId};

use crate::prove::{finalize, guarded, pre_commit, zero_file, zero_pieces};
use crate::{ProofError, convert};

/// The ticket of sectors that are older than their chain.
const GENESIS_TICKET: [u8; 32] = [1; 32];

/// The name of a sector's files, the same in every directory and on every network.
pub fn sector_name(sector: SectorId) -> String {
    format!("s-t0{}-{}", sector.miner, sector.number)
}

/// A sealing job with its files below a storage path: `unsealed/`, `sealed/`, `cache/`.
pub fn seal_job(root: &Path, sector: SectorId, proof: RegisteredSealProof) -> SealJob {
    let name = sector_name(sector);
    SealJob {
        sector,
        proof,
        unsealed: root.join("unsealed").join(&name),
        sealed: root.join("sealed").join(&name),
        cache: root.join("cache").join(&name),
    }
}

/// A sealed sector with its files below a storage path.
pub fn post_sector(
    root: &Path,
    sector: SectorId,
    proof: RegisteredSealProof,
    sealed_cid: Cid,
) -> PoStSector {
    let SealJob { sealed, cache, .. } = seal_job(root, sector, proof);
    PoStSector { number: sector.number, proof, sealed_cid, sealed, cache }
}

/// CommD of a sector that holds zeros only, as its unsealed CID.
pub fn zero_unsealed_cid(proof: RegisteredSealProof) -> Result<Cid, ProofError> {
    let comm_d = filecoin_proofs_api::seal::compute_comm_d(convert::seal_proof(proof)?, &[])
        .map_err(|error| ProofError::failed("CommD", error))?;
    Ok(convert::unsealed_cid(&comm_d)?.into())
}

/// The one piece of a sector that holds zeros only.
pub fn zero_piece(proof: RegisteredSealProof) -> Result<Vec<Piece>, ProofError> {
    zero_pieces(proof)
}

/// A sector for the genesis block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresealedSector {
    /// Its number.
    pub sector: SectorNumber,
    /// CommR.
    pub comm_r: [u8; 32],
    /// CommD.
    pub comm_d: [u8; 32],
    /// CommR as the chain keeps it.
    pub sealed_cid: Cid,
    /// CommD as the chain keeps it.
    pub unsealed_cid: Cid,
}

/// Seals empty sectors of a miner that the genesis block will know, into a storage path.
///
/// The replicas are real (PC1 and PC2), so they can be proven like any other. Same inputs, same
/// replicas: interrupted, it can be repeated. Blocks for milliseconds a sector of 2 KiB.
pub fn preseal(
    dir: &Path,
    miner: ActorID,
    sectors: &[SectorNumber],
    proof: RegisteredSealProof,
) -> Result<Vec<PresealedSector>, ProofError> {
    sectors
        .iter()
        .map(|&number| guarded("pre-seal", || preseal_one(dir, SectorId { miner, number }, proof)))
        .collect()
}

fn preseal_one(
    dir: &Path,
    sector: SectorId,
    proof: RegisteredSealProof,
) -> Result<PresealedSector, ProofError> {
    let job = seal_job(dir, sector, proof);
    zero_file(&job.unsealed, proof)?;
    let cids = pre_commit(&job, GENESIS_TICKET, &zero_pieces(proof)?)?;
    finalize(&job)?;
    // The data of an empty sector can be made again at any time.
    std::fs::remove_file(&job.unsealed).map_err(ProofError::io("remove", &job.unsealed))?;
    Ok(PresealedSector {
        sector: sector.number,
        comm_r: convert::comm_r(&cids.sealed)?,
        comm_d: convert::comm_d(&cids.unsealed)?,
        sealed_cid: cids.sealed,
        unsealed_cid: cids.unsealed,
    })
}
