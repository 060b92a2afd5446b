//! Equal, different by a rule, or different.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{
    daemon::Answer,
    differences::{NOT_SERVED, Rule},
    recording::{Exchange, Known, find},
};
use crate::node::ScriptedNode;

/// Status, then code and text of an error or the result: what the lists of differences name.
pub(crate) fn render(status: u16, body: &str) -> String {
    let value: Value = serde_json::from_str(body).unwrap_or_default();
    match (value.get("error"), value.get("result")) {
        (Some(error), _) => {
            format!("{status} {} {}", error["code"], error["message"].as_str().unwrap_or_default())
        }
        (None, Some(result)) => format!("{status} {result}"),
        (None, None) => format!("{status} {}", body.trim_end()),
    }
}

/// `*` in a pattern stands for anything.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let Some((beginning, rest)) = pattern.split_once('*') else { return text == pattern };
    let (middle, end) = rest.rsplit_once('*').unwrap_or(("", rest));
    let inner = text.strip_prefix(beginning).and_then(|text| text.strip_suffix(end));
    let next = |text: &'_ str, part: &str| text.split_once(part).map(|(_, after)| after.len());
    let Some(inner) = inner else { return false };
    let mut left = inner;
    middle.split('*').filter(|part| !part.is_empty()).all(|part| match next(left, part) {
        Some(length) => {
            left = &left[left.len() - length..];
            true
        }
        None => false,
    })
}

/// Which of our tipsets stand for the recorded ones: blocks of the same heights, but not the same
/// blocks.
#[derive(Default)]
pub(crate) struct Tipsets(HashMap<Value, Value>);

impl Tipsets {
    /// Succeeds if the keys stand for each other, as they did before, and ours is of this height.
    fn same(&mut self, theirs: &Value, ours: &Value, height: &Value, node: &ScriptedNode) -> bool {
        if theirs == &json!([]) || ours == &json!([]) {
            return theirs == ours;
        }
        let key = serde_json::from_value(ours.clone()).unwrap();
        if node.height_of(&key).map(Value::from).as_ref() != Some(height) {
            return false;
        }
        *self.0.entry(theirs.clone()).or_insert_with(|| ours.clone()) == *ours
    }
}

/// What differs between an answer and the recorded one, if anything.
pub(crate) fn difference(
    exchange: &Exchange,
    answer: &Answer,
    known: &Known,
    tipsets: &mut Tipsets,
    node: &ScriptedNode,
) -> Option<String> {
    let recorded = &exchange.response;
    let body = known.fill(&recorded.body);
    let different = || {
        let (theirs, ours) =
            (render(recorded.status(), &body), render(answer.status, &answer.body));
        Some(format!("`{theirs:.300}` is ours `{ours:.300}`"))
    };
    let read = |text: &str| serde_json::from_str::<Value>(text).ok();
    if recorded.status() != answer.status {
        return different();
    }
    let (Some(mut theirs), Some(mut ours)) = (read(&body), read(&answer.body)) else {
        return if body.trim() == answer.body.trim() { None } else { different() };
    };
    if let (Value::Object(theirs), Value::Object(ours)) = (&theirs, &mut ours)
        && !theirs.contains_key("result")
        && ours.get("result") == Some(&Value::Null)
    {
        ours.remove("result");
    }
    for value in [&mut theirs, &mut ours] {
        plain_numbers(value);
    }
    for path in exchange.volatile.iter().filter(|path| path.as_str() != "$") {
        for value in [&mut theirs, &mut ours] {
            find(value, path).into_iter().for_each(|value| *value = Value::Null);
        }
    }
    if exchange.unordered {
        // Of what has an id or an address, each stands for the same.
        let name = |value: &Value| {
            ["ID", "addr"].iter().find_map(|key| value.get(key)).unwrap_or(value).to_string()
        };
        for value in [&mut theirs, &mut ours] {
            if let Some(list) = value.get_mut("result").and_then(Value::as_array_mut) {
                list.sort_by_key(name);
            }
        }
    }
    let places = |value: &mut Value| -> Vec<(Value, Value)> {
        let paths = [
            ("$.result.TipSetKey", "$.result.Height"),
            ("$.result[*].TipSetKey", "$.result[*].Height"),
        ];
        let take = |value: &mut Value| std::mem::replace(value, json!("a key"));
        paths
            .iter()
            .flat_map(|(key, height)| {
                let heights: Vec<_> = find(value, height).into_iter().map(|h| h.clone()).collect();
                let keys: Vec<_> = find(value, key).into_iter().map(take).collect();
                keys.into_iter().zip(heights)
            })
            .collect()
    };
    let (their_places, our_places) = (places(&mut theirs), places(&mut ours));
    let same = theirs == ours
        && their_places
            .iter()
            .zip(&our_places)
            .all(|((theirs, _), (ours, height))| tipsets.same(theirs, ours, height, node));
    if same {
        return None;
    }
    let mut places = Vec::new();
    differing("$", &theirs, &ours, &mut places);
    Some(if places.is_empty() { "other tipsets".to_owned() } else { places.join(", ") })
}

/// 0.0 is 0.
fn plain_numbers(value: &mut Value) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(plain_numbers),
        Value::Object(map) => map.values_mut().for_each(plain_numbers),
        Value::Number(number) if number.is_f64() => {
            if let Some(float) = number.as_f64().filter(|float| float.fract() == 0.0) {
                *value = json!(float as i64);
            }
        }
        _ => {}
    }
}

/// Where two values differ, and how.
fn differing(path: &str, theirs: &Value, ours: &Value, places: &mut Vec<String>) {
    match (theirs, ours) {
        (Value::Object(a), Value::Object(b)) if a.keys().eq(b.keys()) => {
            a.iter().for_each(|(key, a)| differing(&format!("{path}.{key}"), a, &b[key], places));
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let pairs = a.iter().zip(b).enumerate();
            pairs.for_each(|(n, (a, b))| differing(&format!("{path}[{n}]"), a, b, places));
        }
        (theirs, ours) if theirs == ours => {}
        (theirs, ours) => {
            let (theirs, ours) = (theirs.to_string(), ours.to_string());
            places.push(format!("{path}: `{theirs:.300}` is ours `{ours:.300}`"));
        }
    }
}

/// The rule by which an answer differs.
pub(crate) fn rule(exchange: &Exchange, answer: &Answer, known: &Known) -> Option<Rule> {
    let recorded = &exchange.response;
    let ours: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    if ours["result"]["APIVersion"] == json!(0) {
        return Some(Rule::Version);
    }
    let (code, text) = (&ours["error"]["code"], ours["error"]["message"].as_str()?);
    if NOT_SERVED.contains(&exchange.request.called().as_str()) {
        return (*code == json!(-32601)).then_some(Rule::NotServed);
    }
    let body = known.fill(&recorded.body);
    if body.is_empty() {
        let unreadable = recorded.status() == 500 && ours["id"].is_null() && answer.status >= 400;
        return (unreadable && [json!(-32700), json!(-32600)].contains(code))
            .then_some(Rule::Unreadable);
    }
    let theirs: Value = serde_json::from_str(&body).ok()?;
    let theirs = &theirs["error"];
    let recorded_text = theirs["message"].as_str()?;
    if recorded_text.contains("panic in rpc method") {
        return [json!(-32602), json!(-32700)].contains(code).then_some(Rule::Panic);
    }
    if theirs["code"] != *code || recorded.status() != answer.status {
        return None;
    }
    texts(code, recorded_text, text)
}

/// The rule by which two texts of errors with one code differ.
pub(crate) fn texts(code: &Value, theirs: &str, ours: &str) -> Option<Rule> {
    if *code == json!(1) {
        let more = ours.strip_prefix(theirs)?;
        return (more.starts_with("; ") || more.starts_with(": ")).then_some(Rule::Hint);
    }
    let bare = theirs.trim_start_matches(&format!("(error code {code}) "));
    let bare = bare.trim_end_matches(&format!(": error code {code}"));
    // Of what cannot be decoded, the place is compared and not the words of Go's decoder.
    let place = |text: &str| match text.split_once(" (param:").or_else(|| text.split_once(": ")) {
        Some((place, _)) if *code == json!(-32700) => place.to_owned(),
        _ => text.to_owned(),
    };
    (place(bare) == place(ours)).then_some(Rule::Protocol)
}
