//! What a recording holds, and its placeholders.

use std::{collections::HashMap, time::Duration};

use serde::Deserialize;
use venus_core::test_utils::replay;

pub(crate) type Exchange = replay::Exchange<More>;

#[derive(Deserialize)]
pub(crate) struct More {
    #[serde(default)]
    pub(crate) prepare: Vec<Step>,
    #[serde(default)]
    pub(crate) during: Vec<Step>,
    #[serde(default)]
    pub(crate) poll: bool,
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

/// What the placeholders stand for.
pub(crate) struct Known(pub(crate) HashMap<String, String>);

impl Known {
    pub(crate) fn new(local: &str) -> Self {
        let own = [("token:admin", "cluster:admin"), ("token:local", local)];
        Self(own.map(|(name, value)| (name.to_owned(), value.to_owned())).into())
    }

    pub(crate) fn fill(&self, text: &str) -> String {
        replay::fill(text, |name| match self.0.get(name) {
            Some(value) => value.clone(),
            None => {
                let token = name.strip_prefix("token:").and_then(|token| token.split_once('-'));
                let (user, permission) =
                    token.unwrap_or_else(|| panic!("nothing was captured as {name}"));
                format!("{user}:{permission}")
            }
        })
    }
}
