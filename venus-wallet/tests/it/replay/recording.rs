//! What a recording holds, and its placeholders.

use std::collections::{BTreeMap, HashMap};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
pub(crate) struct Exchange {
    pub(crate) name: String,
    pub(crate) request: Request,
    #[serde(default)]
    pub(crate) response: Response,
    #[serde(default)]
    pub(crate) volatile: Vec<String>,
    #[serde(default)]
    pub(crate) capture: BTreeMap<String, String>,
    pub(crate) prepare: Option<Prepare>,
    pub(crate) signature: Option<Signed>,
    #[serde(default)]
    pub(crate) frames: Vec<Frame>,
}

#[derive(Deserialize)]
pub(crate) struct Request {
    pub(crate) method: Option<String>,
    pub(crate) path: Option<String>,
    pub(crate) headers: Option<BTreeMap<String, String>>,
    pub(crate) body: Option<String>,
    /// Absent: the admin token; null: none.
    #[serde(default = "admin")]
    auth: Option<String>,
}

fn admin() -> Option<String> {
    Some("{{token:admin}}".into())
}

impl Request {
    pub(crate) fn path(&self) -> &str {
        self.path.as_deref().unwrap_or("/rpc/v0")
    }

    pub(crate) fn headers(&self) -> BTreeMap<String, String> {
        self.headers.clone().unwrap_or_else(|| {
            let bearer = self.auth.as_ref().map(|token| format!("Bearer {token}"));
            [("Content-Type", Some("application/json".into())), ("Authorization", bearer)]
                .into_iter()
                .filter_map(|(name, value)| Some((name.to_owned(), value?)))
                .collect()
        })
    }

    pub(crate) fn has_token(&self) -> bool {
        let header = self.headers().remove("Authorization");
        header.is_some_and(|value| value.trim_end() != "Bearer") || self.path().contains("token=")
    }

    /// The name of the method called, without its namespace.
    pub(crate) fn called(&self) -> String {
        let body: Value =
            self.body.as_deref().and_then(|b| serde_json::from_str(b).ok()).unwrap_or_default();
        let method = body.get("method").and_then(Value::as_str).unwrap_or_default();
        method.trim_start_matches("Filecoin.").to_owned()
    }
}

#[derive(Deserialize, Default)]
pub(crate) struct Response {
    pub(crate) status: Option<u16>,
    pub(crate) headers: Option<BTreeMap<String, String>>,
    #[serde(default)]
    pub(crate) body: String,
}

impl Response {
    pub(crate) fn status(&self) -> u16 {
        self.status.unwrap_or(200)
    }

    pub(crate) fn headers(&self) -> BTreeMap<String, String> {
        let json = || [("Content-Type".to_owned(), "application/json".to_owned())].into();
        self.headers.clone().unwrap_or_else(json)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Prepare {
    #[serde(default)]
    pub(crate) args: Vec<String>,
    /// Starting is restarting here, since the store stays.
    #[serde(rename = "restart", default)]
    _restart: bool,
    #[serde(default)]
    pub(crate) keys: Vec<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Signed {
    Bytes { address: String, bytes: String },
    SameAs { address: String, same_as: String },
}

#[derive(Deserialize)]
pub(crate) struct Frame {
    pub(crate) dir: String,
    pub(crate) op: Option<String>,
    #[serde(default)]
    pub(crate) text: String,
}

pub(crate) const SECRET: &[u8] = b"the secret of a wallet in a test";

/// What the placeholders stand for.
pub(crate) struct Known(pub(crate) HashMap<String, String>);

impl Known {
    pub(crate) fn new() -> Self {
        let all = ["read", "write", "sign", "admin"].join(",");
        Self(HashMap::from([("token:admin".to_owned(), jwt(&all))]))
    }

    pub(crate) fn fill(&self, text: &str) -> String {
        let Some((before, rest)) = text.split_once("{{") else { return text.to_owned() };
        let (name, after) = rest.split_once("}}").unwrap();
        let value = if let Some(permissions) = name.strip_prefix("jwt:") {
            jwt(permissions)
        } else if let Some(parts) = name.strip_prefix("jws:") {
            let (header, payload) = parts.split_once(':').unwrap();
            jws(&hex::decode(header).unwrap(), &hex::decode(payload).unwrap())
        } else if let Some(name) = name.strip_prefix("b64:") {
            STANDARD.encode(&self.0[name])
        } else {
            self.0.get(name).ok_or(format!("nothing was captured as {name}")).unwrap().clone()
        };
        format!("{before}{value}{}", self.fill(after))
    }
}

/// A token made by hand, as `WalletTokens` would not make each of them.
fn jwt(permissions: &str) -> String {
    let list: Vec<_> = permissions.split(',').filter(|name| !name.is_empty()).collect();
    let payload = serde_json::json!({ "Allow": list }).to_string();
    jws(br#"{"alg":"HS256","typ":"JWT"}"#, payload.as_bytes())
}

fn jws(header: &[u8], payload: &[u8]) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let mac = Hmac::<sha2::Sha256>::new_from_slice(SECRET).unwrap().chain_update(&signed);
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

/// What a path such as `$.result.Data` leads to.
pub(crate) fn find<'a>(value: &'a mut Value, path: &str) -> Option<&'a mut Value> {
    path.split('.').skip(1).try_fold(value, |value, step| value.get_mut(step))
}
