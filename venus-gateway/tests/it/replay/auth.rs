//! The venus-auth of the recordings: its users, miners and words, and what it was asked.

use std::sync::{Arc, Mutex};

use axum::{
    Json, Router,
    extract::{Query, State},
    http::{StatusCode, Uri},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};

const USERS: [&str; 4] = ["w_acc", "li_sealer", "other", "cluster"];
const MINERS: [(&str, &str); 3] =
    [("f01000", "li_sealer"), ("f01001", "li_sealer"), ("f02000", "other")];

/// The token of `X-P`, as the placeholder `{{token:X-P}}` has it.
pub(crate) fn token(name: &str) -> String {
    format!("token-of.{name}.signature")
}

/// Method, path with query, body.
pub(crate) type Asked = (String, String, Value);

#[derive(Clone, Default)]
pub(crate) struct FakeAuth(Arc<Mutex<Vec<Asked>>>);

impl FakeAuth {
    /// Serves on a port of its own; returns the address.
    pub(crate) async fn start() -> (Self, String) {
        let auth = Self::default();
        let router = Router::new()
            .route("/verify", post(verify))
            .route("/user/verify", post(verify_users))
            .route("/user/signer/register", post(register_signers))
            .route("/user/miner/exist", get(miner_exists))
            .with_state(auth.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (auth, url)
    }

    fn note(&self, method: &str, uri: &Uri, body: Value) {
        self.0.lock().unwrap().push((method.into(), uri.to_string(), body));
    }

    /// What it was asked since the last time, besides whose a token is.
    pub(crate) fn take(&self) -> Vec<Asked> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

fn refused(error: String) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({ "error": error }))).into_response()
}

async fn verify(Json(body): Json<Value>) -> Response {
    let token = body["Token"].as_str().unwrap();
    let name = token.strip_prefix("token-of.").and_then(|t| t.strip_suffix(".signature"));
    let claims = name.and_then(|name| name.rsplit_once('-'));
    match claims.filter(|(name, _)| USERS.contains(name)) {
        Some((name, permission)) => {
            Json(json!({ "name": name, "perm": permission, "ext": "" })).into_response()
        }
        None => {
            (StatusCode::UNAUTHORIZED, Json(json!({ "error": "no such token" }))).into_response()
        }
    }
}

async fn verify_users(State(auth): State<FakeAuth>, uri: Uri, Json(body): Json<Value>) -> Response {
    auth.note("POST", &uri, body.clone());
    let names: Vec<String> = serde_json::from_value(body["Names"].clone()).unwrap();
    match names.iter().find(|name| !USERS.contains(&name.as_str())) {
        Some(name) => refused(format!("verify {name}: Key not found")),
        None => ().into_response(),
    }
}

async fn register_signers(
    State(auth): State<FakeAuth>,
    uri: Uri,
    Json(body): Json<Value>,
) -> Response {
    auth.note("POST", &uri, body.clone());
    let (user, signer) = (body["User"].as_str().unwrap(), &body["Signers"][0]);
    if USERS.contains(&user) {
        return ().into_response();
    }
    let signer = signer.as_str().unwrap_or_default();
    refused(format!(
        "unregister signer:{signer}, error: can't bind signer:{signer} to not exist user:{user}"
    ))
}

async fn miner_exists(
    State(auth): State<FakeAuth>,
    uri: Uri,
    Query(query): Query<std::collections::HashMap<String, String>>,
) -> Response {
    auth.note("GET", &uri, Value::from(""));
    let asked = (query["miner"].as_str(), query["user"].as_str());
    Json(MINERS.contains(&asked)).into_response()
}
