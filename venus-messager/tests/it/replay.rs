//! Plays the recorded exchanges of the Go messager (`shared/wire/messager/`) against ours.

mod compare;
mod daemon;
mod differences;
mod recording;
mod socket;

use std::{collections::BTreeMap, time::Duration};

use serde_json::Value;
use tokio::time::Instant;

use self::{
    compare::Tipsets,
    daemon::{Answer, Daemon},
    differences::{DIFFERENT, Rule},
    recording::{Exchange, Known, Step, find},
};

/// How long an answer may take to become the recorded one.
const PATIENCE: Duration = Duration::from_secs(8);

/// Replayed, equal, different by a rule, different as listed, not served.
const TOTAL: [usize; 5] = [376, 298, 30, 48, 56];

/// The column has two digits; the recordings are of the other store of the Go program.
const ROUNDED: &str =
    "push / row unchanged: $.result.Meta.gasOverEstimation: `1.123456` is ours `1.12`";

#[derive(Default)]
struct Tally {
    equal: usize,
    by_rule: usize,
    listed: usize,
    not_served: usize,
}

/// What all recordings together came to.
#[derive(Default)]
struct Report {
    rules: BTreeMap<Rule, usize>,
    used: Vec<(&'static str, &'static str)>,
    wrong: Vec<String>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_recordings_of_the_go_messager_are_answered_alike() {
    let (shown, report, total) = replay_all(false).await;
    println!("{shown}");
    check(report, total);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_recordings_are_answered_alike_over_a_database() {
    let (shown, mut report, mut total) = replay_all(true).await;
    println!("{shown}");
    let rounded = report.wrong.iter().position(|wrong| wrong == ROUNDED);
    report.wrong.remove(rounded.unwrap());
    total[0] += 1;
    total[1] += 1;
    check(report, total);
}

async fn replay_all(over_database: bool) -> (String, Report, [usize; 5]) {
    let files = [
        ("transport", include_str!("../fixtures/transport.json")),
        ("perms", include_str!("../fixtures/perms.json")),
        ("push", include_str!("../fixtures/push.json")),
        ("query", include_str!("../fixtures/query.json")),
        ("life", include_str!("../fixtures/life.json")),
        ("select", include_str!("../fixtures/select.json")),
        ("reorg", include_str!("../fixtures/reorg.json")),
        ("address", include_str!("../fixtures/address.json")),
        ("config", include_str!("../fixtures/config.json")),
    ];
    let mut report = Report::default();
    let mut table = String::new();
    let mut total = [0; 5];
    for (file, text) in files {
        let Tally { equal, by_rule, listed, not_served } =
            replay(file, text, over_database, &mut report).await;
        let row = [equal + by_rule + listed, equal, by_rule, listed, not_served];
        total = std::array::from_fn(|n| total[n] + row[n]);
        table += &line(file, row);
    }
    table += &line("all", total);
    let mut shown = format!(
        "{:9} {:>8} {:>6} {:>8} {:>7} {:>10}\n{table}",
        "recording", "replayed", "equal", "by rule", "listed", "not served"
    );
    shown += "different on purpose, by a rule:\n";
    for (rule, reason) in Rule::ALL {
        let count = report.rules.get(&rule).copied().unwrap_or_default();
        shown += &format!("  {count:>3}x {reason}\n");
    }
    shown += "different on purpose, one by one:\n";
    for (file, name, reason, _) in DIFFERENT {
        shown += &format!("  {file} / {name}: {reason}\n");
    }
    (shown, report, total)
}

fn check(report: Report, total: [usize; 5]) {
    let Report { wrong, used, rules } = report;
    assert!(wrong.is_empty(), "{} exchanges differ:\n{}", wrong.len(), wrong.join("\n"));
    let unused = DIFFERENT.iter().filter(|(file, name, ..)| !used.contains(&(*file, *name)));
    let unused: Vec<_> = unused.map(|(file, name, ..)| (file, name)).collect();
    assert!(unused.is_empty(), "listed as different, but equal or not there: {unused:?}");
    assert_eq!(rules.len(), Rule::ALL.len(), "a rule that nothing needs: {rules:?}");
    assert_eq!(total, TOTAL, "replayed, equal, by rule, listed, not served");
}

fn line(name: &str, [replayed, equal, by_rule, listed, not_served]: [usize; 5]) -> String {
    format!("{name:9} {replayed:>8} {equal:>6} {by_rule:>8} {listed:>7} {not_served:>10}\n")
}

async fn replay(file: &'static str, text: &str, over_database: bool, report: &mut Report) -> Tally {
    let exchanges: Vec<Exchange> = serde_json::from_str(text).unwrap();
    let daemon = Daemon::start(over_database).await;
    let mut known = Known::new(&daemon.local);
    let mut tipsets = Tipsets::default();
    let mut tally = Tally::default();
    for exchange in &exchanges {
        let name = exchange.name.as_str();
        let listed = DIFFERENT.iter().find(|(f, n, ..)| (*f, *n) == (file, name));
        let expected = listed.map(|(.., pattern)| *pattern);
        do_all(&daemon, &exchange.prepare).await;
        let (difference, rules, ours) = if exchange.frames.is_empty() {
            let (answer, difference) =
                ask(&daemon, exchange, &mut known, &mut tipsets, expected).await;
            let rule = difference.as_ref().and_then(|_| compare::rule(exchange, &answer, &known));
            (difference, Vec::from_iter(rule), compare::render(answer.status, &answer.body))
        } else {
            match socket::play(&daemon, exchange, &known).await {
                Ok(rules) if rules.is_empty() => (None, rules, String::new()),
                Ok(rules) => (Some(String::new()), rules, String::new()),
                Err(text) => (Some(text.clone()), Vec::new(), text),
            }
        };
        match (difference, listed) {
            (None, None) => tally.equal += 1,
            (None, Some(_)) => {}
            (Some(_), Some((f, n, _, pattern))) if compare::matches(pattern, &ours) => {
                report.used.push((f, n));
                tally.listed += 1;
            }
            (Some(_), Some(_)) => {
                report.wrong.push(format!("{file} / {name}: not as listed: `{ours:.1500}`"));
            }
            (Some(_), None) if !rules.is_empty() => {
                match rules.contains(&Rule::NotServed) {
                    true => tally.not_served += 1,
                    false => tally.by_rule += 1,
                }
                for rule in rules {
                    *report.rules.entry(rule).or_default() += 1;
                }
            }
            (Some(text), None) => report.wrong.push(format!("{file} / {name}: {text}")),
        }
    }
    daemon.stop().await;
    tally
}

async fn do_all(daemon: &Daemon, steps: &[Step]) {
    for step in steps {
        tokio::time::sleep(step.wait()).await;
        if let Some(command) = &step.node {
            daemon.node.command(command);
        }
    }
}

/// Asks, if need be again and again, until the answer is as recorded or as listed.
async fn ask(
    daemon: &Daemon,
    exchange: &Exchange,
    known: &mut Known,
    tipsets: &mut Tipsets,
    expected: Option<&str>,
) -> (Answer, Option<String>) {
    let latest = Instant::now() + PATIENCE;
    loop {
        let (answer, ()) =
            tokio::join!(send(daemon, exchange, known), do_all(daemon, &exchange.during));
        capture(exchange, &answer, known);
        let difference = compare::difference(exchange, &answer, known, tipsets, &daemon.node);
        let ours = compare::render(answer.status, &answer.body);
        let as_listed = expected.is_some_and(|pattern| compare::matches(pattern, &ours));
        if difference.is_none() || as_listed || !exchange.poll || Instant::now() > latest {
            return (answer, difference);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn send(daemon: &Daemon, exchange: &Exchange, known: &Known) -> Answer {
    let request = &exchange.request;
    let fill = |(name, value): (String, String)| (name, known.fill(&value));
    let headers = request.headers().into_iter().map(fill).collect();
    let body = request.body.as_ref().map(|body| known.fill(body));
    let method = request.method.as_deref().unwrap_or("POST");
    let path = known.fill(request.path());
    let answer = daemon.send(method, &path, &headers, body.as_deref());
    // An answer that does not come differs, and does not stop the others.
    let none = Answer { status: 0, body: String::new() };
    tokio::time::timeout(PATIENCE, answer).await.unwrap_or(none)
}

fn capture(exchange: &Exchange, answer: &Answer, known: &mut Known) {
    let mut body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    for (variable, path) in &exchange.capture {
        let found = find(&mut body, path).into_iter().next().and_then(|v| v.as_str());
        // What is not there yet is asked for again.
        known.0.insert(variable.clone(), found.unwrap_or("nothing yet").to_owned());
    }
}
