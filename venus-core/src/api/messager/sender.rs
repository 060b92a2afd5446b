//! Senders, and what their messages may cost.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Address, TokenAmount, null_as_default};

/// Limits on what messages may cost. Zero leaves the choice to the next in the order message,
/// sender, everybody.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FeeSpec {
    /// Factor on the gas limit.
    pub gas_over_estimation: f64,
    /// Most that one message may cost, in attoFIL.
    #[serde(deserialize_with = "null_as_default")]
    pub max_fee: TokenAmount,
    /// AttoFIL a gas unit, instead of the estimate.
    #[serde(deserialize_with = "null_as_default")]
    pub gas_fee_cap: TokenAmount,
    /// Factor on the premium.
    pub gas_over_premium: f64,
    /// Nothing is selected while the base fee, in attoFIL, is above.
    #[serde(deserialize_with = "null_as_default")]
    pub base_fee: TokenAmount,
}

/// What applies to all senders that have nothing of their own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SharedSpec {
    /// Always 1.
    #[serde(default)]
    pub id: u64,
    /// Most messages of a sender in flight. Must be there: what is set is set as a whole, and
    /// neither null nor an empty object may set all to zero.
    pub sel_msg_num: u64,
    /// Prices.
    #[serde(flatten)]
    pub fees: FeeSpec,
}

impl Default for SharedSpec {
    /// 20 messages, factor 1.25, at most 0.07 FIL each.
    fn default() -> Self {
        let max_fee = TokenAmount::from_atto(70_000_000_000_000_000_u64);
        let fees = FeeSpec { gas_over_estimation: 1.25, max_fee, ..FeeSpec::default() };
        Self { id: 1, sel_msg_num: 20, fees }
    }
}

/// Whether messages of a sender are accepted and selected. A number on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SenderState {
    /// They are.
    Alive,
    /// They are not.
    Forbidden,
    /// A state of other versions: accepted, not selected.
    Other(i64),
}

impl Serialize for SenderState {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_i64(match self {
            Self::Alive => 1,
            Self::Forbidden => 4,
            Self::Other(code) => *code,
        })
    }
}

impl<'de> Deserialize<'de> for SenderState {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Ok(match i64::deserialize(d)? {
            1 => Self::Alive,
            4 => Self::Forbidden,
            code => Self::Other(code),
        })
    }
}

/// A sender of messages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sender {
    /// A UUID.
    pub id: String,
    /// Its key address.
    pub addr: Address,
    /// The next nonce, unless the chain knows better.
    pub nonce: u64,
    /// Not used.
    pub weight: i64,
    /// Whether it takes part.
    pub state: SenderState,
    /// Most messages in flight; 0: as for all.
    pub sel_msg_num: u64,
    /// Prices of its own.
    #[serde(flatten)]
    pub fees: FeeSpec,
    /// Always -1.
    pub is_deleted: i64,
    /// When it came.
    #[serde(rename = "createAt")]
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    #[serde(rename = "updateAt")]
    pub updated_at: DateTime<Utc>,
}

impl Sender {
    /// A sender that was not known before.
    pub fn new(addr: Address, now: DateTime<Utc>) -> Self {
        Self {
            id: uuid::Uuid::new_v4().to_string(),
            addr,
            nonce: 0,
            weight: 0,
            state: SenderState::Alive,
            sel_msg_num: 0,
            fees: FeeSpec::default(),
            is_deleted: -1,
            created_at: now,
            updated_at: now,
        }
    }
}

/// A change of a sender's prices: empty texts and zero factors change nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SenderFees {
    /// Whose.
    pub address: Address,
    /// Factor on the gas limit.
    #[serde(default)]
    pub gas_over_estimation: f64,
    /// Factor on the premium.
    #[serde(default)]
    pub gas_over_premium: f64,
    /// In attoFIL.
    #[serde(default)]
    pub max_fee_str: String,
    /// In attoFIL a unit.
    #[serde(default)]
    pub gas_fee_cap_str: String,
    /// In attoFIL a unit.
    #[serde(default)]
    pub base_fee_str: String,
}
