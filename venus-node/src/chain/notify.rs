//! Telling subscribers about head changes.

use std::sync::Mutex;

use futures::StreamExt;
use tokio::sync::mpsc;
use venus_core::{HeadChange, rpc::RpcStream};

use super::lock;

/// Batches that wait for a subscriber before it is cut off.
pub(crate) const QUEUE: usize = 16;

/// Sends values to subscribers; one that does not keep up is cut off.
#[derive(Debug)]
pub(crate) struct Broadcast<T> {
    subscribers: Mutex<Vec<mpsc::Sender<T>>>,
    queue: usize,
}

/// Sends batches of head changes.
pub(crate) type Notifier = Broadcast<Vec<HeadChange>>;

impl<T: Clone + Send + 'static> Broadcast<T> {
    pub(crate) const fn new(queue: usize) -> Self {
        Self { subscribers: Mutex::new(Vec::new()), queue }
    }

    /// Subscribes; `first` is called while nothing is sent, its value comes first.
    pub(crate) fn subscribe(&self, first: impl FnOnce() -> Option<T>) -> RpcStream<T> {
        let mut subscribers = lock(&self.subscribers);
        let (sender, receiver) = mpsc::channel(self.queue);
        subscribers.push(sender);
        let first = futures::stream::iter(first());
        drop(subscribers);
        let rest = futures::stream::unfold(receiver, |mut receiver| async move {
            receiver.recv().await.map(|value| (value, receiver))
        });
        Box::pin(first.chain(rest))
    }

    /// Does `change`, then sends what it returns; subscriptions are before or after both.
    pub(crate) fn publish<E>(&self, change: impl FnOnce() -> Result<T, E>) -> Result<(), E> {
        let mut subscribers = lock(&self.subscribers);
        let value = change()?;
        subscribers.retain(|subscriber| match subscriber.try_send(value.clone()) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Closed(_)) => false,
            Err(mpsc::error::TrySendError::Full(_)) => {
                tracing::warn!(queued = self.queue, "closing subscription due to slow reader");
                false
            }
        });
        Ok(())
    }
}
