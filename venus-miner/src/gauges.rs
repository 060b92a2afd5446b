//! What operators watch.

use std::time::Duration;

use venus_core::{
    Address,
    metrics::{Counter, Gauge, Metrics},
};

use crate::error::MinerError;

/// What the block producer counts, besides the calls.
#[derive(Debug)]
pub(crate) struct Gauges {
    pub(crate) metrics: Metrics,
    known: Gauge<1>,
    won: Counter<1>,
    blocks: Counter<2>,
    proof: Gauge<1>,
}

impl Gauges {
    pub(crate) fn new() -> Self {
        let metrics = Metrics::new("venus-miner");
        let miner = ["miner_id"];
        Self {
            known: metrics.gauge("miner_num", "miners known", ["category"]),
            won: metrics.counter("draws_won", "rounds in which a miner was elected", miner),
            blocks: metrics.counter(
                "blocks",
                "what became of the draws won",
                ["miner_id", "outcome"],
            ),
            proof: metrics.gauge(
                "winning_post_milliseconds",
                "how long the last winning PoSt took",
                miner,
            ),
            metrics,
        }
    }

    /// Sets how many miners there are, by the names of the Go service.
    pub(crate) fn known(&self, open: usize, all: usize) {
        self.known.set(["open_for_mining"], open);
        self.known.set(["close_for_mining"], all - open);
    }

    pub(crate) fn won(&self, miner: Address) {
        self.won.count([&miner.to_string()]);
    }

    pub(crate) fn mined(&self, miner: Address) {
        self.blocks.count([&miner.to_string(), "mined"]);
    }

    pub(crate) fn failed(&self, miner: Address, error: &MinerError) {
        self.blocks.count([&miner.to_string(), error.outcome()]);
    }

    pub(crate) fn proven(&self, miner: Address, after: Duration) {
        self.proof.set([&miner.to_string()], after.as_millis());
    }
}
