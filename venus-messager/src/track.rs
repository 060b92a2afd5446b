//! Following the chain: from published to executed, and back when the chain goes another way.
//!
//! A tipset is executed by its child, so a head tells the outcome of its parent's messages. The
//! store remembers up to which tipset this was done, moved in the same transaction as the messages:
//! after a restart, or a subscription that broke, it goes on from there.

use std::{collections::HashSet, sync::Arc, time::Duration};

use chrono::Utc;
use futures::StreamExt;
use tokio_util::sync::CancellationToken;
use venus_core::{
    ApiMessage, ChainEpoch, Cid, HeadChangeType, Receipt, TipSet, TipSetKey,
    api::messager::{MessageState, QueuedMessage, QueuedReceipt},
    rpc::RpcError,
};

use crate::{
    Batch, Filter, Key, Tracked,
    error::{MessagerError, Result, ask},
    service::Inner,
};

/// Beyond so many epochs each message is looked for instead of walking the chain.
const FINALITY: ChainEpoch = 900;
/// Between subscriptions.
const PAUSE: Duration = Duration::from_secs(1);

/// Follows the head until `stop`.
pub(crate) async fn follow(inner: &Inner, stop: &CancellationToken) {
    let followed = async {
        loop {
            if let Err(error) = subscription(inner).await {
                tracing::warn!(%error, "following the chain failed; subscribing again");
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = followed => {}
    }
}

/// Follows the head as long as one subscription lasts.
async fn subscription(inner: &Inner) -> Result<()> {
    let call = inner.chain.chain_notify();
    let mut changes = ask(inner.config.ask_timeout, "following the head", call).await?;
    while let Some(batch) = changes.next().await {
        // A batch of reverts alone is followed by one that says where the chain goes.
        let head = batch.into_iter().rfind(|change| change.r#type != HeadChangeType::Revert);
        if let Some(head) = head {
            let head = Arc::new(head.val);
            let caught_up = {
                let _one = inner.tracking.lock().await;
                catch_up(inner, &head).await
            };
            // Selection asks the node for nonces, so it can go on where tracking cannot.
            inner.gauges.head.set([], head.height());
            inner.head.send_replace(Some(head));
            caught_up?;
        }
    }
    Ok(())
}

/// Stores the outcome of all messages that `head` knows.
async fn catch_up(inner: &Inner, head: &TipSet) -> Result<()> {
    let Some(tracked) = inner.store.tracked().await? else {
        return reconcile(inner, head, None).await;
    };
    if tracked.key == *head.key() {
        return Ok(());
    }
    if tracked.key == head.parents() {
        return apply(inner, head).await;
    }
    if (head.height() - tracked.height).abs() > FINALITY {
        return reconcile(inner, head, Some(&tracked)).await;
    }
    let call = inner.chain.chain_get_path(tracked.key.clone(), head.key().clone());
    let path = match ask(inner.config.estimate_timeout, "getting the way to the head", call).await {
        Ok(path) => path,
        Err(MessagerError::Node { source: RpcError::Remote { message, .. }, .. }) => {
            tracing::warn!(from = %tracked.key, reason = message, "looking for each message");
            return reconcile(inner, head, Some(&tracked)).await;
        }
        Err(error) => return Err(error),
    };
    for change in path {
        match change.r#type {
            HeadChangeType::Revert => undo(inner, &change.val).await?,
            _ => apply(inner, &change.val).await?,
        }
    }
    Ok(())
}

/// The messages that `tipset` executed, which are those of its parent.
async fn executed(inner: &Inner, tipset: &TipSet) -> Result<Vec<(ApiMessage, Receipt)>> {
    if tipset.height() == 0 {
        return Ok(Vec::new());
    }
    let timeout = inner.config.ask_timeout;
    let block = tipset.min_ticket_block().cid();
    let (messages, receipts) = tokio::try_join!(
        ask(timeout, "reading messages", inner.chain.chain_get_parent_messages(block)),
        ask(timeout, "reading receipts", inner.chain.chain_get_parent_receipts(block)),
    )?;
    let (m, r) = (messages.len(), receipts.len());
    if m != r {
        return Err(MessagerError::Receipts { messages: m, receipts: r });
    }
    let senders: HashSet<_> = inner.store.senders().await?.into_iter().map(|s| s.addr).collect();
    let pairs = messages.into_iter().zip(receipts);
    Ok(pairs.filter(|(message, _)| senders.contains(&message.message.from)).collect())
}

/// Stores what `tipset` executed.
async fn apply(inner: &Inner, tipset: &TipSet) -> Result<()> {
    let mut batch = Batch::default();
    let mut height = None;
    for (ApiMessage { cid, message }, receipt) in executed(inner, tipset).await? {
        let key = Key::Nonce(message.from, message.nonce);
        let found = inner.store.find(&key).await?;
        let Some(row) = found.filter(|row| row.state == MessageState::Fill) else {
            tracing::debug!(%cid, from = %message.from, nonce = message.nonce, "not of ours");
            continue;
        };
        let height = match height {
            Some(height) => height,
            None => *height.insert(height_of(inner, tipset.parents()).await?),
        };
        batch.messages.push((row.state, landed(row, cid, receipt, tipset.parents(), height)));
    }
    batch.tracked = Some(Tracked { key: tipset.key().clone(), height: tipset.height() });
    write(inner, batch).await
}

/// Takes back what `tipset` executed: it is not part of the chain any more.
async fn undo(inner: &Inner, tipset: &TipSet) -> Result<()> {
    let mut batch = Batch::default();
    for (ApiMessage { message, .. }, _) in executed(inner, tipset).await? {
        let found = inner.store.find(&Key::Nonce(message.from, message.nonce)).await?;
        let there =
            |row: &QueuedMessage| row.state.has_landed() && row.tip_set_key == tipset.parents();
        if let Some(row) = found.filter(there) {
            batch.messages.push((row.state, pending_again(row)));
        }
    }
    batch.tracked = Some(Tracked { key: tipset.parents(), height: tipset.height() - 1 });
    write(inner, batch).await
}

/// Looks for each message that is published, and checks those that landed where the chain may have
/// gone another way since. For a new store, and where the way from the last head is not known.
async fn reconcile(inner: &Inner, head: &TipSet, tracked: Option<&Tracked>) -> Result<()> {
    if let Some(tracked) = tracked {
        let states = [MessageState::OnChain, MessageState::NonceConflict];
        for row in inner.store.list(&Filter::in_states(&states)).await? {
            if row.height > tracked.height - FINALITY && !is_on(inner, &row, head).await? {
                let batch =
                    Batch { messages: vec![(row.state, pending_again(row))], ..Batch::default() };
                write(inner, batch).await?;
            }
        }
    }
    for row in inner.store.list(&Filter::in_states(&[MessageState::Fill])).await? {
        if let Some(found) = settled(inner, row, head).await? {
            write(inner, found).await?;
        }
    }
    let tracked = Tracked { key: head.key().clone(), height: head.height() };
    write(inner, Batch { tracked: Some(tracked), ..Batch::default() }).await
}

/// Whether the tipset that contains a message is an ancestor of `head`.
async fn is_on(inner: &Inner, row: &QueuedMessage, head: &TipSet) -> Result<bool> {
    if row.height >= head.height() {
        return Ok(false);
    }
    let call = inner.chain.chain_get_tipset_by_height(row.height, head.key().clone());
    let there = ask(inner.config.ask_timeout, "reading a tipset", call).await?;
    Ok(*there.key() == row.tip_set_key)
}

/// Looks for the execution of a published message that was not seen when it happened, and stores
/// it, unless the chain goes another way by then. Whether it was found.
pub(crate) async fn settle(inner: &Inner, row: QueuedMessage, head: &TipSet) -> Result<bool> {
    // The tracker reads a message before it undoes it: in between nobody may settle it.
    let _one = inner.tracking.lock().await;
    let Some(found) = settled(inner, row, head).await? else { return Ok(false) };
    write(inner, Batch { only_at: Some(head.key().clone()), ..found }).await?;
    Ok(true)
}

/// Looks for the execution of a published message.
async fn settled(inner: &Inner, row: QueuedMessage, head: &TipSet) -> Result<Option<Batch>> {
    let Some(cid) = row.signed_cid else { return Ok(None) };
    let call = inner.chain.state_search_msg(head.key().clone(), cid, -1, true);
    let lookup = match ask(inner.config.estimate_timeout, "looking for a message", call).await {
        Ok(Some(lookup)) => lookup,
        Ok(None) => return Ok(None),
        Err(MessagerError::Node { source: RpcError::Remote { message, .. }, .. }) => {
            // Most nodes say so of a message that they never had.
            tracing::debug!(id = row.id, %cid, reason = message, "message not found on chain");
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let call = inner.chain.chain_get_tipset(lookup.tip_set);
    let executor = ask(inner.config.ask_timeout, "reading a tipset", call).await?;
    let key = executor.parents();
    let height = height_of(inner, key.clone()).await?;
    let landed = landed(row, lookup.message, lookup.receipt, key, height);
    Ok(Some(Batch { messages: vec![(MessageState::Fill, landed)], ..Batch::default() }))
}

async fn height_of(inner: &Inner, key: TipSetKey) -> Result<ChainEpoch> {
    let call = inner.chain.chain_get_tipset(key);
    Ok(ask(inner.config.ask_timeout, "reading a tipset", call).await?.height())
}

/// A message whose nonce was used by the message `cid` in the tipset `key`.
fn landed(
    row: QueuedMessage,
    cid: Cid,
    receipt: Receipt,
    key: TipSetKey,
    height: ChainEpoch,
) -> QueuedMessage {
    let state = match row.signed_cid == Some(cid) {
        true => MessageState::OnChain,
        false => MessageState::NonceConflict,
    };
    tracing::info!(
        id = row.id, %cid, nonce = row.nonce, height, exit_code = receipt.exit_code, %state,
        "message executed"
    );
    QueuedMessage {
        state,
        height,
        tip_set_key: key,
        receipt: QueuedReceipt {
            exit_code: receipt.exit_code.into(),
            r#return: receipt.return_data,
            gas_used: receipt.gas_used,
            events_root: None,
        },
        error_msg: String::new(),
        updated_at: Utc::now(),
        ..row
    }
}

/// A message whose execution was undone.
fn pending_again(row: QueuedMessage) -> QueuedMessage {
    tracing::info!(id = row.id, nonce = row.nonce, height = row.height, "execution undone");
    QueuedMessage {
        state: MessageState::Fill,
        height: 0,
        tip_set_key: TipSetKey::default(),
        receipt: QueuedReceipt::default(),
        updated_at: Utc::now(),
        ..row
    }
}

/// Writes what was seen. A message that somebody else changed meanwhile is seen again later.
async fn write(inner: &Inner, batch: Batch) -> Result<()> {
    let landed: Vec<_> = batch
        .messages
        .iter()
        .filter(|(_, new)| new.state.has_landed())
        .map(|(_, new)| new.state.to_string())
        .collect();
    inner.store.apply(batch).await?;
    landed.iter().for_each(|state| inner.gauges.executed.count([state]));
    inner.changed.send_replace(());
    Ok(())
}
