//! Equal, different by a rule, or different.

use serde_json::Value;
use venus_core::test_utils::replay::{json, mask};

use super::recording::{Exchange, Question};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// As lotus or venus answered.
    Equal,
    /// An error with the same code, in other words.
    SameCode,
    /// Our node does not have the method.
    NotServed,
    Different,
}

/// Judges an answer against all recorded ones.
pub(super) fn judge(question: &Question<'_>, status: u16, body: &str) -> Verdict {
    let all = || question.answers.iter();
    let absent = format!("method 'Filecoin.{}' not found", question.method());
    let none_has = all().all(|exchange| exchange.response.body.contains(&absent));
    if body.contains(&absent) && !none_has {
        return Verdict::NotServed;
    }
    if all().any(|exchange| is_equal(exchange, status, body)) {
        return Verdict::Equal;
    }
    let code = |body: &str| json(body)["error"]["code"].as_i64();
    match code(body) {
        None => Verdict::Different,
        Some(ours) if all().any(|exchange| code(&exchange.response.body) == Some(ours)) => {
            Verdict::SameCode
        }
        Some(_) => Verdict::Different,
    }
}

fn is_equal(exchange: &Exchange, status: u16, body: &str) -> bool {
    let recorded = &exchange.response;
    recorded.status() == status && same(&recorded.body, body, &exchange.volatile)
}

/// Compares as JSON, whatever the order of the keys, with what varies blanked.
pub(super) fn same(theirs: &str, ours: &str, volatile: &[String]) -> bool {
    let read = |text: &str| serde_json::from_str::<Value>(text).ok();
    let (Some(mut theirs), Some(mut ours)) = (read(theirs), read(ours)) else {
        return theirs.trim() == ours.trim();
    };
    mask(&mut theirs, volatile);
    mask(&mut ours, volatile);
    let [theirs, ours] = [theirs, ours].map(|value| {
        let mut value = lists(value);
        // No result and a null one are the same.
        if let Value::Object(map) = &mut value {
            map.retain(|name, value| name != "result" || !value.is_null());
        }
        value
    });
    theirs == ours
}

/// Whether two answers differ in nothing but gas, and in that little.
pub(super) fn near(theirs: &str, ours: &str, volatile: &[String]) -> bool {
    const FIELDS: [&str; 3] = ["/result", "/result/GasLimit", "/result/MsgRct/GasUsed"];
    let read = |text: &str| serde_json::from_str::<Value>(text).ok();
    let (Some(theirs), Some(mut ours)) = (read(theirs), read(ours)) else { return false };
    for field in FIELDS {
        let gas = |value: &Value| value.pointer(field).and_then(Value::as_f64);
        if let (Some(a), Some(b)) = (gas(&theirs), gas(&ours))
            && (a - b).abs() <= a * 0.06
        {
            *ours.pointer_mut(field).unwrap() = theirs.pointer(field).unwrap().clone();
        }
    }
    same(&theirs.to_string(), &ours.to_string(), volatile)
}

/// A Go list that is nil is written as `null`; clients take it for `[]`.
fn lists(value: Value) -> Value {
    match value {
        Value::Array(items) if items.is_empty() => Value::Null,
        Value::Array(items) => items.into_iter().map(lists).collect(),
        Value::Object(map) => map.into_iter().map(|(key, value)| (key, lists(value))).collect(),
        other => other,
    }
}
