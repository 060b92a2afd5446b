//! The client of venus-auth and of the Go services that speak its protocol.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use reqwest::{Method, StatusCode, header};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;
use zeroize::Zeroizing;

use super::{
    AuthAdmin, AuthApiError, AuthError, Caller, Claims, MinerBinding, MinerBindings, NewUser, Page,
    RateLimit, SignerBinding, SignerBindings, TokenInfo, TokenVerifier, User, UserDirectory,
    UserState, UserUpdate, format_address,
};
use crate::{chain::Address, rpc};

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How often a request that changes nothing is sent again when nobody answers.
const RETRIES: u32 = 2;

/// The largest answer that is read: a list of all users of a big pool is a few MiB.
const MAX_ANSWER: usize = 64 << 20;

/// Asks a venus-auth, or a Go auth service, over HTTP.
///
/// ```no_run
/// # async fn example() -> Result<(), venus_core::auth::AuthApiError> {
/// use venus_core::auth::{AuthClient, UserDirectory};
///
/// let auth = AuthClient::new("http://127.0.0.1:8989", "the service's own token")?;
/// let claims = auth.verify("a token that somebody showed").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct AuthClient {
    http: reqwest::Client,
    base: String,
    token: Zeroizing<String>,
    timeout: Duration,
}

impl AuthClient {
    /// A client for the service at `address` (a URL, a multiaddr or `host:port`) that shows
    /// `token` as its own.
    ///
    /// # Errors
    ///
    /// [`AuthApiError::Setup`] if the address cannot be read or the token is empty.
    pub fn new(address: &str, token: impl Into<String>) -> Result<Self, AuthApiError> {
        let token = Zeroizing::new(token.into());
        if token.is_empty() {
            return Err(AuthApiError::Setup("token is empty; make one for this service".into()));
        }
        let base = rpc::base_url(address)
            .map_err(|error| AuthApiError::Setup(format!("parse addr {address}: {error}")))?;
        // Whoever was first has installed the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .connect_timeout(TIMEOUT / 2)
            .build()
            .map_err(|error| AuthApiError::Setup(error.to_string()))?;
        Ok(Self { http, base, token, timeout: TIMEOUT })
    }

    /// Waits this long for an answer instead of ten seconds.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Where the service is.
    pub fn url(&self) -> &str {
        &self.base
    }

    async fn get<T: Answer>(&self, path: &str, query: &[(&str, &str)]) -> Result<T, AuthApiError> {
        let url = format!("{}{path}", self.base);
        let url = reqwest::Url::parse_with_params(&url, query)
            .map_err(|error| AuthApiError::Setup(error.to_string()))?;
        let mut attempt = 0;
        loop {
            match self.send(self.http.get(url.clone())).await {
                Err(error) if attempt < RETRIES && may_be_sent_again(&error) => {
                    attempt += 1;
                    tokio::time::sleep(pause(attempt)).await;
                }
                other => return other,
            }
        }
    }

    async fn send_json<T: Answer>(
        &self,
        method: Method,
        path: &str,
        body: &(impl Serialize + Sync),
    ) -> Result<T, AuthApiError> {
        let request = self.http.request(method, format!("{}{path}", self.base)).json(body);
        self.send(request).await
    }

    async fn post<T: Answer>(
        &self,
        path: &str,
        body: &(impl Serialize + Sync),
    ) -> Result<T, AuthApiError> {
        self.send_json(Method::POST, path, body).await
    }

    async fn send<T: Answer>(&self, request: reqwest::RequestBuilder) -> Result<T, AuthApiError> {
        let exchange = async {
            let mut response = request
                .bearer_auth(self.token.as_str())
                .header(header::ACCEPT, "application/json")
                .header("X-VENUS-API-NAMESPACE", "auth.IAuthClient")
                .send()
                .await
                .map_err(|error| self.unreachable(&error))?;
            let status = response.status();
            let mut body = Vec::new();
            while let Some(chunk) =
                response.chunk().await.map_err(|error| self.unreachable(&error))?
            {
                if body.len() + chunk.len() > MAX_ANSWER {
                    return Err(self.malformed("the answer is too large"));
                }
                body.extend_from_slice(&chunk);
            }
            if status == StatusCode::OK {
                T::read(&body).map_err(|error| self.malformed(error))
            } else {
                Err(self.failure(status, &body))
            }
        };
        tokio::time::timeout(self.timeout, exchange).await.unwrap_or_else(|_| {
            Err(AuthApiError::Timeout { endpoint: self.base.clone(), waited: self.timeout })
        })
    }

    fn unreachable(&self, error: &reqwest::Error) -> AuthApiError {
        // The URL is left out of the cause: it may have a token in its query.
        let mut cause = String::new();
        let mut source = std::error::Error::source(error);
        while let Some(error) = source {
            cause = error.to_string();
            source = error.source();
        }
        if cause.is_empty() {
            cause = "no answer".to_owned();
        }
        AuthApiError::Unreachable { endpoint: self.base.clone(), cause }
    }

    fn malformed(&self, cause: impl fmt::Display) -> AuthApiError {
        AuthApiError::Malformed { endpoint: self.base.clone(), cause: cause.to_string() }
    }

    /// Sorts the errors of ours and of the Go service, which has 400 for nearly all of them.
    fn failure(&self, status: StatusCode, body: &[u8]) -> AuthApiError {
        #[derive(serde::Deserialize)]
        struct Failure {
            error: String,
        }
        // Some Go handlers write two documents; the first is the error.
        let first = serde_json::Deserializer::from_slice(body).into_iter::<Failure>().next();
        let text = match first {
            Some(Ok(failure)) => failure.error,
            _ if status == StatusCode::UNAUTHORIZED => "the token is not valid".to_owned(),
            _ if status.is_server_error() => format!("HTTP status {status}"),
            _ => return self.malformed(format!("HTTP status {status} without an error text")),
        };
        let lower = text.to_ascii_lowercase();
        if status == StatusCode::UNAUTHORIZED
            || lower.contains("permission not found")
            || lower.contains("username not found")
        {
            AuthApiError::Unauthenticated(text)
        } else if lower.contains("permission deny") {
            AuthApiError::Denied(text)
        } else if lower.contains("not found") || lower.contains("user not exist") {
            AuthApiError::NotFound(text)
        } else if status.is_server_error() {
            AuthApiError::Internal(text)
        } else {
            AuthApiError::Rejected(text)
        }
    }
}

/// Shows the address, never the token.
impl fmt::Debug for AuthClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthClient").field("url", &self.base).finish_non_exhaustive()
    }
}

const fn may_be_sent_again(error: &AuthApiError) -> bool {
    matches!(error, AuthApiError::Unreachable { .. } | AuthApiError::Internal(_))
}

/// 50 to 100 ms, then 100 to 200 ms: many services ask at once when auth comes back.
fn pause(attempt: u32) -> Duration {
    let full = Duration::from_millis(50) * 2u32.pow(attempt);
    full.mul_f64(0.5 + rand::random::<f64>() / 2.0)
}

/// Something that can be read from the body of a successful answer.
trait Answer: Sized {
    fn read(body: &[u8]) -> Result<Self, serde_json::Error>;
}

/// An answer without content.
struct Done;

impl Answer for Done {
    fn read(_: &[u8]) -> Result<Self, serde_json::Error> {
        Ok(Self)
    }
}

/// One JSON document.
struct One<T>(T);

impl<T: DeserializeOwned> Answer for One<T> {
    fn read(body: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(body).map(Self)
    }
}

/// A list, which Go may write as `null`, or not at all.
struct Many<T>(Vec<T>);

impl<T: DeserializeOwned> Answer for Many<T> {
    fn read(body: &[u8]) -> Result<Self, serde_json::Error> {
        if body.is_empty() {
            return Ok(Self(Vec::new()));
        }
        serde_json::from_slice::<Option<Vec<T>>>(body).map(|list| Self(list.unwrap_or_default()))
    }
}

#[async_trait]
impl UserDirectory for AuthClient {
    async fn verify(&self, token: &str) -> Result<Claims, AuthApiError> {
        let mut attempt = 0;
        loop {
            match self.post("/verify", &json!({ "Token": token })).await {
                Err(error) if attempt < RETRIES && may_be_sent_again(&error) => {
                    attempt += 1;
                    tokio::time::sleep(pause(attempt)).await;
                }
                other => return other.map(|One(claims)| claims),
            }
        }
    }

    async fn verify_users(&self, names: &[String]) -> Result<(), AuthApiError> {
        self.post("/user/verify", &json!({ "Names": names })).await.map(|Done| ())
    }

    async fn has_user(&self, name: &str) -> Result<bool, AuthApiError> {
        self.get("/user/has", &[("name", name)]).await.map(|One(has)| has)
    }

    async fn user(&self, name: &str) -> Result<User, AuthApiError> {
        self.get("/user", &[("name", name)]).await.map(|One(user)| user)
    }

    async fn users(&self, page: Page, state: UserState) -> Result<Vec<User>, AuthApiError> {
        let (skip, limit) = (page.skip.to_string(), page.limit.to_string());
        let state = state.0.to_string();
        let query = [("skip", &*skip), ("limit", &*limit), ("state", &*state)];
        self.get("/user/list", &query).await.map(|Many(users)| users)
    }

    async fn rate_limits(&self, user: &str) -> Result<Vec<RateLimit>, AuthApiError> {
        self.get("/user/ratelimit", &[("name", user)]).await.map(|Many(limits)| limits)
    }
}

#[async_trait]
impl MinerBindings for AuthClient {
    async fn user_by_miner(&self, miner: Address) -> Result<User, AuthApiError> {
        let One(user) =
            self.get::<One<User>>("/user/miner", &[("miner", &format_address(&miner))]).await?;
        // The Go service over MySQL answers an empty user for none.
        if user.id.is_empty() {
            return Err(AuthApiError::NotFound(format!(
                "user of miner {}",
                format_address(&miner)
            )));
        }
        Ok(user)
    }

    async fn miner_exists_in_user(&self, user: &str, miner: Address) -> Result<bool, AuthApiError> {
        let query = [("miner", &*format_address(&miner)), ("user", user)];
        self.get("/user/miner/exist", &query).await.map(|One(exists)| exists)
    }

    async fn has_miner(&self, miner: Address) -> Result<bool, AuthApiError> {
        let query = [("miner", &*format_address(&miner))];
        self.get("/miner/has", &query).await.map(|One(has)| has)
    }

    async fn miners(&self, user: &str) -> Result<Vec<MinerBinding>, AuthApiError> {
        self.get("/user/miner/list", &[("user", user)]).await.map(|Many(miners)| miners)
    }

    async fn upsert_miner(
        &self,
        user: &str,
        miner: Address,
        open_mining: bool,
    ) -> Result<bool, AuthApiError> {
        let body =
            json!({ "User": user, "Miner": format_address(&miner), "OpenMining": open_mining });
        self.post("/user/miner/add", &body).await.map(|One(created)| created)
    }

    async fn remove_miner(&self, miner: Address) -> Result<bool, AuthApiError> {
        let body = json!({ "miner": format_address(&miner) });
        self.post("/user/miner/del", &body).await.map(|One(existed)| existed)
    }
}

#[async_trait]
impl SignerBindings for AuthClient {
    async fn users_by_signer(&self, signer: Address) -> Result<Vec<User>, AuthApiError> {
        let text = format_address(&signer);
        let Many(users) = self.get::<Many<User>>("/user/signer", &[("signer", &text)]).await?;
        // The Go service over badger answers an empty list for none.
        if users.is_empty() {
            return Err(AuthApiError::NotFound(format!("user of signer {text}")));
        }
        Ok(users)
    }

    async fn signer_exists_in_user(
        &self,
        user: &str,
        signer: Address,
    ) -> Result<bool, AuthApiError> {
        let query = [("signer", &*format_address(&signer)), ("user", user)];
        self.get("/user/signer/exist", &query).await.map(|One(exists)| exists)
    }

    async fn has_signer(&self, signer: Address) -> Result<bool, AuthApiError> {
        let query = [("signer", &*format_address(&signer))];
        self.get("/signer/has", &query).await.map(|One(has)| has)
    }

    async fn signers(&self, user: &str) -> Result<Vec<SignerBinding>, AuthApiError> {
        self.get("/user/signer/list", &[("user", user)]).await.map(|Many(signers)| signers)
    }

    async fn register_signers(&self, user: &str, signers: &[Address]) -> Result<(), AuthApiError> {
        self.post("/user/signer/register", &signers_body(user, signers)).await.map(|Done| ())
    }

    async fn unregister_signers(
        &self,
        user: &str,
        signers: &[Address],
    ) -> Result<(), AuthApiError> {
        self.post("/user/signer/unregister", &signers_body(user, signers)).await.map(|Done| ())
    }
}

fn signers_body(user: &str, signers: &[Address]) -> serde_json::Value {
    json!({ "User": user, "Signers": signers.iter().map(format_address).collect::<Vec<_>>() })
}

#[async_trait]
impl AuthAdmin for AuthClient {
    async fn generate_token(&self, claims: &Claims) -> Result<String, AuthApiError> {
        #[derive(serde::Deserialize)]
        struct Generated {
            token: String,
        }
        let body = json!({ "name": claims.name, "perm": claims.perm, "extra": claims.ext });
        self.post("/genToken", &body).await.map(|One(Generated { token })| token)
    }

    async fn token(&self, token: &str) -> Result<TokenInfo, AuthApiError> {
        let query = [("name", ""), ("token", token)];
        let Many(tokens) = self.get::<Many<TokenInfo>>("/token", &query).await?;
        tokens.into_iter().next().ok_or_else(|| AuthApiError::NotFound("token".into()))
    }

    async fn tokens_by_name(&self, name: &str) -> Result<Vec<TokenInfo>, AuthApiError> {
        self.get("/token", &[("name", name), ("token", "")]).await.map(|Many(tokens)| tokens)
    }

    async fn tokens(&self, page: Page) -> Result<Vec<TokenInfo>, AuthApiError> {
        let (skip, limit) = (page.skip.to_string(), page.limit.to_string());
        let query = [("skip", &*skip), ("limit", &*limit)];
        self.get("/tokens", &query).await.map(|Many(tokens)| tokens)
    }

    async fn remove_token(&self, token: &str) -> Result<(), AuthApiError> {
        let body = json!({ "token": token });
        self.send_json(Method::DELETE, "/token", &body).await.map(|Done| ())
    }

    async fn recover_token(&self, token: &str) -> Result<(), AuthApiError> {
        self.post("/recoverToken", &json!({ "token": token })).await.map(|Done| ())
    }

    async fn create_user(&self, user: &NewUser) -> Result<User, AuthApiError> {
        self.send_json(Method::PUT, "/user/new", user).await.map(|One(user)| user)
    }

    async fn update_user(&self, update: &UserUpdate) -> Result<(), AuthApiError> {
        self.post("/user/update", update).await.map(|Done| ())
    }

    async fn delete_user(&self, name: &str) -> Result<(), AuthApiError> {
        self.post("/user/del", &json!({ "Name": name })).await.map(|Done| ())
    }

    async fn recover_user(&self, name: &str) -> Result<(), AuthApiError> {
        self.post("/user/recover", &json!({ "Name": name })).await.map(|Done| ())
    }

    async fn remove_signer(&self, signer: Address) -> Result<bool, AuthApiError> {
        let body = json!({ "signer": format_address(&signer) });
        self.post("/signer/del", &body).await.map(|One(existed)| existed)
    }

    async fn upsert_rate_limit(&self, limit: &RateLimit) -> Result<String, AuthApiError> {
        self.post("/user/ratelimit/upsert", limit).await.map(|One(id)| id)
    }

    async fn remove_rate_limit(&self, user: &str, id: &str) -> Result<(), AuthApiError> {
        let body = json!({ "Name": user, "Id": id });
        self.post("/user/ratelimit/del", &body).await.map(|Done| ())
    }
}

#[async_trait]
impl TokenVerifier for AuthClient {
    async fn verify_token(&self, token: &str) -> Result<Caller, AuthError> {
        match self.verify(token).await {
            Ok(claims) => {
                let permissions = claims.permissions();
                Ok(Caller { name: claims.name, permissions })
            }
            Err(error @ (AuthApiError::Setup(_) | AuthApiError::Malformed { .. })) => {
                Err(AuthError::Unavailable(error.to_string()))
            }
            Err(error) if error.is_retryable() => Err(AuthError::Unavailable(error.to_string())),
            Err(error) => Err(AuthError::Refused(error.to_string())),
        }
    }
}
