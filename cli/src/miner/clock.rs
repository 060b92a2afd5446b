//! The clock of a development chain, which its node moves as it likes.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::task::AbortHandle;
use venus_core::{
    clock::{Clock, Hold, SharedClock},
    rpc::{Client, RpcError},
};
use venus_node::{DevChain, DevClient};
use venus_proofs::DevNetwork;

use crate::peers;

/// How often the node is asked.
const POLL: Duration = Duration::from_millis(200);
/// By how much two clocks may differ.
const SLACK: Duration = Duration::from_millis(50);

/// Stands where the clock of the node stands, and stands still while the node is away.
#[derive(Debug)]
pub(super) struct ChainClock {
    shared: Arc<SharedClock>,
    follow: AbortHandle,
}

impl Drop for ChainClock {
    fn drop(&mut self) {
        self.follow.abort();
    }
}

impl ChainClock {
    /// The clock of a node of ours that keeps a development chain; none for any other node, which
    /// goes by the system's.
    pub(super) async fn of(client: &Client, network: &str) -> anyhow::Result<Option<Self>> {
        if DevNetwork::named(network).is_err() {
            return Ok(None);
        }
        let node = DevClient::from(client.clone());
        let asked = peers::patiently("the clock of the node", || async {
            match node.dev_time().await {
                Ok(time) => Ok(Some(time)),
                Err(error) if error.is_retryable() => Err(error),
                Err(error) => {
                    tracing::info!(%error, "the chain goes by the clock of the system");
                    Ok::<_, RpcError>(None)
                }
            }
        });
        let Some(time) = asked.await? else { return Ok(None) };
        let shared = Arc::new(SharedClock::running_from(seconds(time.now)));
        let follow = tokio::spawn(follow(node, Arc::clone(&shared))).abort_handle();
        Ok(Some(Self { shared, follow }))
    }
}

fn seconds(time: f64) -> Duration {
    Duration::try_from_secs_f64(time).unwrap_or_default()
}

async fn follow(node: DevClient, clock: Arc<SharedClock>) {
    let mut held: Option<Hold> = None;
    loop {
        let is_ahead = match node.dev_time().await {
            Ok(time) => {
                let theirs = seconds(time.now);
                clock.advance_to(theirs);
                // A node that was killed goes on where its chain stood.
                clock.now() > theirs + SLACK
            }
            Err(error) => {
                tracing::debug!(%error, "the clock stands still while the node is away");
                true
            }
        };
        match is_ahead {
            true if held.is_none() => held = Some(clock.hold()),
            true => {}
            false => held = None,
        }
        tokio::time::sleep(POLL).await;
    }
}

#[async_trait]
impl Clock for ChainClock {
    fn now(&self) -> Duration {
        self.shared.now()
    }

    async fn sleep_until(&self, time: Duration) {
        self.shared.sleep_until(time).await;
    }
}
