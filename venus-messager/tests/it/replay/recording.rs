//! What a recording holds, and its placeholders.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

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
    #[serde(default)]
    pub(crate) prepare: Vec<Step>,
    #[serde(default)]
    pub(crate) during: Vec<Step>,
    #[serde(default)]
    pub(crate) poll: bool,
    #[serde(default)]
    pub(crate) unordered: bool,
    #[serde(default)]
    pub(crate) frames: Vec<Frame>,
}

#[derive(Deserialize)]
pub(crate) struct Request {
    pub(crate) method: Option<String>,
    pub(crate) path: Option<String>,
    pub(crate) headers: Option<BTreeMap<String, String>>,
    pub(crate) body: Option<String>,
    /// Absent: the administrator's token; null: none.
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

    /// The name of the method called, without its namespace.
    pub(crate) fn called(&self) -> String {
        let body: Value =
            self.body.as_deref().and_then(|b| serde_json::from_str(b).ok()).unwrap_or_default();
        let method = body.get("method").and_then(Value::as_str).unwrap_or_default();
        method.strip_prefix("Message.").unwrap_or_default().to_owned()
    }
}

#[derive(Deserialize, Default)]
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

/// Something done before or during a request.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    pub(crate) node: Option<String>,
    wait_ms: Option<u64>,
    after_ms: Option<u64>,
}

impl Step {
    /// Waits in it are for heads to stand for 2 s; here they stand a fraction of that.
    pub(crate) fn wait(&self) -> Duration {
        match self.wait_ms.or(self.after_ms) {
            Some(millis) => Duration::from_millis((millis / 8).max(120)),
            None => Duration::ZERO,
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct Frame {
    pub(crate) dir: String,
    pub(crate) text: String,
}

/// What the placeholders stand for.
pub(crate) struct Known(pub(crate) HashMap<String, String>);

impl Known {
    pub(crate) fn new(local: &str) -> Self {
        let own = [("token:admin", "cluster:admin"), ("token:local", local)];
        Self(own.map(|(name, value)| (name.to_owned(), value.to_owned())).into())
    }

    pub(crate) fn fill(&self, text: &str) -> String {
        let Some((before, rest)) = text.split_once("{{") else { return text.to_owned() };
        let (name, after) = rest.split_once("}}").unwrap();
        let value = match self.0.get(name) {
            Some(value) => value.clone(),
            None => {
                let token = name.strip_prefix("token:").and_then(|token| token.split_once('-'));
                let (user, permission) =
                    token.unwrap_or_else(|| panic!("nothing was captured as {name}"));
                format!("{user}:{permission}")
            }
        };
        format!("{before}{value}{}", self.fill(after))
    }
}

/// All that a path such as `$.result[*].Signature.Data` or `$.result.SignedCid['/']` leads to.
pub(crate) fn find<'a>(value: &'a mut Value, path: &str) -> Vec<&'a mut Value> {
    let path = path.replace("['", ".").replace("']", "").replace("[*]", ".*");
    path.split('.').skip(1).fold(vec![value], |found, step| {
        let next = |value: &'a mut Value| -> Vec<&'a mut Value> {
            match (step, value) {
                ("*", Value::Array(list)) => list.iter_mut().collect(),
                (step, value) => value.get_mut(step).into_iter().collect(),
            }
        };
        found.into_iter().flat_map(next).collect()
    })
}
