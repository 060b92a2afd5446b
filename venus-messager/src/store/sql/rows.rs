//! Senders, prices and wallets as rows.

use chrono::{DateTime, Utc};
use venus_core::{
    api::messager::{ActorConfig, DirectWallet, FeeSpec, Sender, SenderState, SharedSpec},
    sql::sqlx::{MySql, mysql::MySqlArguments, query::Query},
};

use super::columns::{Columns, Stored, atto};
use crate::{error::Result, store::Tracked};

pub(super) const SENDERS: &str = "SELECT id,addr,nonce,weight,state,sel_msg_num,\
    gas_over_estimation + 0E0 AS estimation_factor,max_fee,gas_fee_cap,\
    gas_over_premium + 0E0 AS premium_factor,base_fee,is_deleted,created_at,updated_at \
    FROM addresses WHERE is_deleted = -1";

pub(super) const SHARED: &str = "SELECT sel_msg_num,\
    gas_over_estimation + 0E0 AS estimation_factor,max_fee,gas_fee_cap,\
    gas_over_premium + 0E0 AS premium_factor,base_fee FROM shared_params WHERE id = 1";

pub(super) const ACTOR_CONFIGS: &str = "SELECT id,actor_v,code,method,\
    gas_over_estimation + 0E0 AS estimation_factor,max_fee,gas_fee_cap,\
    gas_over_premium + 0E0 AS premium_factor,base_fee,created_at,updated_at FROM actor_cfg \
    ORDER BY created_at, id";

pub(super) const WALLETS: &str =
    "SELECT id,name,url,token,created_at,updated_at FROM wallets WHERE is_deleted = -1";

pub(super) const TRACKED: &str = "SELECT tipset_key,height FROM venus_tracked WHERE id = 1";

/// The fee columns of an `UPDATE`, for [`bind_fees`].
pub(super) const SET_FEES: &str =
    "gas_over_estimation=?,max_fee=?,gas_fee_cap=?,gas_over_premium=?,base_fee=?";

/// The fee columns of an `INSERT`, for [`bind_fees`].
pub(super) const FEES: &str = "gas_over_estimation,max_fee,gas_fee_cap,gas_over_premium,base_fee";

pub(super) fn bind_fees<'q>(
    statement: Query<'q, MySql, MySqlArguments>,
    fees: &FeeSpec,
) -> Query<'q, MySql, MySqlArguments> {
    statement
        .bind(fees.gas_over_estimation)
        .bind(atto(&fees.max_fee))
        .bind(atto(&fees.gas_fee_cap))
        .bind(fees.gas_over_premium)
        .bind(atto(&fees.base_fee))
}

/// The number of a state.
pub(super) const fn code(state: SenderState) -> i64 {
    match state {
        SenderState::Alive => 1,
        SenderState::Forbidden => FORBIDDEN,
        SenderState::Other(code) => code,
    }
}

pub(super) const FORBIDDEN: i64 = 4;

impl Stored for Sender {
    const TABLE: &'static str = "addresses";

    fn read(columns: &Columns<'_>) -> Result<Self> {
        Ok(Self {
            id: columns.text("id")?,
            addr: columns.parse("addr")?,
            nonce: columns.get("nonce")?,
            weight: columns.get("weight")?,
            state: match columns.opt("state")? {
                None | Some(1) => SenderState::Alive,
                Some(FORBIDDEN) => SenderState::Forbidden,
                Some(code) => SenderState::Other(code),
            },
            sel_msg_num: columns.get("sel_msg_num")?,
            fees: columns.fees()?,
            is_deleted: columns.get("is_deleted")?,
            created_at: columns.time("created_at")?,
            updated_at: columns.time("updated_at")?,
        })
    }

    fn times(&mut self) -> Option<[&mut DateTime<Utc>; 2]> {
        Some([&mut self.created_at, &mut self.updated_at])
    }
}

impl Stored for SharedSpec {
    const TABLE: &'static str = "shared_params";

    fn read(columns: &Columns<'_>) -> Result<Self> {
        Ok(Self { id: 1, sel_msg_num: columns.get("sel_msg_num")?, fees: columns.fees()? })
    }
}

impl Stored for ActorConfig {
    const TABLE: &'static str = "actor_cfg";

    fn read(columns: &Columns<'_>) -> Result<Self> {
        Ok(Self {
            id: columns.parse("id")?,
            version: columns.get("actor_v")?,
            code: columns.cid("code")?,
            method: columns.get("method")?,
            fees: columns.fees()?,
            created_at: columns.time("created_at")?,
            updated_at: columns.time("updated_at")?,
        })
    }

    fn times(&mut self) -> Option<[&mut DateTime<Utc>; 2]> {
        Some([&mut self.created_at, &mut self.updated_at])
    }
}

impl Stored for DirectWallet {
    const TABLE: &'static str = "wallets";

    fn read(columns: &Columns<'_>) -> Result<Self> {
        Ok(Self {
            id: columns.text("id")?,
            name: columns.text("name")?,
            url: columns.text("url")?,
            token: columns.text("token")?,
            created_at: columns.time("created_at")?,
            updated_at: columns.time("updated_at")?,
        })
    }

    fn times(&mut self) -> Option<[&mut DateTime<Utc>; 2]> {
        Some([&mut self.created_at, &mut self.updated_at])
    }
}

impl Stored for Tracked {
    const TABLE: &'static str = "venus_tracked";

    fn read(columns: &Columns<'_>) -> Result<Self> {
        Ok(Self { key: columns.tipset_key("tipset_key")?, height: columns.get("height")? })
    }
}
