//! Skipping epochs in which nothing is due.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use venus_core::{Address, ChainEpoch, rpc::RpcError};

use crate::{chain::Chain, error::Result, executor::StateView, service::Node};

/// How often is looked.
const POLL: Duration = Duration::from_millis(50);
/// Epochs for which a sector that can be proven is waited for.
const PROVE_WAIT: ChainEpoch = 240;

impl Node {
    /// The next epoch in which something is due, after the head: at once while messages wait, a
    /// deadline wants a proof or a pre-committed sector can be proven; else when the next of that
    /// comes. None if nothing will.
    ///
    /// # Errors
    ///
    /// When the state cannot be read.
    pub async fn next_due(&self) -> Result<Option<ChainEpoch>, RpcError> {
        self.run(Chain::next_due).await
    }

    /// Moves the clock over epochs in which nothing is due, until `shutdown`. It does so when head
    /// and message pool have stood still for `calm`, which is the time that everybody has to react
    /// to a new head.
    pub async fn skip_idle(&self, calm: Duration, shutdown: CancellationToken) {
        let mut seen = (self.head().key().clone(), self.0.pool.len());
        let mut since = Instant::now();
        while shutdown.run_until_cancelled(sleep(POLL)).await.is_some() {
            let now = (self.head().key().clone(), self.0.pool.len());
            if now != seen {
                (seen, since) = (now, Instant::now());
            }
            if since.elapsed() < calm {
                continue;
            }
            match self.next_due().await {
                Ok(Some(due)) if due > self.current_epoch() + 1 => {
                    tracing::info!(
                        from = self.current_epoch(),
                        to = due,
                        "nothing is due: skipping"
                    );
                    self.skip_to(due);
                    since = Instant::now();
                }
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "cannot tell what is due; not skipping"),
            }
        }
    }
}

impl Chain {
    fn next_due(&self) -> Result<Option<ChainEpoch>> {
        let head = self.head();
        let next = head.height() + 1;
        // One that no block can take, for its nonce or fee, is not waited for.
        if self.pool.len() > 0 && !self.select(&head)?.is_empty() {
            return Ok(Some(next));
        }
        let state = self.view(&self.compute(&head)?.state)?;
        let mut first: Option<ChainEpoch> = None;
        for miner in state.list_miners()?.into_iter().map(Address::from) {
            let dues =
                [self.next_deadline(&state, miner, next)?, self.next_prove(&state, miner, next)?];
            first = dues.into_iter().flatten().chain(first).min();
        }
        Ok(first)
    }

    /// When a deadline of the miner next wants a proof: from its challenge on.
    fn next_deadline(
        &self,
        state: &StateView<'_>,
        miner: Address,
        next: ChainEpoch,
    ) -> Result<Option<ChainEpoch>> {
        let info = state.proving_deadline(&miner, next)?;
        let (window, period) = (info.w_post_challenge_window, info.w_post_proving_period);
        let mut first: Option<ChainEpoch> = None;
        for (index, deadline) in (0i64..).zip(state.deadlines(&miner)?) {
            if deadline.live_sectors == 0 {
                continue;
            }
            let mut open = info.period_start + index * window;
            let is_over = open + window <= next;
            let partitions = state.partitions(&miner, index.unsigned_abs())?.len() as u64;
            if is_over || open <= next && deadline.partitions_posted.len() >= partitions {
                open += period;
            }
            let challenge = (open - info.w_post_challenge_lookback).max(next);
            first = first.into_iter().chain([challenge]).min();
        }
        Ok(first)
    }

    /// When a pre-committed sector of the miner can be proven.
    fn next_prove(
        &self,
        state: &StateView<'_>,
        miner: Address,
        next: ChainEpoch,
    ) -> Result<Option<ChainEpoch>> {
        let delay = self.executor.config().policy.pre_commit_challenge_delay;
        let mut first: Option<ChainEpoch> = None;
        for number in state.allocated_sectors(&miner)?.iter() {
            let Some(precommit) = state.precommit(&miner, number)? else { continue };
            let due = precommit.pre_commit_epoch + delay + 1;
            if due + PROVE_WAIT > next {
                first = first.into_iter().chain([due.max(next)]).min();
            }
        }
        Ok(first)
    }
}
