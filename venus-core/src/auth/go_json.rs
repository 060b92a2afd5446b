//! JSON text exactly as Go's `encoding/json` writes it.

use serde::Serialize;

/// Serializes like Go's `json.Marshal`: compact, with `<`, `>`, `&`, U+2028 and U+2029 escaped.
///
/// # Errors
///
/// What `serde_json` refuses, such as map keys that are no strings.
pub fn to_go_json<T: Serialize + ?Sized>(value: &T) -> Result<String, serde_json::Error> {
    // Outside of strings none of these characters occurs, so the finished text can be searched.
    let text = serde_json::to_string(value)?;
    if !text.contains(['<', '>', '&', '\u{2028}', '\u{2029}']) {
        return Ok(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("\\u003c"),
            '>' => escaped.push_str("\\u003e"),
            '&' => escaped.push_str("\\u0026"),
            '\u{2028}' => escaped.push_str("\\u2028"),
            '\u{2029}' => escaped.push_str("\\u2029"),
            c => escaped.push(c),
        }
    }
    Ok(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_and_line_separators_are_escaped_as_go_does() {
        let text = to_go_json("x\"y\\z\n\u{7}\u{8}\u{c}\u{7f}<b>&\u{2028}\u{2029}é矿").unwrap();
        let expected =
            concat!(r#""x\"y\\z\n\u0007\b\f"#, "\u{7f}", r#"\u003cb\u003e\u0026\u2028\u2029é矿""#);
        assert_eq!(text, expected);
    }
}
