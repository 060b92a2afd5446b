//! What the node counts, beside its calls.

use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use venus_core::{
    clock::{Clock, SharedClock},
    metrics::{Counter, Gauge, Metrics},
};

use crate::{chain::Chain, error::NodeError};

/// How often the lag is set.
const EVERY: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct Gauges {
    pub(crate) metrics: Metrics,
    height: Gauge<0>,
    lag: Gauge<0>,
    pool: Gauge<0>,
    blocks: Counter<1>,
    /// Seconds since 1970 of the head.
    head_time: AtomicU64,
}

impl Gauges {
    pub(crate) fn new() -> Self {
        let metrics = Metrics::new("venus");
        Self {
            height: metrics.gauge("head_height", "height of the head", []),
            lag: metrics.gauge("head_lag_seconds", "from the time of the head to now", []),
            pool: metrics.gauge("mpool_size", "messages that wait in the pool", []),
            blocks: metrics.counter(
                "blocks",
                "blocks submitted, by what became of them",
                ["result"],
            ),
            head_time: AtomicU64::new(0),
            metrics,
        }
    }

    /// Keeps the lag up to date while there is the chain, which it does not hold.
    pub(crate) async fn follow(self: Arc<Self>, clock: Arc<SharedClock>, chain: Weak<Chain>) {
        let mut ticks = tokio::time::interval(EVERY);
        while chain.strong_count() > 0 {
            ticks.tick().await;
            self.set_lag(&clock);
        }
    }

    fn set_lag(&self, clock: &SharedClock) {
        let head = self.head_time.load(Ordering::Relaxed);
        self.lag.set([], clock.now().as_secs().saturating_sub(head));
    }

    /// Counts a block that was judged, or could not be.
    pub(crate) fn judged<T>(&self, result: &Result<T, NodeError>) {
        let outcome = match result {
            Ok(_) => "accepted",
            Err(NodeError::InvalidBlock(_)) => "rejected",
            Err(_) => "failed",
        };
        self.blocks.count([outcome]);
    }
}

impl Chain {
    /// Sets the gauges to what is now.
    pub(crate) fn measure(&self) {
        let head = self.head();
        self.gauges.height.set([], head.height());
        self.gauges.head_time.store(head.min_timestamp(), Ordering::Relaxed);
        self.gauges.set_lag(&self.clock);
        self.gauges.pool.set([], self.pool.len());
    }
}
