//! Keys, addresses of keys, signatures and their verification.
//!
//! The kind of the key decides how bytes are hashed: BLS hashes to the curve, secp256k1 signs their
//! blake2b-256, delegated keys their keccak-256.

mod eth;
mod key;
mod verify;

pub use eth::{EthMessageError, signing_bytes};
pub use key::{KeyError, KeyInfo, KeyKind, PrivateKey};
pub use verify::{CryptoError, aggregate_bls, verify, verify_aggregate};
