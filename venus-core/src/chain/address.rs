//! Addresses.

use std::{fmt, ops::Deref, str::FromStr};

use fvm_shared::address::{self, Address as Inner};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An address of an actor or a key. JSON: text (`f01000`; the prefix follows
/// [`set_network`]); CBOR: bytes. Both prefixes are read on every network.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(Inner);

/// Sets the prefix that addresses are printed with in this process: `f` on mainnet, `t` elsewhere.
pub fn set_network(mainnet: bool) {
    address::set_current_network(match mainnet {
        true => address::Network::Mainnet,
        false => address::Network::Testnet,
    });
}

impl Address {
    /// The address of the actor with this number.
    pub const fn id(id: u64) -> Self {
        Self(Inner::new_id(id))
    }

    /// The actor number, if this is an ID address (f0).
    pub fn as_id(&self) -> Option<u64> {
        self.0.id().ok()
    }

    /// The address in its binary form: protocol byte and payload.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, address::Error> {
        Inner::from_bytes(bytes).map(Self)
    }

    /// The address of `fvm_shared`.
    pub const fn inner(self) -> Inner {
        self.0
    }
}

impl Deref for Address {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl From<Inner> for Address {
    fn from(inner: Inner) -> Self {
        Self(inner)
    }
}

impl From<Address> for Inner {
    fn from(address: Address) -> Self {
        address.0
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        // `parse_address` of fvm_shared accepts both prefixes, whatever the network.
        Inner::from_str(s)
            .or_else(|_| address::Network::Mainnet.parse_address(s))
            .or_else(|_| address::Network::Testnet.parse_address(s))
            .map(Self)
            .map_err(|source| AddressError { text: s.to_owned(), source })
    }
}

/// The text is no Filecoin address.
#[derive(Debug, thiserror::Error)]
#[error("`{text}` is no Filecoin address (such as f01000 or f3..)")]
pub struct AddressError {
    /// What was read.
    pub text: String,
    source: address::Error,
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        if s.is_human_readable() { s.collect_str(self) } else { self.0.serialize(s) }
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        if d.is_human_readable() {
            String::deserialize(d)?.parse().map_err(de::Error::custom)
        } else {
            Inner::deserialize(d).map(Self)
        }
    }
}

/// JSON form of an address that may be undefined: Go writes `<empty>` and reads that, `""` and
/// `null`. Use as `#[serde(with = "empty_address")]`.
pub mod empty_address {
    use super::*;

    /// Writes the address or `<empty>`.
    pub fn serialize<S: Serializer>(address: &Option<Address>, s: S) -> Result<S::Ok, S::Error> {
        match address {
            Some(address) => address.serialize(s),
            None => s.serialize_str("<empty>"),
        }
    }

    /// Reads an address, `<empty>`, `""` or `null`.
    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Address>, D::Error> {
        match Option::<String>::deserialize(d)?.as_deref() {
            None | Some("" | "<empty>") => Ok(None),
            Some(text) => text.parse().map(Some).map_err(de::Error::custom),
        }
    }
}

/// An address or none, as a value of its own: the parameter of calls that accept `<empty>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MaybeAddress(#[serde(with = "empty_address")] pub Option<Address>);
