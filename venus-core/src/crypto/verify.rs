//! Checking signatures.

use bls_signatures::Serialize as _;
use fvm_shared::address::{Address as FvmAddress, Payload};
use k256::ecdsa::{RecoveryId, Signature as EcdsaSignature, VerifyingKey};

use super::key::{eth_address, keccak_256};
use crate::{Address, Signature, SignatureType, blake2b_256};

/// Why a signature does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CryptoError {
    /// It is of another key or other bytes.
    #[error("signature did not match")]
    Mismatch,
    /// Its bytes are no signature.
    #[error("malformed signature: {0}")]
    Malformed(&'static str),
    /// The address is not of a key of the signature's kind.
    #[error("a {kind:?} signature cannot be of {address}; an ID address must be resolved first")]
    Address {
        /// The scheme.
        kind: SignatureType,
        /// The address.
        address: Address,
    },
}

/// Checks that `signature` was made over `data` by the key of `signer` (f1, f3 or f410).
pub fn verify(signature: &Signature, data: &[u8], signer: Address) -> Result<(), CryptoError> {
    match (signature.kind, signer.payload()) {
        (SignatureType::Bls, Payload::BLS(key)) => {
            let signature = bls_signature(signature)?;
            let key = bls_signatures::PublicKey::from_bytes(key)
                .map_err(|_| CryptoError::Malformed("the address holds no BLS key"))?;
            key.verify(signature, data).then_some(()).ok_or(CryptoError::Mismatch)
        }
        (SignatureType::Secp256k1, Payload::Secp256k1(_)) => {
            let key = recover(&signature.data, &blake2b_256(data))?;
            let address = FvmAddress::new_secp256k1(&key).map_err(|_| CryptoError::Mismatch)?;
            (address == signer.inner()).then_some(()).ok_or(CryptoError::Mismatch)
        }
        (SignatureType::Delegated, Payload::Delegated(delegated))
            if delegated.namespace() == 10 =>
        {
            let key = recover(&signature.data, &keccak_256(data))?;
            (delegated.subaddress() == eth_address(&key)).then_some(()).ok_or(CryptoError::Mismatch)
        }
        (kind, _) => Err(CryptoError::Address { kind, address: signer }),
    }
}

/// Checks an aggregate of BLS signatures, one for each pair of key and data.
pub fn verify_aggregate(
    aggregate: &Signature,
    signed: &[(Address, Vec<u8>)],
) -> Result<(), CryptoError> {
    let signature = bls_signature(aggregate)?;
    if signed.is_empty() {
        return (signature == empty_aggregate()).then_some(()).ok_or(CryptoError::Mismatch);
    }
    let mut keys = Vec::with_capacity(signed.len());
    for (address, _) in signed {
        let Payload::BLS(key) = address.payload() else {
            return Err(CryptoError::Address { kind: SignatureType::Bls, address: *address });
        };
        let key = bls_signatures::PublicKey::from_bytes(key)
            .map_err(|_| CryptoError::Malformed("the address holds no BLS key"))?;
        keys.push(key);
    }
    // Not `verify_messages`: it wants all messages to differ, and copies in one block may not.
    let hashes: Vec<_> = signed.iter().map(|(_, data)| bls_signatures::hash(data)).collect();
    bls_signatures::verify(&signature, &hashes, &keys).then_some(()).ok_or(CryptoError::Mismatch)
}

/// Aggregates BLS signatures; of none, the neutral element (`c0` and 95 zero bytes).
pub fn aggregate_bls(signatures: &[Signature]) -> Result<Signature, CryptoError> {
    if signatures.is_empty() {
        return Ok(Signature::bls(empty_aggregate().as_bytes()));
    }
    let signatures = signatures.iter().map(bls_signature).collect::<Result<Vec<_>, _>>()?;
    bls_signatures::aggregate(&signatures)
        .map(|aggregate| Signature::bls(aggregate.as_bytes()))
        .map_err(|_| CryptoError::Malformed("cannot be aggregated"))
}

fn empty_aggregate() -> bls_signatures::Signature {
    bls_signatures::Signature::from(blstrs::G2Affine::default())
}

fn bls_signature(signature: &Signature) -> Result<bls_signatures::Signature, CryptoError> {
    if signature.kind != SignatureType::Bls {
        return Err(CryptoError::Malformed("not of type BLS"));
    }
    bls_signatures::Signature::from_bytes(&signature.data)
        .map_err(|_| CryptoError::Malformed("not 96 bytes of a point in G2"))
}

/// The uncompressed public key that made a 65-byte signature over a digest.
fn recover(signature: &[u8], digest: &[u8; 32]) -> Result<[u8; 65], CryptoError> {
    let (recovery, rs) = match signature.split_last() {
        Some((v, rs)) if rs.len() == 64 => (*v, rs),
        _ => return Err(CryptoError::Malformed("not 65 bytes")),
    };
    let mut recovery =
        RecoveryId::from_byte(recovery).ok_or(CryptoError::Malformed("invalid recovery ID"))?;
    let mut rs = EcdsaSignature::from_slice(rs).map_err(|_| CryptoError::Malformed("r or s"))?;
    // The chain accepts high-S signatures: bring them to the low form that the library wants.
    let low = rs.normalize_s();
    if low != rs {
        rs = low;
        recovery = RecoveryId::new(!recovery.is_y_odd(), recovery.is_x_reduced());
    }
    let key = VerifyingKey::recover_from_prehash(digest, &rs, recovery)
        .map_err(|_| CryptoError::Mismatch)?;
    key.to_sec1_point(false).as_bytes().try_into().map_err(|_| CryptoError::Mismatch)
}
