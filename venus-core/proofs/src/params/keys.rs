//! The verifying keys of the seed for the smallest sectors, part of the program.

use bellperson::groth16::VerifyingKey;
use blstrs::Bls12;
use fvm_shared::sector::SectorSize;

use super::{CircuitId, CircuitKind};
use crate::ProofError;

/// The sector size whose keys are part of the program.
pub const EMBEDDED_SECTOR_SIZE: SectorSize = SectorSize::_2KiB;

/// The verifying key of a circuit, if it is part of the program.
pub fn embedded_key(circuit: CircuitId) -> Option<&'static [u8]> {
    if circuit.sector_size != EMBEDDED_SECTOR_SIZE {
        return None;
    }
    Some(match circuit.kind {
        CircuitKind::Winning => include_bytes!("../../keys/winning-2048.vk"),
        CircuitKind::Window => include_bytes!("../../keys/window-2048.vk"),
        CircuitKind::Porep => include_bytes!("../../keys/porep-2048.vk"),
    })
}

pub(super) fn key_bytes(key: &VerifyingKey<Bls12>) -> Result<Vec<u8>, ProofError> {
    let mut bytes = Vec::new();
    key.write(&mut bytes).map_err(|error| ProofError::Generator(error.to_string()))?;
    Ok(bytes)
}

pub(crate) fn parse_key(bytes: &[u8]) -> Result<VerifyingKey<Bls12>, ProofError> {
    VerifyingKey::read(bytes).map_err(|error| ProofError::Generator(format!("bad key: {error}")))
}
