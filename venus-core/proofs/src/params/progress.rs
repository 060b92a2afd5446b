//! How far the making of a set is.

use super::CircuitId;

/// A step of making parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Counting and evaluating the constraints.
    Constraints,
    /// Powers of the secret point.
    H,
    /// Private variables.
    L,
    /// First side of the constraints.
    A,
    /// Second side, in the first group.
    B1,
    /// Second side, in the second group.
    B2,
    /// Writing the files.
    Write,
}

/// A report for a progress bar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// The circuit whose set is made.
    pub circuit: CircuitId,
    /// What is being done.
    pub stage: Stage,
    /// Estimated share of the whole work that is done, from 0 to 1, never falling.
    pub fraction: f32,
}

/// Counts work units and passes them on.
pub(super) struct Reporter<'a> {
    circuit: CircuitId,
    sink: &'a (dyn Fn(Progress) + Sync),
    total: u64,
    done: u64,
}

impl<'a> Reporter<'a> {
    pub(super) fn new(circuit: CircuitId, sink: &'a (dyn Fn(Progress) + Sync)) -> Self {
        Self { circuit, sink, total: 1, done: 0 }
    }

    /// States how many units of work there will be.
    pub(super) fn expect(&mut self, total: u64) {
        self.total = total.max(1);
    }

    pub(super) fn advance(&mut self, stage: Stage, units: u64) {
        self.done = (self.done + units).min(self.total);
        let fraction = (self.done as f64 / self.total as f64) as f32;
        (self.sink)(Progress { circuit: self.circuit, stage, fraction });
    }
}
