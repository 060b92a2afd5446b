//! What a recording holds, and its placeholders.

use std::collections::HashMap;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use venus_core::test_utils::replay::{self, Request};

pub(crate) type Exchange = replay::Exchange<More>;

#[derive(Deserialize)]
pub(crate) struct More {
    pub(crate) prepare: Option<Prepare>,
    pub(crate) signature: Option<Signed>,
}

pub(crate) fn has_token(request: &Request) -> bool {
    let header = request.headers().remove("Authorization");
    header.is_some_and(|value| value.trim_end() != "Bearer") || request.path().contains("token=")
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

pub(crate) const SECRET: &[u8] = b"the secret of a wallet in a test";

/// What the placeholders stand for.
pub(crate) struct Known(pub(crate) HashMap<String, String>);

impl Known {
    pub(crate) fn new() -> Self {
        let all = ["read", "write", "sign", "admin"].join(",");
        Self(HashMap::from([("token:admin".to_owned(), jwt(&all))]))
    }

    pub(crate) fn fill(&self, text: &str) -> String {
        replay::fill(text, |name| {
            if let Some(permissions) = name.strip_prefix("jwt:") {
                jwt(permissions)
            } else if let Some(parts) = name.strip_prefix("jws:") {
                let (header, payload) = parts.split_once(':').unwrap();
                jws(&hex::decode(header).unwrap(), &hex::decode(payload).unwrap())
            } else if let Some(name) = name.strip_prefix("b64:") {
                STANDARD.encode(&self.0[name])
            } else {
                self.0.get(name).ok_or(format!("nothing was captured as {name}")).unwrap().clone()
            }
        })
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
