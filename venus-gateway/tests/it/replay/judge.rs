//! Equal, different by a rule, different as listed, or wrong.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    auth::Asked,
    differences::{DIFFERENT, EXTRA, NOT_PLAYED, Rule},
    recording::{Frame, Known, Same, align, kind, same},
};

#[derive(Default)]
pub(crate) struct Judge {
    file: &'static str,
    scenario: String,
    pub(crate) compared: usize,
    pub(crate) equal: usize,
    pub(crate) by_rule: usize,
    pub(crate) listed: usize,
    pub(crate) skipped: usize,
    pub(crate) rules: BTreeMap<Rule, usize>,
    /// The listed differences that there were, by file, scenario and place.
    pub(crate) used: BTreeSet<(String, String, String)>,
    pub(crate) wrong: Vec<String>,
}

/// Status and message.
pub(crate) type Answer = (u16, Value);

impl Judge {
    pub(crate) fn of(file: &'static str, scenario: &str) -> Self {
        Self { file, scenario: scenario.to_owned(), ..Self::default() }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.compared += other.compared;
        self.equal += other.equal;
        self.by_rule += other.by_rule;
        self.listed += other.listed;
        self.skipped += other.skipped;
        for (rule, count) in other.rules {
            *self.rules.entry(rule).or_default() += count;
        }
        self.used.extend(other.used);
        self.wrong.extend(other.wrong);
    }

    /// Whether one of the tables has this place.
    fn in_table<'t, R>(
        &self,
        table: &'t [R],
        at: &str,
        place: impl Fn(&R) -> (&'static str, &'static str, &'static str),
    ) -> Option<&'t R> {
        table.iter().find(|row| place(row) == (self.file, self.scenario.as_str(), at))
    }

    fn note_used(&mut self, at: &str) {
        self.used.insert((self.file.to_owned(), self.scenario.clone(), at.to_owned()));
    }

    pub(crate) fn is_skipped(&mut self, at: usize) -> bool {
        let at = at.to_string();
        let skipped = self.in_table(NOT_PLAYED, &at, |row| (row.0, row.1, row.2)).is_some();
        self.skipped += usize::from(skipped);
        skipped
    }

    /// Whether this message does not come at all, on purpose.
    pub(crate) fn is_missing(&mut self, at: usize) -> bool {
        let at = at.to_string();
        let listed = self.in_table(DIFFERENT, &at, |row| (row.0, row.1, row.2));
        let missing = listed.is_some_and(|row| row.4.is_empty());
        if missing {
            self.compared += 1;
            self.listed += 1;
            self.note_used(&at);
        }
        missing
    }

    /// A message that the recording does not have.
    pub(crate) fn extra(&mut self, connection: &str, message: &Value) {
        self.beyond(format!("{connection} {}", kind(message)), &message.to_string());
    }

    fn beyond(&mut self, at: String, what: &str) {
        if self.in_table(EXTRA, &at, |row| (row.0, row.1, row.2)).is_some() {
            self.note_used(&at);
        } else {
            let (file, scenario) = (self.file, &self.scenario);
            self.wrong.push(format!("{file} / {scenario}: beyond `{at}`: {what}"));
        }
    }

    pub(crate) fn wrong(&mut self, at: usize, text: &str) {
        self.wrong.push(format!("{} / {} / {at}: {text}", self.file, self.scenario));
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
        self.compared += 1;
        let mut captured = known.clone();
        let verdict = match &ours {
            Ok(ours) if theirs.0 == ours.0 => matched(&mut captured, &theirs.1, &ours.1),
            _ => None,
        };
        let place = at.to_string();
        if verdict.is_some() {
            *known = captured;
        }
        let rule = match (verdict, &ours) {
            (Some(Same::Equal), _) => {
                self.equal += 1;
                return;
            }
            (Some(Same::Empty), _) => Some(Rule::Empty),
            (None, Ok(ours)) => Rule::of(sent, theirs, ours, known),
            (None, Err(_)) => None,
        };
        let text = ours.map_or_else(|text| text, |ours| render(&ours));
        if let Some(row) = self.in_table(DIFFERENT, &place, |row| (row.0, row.1, row.2)) {
            let pattern = known.fill(row.4);
            let as_listed = match pattern.strip_suffix('*') {
                Some(start) => text.starts_with(start),
                None => text == pattern,
            };
            if as_listed {
                self.listed += 1;
                self.note_used(&place);
            } else {
                self.wrong(at, &format!("not as listed: `{text:.400}`"));
            }
        } else if let Some(rule) = rule {
            self.by_rule += 1;
            *self.rules.entry(rule).or_default() += 1;
        } else {
            self.wrong(at, &format!("`{:.400}` is ours `{text:.400}`", render(theirs)));
        }
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
            self.compared += 1;
            let body = match frame.text.as_str() {
                "" => Value::from(""),
                text => serde_json::from_str(text).unwrap(),
            };
            let method = frame.method.clone().unwrap_or_default();
            let path = frame.path.clone().unwrap_or_default();
            let wanted = in_order((method, path, body));
            if let Some(found) = left.iter().position(|asked| *asked == wanted) {
                left.remove(found);
                self.equal += 1;
            } else if wanted.2["Signers"].as_array().is_some_and(Vec::is_empty) {
                self.by_rule += 1;
                *self.rules.entry(Rule::NothingToBind).or_default() += 1;
            } else {
                self.wrong(*at, &format!("venus-auth was not asked {wanted:?}"));
            }
        }
        for asked in left {
            self.beyond(format!("auth {}", asked.1), &format!("{asked:?}"));
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

/// Status, then code and text of an error, the result, or the message.
pub(crate) fn render((status, message): &Answer) -> String {
    match (message.get("error"), message.get("result")) {
        (Some(error), _) => {
            format!("{status} {} {}", error["code"], error["message"].as_str().unwrap_or_default())
        }
        (None, Some(result)) => format!("{status} {result}"),
        (None, None) => {
            format!("{status} {}", message.as_str().map_or(message.to_string(), str::to_owned))
        }
    }
}
