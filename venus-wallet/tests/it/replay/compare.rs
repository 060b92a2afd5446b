//! Equal, different by a rule, or different.

use serde_json::Value;
use venus_core::test_utils::replay::{
    self, Answer, Outcome, Rule, align, json, mask, render, rule_of_error, rule_of_texts,
};

use super::{
    differences::{ANONYMOUS, NAMES, NOT_OFFERED, PANIC, REASON},
    recording::{Exchange, Known, has_token},
};

/// `*` in a pattern stands for anything; lists may be in any order.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let list = |text: &str| {
        let mut list: Vec<String> = serde_json::from_str(text.strip_prefix("200 ")?).ok()?;
        list.sort();
        Some(list)
    };
    match (list(pattern), list(text)) {
        (Some(expected), Some(list)) => expected == list,
        _ => replay::matches(pattern, text),
    }
}

pub(crate) fn outcome(exchange: &Exchange, answer: &Answer, known: &Known) -> Outcome {
    match difference(exchange, answer, known) {
        None => Ok(Vec::new()),
        Some(text) => rule(exchange, answer, known).map(|rule| vec![rule]).ok_or(text),
    }
}

/// What differs between an answer and the recorded one, if anything.
fn difference(exchange: &Exchange, answer: &Answer, known: &Known) -> Option<String> {
    let recorded = &exchange.response;
    let body = known.fill(&recorded.body);
    let of_json = || [("Content-Type".to_owned(), "application/json".to_owned())].into();
    for (name, value) in recorded.headers.clone().unwrap_or_else(of_json) {
        // A type of nothing says nothing, and CORS is a rule of its own.
        let counts = !body.is_empty() && !name.starts_with("Access-Control-");
        if counts
            && recorded.status() == answer.status
            && answer.headers.get(&name.to_lowercase()) != Some(&value)
        {
            return Some(format!("{name}: {value} is ours {:?}", answer.headers));
        }
    }
    if recorded.status() == answer.status && same(&body, &answer.body, &exchange.volatile) {
        return None;
    }
    let (theirs, ours) = (render(recorded.status(), &body), render(answer.status, &answer.body));
    Some(format!("`{theirs:.400}` is ours `{ours:.400}`"))
}

/// Compares as JSON, whatever the order of the keys.
pub(crate) fn same(theirs: &str, ours: &str, volatile: &[String]) -> bool {
    let read = |text: &str| serde_json::from_str::<Value>(text).ok();
    let (Some(mut theirs), Some(mut ours)) = (read(theirs), read(ours)) else {
        return theirs == ours;
    };
    align(&theirs, &mut ours);
    mask(&mut theirs, volatile);
    mask(&mut ours, volatile);
    theirs == ours
}

/// The rule by which an answer differs.
fn rule(exchange: &Exchange, answer: &Answer, known: &Known) -> Option<Rule> {
    if !has_token(&exchange.request) {
        return (answer.status == 401 && answer.body.is_empty()).then_some(ANONYMOUS);
    }
    let called = exchange.request.called("Filecoin.");
    let error = &json(&answer.body)["error"];
    if NAMES.contains(&called.as_str()) {
        return (error["code"] == -32601).then_some(NOT_OFFERED);
    }
    let body = known.fill(&exchange.response.body);
    let theirs = json(&body);
    let text = theirs["error"]["message"].as_str().unwrap_or_default();
    if text.contains("panic in rpc method") {
        let refused = "missing permission to invoke 'LockState'  (need 'admin')";
        let right = called != "LockState" || error["message"] == refused;
        return (answer.status == 200 && error["code"] == 1 && right).then_some(PANIC);
    }
    rule_of_error((exchange.response.status(), &body), answer, texts)
}

/// The rule by which two texts of errors with one code differ.
pub(crate) fn texts(code: &Value, theirs: &str, ours: &str) -> Option<Rule> {
    let both = |beginning| theirs.starts_with(beginning) && ours.starts_with(beginning);
    let reason = both("get sign bytes: parseObj failed:") || both("JWT Verification failed: ");
    if *code == 1 && reason { Some(REASON) } else { rule_of_texts(code, theirs, ours) }
}
