//! What can go wrong. The texts that go over the wire are those of the Go service.

use std::{net::SocketAddr, path::PathBuf};

use venus_core::{
    auth::{AuthApiError, LocalTokenError, TokenError, UserState},
    config::ConfigError,
};

use crate::store::StoreError;

/// Why something was not done.
#[expect(missing_docs, reason = "the messages name the fields")]
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such thing. Go clients look for the words `not found`.
    #[error("Key not found")]
    NotFound,
    /// Something that was to be removed is removed already.
    #[error("not exist")]
    AlreadyRemoved,
    #[error("token is not deleted")]
    TokenNotRemoved,
    /// The owner may only undo what the owner did.
    #[error("it was removed by {}; an administrator can recover it", remover(by))]
    RemovedByOther { by: String },
    #[error("token must be based on an existing user {0} to generate")]
    NoUserForToken(String),
    #[error("perm illegal")]
    UnknownPermission,
    #[error("user already exists")]
    UserExists,
    #[error("user not exist")]
    UserDeleted,
    #[error("user is not deleted")]
    UserNotDeleted,
    /// Referential check of a binding.
    #[error("can't bind {what} to not exist user:{user}")]
    BindToNobody { what: String, user: String },
    #[error("a rate limit must be based on an existing user, and there is no user {0}")]
    NoUserForLimit(String),
    #[error("rate limit {0} belongs to another user; choose another id or leave it empty")]
    LimitTaken(String),
    /// An address of the wrong kind: 0 ID, 1 secp256k1, 2 actor, 3 BLS, 4 delegated, 255 none.
    #[error("invalid protocol type: {0}")]
    WrongProtocol(u8),
    #[error("{field} is too long: at most {max} characters")]
    TooLong { field: &'static str, max: usize },
    #[error("state {0} is out of range: -128 to 127")]
    StateRange(i64),
    /// An error about something that the text names.
    #[error("{context}{source}")]
    About { context: String, source: Box<Error> },
    /// The token is not a token.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The user of a valid token may not come in.
    #[error("user {name} is {state}; see `venus-auth user get {name}`")]
    UserRefused { name: String, state: String },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("cannot listen on {listen}: {source}; stop what uses the port or choose another")]
    Bind { listen: SocketAddr, source: std::io::Error },
    #[error("the server failed")]
    Serve(#[source] std::io::Error),
    #[error("cannot read the configuration {}: {reason}", path.display())]
    Config { path: PathBuf, reason: String },
    #[error(transparent)]
    BrokenConfig(#[from] ConfigError),
    #[error("the access log cannot go to InfluxDB: {reason}; correct `[log.InfluxDB]`")]
    Influx { reason: String },
    #[error(transparent)]
    TokenFile(#[from] LocalTokenError),
    #[error("a background task of venus-auth stopped unexpectedly")]
    Task(#[from] tokio::task::JoinError),
}

fn remover(by: &str) -> String {
    if by.is_empty() { "an administrator".to_owned() } else { format!("`{by}`") }
}

impl Error {
    /// Puts words in front of the text.
    pub(crate) fn about(self, context: impl Into<String>) -> Self {
        Self::About { context: context.into(), source: Box::new(self) }
    }

    /// The error without the words in front of it.
    pub(crate) fn root(&self) -> &Self {
        match self {
            Self::About { source, .. } => source.root(),
            other => other,
        }
    }

    /// A user that exists, but may not come in because of its state.
    pub(crate) fn refused(name: &str, state: impl ToString) -> Self {
        Self::UserRefused { name: name.to_owned(), state: state.to_string() }
    }

    pub(crate) fn disabled(name: &str) -> Self {
        Self::refused(name, UserState::DISABLED)
    }
}

impl From<Error> for AuthApiError {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match error.root() {
            Error::NotFound | Error::UserDeleted => Self::NotFound(text),
            Error::Token(_) | Error::UserRefused { .. } => Self::Unauthenticated(text),
            Error::RemovedByOther { .. } => Self::Denied(text),
            Error::Store(_)
            | Error::Task(_)
            | Error::Serve(_)
            | Error::Bind { .. }
            | Error::Config { .. }
            | Error::Influx { .. }
            | Error::TokenFile(_) => Self::Internal(text),
            _ => Self::Rejected(text),
        }
    }
}
