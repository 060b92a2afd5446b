//! Errors of the executor.

use cid::Cid;
use fil_actors_shared::v18::ActorError;
use fvm_shared::clock::ChainEpoch;

/// Why state could not be computed or read. A message that fails is no error: it has a receipt.
#[derive(Debug, thiserror::Error)]
pub enum ExecutorError {
    /// A block of the state is missing.
    #[error("reading {what}: block {cid} is not in the store; import the state it belongs to")]
    Missing {
        /// What was read.
        what: &'static str,
        /// Its CID.
        cid: Cid,
    },
    /// The store failed or holds something that does not decode.
    #[error("accessing {what}: {source}; check the disk and the store")]
    Store {
        /// What was accessed.
        what: &'static str,
        /// The cause.
        source: anyhow::Error,
    },
    /// An actor that must be there is not.
    #[error("no actor {0}; it is created by the first message or transfer to it")]
    NoActor(String),
    /// An address stands for an actor of another type than asked.
    #[error("actor {address} is no {wanted}")]
    WrongActor {
        /// The address.
        address: String,
        /// The type asked for.
        wanted: &'static str,
    },
    /// State code refused.
    #[error("{what}: {cause}")]
    State {
        /// What was tried.
        what: &'static str,
        /// The answer.
        cause: String,
    },
    /// An implicit message failed, which the protocol does not allow.
    #[error("{what} at epoch {epoch} failed with exit code {code}: {cause}; the state is unusable")]
    Implicit {
        /// The message.
        what: &'static str,
        /// When.
        epoch: ChainEpoch,
        /// Its exit code.
        code: u32,
        /// The answer.
        cause: String,
    },
    /// The tipset breaks a rule.
    #[error("tipset at epoch {epoch} is invalid: {reason}")]
    InvalidTipset {
        /// When.
        epoch: ChainEpoch,
        /// The rule.
        reason: String,
    },
    /// Something outside failed, which a receipt cannot express.
    #[error("{what}: {cause}; execution stops rather than guess")]
    Outside {
        /// What was asked for.
        what: &'static str,
        /// The answer.
        cause: String,
    },
    /// The genesis template cannot be used.
    #[error("genesis template: {0}")]
    Template(String),
}

impl ExecutorError {
    pub(crate) fn store(what: &'static str) -> impl FnOnce(anyhow::Error) -> Self {
        move |source| Self::Store { what, source }
    }

    pub(crate) fn state(what: &'static str) -> impl Fn(ActorError) -> Self {
        move |e| Self::State { what, cause: e.msg().to_owned() }
    }

    pub(crate) fn any<E: std::fmt::Display>(what: &'static str) -> impl Fn(E) -> Self {
        move |e| Self::State { what, cause: e.to_string() }
    }
}

/// A result of the executor.
pub type Result<T, E = ExecutorError> = std::result::Result<T, E>;
