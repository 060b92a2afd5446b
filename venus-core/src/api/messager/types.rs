//! What the messager keeps and shows.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    Address, Bytes, ChainEpoch, Cid, Message, MessageSendSpec, Signature, TipSetKey, TokenAmount,
    null_as_default,
};

/// How far a message got. A number on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MessageState {
    /// Waits for a nonce and a signature.
    UnFill,
    /// Has its nonce and signature; published, but not on chain.
    Fill,
    /// On chain, with a receipt.
    OnChain,
    /// Given up.
    Failed,
    /// Another message took its nonce on chain; the receipt is that one's.
    NonceConflict,
    /// A state of other versions.
    Other(i64),
}

impl MessageState {
    /// All that this version sets.
    pub const ALL: [Self; 5] =
        [Self::UnFill, Self::Fill, Self::OnChain, Self::Failed, Self::NonceConflict];

    /// The number on the wire.
    pub const fn code(self) -> i64 {
        match self {
            Self::UnFill => 1,
            Self::Fill => 2,
            Self::OnChain => 3,
            Self::Failed => 4,
            Self::NonceConflict => 5,
            Self::Other(code) => code,
        }
    }

    /// Whether a message with this nonce was executed.
    pub const fn has_landed(self) -> bool {
        matches!(self, Self::OnChain | Self::NonceConflict)
    }
}

impl From<i64> for MessageState {
    fn from(code: i64) -> Self {
        Self::ALL.into_iter().find(|state| state.code() == code).unwrap_or(Self::Other(code))
    }
}

impl fmt::Display for MessageState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnFill => f.write_str("UnFillMsg"),
            Self::Fill => f.write_str("FillMsg"),
            Self::OnChain => f.write_str("OnChainMsg"),
            Self::Failed => f.write_str("Failed"),
            Self::NonceConflict => f.write_str("NonceConflictMsg"),
            Self::Other(0) => f.write_str("UnKnown"),
            Self::Other(code) => write!(f, "unknown state {code}"),
        }
    }
}

impl Serialize for MessageState {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_i64(self.code())
    }
}

impl<'de> Deserialize<'de> for MessageState {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        i64::deserialize(d).map(Self::from)
    }
}

/// What a producer says about the price of a message.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SendSpec {
    /// Kept, but nothing acts on it.
    pub expire_epoch: ChainEpoch,
    /// Factor on the gas limit; 0: as configured.
    pub gas_over_estimation: f64,
    /// Most that the message may cost, in attoFIL; 0: as configured.
    #[serde(deserialize_with = "null_as_default")]
    pub max_fee: TokenAmount,
    /// Factor on the premium; 0: as configured.
    pub gas_over_premium: f64,
}

impl From<MessageSendSpec> for SendSpec {
    fn from(spec: MessageSendSpec) -> Self {
        Self {
            expire_epoch: 0,
            gas_over_estimation: spec.gas_over_estimation,
            max_fee: spec.max_fee,
            gas_over_premium: spec.gas_over_premium,
        }
    }
}

/// The receipt of a queued message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct QueuedReceipt {
    /// 0 is success; -1: not executed.
    pub exit_code: i64,
    /// What the method returned, CBOR.
    #[serde(default, deserialize_with = "null_as_default")]
    pub r#return: Bytes,
    /// Gas units used.
    pub gas_used: u64,
    /// Never kept.
    #[serde(default)]
    pub events_root: Option<Cid>,
}

impl Default for QueuedReceipt {
    fn default() -> Self {
        Self { exit_code: -1, r#return: Bytes::default(), gas_used: 0, events_root: None }
    }
}

/// A message that was handed over, and how far it got.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct QueuedMessage {
    /// The id under which it was handed over.
    #[serde(rename = "ID")]
    pub id: String,
    /// CID without signature; none until it has a nonce.
    pub unsigned_cid: Option<Cid>,
    /// CID on chain; none until signed.
    pub signed_cid: Option<Cid>,
    /// See [`Message`].
    pub version: u64,
    /// The receiver.
    pub to: Address,
    /// The sender's key address.
    pub from: Address,
    /// 0 until selected.
    pub nonce: u64,
    /// What is transferred.
    pub value: TokenAmount,
    /// Gas units; 0 until estimated.
    pub gas_limit: i64,
    /// AttoFIL a unit; 0 until estimated.
    pub gas_fee_cap: TokenAmount,
    /// AttoFIL a unit; 0 until estimated.
    pub gas_premium: TokenAmount,
    /// Method of the receiver.
    pub method: u64,
    /// Its parameters, CBOR.
    #[serde(deserialize_with = "null_as_default")]
    pub params: Bytes,
    /// Of the sender.
    pub signature: Option<Signature>,
    /// Height of the tipset that contains it; 0 until on chain.
    pub height: ChainEpoch,
    /// Epochs from there to the head.
    pub confidence: ChainEpoch,
    /// The outcome.
    pub receipt: QueuedReceipt,
    /// The tipset that contains it; empty until on chain.
    pub tip_set_key: TipSetKey,
    /// What the producer said about its price.
    pub meta: SendSpec,
    /// Who handed it over.
    pub wallet_name: String,
    /// How far it got.
    pub state: MessageState,
    /// Why it got no further; empty if nothing is wrong.
    pub error_msg: String,
    /// When it was handed over.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl QueuedMessage {
    /// A message as it is handed over: its nonce is forgotten.
    pub fn new(
        id: String,
        message: Message,
        meta: SendSpec,
        account: String,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            id,
            unsigned_cid: None,
            signed_cid: None,
            version: message.version,
            to: message.to,
            from: message.from,
            nonce: 0,
            value: message.value,
            gas_limit: message.gas_limit,
            gas_fee_cap: message.gas_fee_cap,
            gas_premium: message.gas_premium,
            method: message.method,
            params: message.params,
            signature: None,
            height: 0,
            confidence: 0,
            receipt: QueuedReceipt::default(),
            tip_set_key: TipSetKey::default(),
            meta,
            wallet_name: account,
            state: MessageState::UnFill,
            error_msg: String::new(),
            created_at: now,
            updated_at: now,
        }
    }

    /// The chain message as it is now.
    pub fn message(&self) -> Message {
        Message {
            version: self.version,
            to: self.to,
            from: self.from,
            nonce: self.nonce,
            value: self.value.clone(),
            gas_limit: self.gas_limit,
            gas_fee_cap: self.gas_fee_cap.clone(),
            gas_premium: self.gas_premium.clone(),
            method: self.method,
            params: self.params.clone(),
        }
    }

    /// The signed chain message, once there is one.
    pub fn signed(&self) -> Option<crate::SignedMessage> {
        let signature = self.signature.clone()?;
        Some(crate::SignedMessage { message: self.message(), signature })
    }
}

/// Which messages to list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct MessageQuery {
    /// In these states; in all if empty.
    #[serde(deserialize_with = "null_as_default")]
    pub state: Vec<MessageState>,
    /// Of these senders; of all if empty.
    #[serde(deserialize_with = "null_as_default")]
    pub from: Vec<Address>,
    /// Changed since then.
    pub by_update_at: Option<DateTime<Utc>>,
    /// In the order in which they were handed over; otherwise the last changed first.
    pub asc: bool,
    /// So many; 0 is all.
    pub limit: u64,
    /// Without the first so many.
    pub offset: u64,
}
