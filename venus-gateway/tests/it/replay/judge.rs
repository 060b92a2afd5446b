//! Equal, different by a rule, different as listed, or wrong.

use serde_json::Value;
use venus_core::test_utils::replay::{self, Report, Row, align, matches};

use super::{
    auth::Asked,
    differences::{DIFFERENT, EMPTY, EXTRA, NOT_PLAYED, NOTHING_TO_BIND, RULES, rule},
    recording::{Frame, Known, Same, kind, same},
};

#[derive(Clone)]
pub(crate) struct Judge {
    scenario: String,
    pub(crate) report: Report,
    /// How much was wrong before the scenario.
    wrong_before: usize,
}

/// Status and message.
pub(crate) type Answer = (u16, Value);

impl Judge {
    pub(crate) fn new() -> Self {
        let beyond = EXTRA.iter().map(|(f, s, at, why)| Row::new(&[f, s, at], why, ""));
        let different =
            DIFFERENT.iter().map(|(f, s, at, why, ours)| Row::new(&[f, s, at], why, ours));
        let not_played = NOT_PLAYED.iter().map(|(f, s, at, why)| Row::new(&[f, s, at], why, ""));
        let report = Report::new(RULES, different.chain(beyond), not_played);
        Self { scenario: String::new(), report, wrong_before: 0 }
    }

    pub(crate) fn begin(&mut self, scenario: &str) {
        scenario.clone_into(&mut self.scenario);
        self.wrong_before = self.report.count_wrong();
    }

    pub(crate) fn is_wrong(&self) -> bool {
        self.report.count_wrong() > self.wrong_before
    }

    fn name(&self, at: impl std::fmt::Display) -> String {
        format!("{} / {at}", self.scenario)
    }

    pub(crate) fn is_skipped(&mut self, at: usize) -> bool {
        self.report.skips(&self.name(at), 1)
    }

    /// Whether this message does not come at all, on purpose.
    pub(crate) fn is_missing(&mut self, at: usize) -> bool {
        let name = self.name(at);
        let missing = self.report.pattern(&name) == Some("");
        if missing {
            self.report.listed(&name, "");
        }
        missing
    }

    /// A message that the recording does not have.
    pub(crate) fn extra(&mut self, connection: &str, message: &Value) {
        self.beyond(&format!("{connection} {}", kind(message)), &message.to_string());
    }

    fn beyond(&mut self, at: &str, what: &str) {
        let name = self.name(at);
        match self.report.pattern(&name) {
            Some(pattern) => self.report.use_row(&name, pattern),
            None => self.report.wrong(&name, &format!("beyond the recording: {what}")),
        }
    }

    pub(crate) fn wrong(&mut self, at: usize, text: &str) {
        self.report.wrong(&self.name(at), text);
    }

    pub(crate) fn is_equal(theirs: &Answer, ours: &Answer, known: &Known) -> bool {
        theirs.0 == ours.0 && matched(&mut known.clone(), &theirs.1, &ours.1).is_some()
    }

    pub(crate) fn compare(
        &mut self,
        at: usize,
        sent: Option<&str>,
        theirs: &Answer,
        ours: Result<Answer, String>,
        known: &mut Known,
    ) {
        let mut captured = known.clone();
        let verdict = match &ours {
            Ok(ours) if theirs.0 == ours.0 => matched(&mut captured, &theirs.1, &ours.1),
            _ => None,
        };
        if verdict.is_some() {
            *known = captured;
        }
        let rules = match (verdict, &ours) {
            (Some(Same::Equal), _) => Some(Vec::new()),
            (Some(Same::Empty), _) => Some(vec![EMPTY]),
            (None, Ok(ours)) => rule(sent, theirs, ours, known).map(|rule| vec![rule]),
            (None, Err(_)) => None,
        };
        let ours = ours.map_or_else(|text| text, |ours| render(&ours));
        let outcome =
            rules.ok_or_else(|| format!("`{:.400}` is ours `{ours:.400}`", render(theirs)));
        let as_listed = |pattern: &str, ours: &str| matches(&known.fill(pattern), ours);
        self.report.note(&self.name(at), outcome, &ours, as_listed);
    }

    /// What venus-auth was asked, in any order. Not every recorded scenario tells.
    pub(crate) fn compare_asked(&mut self, recorded: &[(usize, &Frame)], ours: Vec<Asked>) {
        if recorded.is_empty() {
            return;
        }
        let mut left: Vec<_> = ours.into_iter().map(in_order).collect();
        for (at, frame) in recorded {
            if self.is_missing(*at) {
                continue;
            }
            let body = match frame.text.as_str() {
                "" => Value::from(""),
                text => serde_json::from_str(text).unwrap(),
            };
            let method = frame.method.clone().unwrap_or_default();
            let path = frame.path.clone().unwrap_or_default();
            let wanted = in_order((method, path, body));
            if let Some(found) = left.iter().position(|asked| *asked == wanted) {
                left.remove(found);
                self.report.equal();
            } else if wanted.2["Signers"].as_array().is_some_and(Vec::is_empty) {
                self.report.by_rules([NOTHING_TO_BIND]);
            } else {
                self.wrong(*at, &format!("venus-auth was not asked {wanted:?}"));
            }
        }
        for asked in left {
            self.beyond(&format!("auth {}", asked.1), &format!("{asked:?}"));
        }
    }
}

/// Signers in any order, and each once: they are a set.
fn in_order((method, path, mut body): Asked) -> Asked {
    if let Some(signers) = body.get_mut("Signers").and_then(Value::as_array_mut) {
        signers.sort_by_key(Value::to_string);
        signers.dedup();
    }
    (method, path, body)
}

fn matched(known: &mut Known, theirs: &Value, ours: &Value) -> Option<Same> {
    let mut ours = ours.clone();
    align(theirs, &mut ours);
    same(known, theirs, &ours)
}

pub(crate) fn render((status, message): &Answer) -> String {
    replay::render(*status, &message.as_str().map_or_else(|| message.to_string(), str::to_owned))
}
