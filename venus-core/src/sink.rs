//! Handing over messages and learning their outcome.

use std::fmt;

use async_trait::async_trait;
use auto_impl::auto_impl;

use crate::{Message, MessageSendSpec, MsgLookup, rpc::RpcError};

/// Gets messages on chain on behalf of others.
///
/// # Contract
///
/// - A message that was acknowledged is durable: it is published exactly once, under one nonce,
///   through any restart.
/// - Pushing again under the same id is harmless and gives the same message.
/// - [`wait`](Self::wait) may be called at any time later, also after a restart of the caller.
#[async_trait]
#[auto_impl(&, Box, Arc)]
pub trait MessageSink: fmt::Debug + Send + Sync {
    /// Hands over a message under an id of the caller's choice, unique for all time. Nonce and gas
    /// fields that are zero are filled in by the sink.
    async fn push(
        &self,
        id: &str,
        message: Message,
        spec: Option<MessageSendSpec>,
    ) -> Result<(), SinkError>;

    /// Waits until the message is on chain and `confidence` epochs have passed since. A message
    /// that failed on chain is an `Ok` with its exit code. `tip_set` and `height` of the outcome are
    /// those of the tipset that contains the message, which is the epoch that it is executed in.
    async fn wait(&self, id: &str, confidence: u64) -> Result<MsgLookup, SinkError>;

    /// Tells whether a message of this id was handed over.
    async fn has(&self, id: &str) -> Result<bool, SinkError>;
}

const _: fn(&dyn MessageSink) = |_| {}; // Stays usable as a trait object.

/// What can go wrong with a message that was, or was to be, handed over.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// The message can never be accepted as it is.
    #[error("the message was refused: {0}")]
    Refused(String),
    /// There is no message of that id.
    #[error("no message with id {0}; push it first")]
    Unknown(String),
    /// The message will never be on chain.
    #[error("message {id} failed before it reached the chain: {reason}")]
    Failed {
        /// The id.
        id: String,
        /// Why.
        reason: String,
    },
    /// The sink could not be asked.
    #[error("the message sink could not be asked")]
    Rpc(#[from] RpcError),
    /// The sink's own store failed.
    #[error("the message sink's store failed: {0}")]
    Store(String),
}

impl SinkError {
    /// Whether the same call, unchanged, may succeed later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Rpc(source) => source.is_retryable(),
            Self::Store(_) => true,
            Self::Refused(_) | Self::Unknown(_) | Self::Failed { .. } => false,
        }
    }
}
