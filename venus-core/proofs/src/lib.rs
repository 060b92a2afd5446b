//! Filecoin proofs for development and real networks: provers, one verifier, parameters.
//!
//! ```no_run
//! use venus_proofs::{DevNetwork, LocalProver, ParamSet};
//!
//! # fn main() -> Result<(), venus_proofs::ProofError> {
//! // First thing in `main`: the proofs library reads its directories from the environment.
//! let dir = venus_proofs::parameter_dir("/var/lib/venus/proofs");
//! venus_proofs::ensure_environment(&dir)?;
//!
//! // Writes the three verifying keys; verifying and simulating need nothing else.
//! let set = ParamSet::open(&dir)?;
//! let prover = LocalProver::simulated(&DevNetwork::named("localnet-1")?, &set)?;
//! assert!(prover.is_simulated());
//! # Ok(())
//! # }
//! ```
//!
//! Three provers implement the traits of `venus_core::proof`: [`LocalProver::real`],
//! [`LocalProver::simulated`] and [`MockProver`]. What they make is judged by a [`ProofVerifier`]:
//! [`Verifier`] for the first two, [`MockVerifier`] for the mock.
//!
//! # Invariants
//!
//! - Nothing made by simulation is called real, and simulation wants a [`DevNetwork`].
//! - A parameter file is whole or absent, and files of another set are never overwritten.
//! - No call into the proofs library can take a thread down: panics become errors.
//! - A PoSt never waits for a C2.

mod convert;
mod environment;
mod error;
mod network;
pub mod params;
mod prove;
mod sector;
mod verify;

pub use convert::{comm_d, comm_r, mask_post_randomness, prover_id, sealed_cid, unsealed_cid};
pub use environment::{PARAMETER_CACHE, PARENT_CACHE, ensure_environment, parameter_dir};
pub use error::{InvalidProof, ProofError};
pub use network::{DevNetwork, refuse_development_keys};
pub use params::ParamSet;
pub use prove::{LocalProver, MOCK_PROOF_BYTE, MockProver, mock_proof};
pub use sector::{
    PresealedSector, post_sector, preseal, seal_job, sector_name, zero_piece, zero_unsealed_cid,
};
pub use verify::{MockVerifier, ProofVerifier, Verifier};
