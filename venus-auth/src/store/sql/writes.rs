//! What is read, decided and written in one transaction. Rows that a decision rests on are read
//! `FOR UPDATE`, so that nobody changes them meanwhile.

use chrono::{DateTime, NaiveDateTime, Utc};
use venus_core::{
    auth::{RateLimit, User, UserState, UserUpdate},
    sql::{SqlError, Transaction, Zone, sqlx},
};

use super::rows::{REMOVED, REMOVED_BY_OWNER};
use crate::store::{Bound, StoreError, TokenRow};

type Outcome<T> = Result<T, StoreError>;

pub(super) async fn put_token(tx: &mut Transaction, zone: Zone, row: &TokenRow) -> Outcome<()> {
    let insert = "INSERT INTO token (name, perm, secret, extra, token, createTime, is_deleted) \
        VALUES (?, ?, ?, ?, ?, ?, ?)";
    let secret = row.secret.to_hex();
    let insert = sqlx::query(insert)
        .bind(&row.name)
        .bind(&row.perm)
        .bind(secret.as_str())
        .bind(&row.extra)
        .bind(&row.token)
        .bind(zone.write(row.create_time, 0))
        .bind(removed(row.removed_by.as_deref(), &row.name));
    tx.execute(insert).await?;
    Ok(())
}

/// The value of `is_deleted`. Who it was is kept only if it was the token's own user.
fn removed(by: Option<&str>, owner: &str) -> i64 {
    match by {
        None => 0,
        Some(by) if by == owner => REMOVED_BY_OWNER,
        Some(_) => REMOVED,
    }
}

pub(super) async fn set_token_removed(
    tx: &mut Transaction,
    token: &str,
    by: Option<&str>,
) -> Outcome<bool> {
    let find = "SELECT token, name, is_deleted FROM token WHERE token = ? FOR UPDATE";
    let row: Option<(String, String, i64)> =
        tx.fetch_optional(sqlx::query_as(find).bind(token)).await?;
    let Some((found, owner, is_deleted)) = row else { return Ok(false) };
    if found != token || (is_deleted != 0) == by.is_some() {
        return Ok(false);
    }
    let update = "UPDATE token SET is_deleted = ? WHERE token = ?";
    tx.execute(sqlx::query(update).bind(removed(by, &owner)).bind(token)).await?;
    Ok(true)
}

/// The row of a user that the tables take for this name.
struct Found {
    id: String,
    same_name: bool,
    deleted: bool,
}

async fn find_user(tx: &mut Transaction, name: &str) -> Result<Option<Found>, SqlError> {
    let find = "SELECT id, name, is_deleted FROM users WHERE name = ? FOR UPDATE";
    let row: Option<(String, String, i64)> =
        tx.fetch_optional(sqlx::query_as(find).bind(name)).await?;
    Ok(row.map(|(id, found, is_deleted)| Found {
        id,
        same_name: found == name,
        deleted: is_deleted != 0,
    }))
}

async fn find_live_user(tx: &mut Transaction, name: &str) -> Result<Option<Found>, SqlError> {
    Ok(find_user(tx, name).await?.filter(|found| found.same_name && !found.deleted))
}

pub(super) async fn insert_user(tx: &mut Transaction, zone: Zone, user: &User) -> Outcome<bool> {
    let time =
        |seconds| zone.write(DateTime::<Utc>::from_timestamp(seconds, 0).unwrap_or_default(), 0);
    let (write, old_id) = match find_user(tx, &user.name).await? {
        None => {
            let insert = "INSERT INTO users (id, name, comment, state, createTime, updateTime) \
                VALUES (?, ?, ?, ?, ?, ?)";
            (insert, None)
        }
        Some(found) if found.deleted && found.same_name => {
            let update = "UPDATE users SET id = ?, name = ?, comment = ?, state = ?, \
                createTime = ?, updateTime = ?, is_deleted = 0 WHERE id = ?";
            (update, Some(found.id))
        }
        Some(_) => return Ok(false),
    };
    let mut write = sqlx::query(write)
        .bind(&user.id)
        .bind(&user.name)
        .bind(&user.comment)
        .bind(user.state.0)
        .bind(time(user.create_time))
        .bind(time(user.update_time));
    if let Some(id) = old_id {
        write = write.bind(id);
    }
    tx.execute(write).await?;
    Ok(true)
}

pub(super) async fn update_user(
    tx: &mut Transaction,
    update: &UserUpdate,
    now: NaiveDateTime,
) -> Outcome<bool> {
    let Some(user) = find_live_user(tx, &update.name).await? else { return Ok(false) };
    let write = "UPDATE users SET comment = COALESCE(?, comment), state = COALESCE(?, state), \
        updateTime = ? WHERE id = ?";
    let state = Some(update.state.0).filter(|_| update.state != UserState::UNDEFINED);
    let write = sqlx::query(write).bind(&update.comment).bind(state).bind(now).bind(user.id);
    tx.execute(write).await?;
    Ok(true)
}

pub(super) async fn delete_user(
    tx: &mut Transaction,
    zone: Zone,
    name: &str,
    now: DateTime<Utc>,
) -> Outcome<bool> {
    let Some(user) = find_live_user(tx, name).await? else { return Ok(false) };
    let delete = "UPDATE users SET is_deleted = 1, updateTime = ? WHERE id = ?";
    tx.execute(sqlx::query(delete).bind(zone.write(now, 0)).bind(user.id)).await?;
    for unbind in [
        "UPDATE miners SET deleted_at = ? WHERE user = ? AND deleted_at IS NULL",
        "UPDATE signers SET deleted_at = ? WHERE user = ? AND deleted_at IS NULL",
    ] {
        tx.execute(sqlx::query(unbind).bind(zone.write(now, 3)).bind(name)).await?;
    }
    Ok(true)
}

pub(super) async fn recover_user(
    tx: &mut Transaction,
    name: &str,
    now: NaiveDateTime,
) -> Outcome<bool> {
    match find_user(tx, name).await? {
        Some(user) if user.same_name && user.deleted => {
            let recover = "UPDATE users SET is_deleted = 0, updateTime = ? WHERE id = ?";
            tx.execute(sqlx::query(recover).bind(now).bind(user.id)).await?;
            Ok(true)
        }
        _ => Ok(false),
    }
}

pub(super) async fn bind_miner(
    tx: &mut Transaction,
    user: &str,
    miner: &str,
    open_mining: bool,
    now: NaiveDateTime,
) -> Outcome<Bound> {
    if find_live_user(tx, user).await?.is_none() {
        return Ok(Bound::NoUser);
    }
    let find = "SELECT deleted_at IS NULL FROM miners WHERE miner = ? FOR UPDATE";
    let before: Option<(bool,)> = tx.fetch_optional(sqlx::query_as(find).bind(miner)).await?;
    let write = match before {
        Some(_) => {
            let update = "UPDATE miners SET user = ?, open_mining = ?, updated_at = ?, \
                deleted_at = NULL WHERE miner = ?";
            sqlx::query(update).bind(user).bind(open_mining).bind(now).bind(miner)
        }
        None => {
            let insert = "INSERT INTO miners (miner, user, open_mining, created_at, updated_at) \
                VALUES (?, ?, ?, ?, ?)";
            sqlx::query(insert).bind(miner).bind(user).bind(open_mining).bind(now).bind(now)
        }
    };
    tx.execute(write).await?;
    Ok(if before == Some((true,)) { Bound::Updated } else { Bound::Created })
}

pub(super) async fn bind_signer(
    tx: &mut Transaction,
    user: &str,
    signer: &str,
    now: NaiveDateTime,
) -> Outcome<Bound> {
    if find_live_user(tx, user).await?.is_none() {
        return Ok(Bound::NoUser);
    }
    let find = "SELECT deleted_at IS NULL FROM signers WHERE user = ? AND signer = ? FOR UPDATE";
    let before: Option<(bool,)> =
        tx.fetch_optional(sqlx::query_as(find).bind(user).bind(signer)).await?;
    let write = match before {
        Some(_) => {
            let update = "UPDATE signers SET user = ?, updated_at = ?, deleted_at = NULL \
                WHERE user = ? AND signer = ?";
            sqlx::query(update).bind(user).bind(now).bind(user).bind(signer)
        }
        None => {
            let insert =
                "INSERT INTO signers (user, created_at, updated_at, signer) VALUES (?, ?, ?, ?)";
            sqlx::query(insert).bind(user).bind(now).bind(now).bind(signer)
        }
    };
    tx.execute(write).await?;
    Ok(if before == Some((true,)) { Bound::Updated } else { Bound::Created })
}

pub(super) async fn unbind_signer(
    tx: &mut Transaction,
    user: Option<&str>,
    signer: &str,
    now: NaiveDateTime,
) -> Outcome<bool> {
    let find = "SELECT id, user FROM signers WHERE signer = ? AND deleted_at IS NULL FOR UPDATE";
    let mut bound: Vec<(u64, String)> = tx.fetch_all(sqlx::query_as(find).bind(signer)).await?;
    bound.retain(|(_, name)| user.is_none_or(|user| user == name));
    for (id, _) in &bound {
        let unbind = "UPDATE signers SET deleted_at = ? WHERE id = ?";
        tx.execute(sqlx::query(unbind).bind(now).bind(id)).await?;
    }
    Ok(!bound.is_empty())
}

async fn find_limit(tx: &mut Transaction, id: &str) -> Result<Option<(String, String)>, SqlError> {
    let find = "SELECT id, name FROM user_rate_limits WHERE id = ? FOR UPDATE";
    tx.fetch_optional(sqlx::query_as(find).bind(id)).await
}

pub(super) async fn put_limit(tx: &mut Transaction, limit: &RateLimit) -> Outcome<bool> {
    let RateLimit { id, name, service, api, req_limit } = limit;
    let req_limit = serde_json::to_string(req_limit).map_err(StoreError::Corrupt)?;
    let write = match find_limit(tx, id).await? {
        Some((found, owner)) if found != *id || owner != *name => return Ok(false),
        Some(_) => {
            "UPDATE user_rate_limits SET name = ?, service = ?, api = ?, reqLimit = ? WHERE id = ?"
        }
        None => {
            "INSERT INTO user_rate_limits (name, service, api, reqLimit, id) VALUES (?, ?, ?, ?, ?)"
        }
    };
    let write = sqlx::query(write).bind(name).bind(service).bind(api).bind(req_limit).bind(id);
    tx.execute(write).await?;
    Ok(true)
}

pub(super) async fn remove_limit(tx: &mut Transaction, user: &str, id: &str) -> Outcome<bool> {
    match find_limit(tx, id).await? {
        Some((found, owner)) if found == id && owner == user => {
            tx.execute(sqlx::query("DELETE FROM user_rate_limits WHERE id = ?").bind(id)).await?;
            Ok(true)
        }
        _ => Ok(false),
    }
}
