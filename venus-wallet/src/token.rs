//! The wallet's own tokens: JWTs that list what they allow, and nothing else.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use venus_core::auth::{AuthError, Caller, JwtSecret, Permission, TokenError, TokenVerifier};

/// Makes and checks the tokens of one wallet.
#[derive(Debug, Clone)]
pub struct WalletTokens(JwtSecret);

#[derive(Serialize, Deserialize)]
struct Payload {
    #[serde(rename = "Allow", alias = "allow", default)]
    allow: Option<Vec<String>>,
}

impl WalletTokens {
    /// Tokens signed with `secret`.
    pub const fn new(secret: JwtSecret) -> Self {
        Self(secret)
    }

    /// Makes a token of exactly these permissions: they do not imply each other.
    pub fn make(&self, permissions: &[Permission]) -> String {
        let names = permissions.iter().map(ToString::to_string).collect();
        let payload = Payload { allow: Some(names) };
        // A list of words always serializes.
        self.0.sign_json(serde_json::to_vec(&payload).unwrap_or_default())
    }

    /// What a token allows, or why it does not count.
    pub fn check(&self, token: &str) -> Result<Vec<Permission>, String> {
        let names = self.names(without_strategy(token))?;
        Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
    }

    /// The permissions as they stand in a token: the Go wallet signs any words.
    pub fn names(&self, token: &str) -> Result<Vec<String>, String> {
        let failed = |e: &dyn std::fmt::Display| format!("JWT Verification failed: {e}");
        let payload = self.0.verify_json(token).map_err(|e| match e {
            TokenError::Shape => failed(&"jwt: malformed token"),
            TokenError::Signature => failed(&"jwt: HMAC verification failed"),
            other => failed(&other),
        })?;
        let payload: Payload = serde_json::from_slice(&payload)
            .map_err(|_| failed(&"jwt: payload is not a valid JSON object"))?;
        Ok(payload.allow.unwrap_or_default())
    }
}

/// Clients of 2021 glue the UUID of a strategy to the token: by `___`, or in documents by fewer.
fn without_strategy(token: &str) -> &str {
    let token = token.split("___").next().unwrap_or(token);
    let end = token.len().checked_sub(36).and_then(|at| token.split_at_checked(at));
    match end {
        Some((jwt, uuid)) if jwt.ends_with('_') && uuid::Uuid::try_parse(uuid).is_ok() => {
            jwt.trim_end_matches('_')
        }
        _ => token,
    }
}

#[async_trait]
impl TokenVerifier for WalletTokens {
    async fn verify_token(&self, token: &str) -> Result<Caller, AuthError> {
        let permissions = self.check(token).map_err(AuthError::Refused)?;
        Ok(Caller { name: String::new(), permissions })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_that_of_the_go_wallet_and_only_its_wallet_takes_it() {
        let tokens = WalletTokens::new(JwtSecret::from_bytes(b"secret").unwrap());
        let token = tokens.make(&[Permission::Read, Permission::Write]);
        let mut parts = token.split('.');
        // {"alg":"HS256","typ":"JWT"} and {"Allow":["read","write"]}
        assert_eq!(parts.next(), Some("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"));
        assert_eq!(parts.next(), Some("eyJBbGxvdyI6WyJyZWFkIiwid3JpdGUiXX0"));
        assert_eq!(tokens.check(&token).unwrap(), [Permission::Read, Permission::Write]);
        for glue in ["_", "__", "___"] {
            let glued = format!("{token}{glue}62d3c94c-86d1-11eb-b252-acde48001122");
            assert_eq!(tokens.check(&glued).unwrap().len(), 2);
            tokens.names(&glued).unwrap_err();
        }

        let other = WalletTokens::new(JwtSecret::from_bytes(b"other").unwrap());
        assert!(other.check(&token).unwrap_err().starts_with("JWT Verification failed"));
    }
}
