//! Equal, different by a rule, or different.

use serde_json::{Value, json};

use super::{
    daemon::Answer,
    differences::Rule,
    recording::{Exchange, Known, find},
};

/// Status, then code and text of an error or the result: what the lists of differences name.
pub(crate) fn render(status: u16, body: &str) -> String {
    let value: Value = serde_json::from_str(body).unwrap_or_default();
    match (value.get("error"), value.get("result")) {
        (Some(error), _) => {
            format!("{status} {} {}", error["code"], error["message"].as_str().unwrap_or_default())
        }
        (None, Some(result)) => format!("{status} {result}"),
        (None, None) => format!("{status}{}", body.trim_end()),
    }
}

/// `*` at the end of a pattern stands for anything; lists may be in any order.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let list = |text: &str| {
        let mut list: Vec<String> = serde_json::from_str(text.strip_prefix("200 ")?).ok()?;
        list.sort();
        Some(list)
    };
    if let (Some(expected), Some(list)) = (list(pattern), list(text)) {
        return expected == list;
    }
    match pattern.strip_suffix('*') {
        Some(beginning) => text.starts_with(beginning),
        None => text == pattern,
    }
}

/// What differs between an answer and the recorded one, if anything.
pub(crate) fn difference(exchange: &Exchange, answer: &Answer, known: &Known) -> Option<String> {
    let recorded = &exchange.response;
    let body = known.fill(&recorded.body);
    for (name, value) in recorded.headers() {
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

/// Compares as JSON, whatever the order of the keys; no result and a null one are the same.
pub(crate) fn same(theirs: &str, ours: &str, volatile: &[String]) -> bool {
    let read = |text: &str| serde_json::from_str::<Value>(text).ok();
    let (Some(mut theirs), Some(mut ours)) = (read(theirs), read(ours)) else {
        return theirs == ours;
    };
    if let (Value::Object(theirs), Value::Object(ours)) = (&theirs, &mut ours)
        && !theirs.contains_key("result")
        && ours.get("result") == Some(&Value::Null)
    {
        ours.remove("result");
    }
    for path in volatile {
        for value in [&mut theirs, &mut ours] {
            *find(value, path).unwrap_or(&mut json!(0)) = Value::Null;
        }
    }
    theirs == ours
}

/// The rule by which an answer differs.
pub(crate) fn rule(exchange: &Exchange, answer: &Answer, known: &Known) -> Option<Rule> {
    if !exchange.request.has_token() {
        return (answer.status == 401 && answer.body.is_empty()).then_some(Rule::Anonymous);
    }
    let recorded = &exchange.response;
    let body = known.fill(&recorded.body);
    let ours: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    let (code, text) = (&ours["error"]["code"], ours["error"]["message"].as_str()?);
    if Rule::NOT_OFFERED.contains(&exchange.request.called().as_str()) {
        return (*code == json!(-32601)).then_some(Rule::NotOffered);
    }
    if body.is_empty() {
        let unreadable = recorded.status() == 500 && ours["id"].is_null() && answer.status >= 400;
        return (unreadable && [json!(-32700), json!(-32600)].contains(code))
            .then_some(Rule::Unreadable);
    }
    let theirs: Value = serde_json::from_str(&body).ok()?;
    let theirs = &theirs["error"];
    let recorded_text = theirs["message"].as_str()?;
    if recorded_text.contains("panic in rpc method") {
        let refused = "missing permission to invoke 'LockState'  (need 'admin')";
        let right = exchange.request.called() != "LockState" || text == refused;
        return (answer.status == 200 && *code == json!(1) && right).then_some(Rule::Panic);
    }
    if theirs["code"] != *code || recorded.status() != answer.status {
        return None;
    }
    texts(code, recorded_text, text)
}

/// The rule by which two texts of errors with one code differ.
pub(crate) fn texts(code: &Value, theirs: &str, ours: &str) -> Option<Rule> {
    if *code == json!(1) {
        for beginning in ["get sign bytes: parseObj failed:", "JWT Verification failed: "] {
            if theirs.starts_with(beginning) && ours.starts_with(beginning) {
                return Some(Rule::Reason);
            }
        }
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
