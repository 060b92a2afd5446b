//! A command as the guide writes it, with `<placeholders>`, the guide's ports and its host.

use std::collections::BTreeMap;

/// The ports of the guide.
pub(crate) const PORTS: [u16; 7] = [8989, 3453, 45132, 5678, 39812, 2345, 12308];

/// What stands for the placeholders.
pub(crate) type Values = BTreeMap<&'static str, String>;

/// The words of a command: blanks separate, double quotes hold together.
pub(crate) fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut quoted, mut placeholder) = (String::new(), false, false);
    for c in command.chars() {
        match c {
            '"' => quoted = !quoted,
            ' ' if !quoted && !placeholder => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            _ => {
                placeholder = c == '<' || placeholder && c != '>';
                word.push(c);
            }
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// A text of the guide with values for its placeholders and ports.
pub(crate) fn fill(text: &str, values: &Values, ports: &BTreeMap<u16, u16>) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(at);
        let end = from.find(|c: char| !c.is_ascii_digit()).unwrap_or(from.len());
        let (number, after) = from.split_at(end);
        filled.push_str(before);
        let port = number.parse().ok().and_then(|port| ports.get(&port));
        match port.filter(|_| filled.ends_with(':') || filled.ends_with("/tcp/")) {
            Some(free) => filled.push_str(&free.to_string()),
            None => filled.push_str(number),
        }
        rest = after;
    }
    filled.push_str(rest);
    for (name, value) in values {
        filled = filled.replace(&format!("<{name}>"), value);
    }
    let left = filled.find('<').map(|at| filled.split_at(at).1);
    assert!(left.is_none(), "no value for {left:?} in {text}");
    filled
}

/// Whether a command of a document is one of the walk; a placeholder of the walk stands for
/// anything, and the document may use quotes, `./` and `nohup .. &` as it likes.
pub(crate) fn is(walked: &str, documented: &str) -> bool {
    let mut documented = words(documented.split(" > ").next().unwrap_or_default());
    documented.retain(|word| word != "nohup" && word != "&");
    if let Some(program) = documented.first_mut() {
        *program = program.trim_start_matches("./").to_owned();
    }
    let walked = words(walked);
    walked.len() == documented.len()
        && walked.iter().zip(&documented).all(|(walked, documented)| like(walked, documented))
}

fn like(pattern: &str, text: &str) -> bool {
    match pattern.split_once('<') {
        None => pattern == text,
        Some((before, rest)) => {
            let after = rest.split_once('>').unwrap_or_default().1;
            text.strip_prefix(before).is_some_and(|text| {
                let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
                ends.into_iter().any(|end| like(after, text.split_at(end).1))
            })
        }
    }
}

#[test]
fn commands_are_split_filled_and_recognized() {
    let command = r#"venus-messager run --node-url /ip4/<host>/tcp/3453 --dsn "a b""#;
    assert_eq!(words(command).last().map(String::as_str), Some("a b"));
    let values = Values::from([("host", "h".to_owned())]);
    let filled = fill(command, &values, &BTreeMap::from([(3453, 7)]));
    assert!(filled.contains("/ip4/h/tcp/7 "), "{filled}");
    for (documented, same) in [
        (r#"./venus-messager run --node-url /ip4/127.0.0.1/tcp/3453 --dsn "a b""#, true),
        (r#"nohup ./venus-messager run --node-url /ip4/x/tcp/3453 --dsn "a b" > log 2>&1 &"#, true),
        (r#"venus-messager run --node-url /ip4/x/tcp/3454 --dsn "a b""#, false),
        ("venus-messager run", false),
    ] {
        assert_eq!(is(command, documented), same, "{documented}");
    }
    assert!(is("venus-auth addUser --name <a user>", "venus-auth addUser --name <user>"));
}
