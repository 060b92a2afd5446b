//! Following the head of the chain.

use std::{sync::Arc, time::Duration};

use futures::StreamExt;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use venus_core::{ChainApi, ChainEpoch, HeadChangeType, TipSet};

use crate::{SealerError, context::ask};

/// Between a lost subscription and the next.
const RESUBSCRIBE: Duration = Duration::from_secs(1);

/// The newest head that was heard of.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    newest: watch::Receiver<Option<Arc<TipSet>>>,
}

impl Head {
    /// Follows the head until `shutdown`.
    pub(crate) fn follow(
        chain: Arc<dyn ChainApi>,
        limit: Duration,
        shutdown: CancellationToken,
    ) -> Self {
        let (sender, newest) = watch::channel(None);
        tokio::spawn(async move {
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = follow(chain, limit, sender) => {}
            }
        });
        Self { newest }
    }

    /// A receiver of its own, whose first value counts as new.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Option<Arc<TipSet>>> {
        let mut receiver = self.newest.clone();
        receiver.mark_changed();
        receiver
    }

    /// Waits for a head of at least this height. Without end if the sealer is stopped.
    pub(crate) async fn at_least(&self, height: ChainEpoch) -> Arc<TipSet> {
        let mut newest = self.newest.clone();
        let reached = newest
            .wait_for(|head| head.as_ref().is_some_and(|tipset| tipset.height() >= height))
            .await
            .map(|head| head.clone());
        match reached {
            Ok(Some(tipset)) => tipset,
            // The follower is gone: the sealer is being stopped, and with it who waits here.
            _ => std::future::pending().await,
        }
    }
}

async fn follow(
    chain: Arc<dyn ChainApi>,
    limit: Duration,
    sender: watch::Sender<Option<Arc<TipSet>>>,
) {
    loop {
        if let Err(error) = follow_once(&chain, limit, &sender).await {
            tracing::warn!(error = %venus_core::with_causes(&error), "head not followed; trying again");
        }
        tokio::time::sleep(RESUBSCRIBE).await;
    }
}

async fn follow_once(
    chain: &Arc<dyn ChainApi>,
    limit: Duration,
    sender: &watch::Sender<Option<Arc<TipSet>>>,
) -> Result<(), SealerError> {
    let mut changes = ask(limit, "head changes", chain.chain_notify()).await?;
    loop {
        match tokio::time::timeout(limit, changes.next()).await {
            Ok(Some(batch)) => {
                let head = batch.into_iter().rfind(|c| c.r#type != HeadChangeType::Revert);
                if let Some(change) = head {
                    sender.send_replace(Some(Arc::new(change.val)));
                }
            }
            Ok(None) => return Ok(()),
            Err(_) => {
                // Quiet: null rounds, or a connection that died unseen.
                let head = Arc::new(ask(limit, "the head", chain.chain_head()).await?);
                let known = sender.borrow().as_ref().is_some_and(|t| t.key() == head.key());
                if !known {
                    sender.send_replace(Some(head));
                    return Ok(());
                }
            }
        }
    }
}
