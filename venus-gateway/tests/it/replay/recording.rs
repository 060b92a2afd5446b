//! What a recording holds, its placeholders, and how an answer is held against it.

use std::collections::{BTreeMap, HashMap};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::Value;
use venus_core::test_utils::replay;

#[derive(Deserialize)]
pub(crate) struct Scenario {
    pub(crate) name: String,
    pub(crate) frames: Vec<Frame>,
    /// Wallets that are there before the frames begin.
    #[serde(default)]
    pub(crate) registered: Vec<Registered>,
}

#[derive(Deserialize)]
pub(crate) struct Registered {
    pub(crate) conn: String,
    pub(crate) token: String,
    pub(crate) path: String,
    pub(crate) addrs: Vec<String>,
    pub(crate) accounts: Vec<String>,
}

#[derive(Deserialize)]
pub(crate) struct Frame {
    /// The connection, and `>` if the client sends or `<` if it receives.
    pub(crate) f: String,
    pub(crate) op: Option<String>,
    #[serde(default)]
    pub(crate) text: String,
    pub(crate) payload: Option<String>,
    pub(crate) token: Option<String>,
    pub(crate) method: Option<String>,
    pub(crate) path: Option<String>,
    /// `null`: this header is not sent.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, Option<String>>,
    pub(crate) status: Option<u16>,
}

impl Frame {
    pub(crate) fn connection(&self) -> &str {
        self.f.trim_end_matches(['<', '>'])
    }
}

/// What the placeholders stand for.
#[derive(Clone, Default)]
pub(crate) struct Known(pub(crate) HashMap<String, String>);

impl Known {
    pub(crate) fn fill(&self, text: &str) -> String {
        replay::fill(text, |name| {
            self.0.get(name).unwrap_or_else(|| panic!("nothing was captured as {name}")).clone()
        })
    }

    /// Whether a text is the recorded one and more behind it.
    pub(crate) fn begins(&self, recorded: &str, ours: &str) -> bool {
        let mut known = self.clone();
        known.text(&format!("{recorded}{{{{hint}}}}"), ours)
            && (known.0["hint"].starts_with("; ") || known.0["hint"].starts_with(": "))
    }

    /// Whether a text is the recorded one; what stands where nothing is known yet is captured.
    fn text(&mut self, recorded: &str, ours: &str) -> bool {
        let Some((before, rest)) = recorded.split_once("{{") else { return recorded == ours };
        let (name, after) = rest.split_once("}}").unwrap();
        let Some(ours) = ours.strip_prefix(before) else { return false };
        if let Some(value) = self.0.get(name).cloned() {
            return ours.strip_prefix(value.as_str()).is_some_and(|ours| self.text(after, ours));
        }
        let literal = after.split("{{").next().unwrap();
        let end = if literal.is_empty() { Some(ours.len()) } else { ours.find(literal) };
        let Some(end) = end else { return false };
        let (value, ours) = ours.split_at(end);
        if !is_form(name, value) {
            return false;
        }
        self.0.insert(name.to_owned(), value.to_owned());
        self.text(after, ours)
    }
}

/// Whether a value looks as its placeholder says.
fn is_form(name: &str, value: &str) -> bool {
    match name.split(':').next().unwrap() {
        "id" | "channel" => value.parse::<uuid::Uuid>().is_ok(),
        "ip" => value.parse::<std::net::SocketAddr>().is_ok(),
        "time" => chrono::DateTime::parse_from_rfc3339(value).is_ok(),
        "gotime" => {
            let zone = value.find(" +0000 UTC").unwrap_or_default();
            chrono::NaiveDateTime::parse_from_str(&value[..zone], "%Y-%m-%d %H:%M:%S%.f").is_ok()
        }
        "G" | "tosign" => STANDARD.decode(value).is_ok_and(|bytes| bytes.len() == 32),
        "version" | "hint" => !value.is_empty(),
        _ => false,
    }
}

/// How an answer compares with the recorded one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Same {
    Equal,
    /// But for null where the other has an empty list or text.
    Empty,
}

/// Compares JSON, lists in any order, and captures.
pub(crate) fn same(known: &mut Known, recorded: &Value, ours: &Value) -> Option<Same> {
    if is_empty(recorded) && is_empty(ours) {
        return Some(if recorded == ours { Same::Equal } else { Same::Empty });
    }
    match (recorded, ours) {
        (Value::String(recorded), Value::String(ours)) => {
            known.text(recorded, ours).then_some(Same::Equal)
        }
        (Value::Array(recorded), Value::Array(ours)) if recorded.len() == ours.len() => {
            let mut left: Vec<_> = ours.iter().collect();
            let mut worst = Same::Equal;
            for entry in recorded {
                let fits = |ours: &&Value| same(&mut known.clone(), entry, ours).is_some();
                let ours = left.remove(left.iter().position(fits)?);
                worst = worst.max(same(known, entry, ours)?);
            }
            Some(worst)
        }
        (Value::Object(recorded), Value::Object(ours)) if recorded.len() == ours.len() => {
            let mut worst = Same::Equal;
            for (key, entry) in recorded {
                worst = worst.max(same(known, entry, ours.get(key)?)?);
            }
            Some(worst)
        }
        _ => (recorded == ours).then_some(Same::Equal),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

/// A message as it is compared: an event with its payload as JSON, an answer without `result` if
/// that is null and the recorded one has none.
pub(crate) fn readable(text: &str) -> Value {
    let mut value: Value = serde_json::from_str(text).unwrap_or_else(|_| Value::from(text.trim()));
    if let Some(Value::String(payload)) = value.pointer_mut("/params/1/Payload").map(Value::take) {
        let bytes = STANDARD.decode(payload).unwrap();
        let payload = serde_json::from_slice(&bytes).unwrap();
        *value.pointer_mut("/params/1/Payload").unwrap() = payload;
    }
    value
}

/// The recorded message in the same form.
pub(crate) fn recorded(frame: &Frame) -> Value {
    let mut value: Value =
        serde_json::from_str(&frame.text).unwrap_or_else(|_| Value::from(frame.text.trim()));
    if let Some(payload) = &frame.payload {
        *value.pointer_mut("/params/1/Payload").unwrap() = serde_json::from_str(payload).unwrap();
    }
    value
}

/// Names a message within its connection: the id of an answer, or channel and method of an event.
pub(crate) fn kind(message: &Value) -> String {
    match (message.get("id"), message.get("method").and_then(Value::as_str)) {
        (Some(id), _) => id.to_string(),
        (None, Some("xrpc.ch.close")) => format!("close {}", message["params"][0]),
        (None, Some(_)) => {
            let event = message["params"][1]["Method"].as_str().unwrap_or_default();
            format!("{event} {}", message["params"][0])
        }
        (None, None) => "nothing".into(),
    }
}
