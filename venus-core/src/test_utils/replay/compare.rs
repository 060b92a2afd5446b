//! Parts of which a comparison is made.

use serde_json::{Value, json};

/// A text as JSON; null if it is none.
pub fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

/// Status, then code and text of an error or the result, or what there is otherwise: what the lists
/// of differences name.
pub fn render(status: u16, body: &str) -> String {
    let value = json(body);
    match (value.get("error"), value.get("result")) {
        (Some(error), _) => {
            format!("{status} {} {}", error["code"], error["message"].as_str().unwrap_or_default())
        }
        (None, Some(result)) => format!("{status} {result}"),
        (None, None) => format!("{status} {}", body.trim_end()),
    }
}

/// Whether a text is as a pattern says, in which `*` stands for anything.
pub fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => text == pattern,
        Some((beginning, rest)) => text.strip_prefix(beginning).is_some_and(|text| {
            let mut ends = (0..=text.len()).filter(|at| text.is_char_boundary(*at));
            rest.is_empty() || ends.any(|at| matches(rest, &text[at..]))
        }),
    }
}

/// All that a path such as `$.result[*].Signature.Data` or `$[0].SignedCid['/']` leads to.
pub fn find<'a>(value: &'a mut Value, path: &str) -> Vec<&'a mut Value> {
    let path = path.replace("['", ".").replace("']", "").replace('[', ".").replace(']', "");
    path.split('.').skip(1).fold(vec![value], |found, step| {
        let next = |value: &'a mut Value| -> Vec<&'a mut Value> {
            match (step, value) {
                ("*", Value::Array(list)) => list.iter_mut().collect(),
                (step, Value::Array(list)) => {
                    step.parse().ok().and_then(|at: usize| list.get_mut(at)).into_iter().collect()
                }
                (step, value) => value.get_mut(step).into_iter().collect(),
            }
        };
        found.into_iter().flat_map(next).collect()
    })
}

/// Blanks what varies: what is there must be there, whatever it is.
pub fn mask<'p>(value: &mut Value, paths: impl IntoIterator<Item = &'p String>) {
    for path in paths {
        find(value, path).into_iter().for_each(|found| *found = json!("varies"));
    }
}

/// Makes our answer like one that has no result, if ours is null: the two are the same.
pub fn align(theirs: &Value, ours: &mut Value) {
    if let (Value::Object(theirs), Value::Object(ours)) = (theirs, ours)
        && !theirs.contains_key("result")
        && ours.get("result") == Some(&Value::Null)
    {
        ours.remove("result");
    }
}

/// Puts a list in order: by the first of these fields that an entry has, or else by all of it.
pub fn sort(list: &mut Value, fields: &[&str]) {
    if let Value::Array(list) = list {
        list.sort_by_key(|entry| {
            fields.iter().find_map(|field| entry.get(field)).unwrap_or(entry).to_string()
        });
    }
}
