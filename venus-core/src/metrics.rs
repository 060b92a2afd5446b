//! What a service counts, as Prometheus reads it.
//!
//! Each service has its own; its RPC server serves them at `/metrics` to who has a token, and adds
//! the calls that it answered.
//!
//! ```
//! use venus_core::metrics::Metrics;
//!
//! let metrics = Metrics::new("messager");
//! let waiting = metrics.gauge("num_of_unfill_msg", "messages without a nonce", ["wallet"]);
//! waiting.set(["f3abc"], 7);
//! let text = metrics.text();
//! assert!(text.contains(r#"messager_num_of_unfill_msg{wallet="f3abc"} 7"#), "{text}");
//! ```

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError, atomic::AtomicI64},
    time::Duration,
};

use prometheus_client::{
    encoding::text,
    metrics::{counter, family::Family, gauge, histogram},
    registry::Registry,
};

/// Names and values of labels.
type Labels = Vec<(String, String)>;

fn labels<const N: usize>(names: [&'static str; N], values: [&str; N]) -> Labels {
    names.iter().zip(values).map(|(name, value)| ((*name).to_owned(), value.to_owned())).collect()
}

/// What a service counts. Clones share it.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Mutex<Registry>>,
    calls: Counter<2>,
    seconds: Family<Labels, histogram::Histogram, fn() -> histogram::Histogram>,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

/// A value for each combination of labels, that goes up and down.
#[derive(Debug, Clone)]
pub struct Gauge<const N: usize> {
    names: [&'static str; N],
    family: Family<Labels, gauge::Gauge<i64, AtomicI64>>,
}

impl<const N: usize> Gauge<N> {
    /// Sets the value of a combination of labels.
    pub fn set(&self, values: [&str; N], value: impl TryInto<i64>) {
        let value = value.try_into().unwrap_or(i64::MAX);
        self.family.get_or_create(&labels(self.names, values)).set(value);
    }

    /// Forgets all combinations: what is set afterwards is all there is.
    pub fn clear(&self) {
        self.family.clear();
    }
}

/// A count for each combination of labels.
#[derive(Debug, Clone)]
pub struct Counter<const N: usize> {
    names: [&'static str; N],
    family: Family<Labels, counter::Counter>,
}

impl<const N: usize> Counter<N> {
    /// Counts one more.
    pub fn count(&self, values: [&str; N]) {
        self.family.get_or_create(&labels(self.names, values)).inc();
    }
}

impl Metrics {
    /// What the service of this name counts; the name goes before those of all values.
    pub fn new(service: &str) -> Self {
        fn seconds() -> histogram::Histogram {
            histogram::Histogram::new(histogram::exponential_buckets(0.001, 4.0, 9))
        }
        let calls = Counter {
            names: ["method", "outcome"],
            family: Family::<Labels, counter::Counter>::default(),
        };
        let seconds = Family::new_with_constructor(seconds as fn() -> _);
        let mut registry = Registry::with_prefix(service.replace('-', "_"));
        registry.register("rpc_calls", "calls answered", calls.family.clone());
        registry.register("rpc_seconds", "how long calls took", seconds.clone());
        Self { registry: Arc::new(Mutex::new(registry)), calls, seconds }
    }

    fn registry(&self) -> std::sync::MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a value with these labels. Make it once.
    pub fn gauge<const N: usize>(
        &self,
        name: &str,
        help: &str,
        names: [&'static str; N],
    ) -> Gauge<N> {
        let family = Family::<Labels, gauge::Gauge<i64, AtomicI64>>::default();
        self.registry().register(name, help, family.clone());
        Gauge { names, family }
    }

    /// Adds a count with these labels. Make it once.
    pub fn counter<const N: usize>(
        &self,
        name: &str,
        help: &str,
        names: [&'static str; N],
    ) -> Counter<N> {
        let family = Family::<Labels, counter::Counter>::default();
        self.registry().register(name, help, family.clone());
        Counter { names, family }
    }

    /// Counts a call that was answered.
    pub(crate) fn answered(&self, method: &str, succeeded: bool, after: Duration) {
        self.calls.count([method, if succeeded { "ok" } else { "error" }]);
        self.seconds.get_or_create(&labels(["method"], [method])).observe(after.as_secs_f64());
    }

    /// All of it in the text format of OpenMetrics.
    pub fn text(&self) -> String {
        let mut text = String::new();
        match text::encode(&mut text, &self.registry()) {
            Ok(()) => text,
            // Writing to a string does not fail.
            Err(fmt::Error) => String::new(),
        }
    }
}
