//! What is read, decided and written in one transaction. Rows that a decision rests on are read
//! `FOR UPDATE`, so that nobody changes them meanwhile: senders before messages.

use chrono::Utc;
use venus_core::{
    Address,
    api::messager::{ActorConfig, DirectWallet, MessageState, QueuedMessage, Sender, SharedSpec},
    sql::{
        Transaction, Zone,
        sqlx::{self, AssertSqlSafe},
    },
};

use super::{
    columns::stored,
    message,
    rows::{FEES, FORBIDDEN, SET_FEES, bind_fees, code},
};
use crate::error::{MessagerError, Result};

/// The state of a sender, which is not changed by others until the transaction ends. `None`: it
/// is not there.
async fn lock(tx: &mut Transaction, address: &str) -> Result<Option<i64>> {
    let find = "SELECT state, is_deleted FROM addresses WHERE addr = ? FOR UPDATE";
    let row: Option<(Option<i64>, i64)> =
        tx.fetch_optional(sqlx::query_as(find).bind(address)).await?;
    match row {
        None => Ok(None),
        Some((state, -1)) => Ok(Some(state.unwrap_or(1))),
        Some(_) => {
            // One of 2021 that was removed is in the way of a new one.
            let remove = sqlx::query("DELETE FROM addresses WHERE addr = ?").bind(address);
            tx.execute(remove).await?;
            Ok(None)
        }
    }
}

async fn add_sender(tx: &mut Transaction, zone: Zone, sender: &Sender) -> Result<()> {
    let insert = AssertSqlSafe(format!(
        "INSERT INTO addresses (id,addr,nonce,weight,state,sel_msg_num,{FEES},is_deleted,\
         created_at,updated_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
    ));
    let insert = sqlx::query(insert)
        .bind(&sender.id)
        .bind(stored(sender.addr))
        .bind(sender.nonce)
        .bind(sender.weight)
        .bind(code(sender.state))
        .bind(sender.sel_msg_num);
    let insert = bind_fees(insert, &sender.fees)
        .bind(sender.is_deleted)
        .bind(zone.write(sender.created_at, 3))
        .bind(zone.write(sender.updated_at, 3));
    tx.execute(insert).await?;
    Ok(())
}

pub(super) async fn ensure_sender(
    tx: &mut Transaction,
    zone: Zone,
    address: Address,
) -> Result<Option<i64>> {
    let there = lock(tx, &stored(address)).await?;
    if there.is_none() {
        add_sender(tx, zone, &Sender::new(address, Utc::now())).await?;
    }
    Ok(there)
}

pub(super) async fn insert(tx: &mut Transaction, zone: Zone, row: &QueuedMessage) -> Result<()> {
    // The table takes `A` for `a`: the one that is there is named.
    let find = sqlx::query_as("SELECT id FROM messages WHERE id = ?").bind(&row.id);
    if let Some((taken,)) = tx.fetch_optional::<(String,)>(find).await? {
        return Err(MessagerError::Duplicate(taken));
    }
    if ensure_sender(tx, zone, row.from).await? == Some(FORBIDDEN) {
        return Err(MessagerError::Forbidden(row.from));
    }
    let insert = message::bind(sqlx::query(message::insert()), row, zone)?;
    tx.execute(insert.bind(zone.write(row.created_at, 3)).bind(&row.id)).await?;
    Ok(())
}

pub(super) async fn remove_sender(tx: &mut Transaction, address: Address) -> Result<bool> {
    let text = stored(address);
    let there = lock(tx, &text).await?.is_some();
    let count = "SELECT COUNT(*) FROM messages WHERE from_addr = ? AND state = ?";
    let count = sqlx::query_as(count).bind(&text).bind(MessageState::Fill.code());
    let count = tx.fetch_optional::<(i64,)>(count).await?.map_or(0, |(count,)| count);
    if count > 0 {
        let count = usize::try_from(count).unwrap_or_default();
        return Err(MessagerError::InFlight { sender: address, count });
    }
    tx.execute(sqlx::query("DELETE FROM addresses WHERE addr = ?").bind(&text)).await?;
    Ok(there)
}

pub(super) async fn set_shared(tx: &mut Transaction, params: &SharedSpec) -> Result<()> {
    for statement in [
        format!("UPDATE shared_params SET sel_msg_num=?,{SET_FEES} WHERE id = 1"),
        format!("INSERT INTO shared_params (sel_msg_num,{FEES},id) VALUES (?,?,?,?,?,?,1)"),
    ] {
        let statement = sqlx::query(AssertSqlSafe(statement)).bind(params.sel_msg_num);
        if tx.execute(bind_fees(statement, &params.fees)).await? > 0 {
            break;
        }
    }
    Ok(())
}

pub(super) async fn save_actor_config(
    tx: &mut Transaction,
    zone: Zone,
    config: &ActorConfig,
) -> Result<()> {
    let (id, call) = (config.id.to_string(), config.code.map(|cid| cid.to_string()));
    let call = call.unwrap_or_default();
    let find = "SELECT id FROM actor_cfg WHERE code = ? AND method = ? FOR UPDATE";
    let find = sqlx::query_as(find).bind(&call).bind(config.method);
    if let Some((other,)) = tx.fetch_optional::<(String,)>(find).await?
        && !other.eq_ignore_ascii_case(&id)
    {
        let other = other.parse().map_err(|error| super::columns::damaged("actor_cfg", error))?;
        return Err(MessagerError::PricedTwice(other));
    }
    for statement in [
        format!(
            "UPDATE actor_cfg SET actor_v=?,code=?,method=?,{SET_FEES},created_at=?,updated_at=? \
             WHERE id = ?"
        ),
        format!(
            "INSERT INTO actor_cfg (actor_v,code,method,{FEES},created_at,updated_at,id) \
             VALUES (?,?,?,?,?,?,?,?,?,?,?)"
        ),
    ] {
        let statement = sqlx::query(AssertSqlSafe(statement))
            .bind(config.version)
            .bind(&call)
            .bind(config.method);
        let statement = bind_fees(statement, &config.fees)
            .bind(zone.write(config.created_at, 3))
            .bind(zone.write(config.updated_at, 3))
            .bind(&id);
        if tx.execute(statement).await? > 0 {
            break;
        }
    }
    Ok(())
}

pub(super) async fn put_wallet(
    tx: &mut Transaction,
    zone: Zone,
    wallet: &DirectWallet,
) -> Result<()> {
    // Names of removed ones are free again.
    let free = "DELETE FROM wallets WHERE is_deleted <> -1 AND (name = ? OR id = ?)";
    tx.execute(sqlx::query(free).bind(&wallet.name).bind(&wallet.id)).await?;
    for statement in [
        "UPDATE wallets SET name=?,url=?,token=?,created_at=?,updated_at=? WHERE id = ?",
        "INSERT INTO wallets (name,url,token,created_at,updated_at,id,state) \
         VALUES (?,?,?,?,?,?,1)",
    ] {
        let statement = sqlx::query(statement)
            .bind(&wallet.name)
            .bind(&wallet.url)
            .bind(&wallet.token)
            .bind(zone.write(wallet.created_at, 3))
            .bind(zone.write(wallet.updated_at, 3))
            .bind(&wallet.id);
        if tx.execute(statement).await? > 0 {
            break;
        }
    }
    Ok(())
}
