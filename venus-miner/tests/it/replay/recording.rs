//! What a recording holds, and its placeholders.

use std::time::Duration;

use serde::Deserialize;
use venus_core::test_utils::replay;

pub(crate) type Exchange = replay::Exchange<More>;

#[derive(Deserialize)]
pub(crate) struct More {
    #[serde(default)]
    pub(crate) prepare: Vec<Step>,
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
    replay::fill(text, |name| {
        let name = name.strip_prefix("token:").unwrap();
        match (name, name.split_once('-')) {
            ("admin", _) => "cluster:admin".to_owned(),
            (_, Some((user, permission))) => format!("{user}:{permission}"),
            _ => local.to_owned(),
        }
    })
}
