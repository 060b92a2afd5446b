//! Differences that every service of ours has on purpose.

use serde_json::Value;

use super::{Answer, Rule, json};

/// More text behind that of an error.
pub const HINT: Rule = "behind the words of Go an error says what to do";

/// Another text of an error that is not of a method.
pub const PROTOCOL: Rule = "errors of the protocol have code and status of Go, not `(error code N)` \
                            around the text, nor the words of Go's decoder";

/// An error where Go answers nothing.
pub const UNREADABLE: Rule = "what cannot be read as a request is answered with a JSON-RPC error";

/// The rule by which an answer differs that is an error as the recorded one is, or that is one
/// where the recorded one is nothing. `texts` is [`rule_of_texts`], or knows more rules.
pub fn rule_of_error(
    (status, body): (u16, &str),
    answer: &Answer,
    texts: impl Fn(&Value, &str, &str) -> Option<Rule>,
) -> Option<Rule> {
    let ours = json(&answer.body);
    let (code, text) = (&ours["error"]["code"], ours["error"]["message"].as_str()?);
    if body.is_empty() {
        let unreadable = status == 500 && ours["id"].is_null() && answer.status >= 400;
        let fits = unreadable && [Some(-32700), Some(-32600)].contains(&code.as_i64());
        return fits.then_some(UNREADABLE);
    }
    let theirs = json(body);
    let recorded = theirs["error"]["message"].as_str()?;
    if theirs["error"]["code"] != *code || status != answer.status {
        return None;
    }
    texts(code, recorded, text)
}

/// The rule by which two texts of errors with one code differ.
pub fn rule_of_texts(code: &Value, theirs: &str, ours: &str) -> Option<Rule> {
    if code.as_i64() == Some(1) {
        let more = ours.strip_prefix(theirs)?;
        return (more.starts_with("; ") || more.starts_with(": ")).then_some(HINT);
    }
    // Of what cannot be decoded, the place is compared and not the words of Go's decoder.
    let place = |text: &str| match text.split_once(" (param:").or_else(|| text.split_once(": ")) {
        Some((place, _)) if code.as_i64() == Some(-32700) => place.to_owned(),
        _ => text.to_owned(),
    };
    (place(bare(code, theirs)) == place(ours)).then_some(PROTOCOL)
}

/// The text of an error without the code that Go puts before or behind it.
pub fn bare<'t>(code: &Value, text: &'t str) -> &'t str {
    let text = text.trim_start_matches(&format!("(error code {code}) "));
    text.trim_end_matches(&format!(": error code {code}"))
}
