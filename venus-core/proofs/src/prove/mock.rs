//! Fixed bytes, for tests of components that only pass proofs on.

use async_trait::async_trait;
use fvm_shared::sector::RegisteredPoStProof;
use venus_core::proof::{
    Piece, PoStSector, ProofError as CoreError, SealJob, SealProver, SealedCids, WindowPoSt,
    WindowProver, WinningProver,
};
use venus_core::{Bytes, ChainEpoch, ExtendedSectorInfo, PoStProof};

use super::seal;
use crate::{ProofError, convert};

/// Every byte of a mock proof.
pub const MOCK_PROOF_BYTE: u8 = 0xa5;

/// The mock's proof: `length` times [`MOCK_PROOF_BYTE`].
pub fn mock_proof(length: usize) -> Vec<u8> {
    vec![MOCK_PROOF_BYTE; length]
}

/// Answers at once, touches no file, and says yes to everything. Only [`MockVerifier`] accepts
/// what it makes.
///
/// [`MockVerifier`]: crate::MockVerifier
#[derive(Clone, Copy, Debug, Default)]
pub struct MockProver;

#[async_trait]
impl SealProver for MockProver {
    async fn fill_empty(&self, job: &SealJob) -> Result<Vec<Piece>, CoreError> {
        Ok(seal::zero_pieces(job.proof)?)
    }

    async fn pre_commit(
        &self,
        job: &SealJob,
        ticket: [u8; 32],
        pieces: &[Piece],
    ) -> Result<SealedCids, CoreError> {
        // A CommR that differs from sector to sector, with the top bits clear as real ones have.
        let text = format!("mock replica {:?} {:?} {ticket:?}", job.sector, job.proof);
        let hash = blake2b_simd::Params::new().hash_length(32).hash(text.as_bytes());
        let mut comm_r = [0; 32];
        comm_r.copy_from_slice(hash.as_bytes());
        let [piece] = pieces else {
            return Err(CoreError::Unsupported("seal more or less than one piece: it is a mock"));
        };
        let comm_d = fvm_shared::commcid::cid_to_piece_commitment_v1(&piece.cid)
            .map_err(ProofError::input)?;
        Ok(SealedCids {
            sealed: convert::sealed_cid(&convert::mask_post_randomness(comm_r))?.into(),
            unsealed: convert::unsealed_cid(&comm_d)?.into(),
        })
    }

    async fn commit(
        &self,
        job: &SealJob,
        _ticket: [u8; 32],
        _seed: [u8; 32],
        _pieces: &[Piece],
        _cids: &SealedCids,
    ) -> Result<Bytes, CoreError> {
        let length = job.proof.proof_size().map_err(|what| ProofError::Unsupported { what })?;
        Ok(mock_proof(length).into())
    }

    async fn finalize(&self, _job: &SealJob) -> Result<(), CoreError> {
        Ok(())
    }
}

#[async_trait]
impl WindowProver for MockProver {
    async fn window_post(
        &self,
        _miner: u64,
        proof: RegisteredPoStProof,
        _randomness: [u8; 32],
        sectors: &[PoStSector],
    ) -> Result<WindowPoSt, CoreError> {
        let a_partition = proof
            .window_post_partition_sectors()
            .map_err(|what| ProofError::Unsupported { what })?;
        let partitions = sectors.len().div_ceil(a_partition as usize).max(1);
        let proof_bytes = mock_proof(192 * partitions).into();
        let proofs = vec![PoStProof { post_proof: proof, proof_bytes }];
        Ok(WindowPoSt { proofs, faulty: Vec::new() })
    }
}

#[async_trait]
impl WinningProver for MockProver {
    async fn winning_post(
        &self,
        _miner: u64,
        sectors: &[ExtendedSectorInfo],
        _randomness: [u8; 32],
        _epoch: ChainEpoch,
        _network_version: u32,
    ) -> Result<Vec<PoStProof>, CoreError> {
        let Some(sector) = sectors.first() else {
            return Err(ProofError::input("there are no sectors to prove").into());
        };
        let api = convert::winning_proof(sector.seal_proof)?;
        let post_proof = convert::chain_post_proof(api)?;
        Ok(vec![PoStProof { post_proof, proof_bytes: mock_proof(192).into() }])
    }
}
