//! Parameters for development networks: made here, fast, from a published seed.
//!
//! The output is bit for bit what the upstream generator makes from the same random draws, with a
//! fraction of its time and memory. The secrets of the set are public by design: whoever knows
//! [`SEED`] can prove anything under it. It must never serve a public network.

mod circuit;
mod doctor;
mod estimate;
mod files;
mod fixed_base;
mod generate;
mod keys;
mod progress;
mod qap;
mod set;
mod trapdoor;

pub use circuit::{CircuitId, CircuitKind, SEED};
pub use doctor::{Origin, Report, doctor, inspect, library_dir};
pub use estimate::Estimate;
pub use keys::{EMBEDDED_SECTOR_SIZE, embedded_key};
pub use progress::{Progress, Stage};
pub use set::{Ensured, ParamSet, leftover, write_keys};

pub(crate) use circuit::Tree;
pub(crate) use trapdoor::Trapdoor;
