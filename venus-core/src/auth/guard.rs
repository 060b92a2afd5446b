//! The guard in front of every server: from token to caller, or no entrance.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use auto_impl::auto_impl;

use super::Caller;

/// Why a request is not let in. All of them are HTTP 401 with an empty body.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// The request has no token.
    #[error("no token in the request; send `Authorization: Bearer <token>` or `?token=<token>`")]
    MissingToken,
    /// The token is not one of ours.
    #[error("token refused: {0}")]
    Refused(String),
    /// The service that knows could not be asked.
    #[error("cannot ask venus-auth about the token: {0}; check that it runs")]
    Unavailable(String),
}

/// Decides from the token who calls. Nobody is let in by default.
///
/// # Contract
///
/// - `Ok` means that the caller has proven who it is; an implementation that lets anonymous
///   requests in says so by its name and gives them no more than it must.
/// - Called once for each HTTP request and once for each WebSocket connection.
#[async_trait]
#[auto_impl(&, Box, Arc)]
pub trait Guard: fmt::Debug + Send + Sync {
    /// Finds out who calls; `token` is without the prefix `Bearer `.
    async fn authenticate(&self, token: Option<&str>) -> Result<Caller, AuthError>;
}

const _: fn(&dyn Guard) = |_| {};

/// Somebody who can tell to whom a token belongs, such as venus-auth.
#[async_trait]
#[auto_impl(&, Box, Arc)]
pub trait TokenVerifier: fmt::Debug + Send + Sync {
    /// Checks the token and says whose it is and what it allows.
    async fn verify_token(&self, token: &str) -> Result<Caller, AuthError>;
}

const _: fn(&dyn TokenVerifier) = |_| {};

/// Lets in who shows a token that one of its verifiers knows. They are asked in order: the
/// component's own token first, as it costs nothing, then venus-auth.
#[derive(Debug, Clone)]
pub struct TokenGuard {
    verifiers: Vec<Arc<dyn TokenVerifier>>,
}

impl TokenGuard {
    /// Asks only `verifier`.
    pub fn new(verifier: impl TokenVerifier + 'static) -> Self {
        Self { verifiers: vec![Arc::new(verifier)] }
    }

    /// Asks `verifier` too, about tokens that the ones before it do not know.
    #[must_use]
    pub fn or(mut self, verifier: impl TokenVerifier + 'static) -> Self {
        self.verifiers.push(Arc::new(verifier));
        self
    }
}

#[async_trait]
impl Guard for TokenGuard {
    async fn authenticate(&self, token: Option<&str>) -> Result<Caller, AuthError> {
        let token = token.ok_or(AuthError::MissingToken)?;
        let mut refusal = AuthError::MissingToken;
        for verifier in &self.verifiers {
            match verifier.verify_token(token).await {
                Ok(caller) => return Ok(caller),
                Err(error) => refusal = error,
            }
        }
        Err(refusal)
    }
}

/// Takes everybody for one caller, with or without a token. For tests.
#[cfg(any(test, feature = "test-utils"))]
#[derive(Debug, Clone)]
pub struct AllowAll(pub Caller);

#[cfg(any(test, feature = "test-utils"))]
#[async_trait]
impl Guard for AllowAll {
    async fn authenticate(&self, _: Option<&str>) -> Result<Caller, AuthError> {
        Ok(self.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Permission;

    /// Knows one token.
    #[derive(Debug)]
    struct Knows(&'static str, Result<&'static str, AuthError>);

    #[async_trait]
    impl TokenVerifier for Knows {
        async fn verify_token(&self, token: &str) -> Result<Caller, AuthError> {
            if token != self.0 {
                return Err(AuthError::Refused("unknown".into()));
            }
            self.1.clone().map(|name| Caller::new(name, Permission::Write))
        }
    }

    #[tokio::test]
    async fn verifiers_are_asked_in_order_and_nobody_else_gets_in() {
        let down = AuthError::Unavailable("refused".into());
        let guard = TokenGuard::new(Knows("a", Ok("")))
            .or(Knows("b", Ok("bob")))
            .or(Knows("c", Err(down.clone())));

        assert_eq!(guard.authenticate(Some("a")).await.unwrap().name, "");
        let bob = guard.authenticate(Some("b")).await.unwrap();
        assert!(bob.may(Permission::Read) && bob.may(Permission::Write) && !bob.is_admin());
        assert_eq!(guard.authenticate(Some("c")).await, Err(down));
        assert!(matches!(guard.authenticate(Some("")).await, Err(AuthError::Refused(_))));
        assert_eq!(guard.authenticate(None).await, Err(AuthError::MissingToken));
    }
}
