//! Between the chain's types and the ones of the proofs library.

use cid::Cid;
use filecoin_proofs_api::{
    ProverId, RegisteredPoStProof as ApiPoSt, RegisteredSealProof as ApiSeal,
};
use fvm_shared::ActorID;
use fvm_shared::commcid;
use fvm_shared::sector::{RegisteredPoStProof, RegisteredSealProof, SectorSize};

use crate::ProofError;

/// The prover's name inside proofs: the payload of the miner's ID address, zero-filled.
pub fn prover_id(miner: ActorID) -> ProverId {
    let mut id = [0; 32];
    let mut rest = miner;
    for byte in &mut id {
        *byte = (rest & 0x7f) as u8;
        rest >>= 7;
        if rest == 0 {
            break;
        }
        *byte |= 0x80;
    }
    id
}

/// PoSt randomness as the circuit takes it: the top two bits cleared, to be a field element.
pub const fn mask_post_randomness(mut randomness: [u8; 32]) -> [u8; 32] {
    randomness[31] &= 0x3f;
    randomness
}

/// Takes the chain's variable-length randomness as what it has to be.
pub(crate) fn randomness(bytes: &[u8]) -> Result<[u8; 32], ProofError> {
    bytes.try_into().map_err(|_| {
        ProofError::input(format!("randomness has {} bytes instead of 32", bytes.len()))
    })
}

pub(crate) fn seal_proof(proof: RegisteredSealProof) -> Result<ApiSeal, ProofError> {
    proof.try_into().map_err(|what| ProofError::Unsupported { what })
}

pub(crate) fn post_proof(proof: RegisteredPoStProof) -> Result<ApiPoSt, ProofError> {
    proof.try_into().map_err(|what| ProofError::Unsupported { what })
}

/// The PoSt that wins blocks with sectors sealed so.
pub(crate) fn winning_proof(proof: RegisteredSealProof) -> Result<ApiPoSt, ProofError> {
    let size = proof.sector_size().map_err(|what| ProofError::Unsupported { what })?;
    Ok(match size {
        SectorSize::_2KiB => ApiPoSt::StackedDrgWinning2KiBV1,
        SectorSize::_8MiB => ApiPoSt::StackedDrgWinning8MiBV1,
        SectorSize::_512MiB => ApiPoSt::StackedDrgWinning512MiBV1,
        SectorSize::_32GiB => ApiPoSt::StackedDrgWinning32GiBV1,
        SectorSize::_64GiB => ApiPoSt::StackedDrgWinning64GiBV1,
    })
}

/// The chain's number of a PoSt type of the library.
pub(crate) fn chain_post_proof(proof: ApiPoSt) -> Result<RegisteredPoStProof, ProofError> {
    use ApiPoSt as A;
    use RegisteredPoStProof as P;
    Ok(match proof {
        A::StackedDrgWinning2KiBV1 => P::StackedDRGWinning2KiBV1,
        A::StackedDrgWinning8MiBV1 => P::StackedDRGWinning8MiBV1,
        A::StackedDrgWinning512MiBV1 => P::StackedDRGWinning512MiBV1,
        A::StackedDrgWinning32GiBV1 => P::StackedDRGWinning32GiBV1,
        A::StackedDrgWinning64GiBV1 => P::StackedDRGWinning64GiBV1,
        A::StackedDrgWindow2KiBV1_2 => P::StackedDRGWindow2KiBV1P1,
        A::StackedDrgWindow8MiBV1_2 => P::StackedDRGWindow8MiBV1P1,
        A::StackedDrgWindow512MiBV1_2 => P::StackedDRGWindow512MiBV1P1,
        A::StackedDrgWindow32GiBV1_2 => P::StackedDRGWindow32GiBV1P1,
        A::StackedDrgWindow64GiBV1_2 => P::StackedDRGWindow64GiBV1P1,
        old => return Err(ProofError::Unsupported { what: format!("PoSt type {old:?}") }),
    })
}

/// CommR out of a sector's sealed CID.
pub fn comm_r(sealed: &Cid) -> Result<[u8; 32], ProofError> {
    commcid::cid_to_replica_commitment_v1(sealed)
        .map_err(|error| ProofError::input(format!("sealed CID {sealed}: {error}")))
}

/// CommD out of a sector's unsealed CID.
pub fn comm_d(unsealed: &Cid) -> Result<[u8; 32], ProofError> {
    commcid::cid_to_data_commitment_v1(unsealed)
        .map_err(|error| ProofError::input(format!("unsealed CID {unsealed}: {error}")))
}

/// The sealed CID of a CommR.
pub fn sealed_cid(comm_r: &[u8; 32]) -> Result<Cid, ProofError> {
    commcid::replica_commitment_v1_to_cid(comm_r).map_err(ProofError::input)
}

/// The unsealed CID of a CommD.
pub fn unsealed_cid(comm_d: &[u8; 32]) -> Result<Cid, ProofError> {
    commcid::data_commitment_v1_to_cid(comm_d).map_err(ProofError::input)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prover_id_is_the_payload_of_the_id_address() {
        for miner in [0, 127, 128, 1000, u64::MAX] {
            let payload = fvm_shared::address::Address::new_id(miner).payload_bytes();
            let id = prover_id(miner);
            assert_eq!(id[..payload.len()], payload[..]);
            assert!(id[payload.len()..].iter().all(|byte| *byte == 0));
        }
    }

    #[test]
    fn masking_clears_the_top_two_bits_alone() {
        let masked = mask_post_randomness([0xff; 32]);
        assert_eq!(masked[..31], [0xff; 31]);
        assert_eq!(masked[31], 0x3f);
    }
}
