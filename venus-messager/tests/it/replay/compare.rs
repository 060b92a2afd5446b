//! Equal, different by a rule, or different.

use std::collections::HashMap;

use serde_json::{Value, json};
use venus_core::test_utils::replay::{
    Answer, Rule, align, find, json, mask, render, rule_of_error, rule_of_texts, sort,
};

use super::{
    differences::{NAMES, NOT_SERVED, PANIC, VERSION},
    recording::{Exchange, Known},
};
use crate::node::ScriptedNode;

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
    align(&theirs, &mut ours);
    for value in [&mut theirs, &mut ours] {
        plain_numbers(value);
        mask(value, exchange.volatile.iter().filter(|path| *path != "$"));
        if exchange.unordered {
            // Of what has an id or an address, each stands for the same.
            find(value, "$.result").into_iter().for_each(|list| sort(list, &["ID", "addr"]));
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
    let ours = json(&answer.body);
    if ours["result"]["APIVersion"] == 0 {
        return Some(VERSION);
    }
    let code = ours["error"]["code"].as_i64()?;
    if NAMES.contains(&exchange.request.called("Message.").as_str()) {
        return (code == -32601).then_some(NOT_SERVED);
    }
    let body = known.fill(&exchange.response.body);
    let theirs = &json(&body)["error"]["message"];
    if theirs.as_str().is_some_and(|text| text.contains("panic in rpc method")) {
        return [-32602, -32700].contains(&code).then_some(PANIC);
    }
    rule_of_error((exchange.response.status(), &body), answer, rule_of_texts)
}
