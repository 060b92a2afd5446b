//! Provers: real ones on this machine's CPU, simulated ones, and a mock.

mod lane;
mod local;
mod mock;
mod post;
mod seal;
mod simulate;

pub use local::LocalProver;
pub use mock::{MOCK_PROOF_BYTE, MockProver, mock_proof};

pub(crate) use lane::thread_pool;
pub(crate) use seal::{finalize, pre_commit, zero_file, zero_pieces};

use crate::ProofError;

/// Runs a call into the proofs library, and turns a panic inside it into an error.
pub(crate) fn guarded<T>(
    phase: &'static str,
    call: impl FnOnce() -> Result<T, ProofError>,
) -> Result<T, ProofError> {
    // What the closure shares with the outside are paths and values; the library's own state
    // tells by a poisoned lock that it broke.
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(call));
    result.unwrap_or_else(|panic| {
        let message = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("no message");
        tracing::error!(phase, message, "the proofs library panicked");
        Err(if message.to_lowercase().contains("poison") {
            ProofError::Poisoned { phase }
        } else {
            ProofError::Panicked { phase, message: message.to_owned() }
        })
    })
}
