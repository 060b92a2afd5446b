//! Parameters of the actor methods that a sealer calls, in CBOR.

use venus_core::{
    Address, BitField, Bytes, ChainEpoch, PoStProof, PreCommitInfo, RegisteredPoStProof,
    SectorNumber, cbor, from_cbor,
};

use crate::SealerError;

/// The power actor.
pub const POWER_ACTOR: Address = Address::id(4);
/// Power actor: creates a miner.
pub const CREATE_MINER: u64 = 2;
/// Miner: proves a deadline's partitions.
pub const SUBMIT_WINDOWED_POST: u64 = 5;
/// Miner: announces that faults are mended.
pub const DECLARE_FAULTS_RECOVERED: u64 = 11;
/// Miner: commits to replicas.
pub const PRE_COMMIT_SECTOR_BATCH2: u64 = 28;
/// Miner: proves replicas.
pub const PROVE_COMMIT_SECTORS3: u64 = 34;

/// Parameters of [`CREATE_MINER`].
pub fn create_miner(
    owner: Address,
    worker: Address,
    proof: RegisteredPoStProof,
    peer_id: &Bytes,
    multiaddrs: &[Bytes],
) -> Bytes {
    cbor(&(owner, worker, proof, peer_id, multiaddrs)).into()
}

/// The addresses of a created miner: its ID, and the one that no reorg changes.
pub fn created_miner(returned: &[u8]) -> Result<(Address, Address), SealerError> {
    from_cbor(returned)
        .map_err(|e| SealerError::Answer { what: "the created miner", reason: e.to_string() })
}

/// Parameters of [`PRE_COMMIT_SECTOR_BATCH2`].
pub fn pre_commit(sectors: &[PreCommitInfo]) -> Bytes {
    let sectors: Vec<_> = sectors
        .iter()
        .map(|s| {
            (
                s.seal_proof,
                s.sector_number,
                s.sealed_cid,
                s.seal_rand_epoch,
                &s.deal_ids,
                s.expiration,
                s.unsealed_cid,
            )
        })
        .collect();
    cbor(&(sectors,)).into()
}

/// Parameters of [`PROVE_COMMIT_SECTORS3`] for sectors without data, each with its own proof; the
/// message fails as a whole if a sector is refused.
pub fn prove_commit(sectors: &[(SectorNumber, Bytes)]) -> Bytes {
    const NO_PIECES: &[u64] = &[];
    let manifests: Vec<_> = sectors.iter().map(|(number, _)| (number, NO_PIECES)).collect();
    let proofs: Vec<_> = sectors.iter().map(|(_, proof)| proof).collect();
    cbor(&(manifests, proofs, Bytes::default(), None::<i64>, true, false)).into()
}

/// Parameters of [`SUBMIT_WINDOWED_POST`]: partitions with their skipped sectors.
pub fn window_post(
    deadline: u64,
    partitions: &[(u64, BitField)],
    proofs: &[PoStProof],
    commit_epoch: ChainEpoch,
    commit_rand: [u8; 32],
) -> Bytes {
    cbor(&(deadline, partitions, proofs, commit_epoch, Bytes(commit_rand.to_vec()))).into()
}

/// Parameters of [`DECLARE_FAULTS_RECOVERED`]: deadline, partition, sectors.
pub fn recovered(declarations: &[(u64, u64, BitField)]) -> Bytes {
    cbor(&(declarations,)).into()
}
