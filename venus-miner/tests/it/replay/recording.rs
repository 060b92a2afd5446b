//! What a recording holds, and its placeholders.

use std::{collections::BTreeMap, time::Duration};

use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
pub(crate) struct Exchange {
    pub(crate) name: String,
    pub(crate) request: Request,
    pub(crate) response: Response,
    #[serde(default)]
    pub(crate) volatile: Vec<String>,
    #[serde(default)]
    pub(crate) prepare: Vec<Step>,
    #[serde(default)]
    pub(crate) unordered: bool,
}

#[derive(Deserialize)]
pub(crate) struct Request {
    pub(crate) method: Option<String>,
    pub(crate) path: Option<String>,
    headers: Option<BTreeMap<String, String>>,
    pub(crate) body: Option<String>,
    auth: Option<String>,
}

impl Request {
    pub(crate) fn path(&self) -> &str {
        self.path.as_deref().unwrap_or("/rpc/v0")
    }

    pub(crate) fn headers(&self) -> BTreeMap<String, String> {
        self.headers.clone().unwrap_or_else(|| {
            let token = self.auth.as_deref().unwrap_or("{{token:admin}}");
            let bearer = format!("Bearer {token}");
            [("Content-Type", "application/json".to_owned()), ("Authorization", bearer)]
                .map(|(name, value)| (name.to_owned(), value))
                .into()
        })
    }

    /// The name of the method called, without its namespace.
    pub(crate) fn called(&self) -> String {
        let body: Value =
            self.body.as_deref().and_then(|b| serde_json::from_str(b).ok()).unwrap_or_default();
        let method = body.get("method").and_then(Value::as_str).unwrap_or_default();
        method.strip_prefix("Filecoin.").unwrap_or_default().to_owned()
    }
}

#[derive(Deserialize)]
pub(crate) struct Response {
    status: Option<u16>,
    #[serde(default)]
    pub(crate) body: String,
}

impl Response {
    pub(crate) fn status(&self) -> u16 {
        self.status.unwrap_or(200)
    }
}

/// Something done before a request.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    pub(crate) node: Option<String>,
    pub(crate) prover: Option<String>,
    pub(crate) sql: Option<String>,
    /// Another configuration of the original: what was asked under it is not played.
    #[serde(rename = "config")]
    _config: Option<String>,
    #[serde(default)]
    after_ms: u64,
}

impl Step {
    pub(crate) const fn wait(&self) -> Duration {
        Duration::from_millis(self.after_ms)
    }
}

/// Puts tokens in; `local` is the program's own.
pub(crate) fn fill(text: &str, local: &str) -> String {
    let Some((before, rest)) = text.split_once("{{token:") else { return text.to_owned() };
    let (name, after) = rest.split_once("}}").unwrap();
    let token = match (name, name.split_once('-')) {
        ("admin", _) => "cluster:admin".to_owned(),
        (_, Some((user, permission))) => format!("{user}:{permission}"),
        _ => local.to_owned(),
    };
    format!("{before}{token}{}", fill(after, local))
}

/// All that a path such as `$.result[*].WinningAt` leads to.
pub(crate) fn find<'a>(value: &'a mut Value, path: &str) -> Vec<&'a mut Value> {
    let path = path.replace("[*]", ".*").replace("[0]", ".0");
    path.split('.').skip(1).fold(vec![value], |found, step| {
        let next = |value: &'a mut Value| -> Vec<&'a mut Value> {
            match (step, value) {
                ("*", Value::Array(list)) => list.iter_mut().collect(),
                (step, value) => match step.parse::<usize>() {
                    Ok(index) => value.get_mut(index).into_iter().collect(),
                    Err(_) => value.get_mut(step).into_iter().collect(),
                },
            }
        };
        found.into_iter().flat_map(next).collect()
    })
}
