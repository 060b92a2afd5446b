//! Equal, different by a rule, or different.

use serde_json::{Value, json};

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
    let code = |body: &str| {
        let value: Value = serde_json::from_str(body).unwrap_or_default();
        value["error"]["code"].as_i64()
    };
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
    if recorded.status != status {
        return false;
    }
    same(&recorded.body, body, &exchange.volatile)
}

/// Compares as JSON, whatever the order of the keys, with what varies blanked.
pub(super) fn same(theirs: &str, ours: &str, volatile: &[String]) -> bool {
    let read = |text: &str| serde_json::from_str::<Value>(text).ok();
    let (Some(mut theirs), Some(mut ours)) = (read(theirs), read(ours)) else {
        return theirs.trim() == ours.trim();
    };
    for path in volatile {
        let steps: Vec<_> = path.trim_start_matches("$.").split('.').collect();
        mask(&mut theirs, &steps);
        mask(&mut ours, &steps);
    }
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

fn mask(value: &mut Value, steps: &[&str]) {
    let Some((step, rest)) = steps.split_first() else {
        // What is there must be there, whatever it is.
        *value = json!("varies");
        return;
    };
    let (step, all) = step.strip_suffix("[*]").map_or((*step, false), |step| (step, true));
    match value.get_mut(step) {
        Some(Value::Array(items)) if all => items.iter_mut().for_each(|item| mask(item, rest)),
        Some(inner) => mask(inner, rest),
        None => {}
    }
}

/// What an answer says, in short.
pub(super) fn render(status: u16, body: &str) -> String {
    let value: Value = serde_json::from_str(body).unwrap_or_default();
    match (value.get("error"), value.get("result")) {
        (Some(error), _) => {
            format!("{status} {} {}", error["code"], error["message"].as_str().unwrap_or_default())
        }
        (None, Some(result)) => format!("{status} {result}"),
        (None, None) => format!("{status} {}", body.trim()),
    }
}
