//! The REST interface: routes, callers and bodies exactly as the Go service has them.

mod access;
mod access_log;
mod bindings;
mod limits;
mod pairs;
mod params;
mod tokens;
mod users;

use std::time::{Duration, SystemTime};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    response::Response,
};
use http::{HeaderValue, Method, StatusCode, header};
use serde::Serialize;
use venus_core::auth::{Claims, TokenError, to_go_json};

use self::params::Params;
use crate::{AuthService, Error, influx::AccessLog};

/// Bodies are at most this long: the longest holds a list of names or addresses.
const MAX_BODY: usize = 1 << 20;

const JSON: &str = "application/json";
const NOT_FOUND: &str = "404 page not found";

#[derive(Clone, Debug)]
struct Server {
    service: AuthService,
    timeout: Duration,
    access_log: Option<AccessLog>,
}

/// All routes. They are found here and not by axum, because the Go service treats unknown paths,
/// methods and slashes at the end in its own way.
pub(crate) fn router(
    service: AuthService,
    timeout: Duration,
    access_log: Option<AccessLog>,
) -> Router {
    Router::new().fallback(serve).with_state(Server { service, timeout, access_log })
}

async fn serve(State(server): State<Server>, request: Request) -> Response {
    let is_head = request.method() == Method::HEAD;
    let outcome = match tokio::time::timeout(server.timeout, dispatch(server, request)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Failure::new(StatusCode::GATEWAY_TIMEOUT, "the request took too long")),
    };
    let reply = outcome.unwrap_or_else(|failure| {
        #[derive(Serialize)]
        struct Document {
            error: String,
        }
        let body = to_go_json(&Document { error: failure.text }).unwrap_or_default();
        Reply { status: failure.status, content_type: JSON, body, location: None }
    });
    let body = if is_head { String::new() } else { reply.body };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = reply.status;
    let headers = response.headers_mut();
    if let Some(location) = reply.location {
        // Redirects have no CORS headers, and no content type if they have no content.
        headers.insert(header::LOCATION, location);
        if reply.content_type.is_empty() {
            return response;
        }
    } else {
        cors(headers);
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(reply.content_type));
    response
}

fn cors(headers: &mut http::HeaderMap) {
    const ALLOWED: &str = "DNT,X-Mx-ReqToken,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Authorization,X-Forwarded-For,Origin,X-Real-Ip,spanId,preHost,svcName";
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, DELETE, OPTIONS"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

async fn dispatch(server: Server, request: Request) -> Result<Reply, Failure> {
    let method = request.method().clone();
    if method == Method::OPTIONS {
        return Ok(Reply::json("\"ok!\"".to_owned()));
    }
    let path = request.uri().path().to_owned();
    let route = Route::find(&method, &path);
    if route.is_none()
        && let Some(path) = path.strip_suffix('/')
        && Route::find(&method, path).is_some()
    {
        return Reply::redirect(&method, path, request.uri().query());
    }
    match route {
        Some(Route::Health) => return Ok(Reply::health()),
        Some(Route::Version) => {
            #[derive(Serialize)]
            #[serde(rename_all = "PascalCase")]
            struct Version {
                version: &'static str,
            }
            return Reply::of(&Version { version: env!("CARGO_PKG_VERSION") });
        }
        _ => {}
    }
    let begun = SystemTime::now();
    let (head, body) = request.into_parts();
    let body = to_bytes(body, MAX_BODY).await.map_err(|_| {
        Failure::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is longer than 1 MiB")
    })?;
    let params = Params::new(&head, &body);
    let caller = match shown_token(&head.headers, &params) {
        Some(token) => match server.service.claims(&token).await {
            Ok(claims) => Some(claims),
            Err(error) if matches!(error.root(), Error::Store(_)) => return Err(error.into()),
            Err(_) => None,
        },
        None => None,
    };
    let Some(route) = route else {
        if caller.is_none() {
            return Err(Failure::new(StatusCode::UNAUTHORIZED, "permission not found"));
        }
        return Ok(Reply {
            status: StatusCode::NOT_FOUND,
            content_type: "text/plain",
            body: NOT_FOUND.to_owned(),
            location: None,
        });
    };
    let call = Call { service: server.service, params, caller };
    let outcome = call.answer(route).await;
    if let (Some(log), Route::Verify) = (&server.access_log, route) {
        call.log_access(log, &head, begun, &outcome);
    }
    outcome
}

/// The caller's token: in the header or, only when there is no such header, in the form.
fn shown_token(headers: &http::HeaderMap, params: &Params) -> Option<String> {
    match headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap_or("?")) {
        Some(value) if !value.is_empty() => value.strip_prefix("Bearer ").map(str::to_owned),
        _ => params.form_value("token").filter(|token| !token.is_empty()),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Route {
    Health,
    Version,
    Verify,
    GenToken,
    GetToken,
    ListTokens,
    RemoveToken,
    RecoverToken,
    NewUser,
    UpdateUser,
    ListUsers,
    GetUser,
    VerifyUsers,
    HasUser,
    DeleteUser,
    RecoverUser,
    UpsertLimit,
    RemoveLimit,
    GetLimits,
    UserByMiner,
    AddMiner,
    MinerExists,
    ListMiners,
    RemoveMiner,
    HasMiner,
    UsersBySigner,
    RegisterSigners,
    UnregisterSigners,
    SignerExists,
    ListSigners,
    HasSigner,
    RemoveSigner,
}

impl Route {
    fn find(method: &Method, path: &str) -> Option<Self> {
        Some(match (method.as_str(), path) {
            ("GET", "/healthcheck") => Self::Health,
            ("GET", "/version") => Self::Version,
            ("POST", "/verify") => Self::Verify,
            ("POST", "/genToken") => Self::GenToken,
            ("GET", "/token") => Self::GetToken,
            ("GET", "/tokens") => Self::ListTokens,
            ("DELETE", "/token") => Self::RemoveToken,
            ("POST", "/recoverToken") => Self::RecoverToken,
            ("PUT", "/user/new") => Self::NewUser,
            ("POST", "/user/update") => Self::UpdateUser,
            ("GET", "/user/list") => Self::ListUsers,
            ("GET", "/user") => Self::GetUser,
            ("POST", "/user/verify") => Self::VerifyUsers,
            ("GET", "/user/has") => Self::HasUser,
            ("POST", "/user/del") => Self::DeleteUser,
            ("POST", "/user/recover") => Self::RecoverUser,
            ("POST", "/user/ratelimit/upsert") => Self::UpsertLimit,
            ("POST", "/user/ratelimit/del") => Self::RemoveLimit,
            ("GET", "/user/ratelimit") => Self::GetLimits,
            ("GET", "/user/miner" | "/miner") => Self::UserByMiner,
            ("POST", "/user/miner/add" | "/miner/add-miner") => Self::AddMiner,
            ("GET", "/user/miner/exist") => Self::MinerExists,
            ("GET", "/user/miner/list" | "/miner/list-by-user") => Self::ListMiners,
            ("POST", "/user/miner/del" | "/miner/del") => Self::RemoveMiner,
            ("GET", "/miner/has" | "/miner/has-miner") => Self::HasMiner,
            ("GET", "/user/signer") => Self::UsersBySigner,
            ("POST", "/user/signer/register") => Self::RegisterSigners,
            ("POST", "/user/signer/unregister") => Self::UnregisterSigners,
            ("GET", "/user/signer/exist") => Self::SignerExists,
            ("GET", "/user/signer/list") => Self::ListSigners,
            ("GET", "/signer/has") => Self::HasSigner,
            ("POST", "/signer/del") => Self::RemoveSigner,
            _ => return None,
        })
    }
}

/// One request, with whoever makes it.
struct Call {
    service: AuthService,
    params: Params,
    caller: Option<Claims>,
}

impl Call {
    async fn answer(&self, route: Route) -> Result<Reply, Failure> {
        match route {
            Route::Health => Ok(Reply::health()),
            Route::Version => Ok(Reply::empty()),
            Route::Verify => self.verify().await,
            Route::GenToken => self.gen_token().await,
            Route::GetToken => self.get_token().await,
            Route::ListTokens => self.list_tokens().await,
            Route::RemoveToken => self.remove_token().await,
            Route::RecoverToken => self.recover_token().await,
            Route::NewUser => self.new_user().await,
            Route::UpdateUser => self.update_user().await,
            Route::ListUsers => self.list_users().await,
            Route::GetUser => self.get_user().await,
            Route::VerifyUsers => self.verify_users().await,
            Route::HasUser => self.has_user().await,
            Route::DeleteUser => self.delete_user().await,
            Route::RecoverUser => self.recover_user().await,
            Route::UpsertLimit => self.upsert_limit().await,
            Route::RemoveLimit => self.remove_limit().await,
            Route::GetLimits => self.get_limits().await,
            Route::UserByMiner => self.user_by_miner().await,
            Route::AddMiner => self.add_miner().await,
            Route::MinerExists => self.miner_exists().await,
            Route::ListMiners => self.list_miners().await,
            Route::RemoveMiner => self.remove_miner().await,
            Route::HasMiner => self.has_miner().await,
            Route::UsersBySigner => self.users_by_signer().await,
            Route::RegisterSigners => self.register_signers().await,
            Route::UnregisterSigners => self.unregister_signers().await,
            Route::SignerExists => self.signer_exists().await,
            Route::ListSigners => self.list_signers().await,
            Route::HasSigner => self.has_signer().await,
            Route::RemoveSigner => self.remove_signer().await,
        }
    }
}

/// A successful answer.
struct Reply {
    status: StatusCode,
    content_type: &'static str,
    body: String,
    location: Option<HeaderValue>,
}

impl Reply {
    fn json(body: String) -> Self {
        Self { status: StatusCode::OK, content_type: JSON, body, location: None }
    }

    fn of<T: Serialize + ?Sized>(value: &T) -> Result<Self, Failure> {
        to_go_json(value)
            .map(Self::json)
            .map_err(|error| Failure::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
    }

    fn empty() -> Self {
        Self::json(String::new())
    }

    fn health() -> Self {
        Self {
            content_type: "application/json; charset=utf-8",
            ..Self::json("{\"status\":\"OK\"}\n".to_owned())
        }
    }

    fn redirect(method: &Method, path: &str, query: Option<&str>) -> Result<Self, Failure> {
        let target = query.map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
        let wrong = |_| Failure::new(StatusCode::BAD_REQUEST, "bad request target");
        let location = Some(HeaderValue::from_str(&target).map_err(wrong)?);
        if method != Method::GET {
            let status = StatusCode::TEMPORARY_REDIRECT;
            return Ok(Self { status, content_type: "", body: String::new(), location });
        }
        let href = target.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&#34;");
        Ok(Self {
            status: StatusCode::MOVED_PERMANENTLY,
            content_type: "text/html; charset=utf-8",
            body: format!("<a href=\"{href}\">Moved Permanently</a>.\n\n"),
            location,
        })
    }
}

/// An answer that says no.
#[derive(Debug)]
struct Failure {
    status: StatusCode,
    text: String,
}

impl Failure {
    fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, text: text.into() }
    }

    fn bad(text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, text)
    }
}

/// The one place where errors become statuses: the Go service has 400 for all but a wrong
/// signature; ours adds 401 for users that may not come in, and 500 for its own faults.
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let status = match error.root() {
            Error::Token(TokenError::Signature) | Error::UserRefused { .. } => {
                StatusCode::UNAUTHORIZED
            }
            Error::Store(_) => {
                tracing::error!(?error, "the store failed");
                StatusCode::INTERNAL_SERVER_ERROR
            }
            _ => StatusCode::BAD_REQUEST,
        };
        Self::new(status, error.to_string())
    }
}
