//! What a recording holds, and its placeholders.

use std::{collections::BTreeMap, net::SocketAddr};

use serde::Deserialize;
use serde_json::Value;

use super::{Answer, Headers, find, json, send};

/// A request and its answer, or the frames of a WebSocket. `More` is what the recordings of one
/// program have besides.
#[derive(Debug, Deserialize)]
pub struct Exchange<More> {
    /// What the lists of differences call it.
    pub name: String,
    /// What was asked.
    pub request: Request,
    /// What was answered.
    #[serde(default)]
    pub response: Response,
    /// Paths in the answer to what varies.
    #[serde(default)]
    pub volatile: Vec<String>,
    /// Names and, in the answer, the paths to what they stand for from then on.
    #[serde(default)]
    pub capture: BTreeMap<String, String>,
    /// Whether the list that is answered may come in any order.
    #[serde(default)]
    pub unordered: bool,
    /// What went over a WebSocket.
    #[serde(default)]
    pub frames: Vec<Frame>,
    /// The rest.
    #[serde(flatten)]
    pub more: More,
}

impl<More> Exchange<More> {
    /// The names of [`capture`](Self::capture) and their texts, if they are there.
    pub fn captured(&self, body: &str) -> Vec<(String, Option<String>)> {
        let mut body = json(body);
        let text = |(name, path): (&String, &String)| {
            let found = find(&mut body, path).into_iter().next();
            (name.clone(), found.and_then(|value| value.as_str().map(str::to_owned)))
        };
        self.capture.iter().map(text).collect()
    }
}

/// A request over HTTP.
#[derive(Debug, Deserialize)]
pub struct Request {
    method: Option<String>,
    path: Option<String>,
    headers: Option<Headers>,
    /// Its body.
    pub body: Option<String>,
    /// Absent: the administrator's token; null: none.
    #[serde(default = "admin")]
    auth: Option<String>,
}

fn admin() -> Option<String> {
    Some("{{token:admin}}".into())
}

impl Request {
    /// Its method.
    pub fn method(&self) -> &str {
        self.method.as_deref().unwrap_or("POST")
    }

    /// Its path with the query.
    pub fn path(&self) -> &str {
        self.path.as_deref().unwrap_or("/rpc/v0")
    }

    /// Its headers.
    pub fn headers(&self) -> Headers {
        self.headers.clone().unwrap_or_else(|| {
            let bearer = self.auth.as_ref().map(|token| format!("Bearer {token}"));
            [("Content-Type", Some("application/json".into())), ("Authorization", bearer)]
                .into_iter()
                .filter_map(|(name, value)| Some((name.to_owned(), value?)))
                .collect()
        })
    }

    /// The method called by JSON-RPC, without its namespace such as `Filecoin.`; nothing if it is
    /// of another.
    pub fn called(&self, namespace: &str) -> String {
        let body = json(self.body.as_deref().unwrap_or_default());
        let method = body.get("method").and_then(Value::as_str).unwrap_or_default();
        method.strip_prefix(namespace).unwrap_or_default().to_owned()
    }

    /// Sends it, with the placeholders filled.
    pub async fn send(&self, to: SocketAddr, fill: impl Fn(&str) -> String) -> Answer {
        let body = self.body.as_deref().map(&fill);
        let headers = self.headers().into_iter().map(|(name, value)| (name, fill(&value)));
        send(to, self.method(), &fill(self.path()), headers, body.as_deref()).await
    }
}

/// An answer over HTTP.
#[derive(Debug, Default, Deserialize)]
pub struct Response {
    status: Option<u16>,
    /// Its headers, where they are not those of JSON.
    pub headers: Option<Headers>,
    /// Its body.
    #[serde(default)]
    pub body: String,
}

impl Response {
    /// Its status.
    pub fn status(&self) -> u16 {
        self.status.unwrap_or(200)
    }
}

/// A frame of a WebSocket.
#[derive(Debug, Deserialize)]
pub struct Frame {
    /// `send` if the client sent it.
    pub dir: String,
    /// What it is; nothing: a text.
    pub op: Option<String>,
    /// Its text.
    #[serde(default)]
    pub text: String,
}

/// A text with what its placeholders `{{name}}` stand for.
///
/// # Panics
///
/// If one is not closed.
pub fn fill(text: &str, value: impl Fn(&str) -> String) -> String {
    let (mut filled, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").expect("a placeholder has an end");
        filled = filled + before + &value(name);
        rest = after;
    }
    filled + rest
}
