//! What operators watch; the names are those of the Go service.

use venus_core::{
    Address,
    metrics::{Counter, Gauge, Metrics},
};

/// What the messager counts, besides the calls.
#[derive(Debug, Clone)]
pub(crate) struct Gauges {
    pub(crate) metrics: Metrics,
    db_nonce: Gauge<1>,
    chain_nonce: Gauge<1>,
    waiting: Gauge<1>,
    in_flight: Gauge<1>,
    pub(crate) selected: Counter<1>,
    pub(crate) failed: Counter<1>,
    pub(crate) executed: Counter<1>,
    pub(crate) head: Gauge<0>,
}

impl Gauges {
    pub(crate) fn new() -> Self {
        let metrics = Metrics::new("venus-messager");
        let wallet = ["wallet"];
        Self {
            db_nonce: metrics.gauge("wallet_db_nonce", "next nonce to assign", wallet),
            chain_nonce: metrics.gauge("wallet_chain_nonce", "next nonce on chain", wallet),
            waiting: metrics.gauge("num_of_unfill_msg", "messages without a nonce", wallet),
            in_flight: metrics.gauge("num_of_fill_msg", "published, not on chain", wallet),
            selected: metrics.counter("selected_msg", "messages signed", wallet),
            failed: metrics.counter("err_msg", "messages not estimated or signed", wallet),
            executed: metrics.counter("executed_msg", "messages executed", ["state"]),
            head: metrics.gauge("head_height", "height of the head that was followed", []),
            metrics,
        }
    }

    /// Sets what a round found of a sender.
    pub(crate) fn sender(&self, sender: Address, found: &Found) {
        let wallet = sender.to_string();
        self.db_nonce.set([&wallet], found.nonce);
        self.chain_nonce.set([&wallet], found.chain_nonce);
        self.waiting.set([&wallet], found.waiting);
        self.in_flight.set([&wallet], found.in_flight);
    }
}

/// What a round found of a sender.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) nonce: u64,
    pub(crate) chain_nonce: u64,
    pub(crate) waiting: usize,
    pub(crate) in_flight: usize,
}
