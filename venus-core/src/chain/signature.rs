//! Signatures as they stand in messages and blocks.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::Bytes;

/// The scheme of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SignatureType {
    /// 65 bytes: r, s, recovery id over blake2b-256 of the data.
    Secp256k1,
    /// 96 bytes in G2.
    Bls,
    /// 65 bytes over the keccak-256 of an Ethereum transaction.
    Delegated,
}

impl SignatureType {
    /// The number on the wire.
    pub const fn code(self) -> u8 {
        match self {
            Self::Secp256k1 => 1,
            Self::Bls => 2,
            Self::Delegated => 3,
        }
    }

    /// The scheme of a number on the wire.
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Secp256k1),
            2 => Some(Self::Bls),
            3 => Some(Self::Delegated),
            _ => None,
        }
    }
}

impl Serialize for SignatureType {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_u8(self.code())
    }
}

impl<'de> Deserialize<'de> for SignatureType {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let code = u8::deserialize(d)?;
        Self::from_code(code)
            .ok_or_else(|| de::Error::custom(format!("unknown signature type {code}")))
    }
}

/// A signature. JSON: `{"Type":2,"Data":base64}`; CBOR: one byte string, the type first.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Signature {
    /// The scheme.
    pub kind: SignatureType,
    /// The signature itself.
    pub data: Bytes,
}

impl Signature {
    /// A BLS signature from its 96 bytes.
    pub fn bls(data: impl Into<Bytes>) -> Self {
        Self { kind: SignatureType::Bls, data: data.into() }
    }
}

#[derive(Serialize, Deserialize)]
struct Json<B> {
    #[serde(rename = "Type")]
    kind: SignatureType,
    #[serde(rename = "Data")]
    data: B,
}

impl Serialize for Signature {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        if s.is_human_readable() {
            return Json { kind: self.kind, data: &self.data }.serialize(s);
        }
        let mut bytes = Vec::with_capacity(1 + self.data.len());
        bytes.push(self.kind.code());
        bytes.extend_from_slice(&self.data);
        s.serialize_bytes(&bytes)
    }
}

impl<'de> Deserialize<'de> for Signature {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        if d.is_human_readable() {
            let Json { kind, data } = Json::<Bytes>::deserialize(d)?;
            return Ok(Self { kind, data });
        }
        let bytes = Bytes::deserialize(d)?;
        let (code, data) =
            bytes.split_first().ok_or_else(|| de::Error::custom("a signature has no bytes"))?;
        let kind = SignatureType::from_code(*code)
            .ok_or_else(|| de::Error::custom(format!("unknown signature type {code}")))?;
        Ok(Self { kind, data: data.into() })
    }
}
