//! Rows as the tables have them, and what they mean.

use chrono::NaiveDateTime;
use venus_core::{
    auth::{
        JwtSecret, MinerBinding, RateLimit, RequestLimit, SignerBinding, User, UserState,
        format_address, parse_address, token_fingerprint,
    },
    chain::Address,
    sql::Zone,
};
use zeroize::Zeroizing;

use crate::store::{StoreError, TokenRow, UserRow};

/// `is_deleted` of a token that somebody else than its own user removed, or a Go service did.
pub(super) const REMOVED: i64 = 1;
/// `is_deleted` of a token that its own user removed, and may recover. For Go services it is
/// removed as well: they look for 0.
pub(super) const REMOVED_BY_OWNER: i64 = 2;

pub(super) const TOKENS: &str =
    "SELECT name, perm, secret, extra, token, createTime, is_deleted FROM token";
pub(super) type Token = (String, String, String, Option<String>, String, NaiveDateTime, i64);

pub(super) fn token(row: Token, zone: Zone) -> TokenRow {
    let (name, perm, secret, extra, token, create_time, is_deleted) = row;
    let secret = JwtSecret::from_hex(&Zeroizing::new(secret)).unwrap_or_else(|_| {
        let token = token_fingerprint(&token);
        tracing::warn!(name, token, "a token without a usable secret: it does not verify");
        JwtSecret::random()
    });
    let removed_by = match is_deleted {
        0 => None,
        REMOVED_BY_OWNER => Some(name.clone()),
        _ => Some(String::new()),
    };
    let (extra, create_time) = (extra.unwrap_or_default(), zone.read(create_time));
    TokenRow { token, name, perm, extra, secret, create_time, removed_by }
}

pub(super) const USERS: &str =
    "SELECT id, name, comment, state, createTime, updateTime, is_deleted FROM users";
pub(super) type UserColumns =
    (String, String, Option<String>, i64, NaiveDateTime, NaiveDateTime, i64);

pub(super) fn user(row: UserColumns, zone: Zone) -> UserRow {
    let (id, name, comment, state, created, updated, is_deleted) = row;
    let user = User {
        id,
        name,
        comment: comment.unwrap_or_default(),
        state: UserState(state),
        create_time: zone.read(created).timestamp(),
        update_time: zone.read(updated).timestamp(),
    };
    UserRow { user, deleted: is_deleted != 0 }
}

/// An address as it is stored: without the letter of the network.
pub(super) fn stored(address: Address) -> String {
    format_address(&address).split_off(1)
}

fn address(stored: &str, table: &'static str) -> Result<Address, StoreError> {
    parse_address(&format!("f{stored}")).map_err(|error| StoreError::BadRow {
        table,
        reason: format!("the address `{stored}`: {error}"),
    })
}

pub(super) type Times = (Option<NaiveDateTime>, Option<NaiveDateTime>);

pub(super) const MINERS: &str =
    "SELECT miner, user, open_mining, created_at, updated_at FROM miners";
pub(super) type Miner =
    (String, String, Option<bool>, Option<NaiveDateTime>, Option<NaiveDateTime>);

pub(super) fn miner(row: Miner, zone: Zone) -> Result<MinerBinding, StoreError> {
    let (miner, user, open_mining, created, updated) = row;
    let (created_at, updated_at) = times((created, updated), zone);
    let miner = address(&miner, "miners")?;
    Ok(MinerBinding {
        miner,
        user,
        open_mining: open_mining.unwrap_or(true),
        created_at,
        updated_at,
    })
}

pub(super) const SIGNERS: &str = "SELECT signer, user, created_at, updated_at FROM signers";
pub(super) type Signer = (String, String, Option<NaiveDateTime>, Option<NaiveDateTime>);

pub(super) fn signer(row: Signer, zone: Zone) -> Result<SignerBinding, StoreError> {
    let (signer, user, created, updated) = row;
    let (created_at, updated_at) = times((created, updated), zone);
    Ok(SignerBinding { signer: address(&signer, "signers")?, user, created_at, updated_at })
}

fn times(
    (created, updated): Times,
    zone: Zone,
) -> (chrono::DateTime<chrono::Utc>, chrono::DateTime<chrono::Utc>) {
    let time = |time: Option<NaiveDateTime>| time.map(|time| zone.read(time)).unwrap_or_default();
    (time(created), time(updated))
}

pub(super) const LIMITS: &str = "SELECT id, name, service, api, reqLimit FROM user_rate_limits";
pub(super) type Limit = (String, String, Option<String>, Option<String>, Option<String>);

pub(super) fn limit(row: Limit) -> Result<RateLimit, StoreError> {
    let (id, name, service, api, req_limit) = row;
    let req_limit = match req_limit.as_deref() {
        None | Some("") => RequestLimit::default(),
        Some(text) => serde_json::from_str(text).map_err(StoreError::Corrupt)?,
    };
    let (service, api) = (service.unwrap_or_default(), api.unwrap_or_default());
    Ok(RateLimit { id, name, service, api, req_limit })
}
