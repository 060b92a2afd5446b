//! What a call can end with instead of a result.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::codes;

/// Why a call has no result.
///
/// Services return it too: [`RpcError::method`] carries a text to the caller as go-jsonrpc does
/// (code 1), any other variant is sent as its text with code 1.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RpcError {
    /// The other side answered with an error.
    #[error("{message}")]
    Remote {
        /// Its number; 1 for what methods return, -32768 to -32000 for the protocol's own.
        code: i64,
        /// Its text, as the Go programs word it.
        message: String,
        /// What else it carries, such as the revert bytes of an EVM call.
        data: Option<Value>,
    },
    /// The connection broke while the call was in flight. It may have been executed.
    #[error(
        "connection to {endpoint} lost before `{method}` was answered; it may have been executed"
    )]
    ConnectionLost {
        /// Where the call went.
        endpoint: String,
        /// The method called.
        method: String,
    },
    /// No connection could be made; nothing was sent.
    #[error("cannot reach {endpoint}: {reason}; check the address and that the service runs")]
    Connect {
        /// Where the call was to go.
        endpoint: String,
        /// What the network said.
        reason: String,
    },
    /// The service refused the token.
    #[error("token rejected by {endpoint} (HTTP {status}); check the token given for it")]
    Unauthorized {
        /// Who refused.
        endpoint: String,
        /// 401 or 403.
        status: u16,
    },
    /// Something answered that does not speak JSON-RPC.
    #[error("{endpoint} answered HTTP {status} instead of JSON-RPC; check host, port and path")]
    Http {
        /// Who answered.
        endpoint: String,
        /// The HTTP status.
        status: u16,
    },
    /// No answer came in time. The call was cancelled, but may have been executed.
    #[error("no answer to `{method}` within {after:?}; it may have been executed")]
    Timeout {
        /// The method called.
        method: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// The call was given up before it had a result.
    #[error("context canceled")]
    Cancelled,
    /// A parameter cannot be written as JSON.
    #[error("cannot encode {what}: {reason}")]
    Encode {
        /// What was to be encoded.
        what: String,
        /// What the encoder said.
        reason: String,
    },
    /// The answer is not what the method promises.
    #[error("cannot decode {what}: {reason}; the two sides may differ in version")]
    Decode {
        /// What was to be decoded.
        what: String,
        /// What the decoder said.
        reason: String,
    },
}

impl RpcError {
    /// An error of a method: code 1, as everything that a Go method returns.
    pub fn method(message: impl Into<String>) -> Self {
        Self::coded(codes::METHOD, message)
    }

    /// An error with its own number.
    pub fn coded(code: i64, message: impl Into<String>) -> Self {
        Self::Remote { code, message: message.into(), data: None }
    }

    /// An error of a method with the text of `error`, without its sources.
    pub fn from_display(error: impl fmt::Display) -> Self {
        Self::method(error.to_string())
    }

    /// An error of a method with the text of `error` and of all its sources, joined by `: `.
    pub fn from_error(error: &dyn std::error::Error) -> Self {
        Self::method(crate::with_causes(error))
    }

    /// The number that this error has on the wire.
    pub const fn code(&self) -> i64 {
        match self {
            // A Go client would take 2 for a lost connection and call again for ever.
            Self::Remote { code: codes::NETWORK, .. } => codes::METHOD,
            Self::Remote { code, .. } => *code,
            _ => codes::METHOD,
        }
    }

    /// Whether the same call, unchanged, may succeed later. Where the call was in flight it may
    /// also have been executed: resend only what is idempotent.
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::ConnectionLost { .. } | Self::Connect { .. } | Self::Timeout { .. } => true,
            Self::Remote { code, .. } => *code == codes::BUSY,
            Self::Http { status, .. } => matches!(*status, 429 | 502..=504),
            _ => false,
        }
    }

    /// Whether the call certainly did not reach the service.
    pub const fn is_unsent(&self) -> bool {
        matches!(self, Self::Connect { .. } | Self::Encode { .. } | Self::Unauthorized { .. })
    }
}

/// The error object of an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct WireError {
    #[serde(default)]
    pub(crate) code: i64,
    #[serde(default)]
    pub(crate) message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) data: Option<Value>,
}

impl From<RpcError> for WireError {
    fn from(error: RpcError) -> Self {
        let code = error.code();
        match error {
            RpcError::Remote { message, data, .. } => Self { code, message, data },
            other => Self { code, message: other.to_string(), data: None },
        }
    }
}

impl From<WireError> for RpcError {
    fn from(error: WireError) -> Self {
        Self::Remote { code: error.code, message: error.message, data: error.data }
    }
}
