//! Prices by what is called.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::FeeSpec;
use crate::{Cid, TokenAmount};

/// Prices of all messages that call a method of a kind of actor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ActorConfig {
    /// Its id.
    pub id: Uuid,
    /// Version of the actors; kept for the reader.
    #[serde(default)]
    pub version: i64,
    /// The kind: the code of the receiver.
    #[serde(default)]
    pub code: Option<Cid>,
    /// The method.
    #[serde(default)]
    pub method: u64,
    /// The prices.
    #[serde(flatten)]
    pub fees: FeeSpec,
    /// When it came.
    #[serde(rename = "createAt", default)]
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    #[serde(rename = "updateAt", default)]
    pub updated_at: DateTime<Utc>,
}

/// A change of prices: what is not given stays.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FeeChange {
    /// Factor on the gas limit.
    pub gas_over_estimation: Option<f64>,
    /// Most that one message may cost, in attoFIL.
    pub max_fee: Option<TokenAmount>,
    /// AttoFIL a gas unit, instead of the estimate.
    pub gas_fee_cap: Option<TokenAmount>,
    /// Factor on the premium.
    pub gas_over_premium: Option<f64>,
    /// Nothing is selected while the base fee, in attoFIL, is above.
    pub base_fee: Option<TokenAmount>,
}

impl FeeChange {
    /// The prices with the change.
    pub fn apply(self, old: FeeSpec) -> FeeSpec {
        FeeSpec {
            gas_over_estimation: self.gas_over_estimation.unwrap_or(old.gas_over_estimation),
            max_fee: self.max_fee.unwrap_or(old.max_fee),
            gas_fee_cap: self.gas_fee_cap.unwrap_or(old.gas_fee_cap),
            gas_over_premium: self.gas_over_premium.unwrap_or(old.gas_over_premium),
            base_fee: self.base_fee.unwrap_or(old.base_fee),
        }
    }
}
