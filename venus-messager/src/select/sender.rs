//! Choosing messages of one sender: nonces, gas, signatures, one transaction, publishing.

use std::sync::PoisonError;

use chrono::Utc;
use venus_core::{
    Address, EstimateMessage, EstimateResult, Message, MsgMeta, SignError, Signature, TipSet,
    TokenAmount,
    api::messager::{MessageState, QueuedMessage, Sender, SharedSpec},
    crypto,
};

use super::{
    Selector,
    estimate::{MAX_GAS, estimate},
    receivers::Receivers,
};
use crate::{
    Batch, Filter, Order,
    error::{MessagerError, Result, ask},
    fees,
    gauges::Found,
    publish::{cut, publish},
    track,
};

/// Most messages of a sender that are chosen at once.
const MAX_AT_ONCE: u64 = 100;

impl Selector {
    /// Chooses, signs, stores and publishes messages of `sender`, and publishes again those that are
    /// not on chain yet. `applied` is its next nonce after the messages of `head`, if it has any there.
    pub(super) async fn select(
        &self,
        sender: &Sender,
        head: &TipSet,
        shared: &SharedSpec,
        applied: Option<u64>,
    ) -> Result<()> {
        let inner = &*self.inner;
        let address = sender.addr;
        // Read after the turn was taken: an earlier round may have moved the nonce.
        let Some(sender) = inner.store.sender(address).await? else { return Ok(()) };
        let call = inner.chain.state_get_actor(address, head.key().clone());
        let executed = ask(inner.config.ask_timeout, "get actor failed", call).await?.nonce;
        let chain_nonce = executed.max(applied.unwrap_or_default());

        let filled = Filter::of(address, &[MessageState::Fill]);
        let (missed, in_flight): (Vec<_>, Vec<_>) =
            inner.store.list(&filled).await?.into_iter().partition(|m| m.nonce < executed);
        for message in missed {
            // Executed, but the tracker did not see it.
            if let Err(error) = track::settle(inner, message, head).await {
                tracing::debug!(sender = %address, %error, "a message that landed is not settled");
            }
        }
        let highest = in_flight.iter().map(|message| message.nonce + 1).max();
        let nonce = chain_nonce.max(sender.nonce).max(highest.unwrap_or_default());
        let republish: Vec<_> = in_flight.into_iter().filter(|m| m.nonce >= chain_nonce).collect();

        let limit = if sender.sel_msg_num > 0 { sender.sel_msg_num } else { shared.sel_msg_num };
        let wanted = limit.saturating_sub(nonce - chain_nonce).min(MAX_AT_ONCE);
        let chosen = match self.choose(&sender, head, shared, nonce, wanted).await {
            Ok(chosen) => chosen,
            Err(error) => {
                publish(inner, republish).await;
                return Err(error);
            }
        };
        let count = chosen.len();
        let published: Vec<_> = republish.into_iter().chain(chosen).collect();
        let in_flight = published.len();
        publish(inner, published).await;
        if count > 0 {
            tracing::info!(sender = %address, count, from_nonce = nonce, "messages selected");
        }
        let waiting = inner.store.list(&Filter::of(address, &[MessageState::UnFill])).await?.len();
        let nonce = nonce + u64::try_from(count).unwrap_or_default();
        inner.gauges.sender(address, &Found { nonce, chain_nonce, waiting, in_flight });
        Ok(())
    }

    /// Signs up to `wanted` messages with nonces from `nonce` on, and stores them with the next one.
    async fn choose(
        &self,
        sender: &Sender,
        head: &TipSet,
        shared: &SharedSpec,
        nonce: u64,
        wanted: u64,
    ) -> Result<Vec<QueuedMessage>> {
        let (inner, address) = (&*self.inner, sender.addr);
        let (waiting, asked) = self.window(sender, head, shared, wanted).await?;
        if waiting.is_empty() {
            return Ok(Vec::new());
        }
        let estimates = estimate(inner, asked, nonce, head.key()).await?;
        let mut batch = Batch::default();
        let mut next = nonce;
        for (row, estimate) in waiting.into_iter().zip(estimates) {
            let message = match estimated(&row, estimate, next) {
                Ok(message) => message,
                Err(error) => {
                    batch.errors.push((row.id, cut(format!("gas estimate: {error}"))));
                    continue;
                }
            };
            let bytes = match crypto::signing_bytes(&message, self.chain_id) {
                Ok(bytes) => bytes,
                Err(error) => {
                    let error = denied(address, error.to_string());
                    batch.errors.push((row.id, cut(error.to_string())));
                    continue;
                }
            };
            match self.sign(&message, bytes).await {
                Ok(signature) => {
                    batch.messages.push((MessageState::UnFill, signed(row, message, signature)));
                    next += 1;
                }
                Err(error) => {
                    batch.errors.push((row.id, cut(error.to_string())));
                    // The wallet of the sender is away: the others wait for it too.
                    break;
                }
            }
        }
        self.remember(address, &batch);
        let wallet = address.to_string();
        batch.messages.iter().for_each(|_| inner.gauges.selected.count([&wallet]));
        batch.errors.iter().for_each(|_| inner.gauges.failed.count([&wallet]));
        if next > nonce {
            batch.nonce = Some((address, next));
        }
        let chosen = batch.messages.iter().map(|(_, message)| message.clone()).collect();
        if !batch.is_empty() {
            inner.store.apply(batch).await?;
            inner.changed.send_replace(());
        }
        Ok(chosen)
    }

    /// The messages that are tried, with what the node is asked about each.
    async fn window(
        &self,
        sender: &Sender,
        head: &TipSet,
        shared: &SharedSpec,
        wanted: u64,
    ) -> Result<(Vec<QueuedMessage>, Vec<EstimateMessage>)> {
        if wanted == 0 {
            return Ok(Default::default());
        }
        let filter = Filter::of(sender.addr, &[MessageState::UnFill]);
        let mut waiting = self.inner.store.list(&filter).await?;
        if self.inner.config.order == Order::NewestFirst {
            // Databases keep milliseconds: of the same one, the order is that of the ids.
            waiting.sort_by(|a, b| (b.created_at, &b.id).cmp(&(a.created_at, &a.id)));
        }
        {
            let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
            let failures = failures.entry(sender.addr).or_default();
            failures.retain(|id, _| waiting.iter().any(|message| message.id == *id));
            // Stable: of equally many failures, the order stays.
            waiting.sort_by_key(|message| failures.get(&message.id).copied().unwrap_or_default());
        }
        let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
        let mut receivers = Receivers::new(&self.inner, head.key()).await?;
        let (mut rows, mut asked) = (Vec::new(), Vec::new());
        for row in waiting {
            if rows.len() == wanted {
                break;
            }
            let called = receivers.fees(&row).await?;
            let levels = [&sender.fees, &called, &shared.fees];
            let fees = fees::merge(&row.meta, &row.gas_fee_cap, &levels);
            let none = TokenAmount::zero();
            if fees.base_fee_limit != none && *head.base_fee() > fees.base_fee_limit {
                continue;
            }
            let mut msg = row.message();
            if msg.gas_fee_cap == none {
                msg.gas_fee_cap = fees.fee_cap;
            }
            rows.push(row);
            asked.push(EstimateMessage { msg, spec: Some(fees.spec) });
        }
        Ok((rows, asked))
    }

    /// Counts failures.
    fn remember(&self, sender: Address, batch: &Batch) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let failures = failures.entry(sender).or_default();
        for (id, _) in &batch.errors {
            *failures.entry(id.clone()).or_default() += 1;
        }
    }

    async fn sign(&self, message: &Message, bytes: Vec<u8>) -> Result<Signature> {
        let (by, waited) = (message.from, self.inner.config.sign_timeout);
        let call = self.inner.signer.sign(by, &bytes, MsgMeta::message(message));
        let signature = match tokio::time::timeout(waited, call).await {
            Ok(signature) => signature?,
            Err(_) => {
                return Err(SignError::Timeout { holder: "the wallet".to_owned(), waited }.into());
            }
        };
        // A wrong one would be refused by the node, and all later nonces would wait for this one.
        let check = {
            let signature = signature.clone();
            tokio::task::spawn_blocking(move || crypto::verify(&signature, &bytes, by))
        };
        match check.await {
            Ok(Ok(())) => Ok(signature),
            Ok(Err(error)) => {
                Err(denied(by, format!("its wallet gave a wrong signature: {error}")))
            }
            Err(error) => Err(denied(by, format!("its signature could not be checked: {error}"))),
        }
    }
}

fn denied(address: Address, reason: String) -> MessagerError {
    let purpose = venus_core::Purpose::ChainMessage;
    SignError::Denied { address, purpose, reason }.into()
}

/// The message with gas and nonce.
fn estimated(row: &QueuedMessage, estimate: EstimateResult, nonce: u64) -> Result<Message, String> {
    let EstimateResult { msg, err } = estimate;
    let estimate = msg.filter(|_| err.is_empty()).ok_or(err)?;
    if estimate.gas_limit > MAX_GAS {
        return Err(format!(" gas limit {} over limit {MAX_GAS}", estimate.gas_limit));
    }
    // Only gas is the node's to say.
    Ok(Message {
        nonce,
        gas_limit: estimate.gas_limit,
        gas_fee_cap: estimate.gas_fee_cap,
        gas_premium: estimate.gas_premium,
        ..row.message()
    })
}

fn signed(row: QueuedMessage, message: Message, signature: Signature) -> QueuedMessage {
    let pair = venus_core::SignedMessage { message, signature };
    let (unsigned_cid, signed_cid) = (Some(pair.message.cid()), Some(pair.cid()));
    let venus_core::SignedMessage { message, signature } = pair;
    QueuedMessage {
        unsigned_cid,
        signed_cid,
        nonce: message.nonce,
        gas_limit: message.gas_limit,
        gas_fee_cap: message.gas_fee_cap,
        gas_premium: message.gas_premium,
        signature: Some(signature),
        state: MessageState::Fill,
        error_msg: String::new(),
        updated_at: Utc::now(),
        ..row
    }
}
