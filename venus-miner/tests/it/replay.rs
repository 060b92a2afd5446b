//! Plays the recorded exchanges of the Go miner (`shared/wire/miner/`) against ours.

mod compare;
mod daemon;
mod differences;
mod node;
mod recording;
mod store;

use std::time::Duration;

use tokio::time::Instant;
use venus_core::test_utils::replay::{Outcome, Report, matches, render};

use self::{
    compare::judge,
    daemon::Daemon,
    differences::{DIFFERENT, NOT_PLAYED, RULES},
    recording::{Exchange, fill},
};

/// How long an answer may take to become the recorded one.
const PATIENCE: Duration = Duration::from_secs(8);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_recordings_of_the_go_miner_are_answered_alike() {
    let files: [(_, _, &[u64]); 2] = [
        ("api", include_str!("../fixtures/api.json"), &[1000, 2000]),
        ("mine", include_str!("../fixtures/mine.json"), &[1000]),
    ];
    let mut report = Report::new(RULES, DIFFERENT, NOT_PLAYED);
    for (file, text, open) in files {
        report.begin(file);
        replay(text, open, &mut report).await;
    }
    report.finish([101, 59, 25, 17, 1]);
}

async fn replay(text: &str, open: &[u64], report: &mut Report) {
    let exchanges: Vec<Exchange> = serde_json::from_str(text).unwrap();
    let daemon = Daemon::start(open).await;
    for exchange in &exchanges {
        let name = exchange.name.as_str();
        if report.skips(name, 1) {
            continue;
        }
        for step in &exchange.more.prepare {
            daemon.step(step).await;
        }
        let (outcome, ours) = ask(&daemon, exchange, report.pattern(name)).await;
        report.note(name, outcome, &ours, matches);
    }
    daemon.stop().await;
}

/// Asks again and again, until the answer is as recorded or as listed.
async fn ask(daemon: &Daemon, exchange: &Exchange, pattern: Option<&str>) -> (Outcome, String) {
    let latest = Instant::now() + PATIENCE;
    loop {
        let request = &exchange.request;
        let answer = request.send(daemon.served.address, |text| fill(text, &daemon.local)).await;
        let verdict = judge(exchange, &answer, &daemon.node);
        let ours = render(answer.status, &answer.body);
        let done = match pattern {
            Some(pattern) => verdict.is_err() && matches(pattern, &ours),
            None => verdict.is_ok(),
        };
        // What changes something is done once.
        let called = request.called("Filecoin.");
        let reads = matches!(called.as_str(), "ListBlocks" | "QueryRecord" | "StatesForMining");
        if done || !reads || Instant::now() > latest {
            return (verdict.map(Vec::from_iter), ours);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
