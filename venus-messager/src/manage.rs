//! What operators do by hand. None of it gives a nonce away twice or leaves a hole.

use chrono::Utc;
use venus_core::{
    Address, TipSet, TipSetKey,
    api::messager::{MessageState, QueuedMessage, QueuedReceipt},
};

use crate::{
    Batch, Filter, Messager,
    error::{MessagerError, Result, ask},
    publish, track,
};

impl Messager {
    /// Gives up all messages of a sender that have no nonce yet, and counts them.
    pub(crate) async fn clear(&self, sender: Address) -> Result<u64> {
        loop {
            let waiting = Filter::of(sender, &[MessageState::UnFill]);
            let waiting = self.0.store.list(&waiting).await?;
            let count = waiting.len();
            let fail = |row: QueuedMessage| {
                let state = MessageState::Failed;
                (row.state, QueuedMessage { state, updated_at: Utc::now(), ..row })
            };
            let messages = waiting.into_iter().map(fail).collect();
            match self.change(Batch { messages, ..Batch::default() }).await {
                // One of them was selected meanwhile.
                Err(MessagerError::Changed(_)) => {}
                changed => return changed.map(|()| u64::try_from(count).unwrap_or(u64::MAX)),
            }
        }
    }

    /// Publishes given up messages of a sender again that have a nonce which is still free.
    pub(crate) async fn recover(&self, sender: Address) -> Result<Vec<String>> {
        self.0.store.sender(sender).await?.ok_or(MessagerError::NoSender)?;
        let call = self.0.chain.state_get_actor(sender, TipSetKey::head());
        let next = ask(self.0.config.ask_timeout, "get actor failed", call).await?.nonce;
        let failed = self.0.store.list(&Filter::of(sender, &[MessageState::Failed])).await?;
        let free = |row: &QueuedMessage| row.signature.is_some() && row.nonce >= next;
        let free: Vec<_> = failed.into_iter().filter(free).collect();
        let ids = free.iter().map(|row| row.id.clone()).collect();
        let fill = |row: QueuedMessage| {
            let filled = QueuedMessage {
                state: MessageState::Fill,
                height: 0,
                tip_set_key: TipSetKey::default(),
                receipt: QueuedReceipt::default(),
                updated_at: Utc::now(),
                ..row
            };
            (MessageState::Failed, filled)
        };
        let messages = free.into_iter().map(fill).collect();
        self.change(Batch { messages, ..Batch::default() }).await?;
        Ok(ids)
    }

    /// Looks for a published message on chain.
    pub(crate) async fn look_for(&self, row: QueuedMessage) -> Result<()> {
        if row.state.has_landed() {
            return Err(MessagerError::Final(row.state));
        }
        let Some(cid) = row.signed_cid.filter(|_| row.state == MessageState::Fill) else {
            return Ok(());
        };
        let head = self.head().await?;
        match track::settle(&self.0, row, &head).await? {
            true => Ok(()),
            false => Err(MessagerError::NotOnChain(cid)),
        }
    }

    /// Looks for all published messages on chain, and counts those that are.
    pub(crate) async fn look_for_all(&self) -> Result<u64> {
        let head = self.head().await?;
        let mut found = 0;
        for row in self.0.store.list(&Filter::in_states(&[MessageState::Fill])).await? {
            let id = row.id.clone();
            match track::settle(&self.0, row, &head).await {
                Ok(landed) => found += u64::from(landed),
                Err(error) => tracing::warn!(id, %error, "not looked for"),
            }
        }
        Ok(found)
    }

    /// Publishes a message again.
    pub(crate) async fn republish(&self, row: QueuedMessage) -> Result<()> {
        if row.state != MessageState::Fill {
            return Err(MessagerError::NotFilled(row.state));
        }
        publish::publish(&self.0, vec![row]).await;
        Ok(())
    }

    async fn head(&self) -> Result<std::sync::Arc<TipSet>> {
        let followed = self.0.head.borrow().clone();
        followed.ok_or(MessagerError::NotRunning)
    }

    /// Writes, and wakes those who wait for a message.
    pub(crate) async fn change(&self, batch: Batch) -> Result<()> {
        self.0.store.apply(batch).await?;
        self.0.changed.send_replace(());
        Ok(())
    }
}
