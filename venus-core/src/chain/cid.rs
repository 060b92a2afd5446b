//! Content identifiers, and the hash that names chain objects.

use std::{fmt, ops::Deref, str::FromStr};

use fvm_ipld_encoding::DAG_CBOR;
use multihash_codetable::{Code, MultihashDigest};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A content identifier. JSON: `{"/":"bafy.."}`; CBOR: tag 42.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cid(pub cid::Cid);

impl Cid {
    /// The CID of a block of DAG-CBOR: version 1, blake2b-256.
    pub fn of_cbor(block: &[u8]) -> Self {
        Self(cid::Cid::new_v1(DAG_CBOR, Code::Blake2b256.digest(block)))
    }
}

impl Deref for Cid {
    type Target = cid::Cid;

    fn deref(&self) -> &cid::Cid {
        &self.0
    }
}

impl From<cid::Cid> for Cid {
    fn from(inner: cid::Cid) -> Self {
        Self(inner)
    }
}

impl From<Cid> for cid::Cid {
    fn from(cid: Cid) -> Self {
        cid.0
    }
}

impl fmt::Display for Cid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Cid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for Cid {
    type Err = cid::Error;

    fn from_str(s: &str) -> Result<Self, cid::Error> {
        s.parse().map(Self)
    }
}

#[derive(Serialize, Deserialize)]
struct Link {
    #[serde(rename = "/")]
    link: String,
}

impl Serialize for Cid {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        if s.is_human_readable() {
            Link { link: self.0.to_string() }.serialize(s)
        } else {
            self.0.serialize(s)
        }
    }
}

impl<'de> Deserialize<'de> for Cid {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        if d.is_human_readable() {
            Link::deserialize(d)?.link.parse().map_err(de::Error::custom)
        } else {
            cid::Cid::deserialize(d).map(Self)
        }
    }
}
