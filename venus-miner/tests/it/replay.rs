//! Plays the recorded exchanges of the Go miner (`shared/wire/miner/`) against ours.

mod compare;
mod daemon;
mod differences;
mod node;
mod recording;
mod store;

use std::{collections::BTreeMap, time::Duration};

use tokio::time::Instant;

use self::{
    compare::{judge, matches, render},
    daemon::Daemon,
    differences::{DIFFERENT, NOT_PLAYED, Rule},
    recording::{Exchange, fill},
};

/// How long an answer may take to become the recorded one.
const PATIENCE: Duration = Duration::from_secs(8);

/// Replayed, equal, different by a rule, different as listed, skipped.
const TOTAL: [usize; 5] = [101, 59, 25, 17, 1];

/// What all recordings together came to.
#[derive(Default)]
struct Report {
    rules: BTreeMap<Rule, usize>,
    used: Vec<(&'static str, &'static str)>,
    wrong: Vec<String>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_recordings_of_the_go_miner_are_answered_alike() {
    let files: [(_, _, &[u64]); 2] = [
        ("api", include_str!("../fixtures/api.json"), &[1000, 2000]),
        ("mine", include_str!("../fixtures/mine.json"), &[1000]),
    ];
    let mut report = Report::default();
    let mut table = String::new();
    let mut total = [0; 5];
    for (file, text, open) in files {
        let row = replay(file, text, open, &mut report).await;
        total = std::array::from_fn(|n| total[n] + row[n]);
        table += &line(file, row);
    }
    table += &line("all", total);
    println!(
        "{:9} {:>8} {:>6} {:>8} {:>7} {:>8}\n{table}",
        "recording", "replayed", "equal", "by rule", "listed", "skipped"
    );
    println!("different on purpose, by a rule:");
    for (rule, reason) in Rule::ALL {
        println!("  {:>3}x {reason}", report.rules.get(&rule).copied().unwrap_or_default());
    }
    println!("different on purpose, one by one:");
    for (file, name, reason, _) in DIFFERENT {
        println!("  {file} / {name}: {reason}");
    }
    println!("not replayed:");
    for (file, name, reason) in NOT_PLAYED {
        println!("  {file} / {name}: {reason}");
    }
    let Report { wrong, used, rules } = report;
    assert!(wrong.is_empty(), "{} exchanges differ:\n{}", wrong.len(), wrong.join("\n"));
    let unused = DIFFERENT.iter().filter(|(file, name, ..)| !used.contains(&(*file, *name)));
    let unused: Vec<_> = unused.map(|(file, name, ..)| (file, name)).collect();
    assert!(unused.is_empty(), "listed as different, but equal or not there: {unused:?}");
    assert_eq!(rules.len(), Rule::ALL.len(), "a rule that nothing needs: {rules:?}");
    assert_eq!(total, TOTAL, "replayed, equal, by rule, listed, skipped");
}

fn line(name: &str, [replayed, equal, by_rule, listed, skipped]: [usize; 5]) -> String {
    format!("{name:9} {replayed:>8} {equal:>6} {by_rule:>8} {listed:>7} {skipped:>8}\n")
}

async fn replay(file: &'static str, text: &str, open: &[u64], report: &mut Report) -> [usize; 5] {
    let exchanges: Vec<Exchange> = serde_json::from_str(text).unwrap();
    let daemon = Daemon::start(open).await;
    let [mut equal, mut by_rule, mut listed, mut skipped] = [0; 4];
    for exchange in &exchanges {
        let name = exchange.name.as_str();
        if NOT_PLAYED.iter().any(|(f, n, _)| (*f, *n) == (file, name)) {
            skipped += 1;
            continue;
        }
        for step in &exchange.prepare {
            daemon.step(step).await;
        }
        let different = DIFFERENT.iter().find(|(f, n, ..)| (*f, *n) == (file, name));
        let pattern = different.map(|(.., pattern)| *pattern);
        let (verdict, ours) = ask(&daemon, exchange, pattern).await;
        match (verdict, different) {
            (Err(_), Some((f, n, ..))) if pattern.is_some_and(|p| matches(p, &ours)) => {
                report.used.push((f, n));
                listed += 1;
            }
            (_, Some(_)) => {
                report.wrong.push(format!("{file} / {name}: not as listed: `{ours:.1500}`"));
            }
            (Ok(rules), None) if rules.is_empty() => equal += 1,
            (Ok(rules), None) => {
                by_rule += 1;
                for rule in rules {
                    *report.rules.entry(rule).or_default() += 1;
                }
            }
            (Err(text), None) => report.wrong.push(format!("{file} / {name}: {text}")),
        }
    }
    daemon.stop().await;
    [equal + by_rule + listed, equal, by_rule, listed, skipped]
}

/// Asks again and again, until the answer is as recorded or as listed.
async fn ask(
    daemon: &Daemon,
    exchange: &Exchange,
    pattern: Option<&str>,
) -> (Result<std::collections::BTreeSet<Rule>, String>, String) {
    let latest = Instant::now() + PATIENCE;
    let request = &exchange.request;
    let put_in = |(name, value): (String, String)| (name, fill(&value, &daemon.local));
    let headers = request.headers().into_iter().map(put_in).collect();
    let path = fill(request.path(), &daemon.local);
    let method = request.method.as_deref().unwrap_or("POST");
    loop {
        let answer = daemon.send(method, &path, &headers, request.body.as_deref()).await;
        let verdict = judge(exchange, &answer, &daemon.node);
        let ours = render(&answer);
        let done = match pattern {
            Some(pattern) => verdict.is_err() && matches(pattern, &ours),
            None => verdict.is_ok(),
        };
        // What changes something is done once.
        let reads =
            matches!(request.called().as_str(), "ListBlocks" | "QueryRecord" | "StatesForMining");
        if done || !reads || Instant::now() > latest {
            return (verdict, ours);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
