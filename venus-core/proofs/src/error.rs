//! What can go wrong while proving and verifying.

use std::path::PathBuf;

use fvm_shared::sector::SectorNumber;

/// Why a call of this crate failed.
#[expect(missing_docs, reason = "the messages name the fields")]
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The proof does not prove what it claims. Asking again gives the same answer.
    #[error("proof refused: {0}")]
    Invalid(InvalidProof),
    /// These sectors cannot be proven from the files on disk: skip them and prove the others.
    #[error("sectors {sectors:?} cannot be proven from their files: {reason}")]
    FaultySectors { sectors: Vec<SectorNumber>, reason: String },
    /// A phase failed with the inputs that it was given.
    #[error("{phase} failed: {reason}")]
    Failed { phase: &'static str, reason: String },
    /// The proofs library panicked. The worker goes on, this job is lost.
    #[error("{phase} panicked inside the proofs library ({message}); try it again")]
    Panicked { phase: &'static str, message: String },
    /// An earlier panic left the proofs library unusable in this process.
    #[error("{phase} found the proofs library damaged by an earlier panic; restart this process")]
    Poisoned { phase: &'static str },
    /// A proof type or sector size that this operation does not know.
    #[error("unsupported {what}")]
    Unsupported { what: String },
    /// A parameter or key file that is needed is absent.
    #[error("{path} is missing; make the development set first or fetch the official file")]
    MissingParameters { path: PathBuf },
    /// Files of another parameter set lie where ours should be written.
    #[error(
        "{path} belongs to {origin} parameter set and is left alone; use an empty directory \
         (FIL_PROOFS_PARAMETER_CACHE) for development parameters"
    )]
    ForeignParameters { path: PathBuf, origin: &'static str },
    /// Our own generator met a circuit it cannot handle.
    #[error("making parameters failed: {0}")]
    Generator(String),
    /// A development-only facility was asked to work on another network.
    #[error("{what} is for development networks only and refuses network `{network}`")]
    NotDevelopment { what: &'static str, network: String },
    /// The process has the wrong environment for the proofs library.
    #[error("environment for proofs: {0}")]
    Environment(String),
    /// The worker threads have ended.
    #[error("the {lane} worker has stopped; restart this process")]
    Stopped { lane: &'static str },
    /// The file system failed.
    #[error("cannot {action} {path}: {reason}")]
    Io { action: &'static str, path: PathBuf, reason: String },
}

/// Why a proof was refused.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidProof {
    /// Well formed, and wrong for these public inputs.
    #[error("it does not verify for these inputs")]
    Rejected,
    /// Not even a proof: wrong length, point off the curve.
    #[error("malformed: {0}")]
    Malformed(String),
    /// The public inputs themselves are no valid ones.
    #[error("bad public input: {0}")]
    Input(String),
}

impl ProofError {
    /// Whether the proof was examined and found wrong, as opposed to not examined at all.
    pub const fn is_invalid_proof(&self) -> bool {
        matches!(self, Self::Invalid(_))
    }

    pub(crate) fn failed(phase: &'static str, error: impl std::fmt::Display) -> Self {
        Self::Failed { phase, reason: format!("{error:#}") }
    }

    pub(crate) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |error| Self::Io { action, path, reason: error.to_string() }
    }

    pub(crate) fn input(error: impl std::fmt::Display) -> Self {
        Self::Invalid(InvalidProof::Input(error.to_string()))
    }
}

impl From<ProofError> for venus_core::ProofError {
    fn from(error: ProofError) -> Self {
        let text = error.to_string();
        match error {
            ProofError::Invalid(InvalidProof::Input(reason)) => {
                Self::Invalid { what: "public input", reason }
            }
            ProofError::Invalid(why) => Self::Invalid { what: "proof", reason: why.to_string() },
            ProofError::Unsupported { what } => {
                Self::Invalid { what: "request", reason: format!("unsupported {what}") }
            }
            ProofError::Failed { phase, reason } => Self::Library { operation: phase, reason },
            ProofError::Panicked { phase, message } => {
                Self::Library { operation: phase, reason: format!("panic: {message}") }
            }
            ProofError::Poisoned { phase } => Self::Panicked { operation: phase, reason: text },
            ProofError::Stopped { lane } => Self::Panicked { operation: lane, reason: text },
            ProofError::MissingParameters { path } | ProofError::ForeignParameters { path, .. } => {
                Self::Parameters { what: path.display().to_string(), reason: text }
            }
            ProofError::Io { path, .. } => Self::File { path, reason: text },
            ProofError::FaultySectors { .. }
            | ProofError::Generator(_)
            | ProofError::NotDevelopment { .. }
            | ProofError::Environment(_) => Self::Library { operation: "proving", reason: text },
        }
    }
}
