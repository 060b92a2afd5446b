//! Messages: what is executed on chain.

use fvm_shared::message::Message as FvmMessage;
use serde::{Deserialize, Serialize};

use super::{
    Address, Bytes, Cid, Signature, SignatureType, TokenAmount, cbor,
    wire::{null_as_default, wire_tuple},
};

wire_tuple! {
    /// An unsigned message. Its CID and what a signer signs are of the CBOR tuple.
    pub struct Message {
        /// Always 0.
        pub version: u64 as "Version" (default),
        /// The receiver.
        pub to: Address as "To",
        /// The sender: a key address for external messages.
        pub from: Address as "From",
        /// The sender's counter.
        pub nonce: u64 as "Nonce" (default),
        /// What is transferred.
        pub value: TokenAmount as "Value" (default),
        /// Most gas units that execution may use.
        pub gas_limit: i64 as "GasLimit" (default),
        /// Most attoFIL a gas unit may cost in all.
        pub gas_fee_cap: TokenAmount as "GasFeeCap" (default),
        /// AttoFIL a gas unit for the block producer.
        pub gas_premium: TokenAmount as "GasPremium" (default),
        /// Method of the receiver; 0 only transfers.
        pub method: u64 as "Method" (default),
        /// CBOR parameters of the method.
        pub params: Bytes as "Params" (default, deserialize_with = "null_as_default"),
    }
    ; out "CID" = cid -> Cid
}

impl Message {
    /// A plain transfer, without nonce and gas.
    pub fn transfer(from: Address, to: Address, value: TokenAmount) -> Self {
        Self::call(from, to, value, 0, Bytes::default())
    }

    /// A method call, without nonce and gas.
    pub fn call(
        from: Address,
        to: Address,
        value: TokenAmount,
        method: u64,
        params: Bytes,
    ) -> Self {
        Self {
            version: 0,
            to,
            from,
            nonce: 0,
            value,
            gas_limit: 0,
            gas_fee_cap: TokenAmount::zero(),
            gas_premium: TokenAmount::zero(),
            method,
            params,
        }
    }

    /// The CBOR tuple.
    pub fn cbor(&self) -> Vec<u8> {
        cbor(self)
    }

    /// The CID of the message without signature.
    pub fn cid(&self) -> Cid {
        Cid::of_cbor(&self.cbor())
    }

    /// What the message costs at most besides its value, in attoFIL: limit times fee cap.
    pub fn required_funds(&self) -> TokenAmount {
        TokenAmount(self.gas_fee_cap.0.clone() * self.gas_limit)
    }

    /// Whether two messages do the same, gas and nonce of gas fields apart.
    pub fn is_same_call(&self, other: &Self) -> bool {
        self.version == other.version
            && self.to == other.to
            && self.from == other.from
            && self.nonce == other.nonce
            && self.value == other.value
            && self.method == other.method
            && self.params == other.params
    }
}

impl From<&Message> for FvmMessage {
    fn from(m: &Message) -> Self {
        Self {
            version: m.version,
            from: m.from.inner(),
            to: m.to.inner(),
            sequence: m.nonce,
            value: m.value.0.clone(),
            method_num: m.method,
            params: m.params.0.clone().into(),
            // A negative limit is refused before execution; it must not become a huge one here.
            gas_limit: u64::try_from(m.gas_limit).unwrap_or(0),
            gas_fee_cap: m.gas_fee_cap.0.clone(),
            gas_premium: m.gas_premium.0.clone(),
        }
    }
}

wire_tuple! {
    /// A message with the signature of its sender.
    pub struct SignedMessage {
        /// The message.
        pub message: Message as "Message",
        /// The signature over the message's CID bytes (delegated: over the Ethereum transaction).
        pub signature: Signature as "Signature",
    }
    ; out "CID" = cid -> Cid
}

impl SignedMessage {
    /// The CID under which the chain knows the message: of the bare message for BLS, whose
    /// signatures are aggregated away, of the pair otherwise.
    pub fn cid(&self) -> Cid {
        match self.signature.kind {
            SignatureType::Bls => self.message.cid(),
            SignatureType::Secp256k1 | SignatureType::Delegated => Cid::of_cbor(&cbor(self)),
        }
    }

    /// The length on chain, which storage gas is charged for.
    pub fn chain_length(&self) -> usize {
        match self.signature.kind {
            SignatureType::Bls => self.message.cbor().len(),
            SignatureType::Secp256k1 | SignatureType::Delegated => cbor(self).len(),
        }
    }
}

wire_tuple! {
    /// The outcome of a message.
    pub struct Receipt {
        /// 0 is success.
        pub exit_code: u32 as "ExitCode",
        /// What the method returned, CBOR.
        pub return_data: Bytes as "Return" (default, deserialize_with = "null_as_default"),
        /// Gas units used.
        pub gas_used: u64 as "GasUsed",
        /// Root of the events, if there were any.
        pub events_root: Option<Cid> as "EventsRoot" (default),
    }
}

/// A message of a tipset with its CID.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ApiMessage {
    /// The CID on chain.
    pub cid: Cid,
    /// The message.
    pub message: Message,
}

/// The messages of one block.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct BlockMessages {
    /// Messages under the block's aggregate.
    #[serde(deserialize_with = "null_as_default")]
    pub bls_messages: Vec<Message>,
    /// Messages with a signature of their own.
    #[serde(deserialize_with = "null_as_default")]
    pub secpk_messages: Vec<SignedMessage>,
    /// The CIDs of both, in that order.
    #[serde(deserialize_with = "null_as_default")]
    pub cids: Vec<Cid>,
}

/// How gas may be estimated for a message.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct MessageSendSpec {
    /// Most that the message may cost, in attoFIL; zero means the node's default.
    pub max_fee: TokenAmount,
    /// Factor on the gas limit; 0 means the node's default.
    pub gas_over_estimation: f64,
    /// Factor on the gas premium; 0 means none.
    pub gas_over_premium: f64,
}

/// A message to estimate, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct EstimateMessage {
    /// The message.
    pub msg: Message,
    /// How; `None` means the node's defaults.
    #[serde(default)]
    pub spec: Option<MessageSendSpec>,
}

/// The estimate of one message of a batch: the message with gas filled in, or what went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct EstimateResult {
    /// The message with nonce and gas.
    pub msg: Option<Message>,
    /// Empty on success.
    #[serde(default)]
    pub err: String,
}

/// Where a message was executed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MsgLookup {
    /// The message that was executed; another one than asked for if it was replaced.
    pub message: Cid,
    /// Its outcome.
    pub receipt: Receipt,
    /// The return value decoded, where the node does so.
    #[serde(default)]
    pub return_dec: serde_json::Value,
    /// The tipset that executed it: the child of the one that contains it.
    pub tip_set: super::TipSetKey,
    /// The height of that tipset.
    pub height: super::ChainEpoch,
}
