//! Choosing messages, once for each head that stands.

mod estimate;
mod receivers;
mod sender;

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{sync::watch, task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;
use venus_core::{Address, ApiMessage, TipSet, api::messager::SenderState};

use crate::{
    error::{Result, ask},
    service::Inner,
};

/// Chooses messages of all senders, those of each in a task of its own.
#[derive(Debug, Clone)]
pub(crate) struct Selector {
    inner: Arc<Inner>,
    stable: Duration,
    /// For the signatures of delegated senders.
    chain_id: u64,
    /// Senders whose last round is not over.
    busy: Arc<Mutex<HashSet<Address>>>,
    /// How often messages that wait have failed, so that they do not keep others back.
    failures: Arc<Mutex<HashMap<Address, HashMap<String, u32>>>>,
}

impl Selector {
    pub(crate) fn new(inner: Arc<Inner>, stable: Duration, chain_id: u64) -> Self {
        Self { inner, stable, chain_id, busy: Arc::default(), failures: Arc::default() }
    }

    pub(crate) async fn run(&self, stop: &CancellationToken) {
        let mut heads = self.inner.head.subscribe();
        let mut tasks = JoinSet::new();
        while let Some(head) = self.next(&mut heads, stop).await {
            while tasks.try_join_next().is_some() {}
            if let Err(error) = self.round(&head, &mut tasks).await {
                tracing::warn!(height = head.height(), %error, "nothing selected on this head");
            }
        }
        tasks.shutdown().await;
    }

    /// The next head that stood long enough. Where heads change faster than that, one is taken
    /// after twice the time all the same.
    async fn next(
        &self,
        heads: &mut watch::Receiver<Option<Arc<TipSet>>>,
        stop: &CancellationToken,
    ) -> Option<Arc<TipSet>> {
        loop {
            tokio::select! {
                () = stop.cancelled() => return None,
                changed = heads.changed() => changed.ok()?,
            }
            let latest = Instant::now() + 2 * self.stable;
            loop {
                heads.mark_unchanged();
                let until = latest.min(Instant::now() + self.stable);
                tokio::select! {
                    () = stop.cancelled() => return None,
                    changed = heads.changed() => changed.ok()?,
                    () = tokio::time::sleep_until(until) => break,
                }
            }
            if let Some(head) = heads.borrow_and_update().clone() {
                return Some(head);
            }
        }
    }

    async fn round(&self, head: &Arc<TipSet>, tasks: &mut JoinSet<()>) -> Result<()> {
        let inner = &self.inner;
        let shared = inner.store.shared().await?;
        let senders = inner.store.senders().await?;
        let call = inner.chain.chain_get_messages_in_tipset(head.key().clone());
        let messages = ask(inner.config.ask_timeout, "reading the head's messages", call).await?;
        let applied = Arc::new(next_nonces(&messages));
        for sender in senders.into_iter().filter(|s| s.state == SenderState::Alive) {
            let (address, head, shared) = (sender.addr, Arc::clone(head), shared.clone());
            let Some(turn) = Turn::take(&self.busy, address) else {
                tracing::warn!(sender = %address, "still selecting since an earlier head");
                continue;
            };
            let (this, applied) = (self.clone(), Arc::clone(&applied));
            tasks.spawn(async move {
                let _turn = turn;
                let applied = applied.get(&address).copied();
                if let Err(error) = this.select(&sender, &head, &shared, applied).await {
                    tracing::warn!(sender = %address, %error, "nothing selected for this sender");
                }
            });
        }
        Ok(())
    }
}

/// A sender's turn: nobody else selects for it until this is dropped.
#[derive(Debug)]
struct Turn {
    busy: Arc<Mutex<HashSet<Address>>>,
    address: Address,
}

impl Turn {
    fn take(busy: &Arc<Mutex<HashSet<Address>>>, address: Address) -> Option<Self> {
        let free = busy.lock().unwrap_or_else(PoisonError::into_inner).insert(address);
        free.then(|| Self { busy: Arc::clone(busy), address })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.address);
    }
}

/// The next nonce of each sender after these messages, which are not executed yet: what follows
/// the first without a gap.
fn next_nonces(messages: &[ApiMessage]) -> HashMap<Address, u64> {
    let mut next = HashMap::new();
    for message in messages.iter().map(|m| &m.message) {
        let expected = next.entry(message.from).or_insert(message.nonce);
        if *expected == message.nonce {
            *expected += 1;
        }
    }
    next
}

#[cfg(test)]
mod tests {
    use venus_core::{Message, TokenAmount};

    use super::*;

    /// Row 28 of messager.md 25.
    #[test]
    fn nonces_count_up_to_the_first_gap() {
        let (a, b) = (Address::id(100), Address::id(101));
        let message = |from, nonce| {
            let message = Message { nonce, ..Message::transfer(from, b, TokenAmount::zero()) };
            ApiMessage { cid: message.cid(), message }
        };
        let next = next_nonces(&[message(a, 7), message(b, 0), message(a, 8), message(a, 10)]);
        assert_eq!(next, HashMap::from([(a, 9), (b, 1)]));
    }
}
