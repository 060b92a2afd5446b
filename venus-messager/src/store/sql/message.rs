//! Messages as rows.

use venus_core::{
    api::messager::{QueuedMessage, QueuedReceipt, SendSpec},
    sql::{
        Zone,
        sqlx::{AssertSqlSafe, MySql, mysql::MySqlArguments, query::Query},
    },
};

use super::columns::{Columns, Stored, atto, damaged, stored};
use crate::error::{MessagerError, Result};

/// What [`bind`] says, in its order.
const COLUMNS: &str = "version,from_addr,nonce,`to`,`value`,gas_limit,gas_fee_cap,gas_premium,\
    method,params,signed_data,unsigned_cid,signed_cid,height,receipt_exit_code,\
    receipt_return_value,receipt_gas_used,tipset_key,meta_expire_epoch,meta_gas_over_estimation,\
    meta_max_fee,meta_gas_over_premium,wallet_name,state,error_msg,updated_at";

/// Decimals are read as floating point numbers, which all servers make of a sum.
pub(super) const SELECT: &str = "SELECT id,version,from_addr,nonce,`to`,`value`,gas_limit,\
    gas_fee_cap,gas_premium,method,params,signed_data,unsigned_cid,signed_cid,height,\
    receipt_exit_code,receipt_return_value,receipt_gas_used,tipset_key,meta_expire_epoch,\
    meta_gas_over_estimation + 0E0 AS estimation_factor,meta_max_fee,\
    meta_gas_over_premium + 0E0 AS premium_factor,wallet_name,state,error_msg,created_at,\
    updated_at FROM messages";

/// The most that a `blob` takes.
const BLOB: usize = 65_535;
/// Characters of an error text.
const ERROR: usize = 2048;

type Statement<'q> = Query<'q, MySql, MySqlArguments>;

/// To be bound: what [`bind`] does, the time of coming, and the id.
pub(super) fn insert() -> AssertSqlSafe<String> {
    let marks = "?,".repeat(COLUMNS.split(',').count());
    AssertSqlSafe(format!("INSERT INTO messages ({COLUMNS},created_at,id) VALUES ({marks}?,?)"))
}

/// To be bound: what [`bind`] does, the id twice, and the state that the message must be in. The
/// table takes ids for the same that differ in the case of letters; their bytes tell them apart.
pub(super) fn update() -> AssertSqlSafe<String> {
    let set: Vec<_> = COLUMNS.split(',').map(|column| format!("{column}=?")).collect();
    let set = set.join(",");
    AssertSqlSafe(format!(
        "UPDATE messages SET {set} WHERE id = ? AND CAST(id AS BINARY) = ? AND state = ?"
    ))
}

pub(super) fn bind<'q>(
    statement: Statement<'q>,
    message: &'q QueuedMessage,
    zone: Zone,
) -> Result<Statement<'q>> {
    let params = message.params.as_slice();
    if params.len() > BLOB {
        let (what, length) = ("the parameters", params.len());
        return Err(MessagerError::TooLong { what, length, limit: BLOB });
    }
    let signature = message.signature.as_ref().map(serde_json::to_vec).transpose();
    let signature = signature.map_err(|error| damaged(QueuedMessage::TABLE, error))?;
    let cid = |cid: Option<venus_core::Cid>| cid.map(|cid| cid.to_string()).unwrap_or_default();
    let key = &message.tip_set_key;
    let key = if key.is_empty() { String::new() } else { key.to_string() };
    Ok(statement
        .bind(message.version)
        .bind(stored(message.from))
        .bind(message.nonce)
        .bind(stored(message.to))
        .bind(atto(&message.value))
        .bind(message.gas_limit)
        .bind(atto(&message.gas_fee_cap))
        .bind(atto(&message.gas_premium))
        .bind(message.method)
        .bind((!params.is_empty()).then_some(params))
        .bind(signature)
        .bind(cid(message.unsigned_cid))
        .bind(cid(message.signed_cid))
        .bind(message.height)
        .bind(message.receipt.exit_code)
        .bind(returned(message))
        .bind(message.receipt.gas_used)
        .bind(key)
        .bind(message.meta.expire_epoch)
        .bind(message.meta.gas_over_estimation)
        .bind(atto(&message.meta.max_fee))
        .bind(message.meta.gas_over_premium)
        .bind(&message.wallet_name)
        .bind(message.state.code())
        .bind(cut(&message.error_msg))
        .bind(zone.write(message.updated_at, 3)))
}

/// What the method returned. The chain goes on, so what does not fit is left out rather than cut
/// off, or in the way of all that comes after it.
fn returned(message: &QueuedMessage) -> Option<&[u8]> {
    let bytes = message.receipt.r#return.as_slice();
    if bytes.len() > BLOB {
        let (id, bytes) = (&message.id, bytes.len());
        tracing::error!(id, bytes, "the return value does not fit into the database: not kept");
    }
    (1..=BLOB).contains(&bytes.len()).then_some(bytes)
}

/// As much of an error text as its column takes.
pub(super) fn cut(error: &str) -> &str {
    error.char_indices().nth(ERROR).map_or(error, |(end, _)| &error[..end])
}

impl Stored for QueuedMessage {
    const TABLE: &'static str = "messages";

    fn read(columns: &Columns<'_>) -> Result<Self> {
        let signature = columns.get::<Vec<u8>>("signed_data")?;
        // Go's `null` is no signature as well.
        let signature = match signature.as_slice() {
            [] => None,
            json => serde_json::from_slice(json).map_err(|error| damaged(Self::TABLE, error))?,
        };
        Ok(Self {
            id: columns.text("id")?,
            unsigned_cid: columns.cid("unsigned_cid")?,
            signed_cid: columns.cid("signed_cid")?,
            version: columns.get("version")?,
            to: columns.parse("to")?,
            from: columns.parse("from_addr")?,
            nonce: columns.get("nonce")?,
            value: columns.amount("value")?,
            gas_limit: columns.get("gas_limit")?,
            gas_fee_cap: columns.amount("gas_fee_cap")?,
            gas_premium: columns.amount("gas_premium")?,
            method: columns.natural("method")?,
            params: columns.get::<Vec<u8>>("params")?.into(),
            signature,
            height: columns.get("height")?,
            confidence: 0,
            receipt: QueuedReceipt {
                exit_code: columns.opt("receipt_exit_code")?.unwrap_or(-1),
                r#return: columns.get::<Vec<u8>>("receipt_return_value")?.into(),
                gas_used: columns.natural("receipt_gas_used")?,
                events_root: None,
            },
            tip_set_key: columns.tipset_key("tipset_key")?,
            meta: SendSpec {
                expire_epoch: columns.get("meta_expire_epoch")?,
                gas_over_estimation: columns.get("estimation_factor")?,
                max_fee: columns.amount("meta_max_fee")?,
                gas_over_premium: columns.get("premium_factor")?,
            },
            wallet_name: columns.text("wallet_name")?,
            state: columns.get::<i64>("state")?.into(),
            error_msg: columns.text("error_msg")?,
            created_at: columns.time("created_at")?,
            updated_at: columns.time("updated_at")?,
        })
    }

    fn times(&mut self) -> Option<[&mut chrono::DateTime<chrono::Utc>; 2]> {
        Some([&mut self.created_at, &mut self.updated_at])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_text_is_cut_between_characters() {
        let text = "错".repeat(2100);
        assert_eq!(cut(&text).chars().count(), 2048);
        assert_eq!(cut("short"), "short");
        assert_eq!(cut(&text[..2048 * 3]), &text[..2048 * 3]);
    }
}
