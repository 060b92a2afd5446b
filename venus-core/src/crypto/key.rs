//! Private keys.

use std::fmt;

use bls_signatures::Serialize as _;
use fvm_shared::address::{Address as FvmAddress, MAX_SUBADDRESS_LEN};
use k256::ecdsa::SigningKey;
use serde::{Deserialize, Serialize};
use sha3::{Digest, Keccak256};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{Address, Bytes, Signature, SignatureType, blake2b_256};

/// What kind of key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyKind {
    /// f1 addresses.
    Secp256k1,
    /// f3 addresses: miners' workers need these.
    Bls,
    /// f410 addresses.
    Delegated,
}

impl KeyKind {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Secp256k1 => "secp256k1",
            Self::Bls => "bls",
            Self::Delegated => "delegated",
        }
    }

    /// The scheme of its signatures.
    pub const fn signature_type(self) -> SignatureType {
        match self {
            Self::Secp256k1 => SignatureType::Secp256k1,
            Self::Bls => SignatureType::Bls,
            Self::Delegated => SignatureType::Delegated,
        }
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for KeyKind {
    type Err = KeyError;

    fn from_str(s: &str) -> Result<Self, KeyError> {
        [Self::Secp256k1, Self::Bls, Self::Delegated]
            .into_iter()
            .find(|kind| kind.as_str() == s)
            .ok_or_else(|| KeyError::Kind(s.to_owned()))
    }
}

impl<'de> Deserialize<'de> for KeyKind {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        /// Old exports have the number of the signature type instead of the name.
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Json {
            Name(String),
            Number(u8),
        }
        match Json::deserialize(d)? {
            Json::Name(name) => name.parse().map_err(serde::de::Error::custom),
            Json::Number(1) => Ok(Self::Secp256k1),
            Json::Number(2) => Ok(Self::Bls),
            Json::Number(3) => Ok(Self::Delegated),
            Json::Number(n) => Err(serde::de::Error::custom(format!("unknown sigtype: {n}"))),
        }
    }
}

/// A key as it is exported. JSON: `{"Type":"bls","PrivateKey":base64}`, keys of any case on input.
#[derive(Serialize, Deserialize)]
pub struct KeyInfo {
    /// The kind.
    #[serde(rename = "Type", alias = "type")]
    pub kind: KeyKind,
    /// The secret.
    #[serde(rename = "PrivateKey", alias = "privateKey", alias = "privatekey")]
    pub private_key: Bytes,
}

impl fmt::Debug for KeyInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyInfo").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl Drop for KeyInfo {
    fn drop(&mut self) {
        self.private_key.0.zeroize();
    }
}

/// What is wrong with a key. Says nothing of the secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// No kind of key has that name.
    #[error("unknown key type `{0}`; use bls, secp256k1 or delegated")]
    Kind(String),
    /// The secret is no valid scalar.
    #[error("invalid {0} key: not a secret of 32 bytes in the range of the curve")]
    Secret(KeyKind),
    /// The random source failed.
    #[error("no randomness from the system for a new key")]
    Random,
}

/// A private key. Zeroized when dropped; never printed.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct PrivateKey {
    #[zeroize(skip)]
    kind: KeyKind,
    #[zeroize(skip)]
    address: Address,
    /// Little-endian for BLS, big-endian otherwise.
    secret: [u8; 32],
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey").field("address", &self.address).finish_non_exhaustive()
    }
}

impl PrivateKey {
    /// Makes a key from the randomness of the system.
    pub fn generate(kind: KeyKind) -> Result<Self, KeyError> {
        let mut seed = Zeroizing::new([0; 32]);
        loop {
            rand::TryRng::try_fill_bytes(&mut rand::rngs::SysRng, &mut *seed)
                .map_err(|_| KeyError::Random)?;
            // Of the 32-byte strings about one in 2^128 is no secp256k1 scalar: draw again.
            if let Ok(key) = Self::from_seed(kind, &seed) {
                return Ok(key);
            }
        }
    }

    /// Makes the key of a seed: for development chains, whose keys are public anyway.
    pub fn from_seed(kind: KeyKind, seed: &[u8; 32]) -> Result<Self, KeyError> {
        match kind {
            KeyKind::Bls => {
                let secret = Zeroizing::new(bls_signatures::PrivateKey::new(seed).as_bytes());
                Self::from_bytes(kind, &secret)
            }
            KeyKind::Secp256k1 | KeyKind::Delegated => Self::from_bytes(kind, seed),
        }
    }

    /// Reads a secret as it is stored: 32 bytes, little-endian for BLS, big-endian otherwise.
    pub fn from_bytes(kind: KeyKind, bytes: &[u8]) -> Result<Self, KeyError> {
        let invalid = || KeyError::Secret(kind);
        let secret: [u8; 32] = bytes.try_into().map_err(|_| invalid())?;
        if secret == [0; 32] {
            return Err(invalid());
        }
        let address = match kind {
            KeyKind::Bls => {
                let key = bls_signatures::PrivateKey::from_bytes(&secret).map_err(|_| invalid())?;
                FvmAddress::new_bls(&key.public_key().as_bytes())
            }
            KeyKind::Secp256k1 => {
                FvmAddress::new_secp256k1(&uncompressed(&secret).ok_or_else(invalid)?)
            }
            KeyKind::Delegated => {
                const { assert!(20 <= MAX_SUBADDRESS_LEN) };
                FvmAddress::new_delegated(
                    10,
                    &eth_address(&uncompressed(&secret).ok_or_else(invalid)?),
                )
            }
        };
        Ok(Self { kind, address: address.map_err(|_| invalid())?.into(), secret })
    }

    /// The kind.
    pub const fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The key address: f1, f3 or f410.
    pub const fn address(&self) -> Address {
        self.address
    }

    /// The key for export or storage.
    pub fn to_info(&self) -> KeyInfo {
        KeyInfo { kind: self.kind, private_key: self.secret.to_vec().into() }
    }

    /// Signs `data`, hashed as the kind of key wants it. Deterministic.
    pub fn sign(&self, data: &[u8]) -> Result<Signature, KeyError> {
        let invalid = |_| KeyError::Secret(self.kind);
        let digest = match self.kind {
            KeyKind::Bls => {
                let key = bls_signatures::PrivateKey::from_bytes(&self.secret)
                    .map_err(|_| KeyError::Secret(self.kind))?;
                return Ok(Signature::bls(key.sign(data).as_bytes()));
            }
            KeyKind::Secp256k1 => blake2b_256(data),
            KeyKind::Delegated => keccak_256(data),
        };
        let key = SigningKey::from_slice(&self.secret).map_err(invalid)?;
        let (signature, recovery) = key.sign_prehash_recoverable(&digest);
        let mut bytes = signature.to_bytes().to_vec();
        bytes.push(recovery.to_byte());
        Ok(Signature { kind: self.kind.signature_type(), data: bytes.into() })
    }
}

impl TryFrom<&KeyInfo> for PrivateKey {
    type Error = KeyError;

    fn try_from(info: &KeyInfo) -> Result<Self, KeyError> {
        Self::from_bytes(info.kind, &info.private_key)
    }
}

fn uncompressed(secret: &[u8; 32]) -> Option<[u8; 65]> {
    let key = SigningKey::from_slice(secret).ok()?;
    key.verifying_key().to_sec1_point(false).as_bytes().try_into().ok()
}

/// The legacy Keccak-256, which is not SHA3-256.
pub(super) fn keccak_256(data: &[u8]) -> [u8; 32] {
    Keccak256::digest(data).into()
}

/// The Ethereum address of an uncompressed public key: the end of its hash.
pub(super) fn eth_address(public: &[u8; 65]) -> [u8; 20] {
    let hash = keccak_256(public.get(1..).unwrap_or_default());
    let mut address = [0; 20];
    address.copy_from_slice(hash.get(12..).unwrap_or_default());
    address
}
