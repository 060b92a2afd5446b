//! Signing: which keys a holder has, and signatures made for a stated purpose.
//!
//! A signer sees *what* it signs, never a bare hash, so that policy, slash checks and a device's
//! display can refuse.

mod fan_out;
mod memory;
mod remote;

use std::{fmt, time::Duration};

use async_trait::async_trait;
use auto_impl::auto_impl;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use self::{fan_out::FanOut, memory::MemSigner, remote::WalletSigner};
use crate::{Address, Bytes, Signature, rpc::RpcError};

/// What bytes are, and so how they are checked and hashed before they are signed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Purpose {
    /// Bytes of no known form; signed as they are.
    Unknown,
    /// The CID bytes of a chain message; `extra` is the message's CBOR.
    ChainMessage,
    /// The signing bytes of a block header.
    Block,
    /// `DrawRandomParams`: a lottery draw whose digest is signed.
    DrawRandomParam,
    /// A challenge by which a gateway checks that a wallet has a key.
    VerifyAddress,
    /// A deal proposal of the built-in market.
    DealProposal,
    /// Another purpose, by its name on the wire.
    Other(String),
}

impl Purpose {
    fn nameless() -> Self {
        Self::Other(String::new())
    }

    /// The name on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Unknown => "unknown",
            Self::ChainMessage => "message",
            Self::Block => "block",
            Self::DrawRandomParam => "drawrandomparam",
            Self::VerifyAddress => "verifyaddress",
            Self::DealProposal => "dealproposal",
            Self::Other(name) => name,
        }
    }
}

impl From<&str> for Purpose {
    fn from(name: &str) -> Self {
        match name {
            "unknown" => Self::Unknown,
            "message" => Self::ChainMessage,
            "block" => Self::Block,
            "drawrandomparam" => Self::DrawRandomParam,
            "verifyaddress" => Self::VerifyAddress,
            "dealproposal" => Self::DealProposal,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Purpose {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Purpose {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Ok(Self::from(String::deserialize(d)?.as_str()))
    }
}

/// What a signature is for. JSON: `{"Type":"message","Extra":base64|null}`; on input the keys may
/// be lower-case, and without a type it is one that nobody signs for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MsgMeta {
    /// What the bytes are.
    #[serde(alias = "type", default = "Purpose::nameless")]
    pub r#type: Purpose,
    /// More about them; for a chain message its CBOR.
    #[serde(alias = "extra", default)]
    pub extra: Bytes,
}

impl MsgMeta {
    /// A purpose that needs nothing more.
    pub const fn new(purpose: Purpose) -> Self {
        Self { r#type: purpose, extra: Bytes(Vec::new()) }
    }

    /// A chain message, whose CBOR lets the signer see what it does.
    pub fn message(message: &crate::Message) -> Self {
        Self { r#type: Purpose::ChainMessage, extra: message.cbor().into() }
    }
}

/// Holds keys and makes signatures.
///
/// # Contract
///
/// - Asking twice for the same signature is harmless.
/// - An address missing from [`addresses`](Self::addresses) gives [`SignError::UnknownKey`].
/// - Key material never leaves the implementation: not in an error, not in `Debug`.
/// - Dropping the future cancels the wait, not always the signature.
#[async_trait]
#[auto_impl(&, Box, Arc)]
pub trait Signer: fmt::Debug + Send + Sync {
    /// Lists the key addresses (f1, f3, f4) that can be used now, in no particular order.
    async fn addresses(&self) -> Result<Vec<Address>, SignError>;

    /// Signs `bytes` with the key of `by`, for the purpose that `meta` states.
    ///
    /// For a chain message `bytes` are the CID bytes of the message and `meta.extra` its CBOR. An
    /// ID address is not resolved here: pass the key address.
    async fn sign(&self, by: Address, bytes: &[u8], meta: MsgMeta) -> Result<Signature, SignError>;

    /// Tells whether the key of `address` can be used now.
    async fn has(&self, address: Address) -> Result<bool, SignError> {
        Ok(self.addresses().await?.contains(&address))
    }
}

const _: fn(&dyn Signer) = |_| {}; // Stays usable as a trait object.

/// What can go wrong between asking for a signature and having it.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// This holder has no such key. Another holder may.
    #[error("no key for {0}; import it or name the wallet that has it")]
    UnknownKey(Address),
    /// The keys are locked.
    #[error("the wallet is locked; unlock it with its password")]
    Locked,
    /// Policy, or what the bytes are, says no; it will say no again.
    #[error("{address} does not sign this {purpose}: {reason}")]
    Denied {
        /// The key asked for.
        address: Address,
        /// What for.
        purpose: Purpose,
        /// Why not.
        reason: String,
    },
    /// Nobody answered in time. A signature may exist; it was not published by us.
    #[error("{holder} gave no signature within {waited:?}")]
    Timeout {
        /// Who was asked.
        holder: String,
        /// For how long.
        waited: Duration,
    },
    /// The key holder could not be asked, or failed.
    #[error("asking {holder} failed")]
    Remote {
        /// Who was asked.
        holder: String,
        /// Why.
        source: RpcError,
    },
    /// The holder's own store or device failed.
    #[error("key holder `{holder}` failed: {reason}")]
    Holder {
        /// Which.
        holder: &'static str,
        /// Why, without any secret.
        reason: String,
    },
}

impl SignError {
    /// Whether the same call, unchanged, may succeed later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Timeout { .. } | Self::Locked | Self::Holder { .. } => true,
            Self::Remote { source, .. } => source.is_retryable(),
            Self::UnknownKey(_) | Self::Denied { .. } => false,
        }
    }
}
