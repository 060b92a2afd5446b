//! What can go wrong with a node.

use std::path::PathBuf;

use venus_core::{Cid, rpc::RpcError, store::StoreError};

use crate::executor::ExecutorError;

/// Why the node did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NodeError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The state could not be computed or read.
    #[error(transparent)]
    Executor(#[from] ExecutorError),
    /// Something is not in the store.
    #[error("{what} {cid}: ipld: could not find {cid}")]
    NotFound {
        /// What was looked for.
        what: &'static str,
        /// Its CID.
        cid: Cid,
    },
    /// Something in the store is not what it was asked to be.
    #[error("{what} {cid}: {reason}")]
    WrongKind {
        /// What was looked for.
        what: &'static str,
        /// Its CID.
        cid: Box<Cid>,
        /// Why it is none.
        reason: String,
    },
    /// A block breaks a rule.
    #[error("{0}")]
    InvalidBlock(String),
    /// A message was not taken into the pool.
    #[error("{0}")]
    Refused(String),
    /// A parameter of a call makes no sense.
    #[error("{0}")]
    Input(String),
    /// A message failed when it was tried.
    #[error("{0}")]
    ExecutionFailed(String),
    /// The home belongs to another chain than the configuration asks for.
    #[error(
        "{home} holds a chain with {what} {there}, the configuration says {wanted}; change the \
         configuration, or choose another home"
    )]
    OtherChain {
        /// The home.
        home: PathBuf,
        /// What differs.
        what: &'static str,
        /// As it is.
        there: String,
        /// As it is configured.
        wanted: String,
    },
    /// The chain of the home is gone.
    #[error(
        "the chain store in {0} is damaged: the chain made there is gone; restore it from a \
         backup, or choose another home"
    )]
    LostChain(PathBuf),
    /// The home holds no chain and there is nothing to make one from.
    #[error("{0} holds no chain; give a genesis template or a development genesis to make one")]
    NoGenesis(PathBuf),
    /// The genesis cannot be made.
    #[error("cannot make the genesis: {0}")]
    Genesis(String),
    /// The snapshot cannot be taken in.
    #[error("cannot import the snapshot: {0}; get a whole one, made for this network")]
    Snapshot(String),
    /// A file cannot be read or written.
    #[error("cannot access {path}; check its permissions and the disk")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The address to listen on cannot be used.
    #[error("cannot listen on {address}; stop what uses it, or set another address")]
    Listen {
        /// The address.
        address: String,
        /// Why.
        source: std::io::Error,
    },
    /// A proof could not be checked.
    #[error("winning post could not be checked: {0}; check the parameter directory")]
    Unchecked(String),
    /// A worker thread died.
    #[error("a worker of the node died: {0}; see its log")]
    Worker(String),
}

impl From<sled::Error> for NodeError {
    fn from(error: sled::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<NodeError> for RpcError {
    fn from(error: NodeError) -> Self {
        match &error {
            // Clients look for this text.
            NodeError::Executor(ExecutorError::NoActor(address)) => {
                Self::method(format!("address is :{address}: actor not found"))
            }
            other => Self::from_error(other),
        }
    }
}

/// A result of the node.
pub type Result<T, E = NodeError> = std::result::Result<T, E>;
