//! Equal, different by rules, or different.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use venus_core::test_utils::replay::{Answer, Rule, align, find, mask, render, sort};

use super::{
    differences::{MISSING_PAGE, NAMES, NOT_SERVED, PROTOCOL, TICKET_LAST, VERSION, WHY, WORDS},
    node::Node,
    recording::Exchange,
};

/// The rules by which an answer differs from the recorded one; none: it is equal. The error tells
/// how it differs otherwise.
pub(crate) fn judge(
    exchange: &Exchange,
    answer: &Answer,
    node: &Node,
) -> Result<BTreeSet<Rule>, String> {
    let (status, body) = (exchange.response.status(), &exchange.response.body);
    let differ = || {
        let (theirs, ours) = (render(status, body), render(answer.status, &answer.body));
        Err(format!("`{theirs:.900}` is ours `{ours:.900}`"))
    };
    let mut rules = BTreeSet::new();
    let read = |text: &str| serde_json::from_str::<Value>(text).ok();
    let (theirs, ours) = (read(body), read(&answer.body));
    if NAMES.contains(&exchange.request.called("Filecoin.").as_str()) {
        let code = ours.map(|ours| ours["error"]["code"].clone());
        return if code == Some(json!(-32601)) { Ok([NOT_SERVED].into()) } else { differ() };
    }
    if status != answer.status {
        return differ();
    }
    let (Some(mut theirs), Some(mut ours)) = (theirs, ours) else {
        let missing = answer.status == 404 && answer.body.is_empty() && !body.is_empty();
        return match body.trim() == answer.body.trim() {
            true => Ok(rules),
            false if missing => Ok([MISSING_PAGE].into()),
            false => differ(),
        };
    };
    align(&theirs, &mut ours);
    for value in [&mut theirs, &mut ours] {
        mask(value, exchange.volatile.iter().filter(|path| !path.ends_with("Err")));
        if exchange.unordered {
            find(value, "$.result").into_iter().for_each(|list| sort(list, &["Addr", "miner"]));
        }
    }
    if !stands_for(&mut theirs, &mut ours, node) {
        return differ();
    }
    reconcile("", &mut theirs, &mut ours, &mut rules);
    if theirs == ours { Ok(rules) } else { differ() }
}

/// Our blocks and bases stand for the recorded ones: of the same heights, and known to the node.
fn stands_for(theirs: &mut Value, ours: &mut Value, node: &Node) -> bool {
    let rows =
        |value: &mut Value| find(value, "$.result[*]").into_iter().map(|v| v.clone()).collect();
    let (their_rows, our_rows): (Vec<Value>, Vec<Value>) = (rows(theirs), rows(ours));
    let script = node.script();
    let text = |row: &Value, key: &str| row[key].as_str().map(str::to_owned);
    let known = |row: &Value| {
        let height = |key: &str| row[key].as_i64().unwrap_or(-1);
        let base =
            text(row, "ParentKey").is_none_or(|key| script.is_base(&key, height("ParentEpoch")));
        let block = text(row, "Cid")
            .is_none_or(|cid| cid.is_empty() || script.is_block(&cid, height("Epoch")));
        base && block
    };
    let both_made = |(a, b): (&Value, &Value)| {
        text(a, "Cid").is_none_or(|cid| cid.is_empty())
            == text(b, "Cid").is_none_or(|cid| cid.is_empty())
    };
    if !our_rows.iter().all(known) || !their_rows.iter().zip(&our_rows).all(both_made) {
        return false;
    }
    for value in [theirs, ours] {
        for path in ["$.result[*].ParentKey", "$.result[*].Cid"] {
            find(value, path).into_iter().for_each(|value| *value = Value::Null);
        }
    }
    true
}

/// Makes `ours` equal to `theirs` where a rule says why it is not.
fn reconcile(key: &str, theirs: &mut Value, ours: &mut Value, rules: &mut BTreeSet<Rule>) {
    if theirs == ours {
        return;
    }
    match (theirs, ours) {
        (Value::Object(theirs), Value::Object(ours)) => {
            if ours.contains_key("baseEpoch") {
                // A lost draw has no ticket here, and no proof of election there.
                for key in ["computeTicket", "computeElectionProof"] {
                    if theirs.remove(key).is_some() != ours.remove(key).is_some() {
                        rules.insert(TICKET_LAST);
                    }
                }
                if !theirs.contains_key("error") && ours.remove("error").is_some() {
                    rules.insert(WHY);
                }
            }
            if theirs.get("APIVersion").is_some() && ours.contains_key("Version") {
                ours.insert("Version".into(), theirs["Version"].clone());
                rules.insert(VERSION);
            }
            for (key, theirs) in theirs.iter_mut() {
                if let Some(ours) = ours.get_mut(key) {
                    reconcile(key, theirs, ours, rules);
                }
            }
        }
        (theirs, Value::Array(list)) if key == "Err" => {
            let mut wanted = theirs.as_array().cloned().unwrap_or_default();
            wanted.iter_mut().chain(list.iter_mut()).for_each(without_time);
            let all = list.len();
            let mut next = wanted.iter();
            let mut now = next.next();
            list.retain_mut(|ours| {
                let Some(theirs) = now else { return false };
                reconcile("", &mut theirs.clone(), ours, rules);
                let same = ours == theirs;
                if same {
                    now = next.next();
                }
                same
            });
            if list.len() < all {
                rules.insert(WHY);
            }
            *theirs = if wanted.is_empty() && list.is_empty() { json!([]) } else { wanted.into() };
        }
        (Value::Array(theirs), Value::Array(ours)) => {
            if key == "winEpochList" {
                theirs.sort_by_key(|epoch| epoch["epoch"].as_i64());
            }
            for (theirs, ours) in theirs.iter_mut().zip(ours) {
                reconcile("", theirs, ours, rules);
            }
        }
        (Value::String(theirs), Value::String(ours)) => {
            if let Some(rule) = same_text(theirs, ours) {
                ours.clone_from(theirs);
                rules.insert(rule);
            }
        }
        _ => {}
    }
}

/// `2026-11-24 13:43:44 mining timeout!` without the time.
fn without_time(error: &mut Value) {
    let text = error.as_str().unwrap();
    *error = text.get(20..).unwrap().into();
}

/// The rule by which two texts say the same.
fn same_text(theirs: &str, ours: &str) -> Option<Rule> {
    if let Some(rest) = theirs.strip_prefix("(error code ") {
        return (rest.split_once(") ")?.1 == ours).then_some(PROTOCOL);
    }
    // The number of Go's ErrorCode behind it, and the miner, are not part of the cause.
    let cause = theirs.trim_end_matches(" (1)");
    let cause = cause.split(", miner: ").next()?.rsplit(':').next()?.trim();
    (ours.contains(cause) && ours.len() > cause.len()).then_some(WORDS)
}
