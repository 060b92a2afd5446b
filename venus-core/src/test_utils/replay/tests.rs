//! A replay that differs fails.

use serde_json::json;

use super::{Answer, HINT, PROTOCOL, Report, UNREADABLE, fill, find, mask, matches, rule_of_error};

const DIFFERENT: &[(&str, &str, &str, &str)] = &[("file", "listed", "why", "200 *")];
const NOT_PLAYED: &[(&str, &str, &str)] = &[("file", "skipped", "why")];

/// As it is right, but for what `play` does.
fn finish(play: impl FnOnce(&mut Report)) -> String {
    let mut report = Report::new([HINT], DIFFERENT, NOT_PLAYED);
    report.begin("file");
    play(&mut report);
    let finished = std::panic::catch_unwind(|| report.finish([3, 1, 1, 1, 1]));
    finished.err().map(|panic| *panic.downcast::<String>().unwrap()).unwrap_or_default()
}

fn right(report: &mut Report) {
    report.note("equal", Ok(vec![]), "200 1", matches);
    report.note("by rule", Ok(vec![HINT]), "200 1", matches);
    report.note("listed", Err("differs".into()), "200 2", matches);
    assert!(report.skips("skipped", 1));
    assert!(!report.skips("equal", 1));
}

#[test]
fn what_is_wrong_or_not_needed_fails() {
    assert_eq!(finish(right), "");
    let with = |name, outcome, ours| {
        finish(|report| {
            right(report);
            report.note(name, outcome, ours, matches);
        })
    };
    assert_eq!(with("other", Err("differs".into()), ""), "1 differ:\nfile / other: differs");
    assert!(with("other", Ok(vec![UNREADABLE]), "").contains("a rule that is not listed"));
    assert!(with("listed", Err("differs".into()), "500 2").contains("not as listed: `500 2`"));
    assert!(with("listed", Ok(vec![]), "200 2").contains("listed, but equal"));
    assert!(with("listed", Ok(vec![HINT]), "200 2").contains("listed, but equal or by a rule"));
    assert!(with("other", Ok(vec![]), "").contains("replayed, equal"));
    let only = |name, outcome| finish(|report| report.note(name, outcome, "200 2", matches));
    assert!(only("equal", Ok(vec![HINT])).contains("but equal or not there"));
    assert!(only("listed", Err("differs".into())).contains("rules that nothing needs"));
}

#[test]
fn patterns_paths_and_placeholders() {
    assert!(matches("200 [*\"a\"*]", "200 [1,\"a\",2]"));
    assert!(!matches("200 [*\"a\"*]", "200 [1,\"b\",2]"));
    assert!(!matches("200 1", "200 12"));
    let mut value = json!({"list": [{"a": 1}, {"a": 2, "/": 3}]});
    assert_eq!(find(&mut value, "$.list[*].a").len(), 2);
    assert_eq!(find(&mut value, "$.list[1]['/']"), [&json!(3)]);
    mask(&mut value, &["$.list[0].a".to_owned(), "$.list[0].b".to_owned()]);
    assert_eq!(value, json!({"list": [{"a": "varies"}, {"a": 2, "/": 3}]}));
    assert_eq!(fill("a {{b}} c{{d}}", |name| name.repeat(2)), "a bb cdd");
}

#[test]
fn errors_differ_by_a_rule_or_not_at_all() {
    let rule = |body: &str, code: i64, text: &str| {
        let ours = json!({"id": null, "error": {"code": code, "message": text}}).to_string();
        let answer = Answer { status: 500, body: ours, ..Answer::default() };
        rule_of_error((500, body), &answer, super::rule_of_texts)
    };
    let theirs =
        |code: i64, text: &str| json!({"error": {"code": code, "message": text}}).to_string();
    assert_eq!(rule("", -32700, "what is this"), Some(UNREADABLE));
    assert_eq!(rule("", 1, "what is this"), None);
    assert_eq!(rule(&theirs(1, "no"), 1, "no; do that"), Some(HINT));
    assert_eq!(rule(&theirs(1, "no"), 1, "nobody"), None);
    assert_eq!(rule(&theirs(-32601, "(error code -32601) no"), -32601, "no"), Some(PROTOCOL));
    assert_eq!(
        rule(&theirs(-32700, "x (param: *y): z"), -32700, "x (param: q): w"),
        Some(PROTOCOL)
    );
    assert_eq!(rule(&theirs(-32700, "x (param: *y): z"), -32700, "v (param: q): z"), None);
    assert_eq!(rule(&theirs(-32700, "no"), 1, "no"), None);
}
