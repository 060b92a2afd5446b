//! What can go wrong with a database. No text has the password in it.

use std::{io, time::Duration};

use sqlx::mysql::MySqlDatabaseError;

use super::Dsn;

/// A text is no DSN. The text itself is not repeated: it has a password in it.
#[expect(missing_docs, reason = "the messages name the fields")]
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DsnError {
    /// Something is missing.
    #[error(
        "the DSN {0}; write it as \
         `user:password@tcp(127.0.0.1:3306)/database?parseTime=true&loc=Local`"
    )]
    Form(&'static str),
    #[error("the DSN has the unknown parameter `{0}`; correct its name or remove it")]
    Unknown(String),
    #[error("the parameter `{key}` of the DSN is `{value}`; it must be {expected}")]
    Parameter { key: String, value: String, expected: &'static str },
}

/// Why a database did not do what it was asked for.
#[expect(missing_docs, reason = "the messages name the fields")]
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum SqlError {
    #[error(transparent)]
    Dsn(#[from] DsnError),
    #[error(
        "no database answers at {server}; start MySQL there, or correct host and port in the DSN"
    )]
    Unreachable { server: String, source: sqlx::Error },
    #[error(
        "the database at {server} refused the login `{user}`; correct user and password in the DSN, \
         or grant it the database: GRANT ALL ON `{database}`.* TO '{user}'@'<this host>'"
    )]
    Denied { server: String, user: String, database: String, source: sqlx::Error },
    #[error(
        "there is no database `{database}` at {server}; correct its name in the DSN, or create it: \
         CREATE DATABASE `{database}` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci"
    )]
    NoDatabase { server: String, database: String, source: sqlx::Error },
    #[error(
        "the certificate of the database at {server} is not trusted; give the database one for \
         the host in the DSN by an authority that this machine trusts (SSL_CERT_FILE can name \
         others), or have it not looked at: tls=skip-verify in the DSN"
    )]
    Certificate { server: String, source: sqlx::Error },
    #[error(
        "the connection to the database at {server} cannot be encrypted; see that the server has \
         TLS 1.2 or later, or do without: tls=false in the DSN"
    )]
    Unencrypted { server: String, source: sqlx::Error },
    #[error("cannot use the database at {server}; see whether its log says more")]
    Refused { server: String, source: sqlx::Error },
    #[error("the database at {server} did not answer within {limit:?}")]
    TimedOut { server: String, limit: Duration },
    #[error(
        "all {max} connections to the database are busy; raise maxOpenConns, or ask for less at once"
    )]
    Busy { max: u32 },
    /// Of a write: whether it was done is not known.
    #[error(
        "the connection to the database at {server} was lost; if this was a change, look whether \
         it was made, and try again"
    )]
    Lost { server: String, source: sqlx::Error },
    #[error("the database refused a statement")]
    Statement(#[source] sqlx::Error),
}

impl SqlError {
    /// Why there is no connection.
    pub(super) fn connecting(source: sqlx::Error, dsn: &Dsn) -> Self {
        let server = dsn.server().to_string();
        let (user, database) = (dsn.user().to_owned(), dsn.database().to_owned());
        match number(&source) {
            // 1044 is what the database says to those who may not even know whether it exists.
            Some(1044 | 1045 | 1130 | 1142 | 1698 | 1862) => {
                Self::Denied { server, user, database, source }
            }
            Some(1049) => Self::NoDatabase { server, database, source },
            Some(_) => Self::Refused { server, source },
            None => match &source {
                sqlx::Error::Tls(_) => Self::Unencrypted { server, source },
                sqlx::Error::Io(error) => match tls_cause(error) {
                    Some(rustls::Error::InvalidCertificate(_)) => {
                        Self::Certificate { server, source }
                    }
                    Some(_) => Self::Unencrypted { server, source },
                    None if error.kind() == io::ErrorKind::PermissionDenied => {
                        Self::Refused { server, source }
                    }
                    None => Self::Unreachable { server, source },
                },
                sqlx::Error::PoolTimedOut => Self::Unreachable { server, source },
                _ => Self::Refused { server, source },
            },
        }
    }

    /// Why a statement failed.
    pub(super) fn statement(source: sqlx::Error, dsn: &Dsn) -> Self {
        if lost(&source) {
            return Self::Lost { server: dsn.server().to_string(), source };
        }
        Self::Statement(source)
    }

    /// Whether the connection went away, so that a read may succeed over another one.
    pub fn is_lost(&self) -> bool {
        matches!(self, Self::Lost { .. })
    }

    /// Whether the server is only away, or not ready yet: one that starts later will do.
    pub fn is_away(&self) -> bool {
        match self {
            Self::Lost { .. } | Self::Unreachable { .. } | Self::TimedOut { .. } => true,
            // Too many connections, shutting down; from 9001 on parts of TiDB are away.
            _ => matches!(self.number(), Some(1040 | 1053 | 9001 | 9002 | 9005)),
        }
    }

    /// Whether trying again later may help.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Busy { .. }) || self.is_away() || self.is_conflict()
    }

    /// Whether another transaction was in the way: a deadlock, a lock that was not given up, or a
    /// unique key that another has just taken. Nothing was written.
    pub fn is_conflict(&self) -> bool {
        // The numbers above 8000 are TiDB's.
        matches!(self.number(), Some(1062 | 1205 | 1213 | 8002 | 8022 | 9007))
    }

    /// The server's number of the error, if it came from there.
    pub fn number(&self) -> Option<u16> {
        match self {
            Self::Unreachable { source, .. }
            | Self::Denied { source, .. }
            | Self::NoDatabase { source, .. }
            | Self::Certificate { source, .. }
            | Self::Unencrypted { source, .. }
            | Self::Refused { source, .. }
            | Self::Lost { source, .. }
            | Self::Statement(source) => number(source),
            _ => None,
        }
    }
}

fn number(error: &sqlx::Error) -> Option<u16> {
    let error = error.as_database_error()?;
    Some(error.try_downcast_ref::<MySqlDatabaseError>()?.number())
}

/// What TLS did not like, where that is why a connection failed.
fn tls_cause(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

fn lost(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => true,
        // Shutting down, killed, gone for idleness.
        _ => matches!(number(error), Some(1053 | 1927 | 3169 | 4031)),
    }
}
