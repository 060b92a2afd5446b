//! Sealing, on the calling thread.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use filecoin_proofs_api::seal::{self, SealCommitPhase1Output, SealPreCommitPhase2Output};
use filecoin_proofs_api::{
    PaddedBytesAmount, PieceInfo, RegisteredSealProof as ApiSeal, SectorId, UnpaddedBytesAmount,
};
use fvm_shared::commcid;
use fvm_shared::sector::RegisteredSealProof;
use venus_core::proof::{Piece, SealJob, SealedCids};

use crate::{ProofError, convert};

/// The one piece of a sector that holds zeros only.
pub(crate) fn zero_pieces(proof: RegisteredSealProof) -> Result<Vec<Piece>, ProofError> {
    let api = convert::seal_proof(proof)?;
    let size = UnpaddedBytesAmount::from(PaddedBytesAmount(u64::from(api.sector_size())));
    let zeros = std::io::repeat(0).take(size.0);
    let info = seal::generate_piece_commitment(api, zeros, size).map_err(failed("zero piece"))?;
    let cid = commcid::piece_commitment_v1_to_cid(&info.commitment).map_err(ProofError::input)?;
    Ok(vec![Piece { size: api.sector_size().into(), cid: cid.into() }])
}

/// Makes a sparse file of zeros, as long as the sector. Padding zeros gives zeros.
pub(crate) fn zero_file(path: &Path, proof: RegisteredSealProof) -> Result<(), ProofError> {
    let size = u64::from(convert::seal_proof(proof)?.sector_size());
    create_parent(path)?;
    let file = File::create(path).map_err(ProofError::io("create", path))?;
    file.set_len(size).and_then(|()| file.sync_all()).map_err(ProofError::io("write", path))
}

/// PC1 and PC2. Starts from nothing each time: PC2 rewrites the replica in place, so what an
/// interrupted run left is of no use.
pub(crate) fn pre_commit(
    job: &SealJob,
    ticket: [u8; 32],
    pieces: &[Piece],
) -> Result<SealedCids, ProofError> {
    let proof = convert::seal_proof(job.proof)?;
    let pieces = piece_infos(pieces)?;
    if job.cache.exists() {
        fs::remove_dir_all(&job.cache).map_err(ProofError::io("clear", &job.cache))?;
    }
    fs::create_dir_all(&job.cache).map_err(ProofError::io("create", &job.cache))?;
    create_parent(&job.sealed)?;
    File::create(&job.sealed).map_err(ProofError::io("create", &job.sealed))?;

    let prover = convert::prover_id(job.sector.miner);
    let number = SectorId::from(job.sector.number);
    let (cache, unsealed, sealed) = (&job.cache, &job.unsealed, &job.sealed);
    let labels = seal::seal_pre_commit_phase1(
        proof, cache, unsealed, sealed, prover, number, ticket, &pieces,
    )
    .map_err(failed("PC1"))?;
    let made = seal::seal_pre_commit_phase2(labels, cache, sealed).map_err(failed("PC2"))?;
    // What is announced on chain must still be there after a power cut.
    File::open(sealed).and_then(|file| file.sync_all()).map_err(ProofError::io("sync", sealed))?;
    Ok(SealedCids {
        sealed: convert::sealed_cid(&made.comm_r)?.into(),
        unsealed: convert::unsealed_cid(&made.comm_d)?.into(),
    })
}

/// C1: the vanilla proof of the replica, checked by the library.
pub(super) fn commit_1(
    job: &SealJob,
    ticket: [u8; 32],
    seed: [u8; 32],
    pieces: &[Piece],
    cids: &SealedCids,
) -> Result<SealCommitPhase1Output, ProofError> {
    if seed == [0; 32] {
        // C1 would take it and C2 refuse it, a minute later.
        return Err(ProofError::input("the interactive randomness is all zero"));
    }
    let pre_commit = SealPreCommitPhase2Output {
        registered_proof: convert::seal_proof(job.proof)?,
        comm_r: convert::comm_r(&cids.sealed)?,
        comm_d: convert::comm_d(&cids.unsealed)?,
    };
    seal::seal_commit_phase1(
        &job.cache,
        &job.sealed,
        convert::prover_id(job.sector.miner),
        job.sector.number.into(),
        ticket,
        seed,
        pre_commit,
        &piece_infos(pieces)?,
    )
    .map_err(failed("C1"))
}

/// C2 with the real SNARK: the proof, verified by the library.
pub(super) fn commit_2(
    vanilla: SealCommitPhase1Output,
    miner: u64,
    number: u64,
) -> Result<Vec<u8>, ProofError> {
    require_parameters(vanilla.registered_proof)?;
    seal::seal_commit_phase2(vanilla, convert::prover_id(miner), number.into())
        .map(|output| output.proof)
        .map_err(failed("C2"))
}

/// Removes layers and trees that a PoSt does not read.
pub(crate) fn finalize(job: &SealJob) -> Result<(), ProofError> {
    seal::clear_cache(&job.cache).map_err(failed("finalize"))
}

fn require_parameters(proof: ApiSeal) -> Result<(), ProofError> {
    let path = proof.cache_params_path().map_err(failed("C2"))?;
    if path.is_file() { Ok(()) } else { Err(ProofError::MissingParameters { path }) }
}

fn piece_infos(pieces: &[Piece]) -> Result<Vec<PieceInfo>, ProofError> {
    pieces
        .iter()
        .map(|piece| {
            let commitment = commcid::cid_to_piece_commitment_v1(&piece.cid)
                .map_err(|error| ProofError::input(format!("piece {}: {error}", piece.cid)))?;
            if !piece.size.is_power_of_two() || piece.size < 128 {
                let what = format!("piece size {}: not a power of two from 128 up", piece.size);
                return Err(ProofError::input(what));
            }
            let size = UnpaddedBytesAmount::from(PaddedBytesAmount(piece.size));
            PieceInfo::new(commitment, size).map_err(ProofError::input)
        })
        .collect()
}

fn create_parent(path: &Path) -> Result<(), ProofError> {
    let Some(parent) = path.parent() else { return Ok(()) };
    fs::create_dir_all(parent).map_err(ProofError::io("create", parent))
}

fn failed<E: std::fmt::Display>(phase: &'static str) -> impl FnOnce(E) -> ProofError {
    move |error| ProofError::failed(phase, error)
}
