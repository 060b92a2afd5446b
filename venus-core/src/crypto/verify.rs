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
    // All data must differ, as in Lotus: else a rogue key could be made to cancel another one out.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes<const N: usize>(hex: &str) -> [u8; N] {
        hex::decode(hex).unwrap().try_into().unwrap()
    }

    /// The chain takes these, though wallets do not make them: `wallet.md` 17.3.
    #[test]
    fn keys_are_recovered_from_signatures_with_a_high_s() {
        let digest = bytes("18c547e4f7b0f325ad1e56f57e26c745b09a3e503d86e00e5255ff7f715d3d1c");
        let mut signature = hex::decode(
            "73b1693892219d736caba55bdb67216e485557ea6b6af75f37096c9aa6a5a75f\
             eeb940b1d03b21e36b0e47e79769f095fe2ab855bd91e3a38756b7d75a9c4549",
        )
        .unwrap();
        signature.push(1);
        let key = recover(&signature, &digest).unwrap();
        assert_eq!(eth_address(&key), bytes("a94f5374fce5edbc8e2a8697c15331677e6ebf0b"));
        *signature.last_mut().unwrap() = 0;
        let other = recover(&signature, &digest);
        assert!(other.is_err() || other != Ok(key), "the recovery ID tells two keys apart");
        *signature.last_mut().unwrap() = 4;
        assert_eq!(
            recover(&signature, &digest),
            Err(CryptoError::Malformed("invalid recovery ID"))
        );
    }

    /// Unsigned transaction, signature, public key and address: `wallet.md` 17.3.
    #[test]
    fn keys_are_recovered_from_transactions_of_the_go_node() {
        for (unsigned, signature, key, address) in [
            (
                "02f1030185012a05f2008504a817c800825208942b87d1cb599bc2a606db9a0169fcec96af04ad3a880de0b6b3a764000080c0",
                "479ff7fa64cf8bf641eb81635d1e8a698530d2f219951d234539e6d0748195294b6146d27be50cdbb2853ba9a42f207af8d730272f1ebe9c9a78aeef1d6aa92400",
                "048362749392a0e192eff600d21155236c5a0648d300a8e0e44d8617712c7c96384c75825dc5c7595df2a5005fd8a0f7c809119fb9ab36403ed712244fc329348e",
                "f410fhfd5ei74kqk7ipvatgdgvnrldvgthaknk7hb3xq",
            ),
            (
                "02f08401df5e76038502540be400843b9aca008398968094ff000000000000000000000000000000000003f2832dc6c080c0",
                "cf1fa52fae9154ba21d67aeca9b42adfe186eb9e426c441051a8473efd1908480e6c8c79ffaf35fb8f136c8cf6c5656f1f3befad21f2644321aa6dba58d6873700",
                "04cfecc0520d906cbfea387759246e89d85e2998843e56ad1c41de247ce10b3e4c453aa73c8de13c178d94461b6fa3f8b6f74406ce43d2fbab6992d0b283394242",
                "f410fklfi47ki2glgsrqwodd4y3b7indq7qih5bt7twq",
            ),
        ] {
            let unsigned = hex::decode(unsigned).unwrap();
            let data = hex::decode(signature).unwrap();
            assert_eq!(recover(&data, &keccak_256(&unsigned)), Ok(bytes(key)));
            let signature = Signature { kind: SignatureType::Delegated, data: data.into() };
            verify(&signature, &unsigned, address.parse().unwrap()).unwrap();
            verify(&signature, &unsigned[1..], address.parse().unwrap()).unwrap_err();
        }
    }
}
