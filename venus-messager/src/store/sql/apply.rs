//! A batch in one transaction.

use chrono::Utc;
use venus_core::{
    Address, TipSetKey,
    api::messager::{MessageState, QueuedMessage},
    sql::{
        Transaction, Zone,
        sqlx::{self, AssertSqlSafe},
    },
};

use super::{
    columns::{Found, stored},
    message::{self, cut},
    rows::TRACKED,
    writes::ensure_sender,
};
use crate::{
    error::{MessagerError, Result},
    store::{Batch, Tracked},
};

pub(super) async fn apply(tx: &mut Transaction, zone: Zone, batch: &Batch) -> Result<()> {
    if let Some(key) = &batch.only_at {
        check_tracked(tx, zone, key).await?;
    }
    if let Some((sender, nonce)) = batch.nonce {
        set_nonce(tx, zone, sender, nonce).await?;
        check_nonces(tx, sender, batch).await?;
    }
    for (state, new) in &batch.messages {
        let update = message::bind(sqlx::query(message::update()), new, zone)?;
        let update = update.bind(&new.id).bind(new.id.as_bytes()).bind(state.code());
        if tx.execute(update).await? != 1 {
            return Err(MessagerError::Changed(new.id.clone()));
        }
    }
    for (id, error) in &batch.errors {
        let update = "UPDATE messages SET error_msg = ?, updated_at = ? \
            WHERE id = ? AND CAST(id AS BINARY) = ? AND state NOT IN (?, ?)";
        let update = sqlx::query(update)
            .bind(cut(error))
            .bind(zone.write(Utc::now(), 3))
            .bind(id)
            .bind(id.as_bytes())
            .bind(MessageState::OnChain.code())
            .bind(MessageState::NonceConflict.code());
        tx.execute(update).await?;
    }
    match &batch.tracked {
        Some(tracked) => set_tracked(tx, tracked).await,
        None => Ok(()),
    }
}

async fn check_tracked(tx: &mut Transaction, zone: Zone, key: &TipSetKey) -> Result<()> {
    let find = AssertSqlSafe(format!("{TRACKED} FOR UPDATE"));
    let tracked = tx.fetch_optional::<Found<Tracked>>(sqlx::query_as(find)).await?;
    match tracked.map(|tracked| tracked.at(zone)).transpose()? {
        Some(tracked) if tracked.key == *key => Ok(()),
        _ => Err(MessagerError::Moved),
    }
}

async fn set_tracked(tx: &mut Transaction, tracked: &Tracked) -> Result<()> {
    for statement in [
        "UPDATE venus_tracked SET tipset_key = ?, height = ? WHERE id = 1",
        "INSERT INTO venus_tracked (tipset_key, height, id) VALUES (?, ?, 1)",
    ] {
        let statement = sqlx::query(statement).bind(tracked.key.to_string()).bind(tracked.height);
        if tx.execute(statement).await? > 0 {
            break;
        }
    }
    Ok(())
}

/// Holds the sender from here on: two processes take turns.
async fn set_nonce(tx: &mut Transaction, zone: Zone, sender: Address, nonce: u64) -> Result<()> {
    ensure_sender(tx, zone, sender).await?;
    let update = "UPDATE addresses SET nonce = ?, updated_at = ? WHERE addr = ?";
    let now = zone.write(Utc::now(), 3);
    tx.execute(sqlx::query(update).bind(nonce).bind(now).bind(stored(sender))).await?;
    Ok(())
}

/// Another process on this database may have given the nonces away that this batch gives: to other
/// messages.
async fn check_nonces(tx: &mut Transaction, sender: Address, batch: &Batch) -> Result<()> {
    let given = |(old, new): &&(MessageState, QueuedMessage)| {
        new.state == MessageState::Fill && *old != MessageState::Fill && new.from == sender
    };
    let given: Vec<_> = batch.messages.iter().filter(given).map(|(_, new)| new.nonce).collect();
    let (Some(first), Some(last)) = (given.iter().min(), given.iter().max()) else {
        return Ok(());
    };
    let find = "SELECT id, nonce FROM messages \
        WHERE from_addr = ? AND nonce BETWEEN ? AND ? AND state = ? FOR UPDATE";
    let find = sqlx::query_as(find)
        .bind(stored(sender))
        .bind(first)
        .bind(last)
        .bind(MessageState::Fill.code());
    let others: Vec<(String, u64)> = tx.fetch_all(find).await?;
    match others.into_iter().find(|(_, nonce)| given.contains(nonce)) {
        Some((id, _)) => Err(MessagerError::Changed(id)),
        None => Ok(()),
    }
}
