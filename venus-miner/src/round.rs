//! One round: all miners draw, those that are ready in time go together, late ones by themselves.

use std::{sync::Arc, time::Duration};

use futures::future;
use tokio::{sync::mpsc, time::Instant};
use venus_core::{Address, ChainEpoch, TipSet, api::miner::MineState, duration::go_duration};

use crate::{
    error::{MinerError, Result, ask},
    lottery::{Win, Work},
    recorder::{Record, go_time},
    service::Inner,
};

/// How long an own block may take to become the head of a chain that lies behind the clock.
const SETTLE: Duration = Duration::from_secs(1);
const POLL: Duration = Duration::from_millis(20);
/// How long even a round that is late waits for slow miners, so that those who are not share one
/// choice of messages.
const GRACE: Duration = Duration::from_secs(2);
/// Moves of the head in a row after which the waiting time is called wrong.
const MAX_MOVES: u32 = 5;

/// What was drawn on last.
pub(crate) type Last = Option<(Arc<TipSet>, ChainEpoch)>;

impl Inner {
    /// Waits for the next base, until all its blocks should be there and its round has come.
    pub(crate) async fn next_work(&self, last: &Last) -> Result<Work> {
        let limit = self.config.request_timeout();
        let mut moves = 0;
        let mut waited_for = None;
        loop {
            let base = ask(limit, "get the head", self.chain.chain_head()).await?;
            let nulls = self.nulls(&base, last);
            let start = self.time(&base, nulls) + self.propagation;
            let candidate = (base.key().clone(), nulls);
            if waited_for.as_ref().is_some_and(|waited| *waited != candidate) {
                moves += 1;
                if moves == MAX_MOVES {
                    tracing::warn!(
                        delay = ?self.propagation,
                        "the head keeps moving; propagation_delay_secs may be too large"
                    );
                }
            }
            if self.clock.now() < start && moves < MAX_MOVES {
                waited_for = Some(candidate);
                self.clock.sleep_until(start).await;
                continue;
            }
            let work = Work { base: Arc::new(base), nulls };
            let patience = limit + self.network.block_delay * 2;
            let entry = self.chain.state_get_beacon_entry(work.round());
            ask(patience, "get the beacon entry", entry).await?;
            return Ok(work);
        }
    }

    /// The null rounds to assume on `base`: one more than was drawn for. If the chain lies far
    /// behind the clock, all that have passed.
    fn nulls(&self, base: &TipSet, last: &Last) -> ChainEpoch {
        let next = match last {
            Some((drawn, nulls)) if drawn.key() == base.key() => nulls + 1,
            _ => 0,
        };
        let ready = self.time(base, 0) + self.propagation;
        let late = self.clock.now().saturating_sub(ready).as_nanos();
        let behind = late / self.network.block_delay.as_nanos().max(1);
        match ChainEpoch::try_from(behind) {
            Ok(behind) if behind > self.config.catch_up_epochs => next.max(behind),
            _ => next,
        }
    }

    /// The time of the epoch `epochs` after a tipset.
    pub(crate) fn time(&self, base: &TipSet, epochs: ChainEpoch) -> Duration {
        let epochs = u32::try_from(epochs).unwrap_or(u32::MAX);
        Duration::from_secs(base.min_timestamp()) + self.network.block_delay * epochs
    }

    /// Lets all miners draw, and makes the blocks of those that win. Returns when all are done that
    /// could be in time; how many blocks were taken.
    pub(crate) async fn round(self: &Arc<Self>, work: Work) -> usize {
        let miners = self.registry.draw_on(work.base.key());
        if miners.is_empty() {
            // All are busy with an earlier round on this base, or switched off.
            tokio::time::sleep(POLL).await;
            return 0;
        }
        let (done, mut results) = mpsc::channel(miners.len());
        let mut open = miners.len();
        for miner in miners {
            let (this, work, done) = (Arc::clone(self), work.clone(), done.clone());
            self.tasks.spawn(async move {
                let win = this.draw_in_time(&work, miner).await;
                // The receiver lives until all have reported.
                done.send(win).await.ok();
            });
        }
        drop(done);
        let mut wins = Vec::new();
        let cutoff = self.cutoff(&work);
        tokio::pin!(cutoff);
        while open > 0 {
            tokio::select! {
                win = results.recv() => {
                    let Some(win) = win else { break };
                    open -= 1;
                    wins.extend(win);
                }
                () = &mut cutoff => break,
            }
        }
        if open > 0 {
            tracing::warn!(round = work.round(), late = open, "going on without the slow miners");
            let (this, work) = (Arc::clone(self), work.clone());
            self.tasks.spawn(async move {
                while let Some(win) = results.recv().await {
                    if let Some(win) = win {
                        this.make_blocks(&work, vec![win]).await;
                    }
                }
            });
        }
        let made = if wins.is_empty() { 0 } else { self.make_blocks(&work, wins).await };
        if made > 0 {
            self.settle(&work).await;
        }
        made
    }

    /// The moment to go on with what there is: a sixth of the time between blocks before the block
    /// is due, but not before a short grace, which counts where the chain lies behind the clock.
    async fn cutoff(&self, work: &Work) {
        let delay = self.network.block_delay;
        let due = self.time(&work.base, work.nulls + 1);
        let moment = self.clock.sleep_until(due.saturating_sub(delay / 6));
        future::join(moment, tokio::time::sleep(GRACE.min(delay / 4))).await;
    }

    /// Waits a little until a block that a node took is the head.
    async fn settle(&self, work: &Work) {
        let limit = Instant::now() + SETTLE;
        while Instant::now() < limit {
            let head = ask(self.config.request_timeout(), "get the head", self.chain.chain_head());
            match head.await {
                Ok(head) if head.key() == work.base.key() => tokio::time::sleep(POLL).await,
                _ => return,
            }
        }
    }

    async fn draw_in_time(self: &Arc<Self>, work: &Work, miner: Address) -> Option<Win> {
        let mut record = Record::default();
        let start = self.clock.now();
        record.set("start", go_time(start));
        record.set("baseEpoch", work.base.height());
        record.set("nullRounds", work.nulls);
        let due = self.time(&work.base, work.nulls);
        record.set("baseDelta", go_duration(start.saturating_sub(self.time(&work.base, 0))));
        record.set("lateStart", start > due + self.propagation);
        let limit = self.config.once_timeout();
        let drawn = tokio::time::timeout(limit, self.draw(work, miner, &mut record)).await;
        let outcome = match drawn {
            Ok(outcome) => outcome,
            Err(_) => {
                if let Some(id) = miner.as_id() {
                    self.note(id, work.round(), MineState::Timeout).await;
                }
                Err(MinerError::MiningTimeout)
            }
        };
        record.set("end", go_time(self.clock.now()));
        let win = match outcome {
            Ok(win) => win,
            Err(error) => {
                record.set("error", &error);
                if record.has("winCount") {
                    self.gauges.failed(miner, &error);
                }
                self.failed(miner, work.round(), &error);
                None
            }
        };
        if let Some(id) = miner.as_id() {
            self.recorder.write(id, work.round(), record);
        }
        // A winner stays busy until its block is out.
        if win.is_none() {
            self.registry.release(miner, work.base.key());
        }
        win
    }

    pub(crate) fn failed(&self, miner: Address, round: ChainEpoch, error: &MinerError) {
        tracing::error!(%miner, round, %error, "no block");
        self.registry.error(miner, error);
    }
}
