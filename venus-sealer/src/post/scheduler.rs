//! When to prove and when to submit.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
    sync::Arc,
    time::Duration,
};

use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;
use venus_core::{ChainEpoch, DeadlineInfo, TipSet, with_causes};

use super::{
    prove::{self, Batch},
    recover, submit,
};
use crate::{SealerError, context::Context, policy, store::PostState};

/// Messages for one deadline that may fail before it is given up.
const MAX_FAILURES: u32 = 5;

/// Between attempts to hand over a message.
const RESEND: Duration = Duration::from_secs(5);

/// Epochs after the close of a deadline when its messages are no longer waited for.
const GIVE_UP: ChainEpoch = 60;

/// How long an outcome may take to get here when the head has jumped over all that.
const LATE: Duration = Duration::from_secs(10);

/// Epochs that records of closed deadlines are kept.
const KEEP_RECORDS: ChainEpoch = 2 * policy::DAY;

/// A deadline that is being worked on.
#[derive(Debug)]
struct Window {
    deadline: DeadlineInfo,
    challenge: [u8; 32],
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Proving(#[expect(dead_code, reason = "dropping it ends the proof")] AbortOnDropHandle<()>),
    Proven(Vec<Batch>),
    /// Kept to be submitted again after a revert.
    Submitted(Vec<Batch>),
}

/// What tasks report.
#[derive(Debug)]
enum Report {
    Proven { open: ChainEpoch, challenge: [u8; 32], result: Result<Vec<Batch>, SealerError> },
    Failed { open: ChainEpoch, challenge: [u8; 32], error: String },
}

#[derive(Debug)]
struct Scheduler {
    ctx: Arc<Context>,
    /// By the epoch when they open.
    windows: BTreeMap<ChainEpoch, Window>,
    failures: BTreeMap<ChainEpoch, u32>,
    recoveries: BTreeSet<ChainEpoch>,
    reports: mpsc::UnboundedSender<Report>,
}

/// Proves deadline after deadline until the sealer is stopped.
pub(crate) async fn run(ctx: Arc<Context>) {
    let (reports, mut reported) = mpsc::unbounded_channel();
    let mut heads = ctx.head.subscribe();
    let mut scheduler = Scheduler {
        ctx,
        windows: BTreeMap::new(),
        failures: BTreeMap::new(),
        recoveries: BTreeSet::new(),
        reports,
    };
    let mut resumed = false;
    loop {
        tokio::select! {
            changed = heads.changed() => if changed.is_err() { return },
            Some(report) = reported.recv() => scheduler.take(report),
        }
        let head = heads.borrow_and_update().clone();
        let Some(head) = head else { continue };
        if !resumed {
            resumed = scheduler.resume(&head).await.map_err(warn).is_ok();
        }
        if resumed && let Err(error) = scheduler.on_head(&head).await {
            warn(error);
        }
    }
}

fn warn(error: SealerError) {
    tracing::warn!(error = %with_causes(&error), "proving schedule is held up; next head, next try");
}

impl Scheduler {
    /// Takes up messages that were on their way when the process ended.
    async fn resume(&self, head: &TipSet) -> Result<(), SealerError> {
        self.ctx.store.forget_posts(head.height() - KEEP_RECORDS)?;
        for mut post in self.ctx.store.posts()? {
            if post.state != PostState::Sent {
                continue;
            }
            if post.close <= head.height() {
                // It may never have been handed over, and would only cost gas now.
                post.state = PostState::Failed;
                self.ctx.store.put_post(&post).await?;
                continue;
            }
            let (ctx, reports) = (Arc::clone(&self.ctx), self.reports.clone());
            tokio::spawn(async move {
                let challenge = hex::decode(&post.challenge).ok().and_then(|c| c.try_into().ok());
                let open = post.open;
                let close = post.close;
                let send = || submit::deliver(&ctx, post.clone());
                if let (Some(error), Some(challenge)) =
                    (persist(&ctx, close, send).await, challenge)
                {
                    drop(reports.send(Report::Failed { open, challenge, error }));
                }
            });
        }
        Ok(())
    }

    async fn on_head(&mut self, head: &TipSet) -> Result<(), SealerError> {
        let height = head.height();
        let call =
            self.ctx.chain.state_miner_proving_deadline(self.ctx.miner(), head.key().clone());
        let mut current = self.ctx.ask("the proving deadline", call).await?;
        current.current_epoch = height;
        self.drop_closed(height);
        if current.period_start > height {
            return Ok(());
        }
        self.recover(head, &current);
        for deadline in [current, policy::next_deadline(&current)] {
            self.start(head, deadline).await?;
        }
        self.submit(height);
        Ok(())
    }

    fn drop_closed(&mut self, height: ChainEpoch) {
        let closed = |window: &Window| window.deadline.close <= height;
        self.windows.retain(|_, window| {
            let unproven = match &window.stage {
                Stage::Proving(_) => true,
                Stage::Proven(batches) => !batches.is_empty(),
                Stage::Submitted(_) => false,
            };
            if closed(window) && unproven {
                tracing::error!(deadline = window.deadline.index, "deadline closed unproven");
            }
            !closed(window)
        });
        self.failures.retain(|open, _| *open > height - policy::DAY);
        self.recoveries.retain(|open| *open > height - policy::DAY);
    }

    fn recover(&mut self, head: &TipSet, current: &DeadlineInfo) {
        let target = policy::deadline_after(current, 2);
        if !self.recoveries.insert(target.open) {
            return;
        }
        let (ctx, tsk) = (Arc::clone(&self.ctx), head.key().clone());
        tokio::spawn(async move {
            let shutdown = ctx.shutdown.clone();
            tokio::select! {
                () = shutdown.cancelled() => {}
                result = recover::declare(&ctx, &target, &tsk) => {
                    if let Err(error) = result {
                        warn(error);
                    }
                }
            }
        });
    }

    /// Begins the proofs of a deadline if it is time, or again if a reorg changed the challenge.
    async fn start(&mut self, head: &TipSet, deadline: DeadlineInfo) -> Result<(), SealerError> {
        let from = deadline.challenge + self.ctx.config.proving.challenge_confidence;
        if head.height() < from || head.height() >= deadline.close {
            return Ok(());
        }
        let tsk = head.key().clone();
        let drawn =
            self.ctx.beacon_randomness(policy::TAG_WINDOW, deadline.challenge, tsk.clone()).await?;
        let challenge = drawn.value;
        match self.windows.get(&deadline.open) {
            Some(window) if window.challenge == challenge => return Ok(()),
            Some(_) => {
                tracing::warn!(deadline = deadline.index, "the challenge changed; proving anew");
                self.windows.remove(&deadline.open);
            }
            None => {}
        }
        // One proof at a time; failures end before they cost much gas.
        let busy = self.windows.values().any(|w| matches!(w.stage, Stage::Proving(_)));
        let failures = self.failures.get(&deadline.open).copied().unwrap_or(0);
        if busy || failures >= MAX_FAILURES {
            return Ok(());
        }
        let (ctx, reports) = (Arc::clone(&self.ctx), self.reports.clone());
        let task = tokio::spawn(async move {
            let result = prove::prove(&ctx, &deadline, challenge, &tsk).await;
            // Nobody listens any more when the sealer is being stopped.
            drop(reports.send(Report::Proven { open: deadline.open, challenge, result }));
        });
        let stage = Stage::Proving(AbortOnDropHandle::new(task));
        self.windows.insert(deadline.open, Window { deadline, challenge, stage });
        Ok(())
    }

    fn submit(&mut self, height: ChainEpoch) {
        let confidence = self.ctx.config.proving.submit_confidence;
        for window in self.windows.values_mut() {
            let deadline = window.deadline;
            match &window.stage {
                Stage::Submitted(batches) if height < deadline.open => {
                    window.stage = Stage::Proven(batches.clone());
                }
                Stage::Proven(batches) if height >= deadline.open + confidence => {
                    for batch in batches.clone() {
                        let task = (Arc::clone(&self.ctx), self.reports.clone());
                        tokio::spawn(submit_one(task, deadline, window.challenge, batch));
                    }
                    window.stage = Stage::Submitted(batches.clone());
                }
                _ => {}
            }
        }
    }

    fn take(&mut self, report: Report) {
        let (open, challenge) = match &report {
            Report::Proven { open, challenge, .. } | Report::Failed { open, challenge, .. } => {
                (*open, *challenge)
            }
        };
        // A report about a challenge that a reorg undid says nothing.
        let Some(window) = self.windows.get_mut(&open).filter(|w| w.challenge == challenge) else {
            return;
        };
        let deadline = window.deadline.index;
        match report {
            Report::Proven { result: Ok(batches), .. } => {
                tracing::info!(deadline, messages = batches.len(), "deadline proven");
                window.stage = match batches.is_empty() {
                    true => Stage::Submitted(batches),
                    false => Stage::Proven(batches),
                };
            }
            Report::Proven { result: Err(error), .. } => {
                let error = with_causes(&error);
                tracing::error!(deadline, error, "window PoSt failed; trying again");
                self.windows.remove(&open);
            }
            Report::Failed { error, .. } => {
                tracing::error!(deadline, error, "window PoSt not accepted; proving again");
                *self.failures.entry(open).or_default() += 1;
                self.windows.remove(&open);
            }
        }
    }
}

async fn submit_one(
    (ctx, reports): (Arc<Context>, mpsc::UnboundedSender<Report>),
    deadline: DeadlineInfo,
    challenge: [u8; 32],
    batch: Batch,
) {
    let send = || submit::submit(&ctx, &deadline, challenge, batch.clone());
    if let Some(error) = persist(&ctx, deadline.close, send).await {
        drop(reports.send(Report::Failed { open: deadline.open, challenge, error }));
    }
}

/// Sends until it is known what became of the message, or the deadline closes, or the sealer is
/// stopped. What is returned went wrong for good.
async fn persist<F>(ctx: &Context, close: ChainEpoch, send: impl Fn() -> F) -> Option<String>
where
    F: Future<Output = Result<Result<(), String>, SealerError>>,
{
    let attempts = async {
        loop {
            match send().await {
                Ok(outcome) => return outcome.err(),
                Err(error) if error.is_retryable() => {
                    warn(error);
                    tokio::time::sleep(RESEND).await;
                }
                Err(error) => return Some(with_causes(&error)),
            }
        }
    };
    let over = async {
        // Time for the confidence of a message that landed in the last epoch.
        ctx.head.at_least(close + GIVE_UP).await;
        tokio::time::sleep(LATE).await;
    };
    tokio::select! {
        () = ctx.shutdown.cancelled() => None,
        () = over => Some("the deadline closed".to_owned()),
        outcome = attempts => outcome,
    }
}
