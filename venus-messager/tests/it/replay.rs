//! Plays the recorded exchanges of the Go messager (`shared/wire/messager/`) against ours.

mod compare;
mod daemon;
mod differences;
mod recording;
mod socket;

use std::time::Duration;

use tokio::time::Instant;
use venus_core::test_utils::replay::{Answer, Outcome, Report, Row, matches, render};

use self::{
    compare::Tipsets,
    daemon::Daemon,
    differences::{DIFFERENT, NOT_SERVED, ROUNDED, RULES},
    recording::{Exchange, Known, Step},
};

/// How long an answer may take to become the recorded one.
const PATIENCE: Duration = Duration::from_secs(8);

/// What [`ROUNDED`] makes of an amount.
const TWO_DIGITS: &str = "$.result.Meta.gasOverEstimation: `1.123456` is ours `1.12`";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_recordings_of_the_go_messager_are_answered_alike() {
    replay_all(false).await.finish([376, 298, 30, 48, 56]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_recordings_are_answered_alike_over_a_database() {
    replay_all(true).await.finish([376, 297, 31, 48, 56]);
}

async fn replay_all(over_database: bool) -> Report {
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
    let rules = RULES.into_iter().chain(over_database.then_some(ROUNDED));
    let mut report = Report::new(rules, DIFFERENT, Vec::<Row>::new());
    for (file, text) in files {
        report.begin(file);
        replay(text, over_database, &mut report).await;
    }
    report
}

async fn replay(text: &str, over_database: bool, report: &mut Report) {
    let exchanges: Vec<Exchange> = serde_json::from_str(text).unwrap();
    let daemon = Daemon::start(over_database).await;
    let mut known = Known::new(&daemon.local);
    let mut tipsets = Tipsets::default();
    for exchange in &exchanges {
        let name = exchange.name.as_str();
        let expected = report.pattern(name);
        do_all(&daemon, &exchange.more.prepare).await;
        let (outcome, ours) = if exchange.frames.is_empty() {
            let (answer, outcome) =
                ask(&daemon, exchange, &mut known, &mut tipsets, expected).await;
            (outcome, render(answer.status, &answer.body))
        } else {
            let outcome = socket::play(&daemon, exchange, &known).await;
            let ours = outcome.clone().err().unwrap_or_default();
            (outcome, ours)
        };
        match outcome {
            Err(text) if over_database && name == "row unchanged" && text == TWO_DIGITS => {
                report.by_rules([ROUNDED]);
            }
            Ok(rules) if expected.is_none() && rules.contains(&NOT_SERVED) => {
                report.not_offered(rules);
            }
            outcome => report.note(name, outcome, &ours, matches),
        }
    }
    daemon.stop().await;
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
) -> (Answer, Outcome) {
    let latest = Instant::now() + PATIENCE;
    loop {
        let (answer, ()) =
            tokio::join!(send(daemon, exchange, known), do_all(daemon, &exchange.more.during));
        // What is not there yet is asked for again.
        let captured = exchange.captured(&answer.body).into_iter();
        known.0.extend(captured.map(|(name, v)| (name, v.unwrap_or("nothing yet".into()))));
        let difference = compare::difference(exchange, &answer, known, tipsets, &daemon.node);
        let ours = render(answer.status, &answer.body);
        let as_listed = expected.is_some_and(|pattern| matches(pattern, &ours));
        let late = Instant::now() > latest;
        match difference {
            None => return (answer, Ok(Vec::new())),
            Some(text) if as_listed || !exchange.more.poll || late => {
                let rule = compare::rule(exchange, &answer, known);
                return (answer, rule.map(|rule| vec![rule]).ok_or(text));
            }
            Some(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

async fn send(daemon: &Daemon, exchange: &Exchange, known: &Known) -> Answer {
    let answer = exchange.request.send(daemon.served.address, |text| known.fill(text));
    // An answer that does not come differs, and does not stop the others.
    tokio::time::timeout(PATIENCE, answer).await.unwrap_or_default()
}
