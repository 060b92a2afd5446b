//! Plays the recorded scenarios of the Go gateway (`shared/wire/gateway/`) against ours.

mod auth;
mod differences;
mod judge;
mod play;
mod recording;
mod socket;
mod stage;

use self::{
    differences::{DIFFERENT, EXTRA, NOT_PLAYED, Rule},
    judge::Judge,
    play::Player,
    recording::Scenario,
    stage::Stage,
};

/// In this one it is random who is asked first: it is played until it is the one of the recording.
const RANDOM: &str = "two connections, the first is lost: the other one answers";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_recordings_of_the_go_gateway_are_answered_alike() {
    // The last number: seconds that a provider has to answer.
    let files = [
        ("http", include_str!("../fixtures/http.json"), 300),
        ("wallet-stream", include_str!("../fixtures/wallet-stream.json"), 300),
        ("proof-stream", include_str!("../fixtures/proof-stream.json"), 300),
        ("timeout", include_str!("../fixtures/timeout.json"), 1),
        ("go-wallet", include_str!("../fixtures/go-wallet.json"), 300),
    ];
    let mut all = Judge::default();
    println!(
        "{:14} {:>9} {:>8} {:>6} {:>8} {:>7} {:>8}",
        "recording", "scenarios", "replayed", "equal", "by rule", "listed", "skipped"
    );
    for (file, text, timeout) in files {
        let (scenarios, tally) = replay(file, text, timeout).await;
        let Judge { compared, equal, by_rule, listed, skipped, .. } = &tally;
        println!(
            "{file:14} {scenarios:>9} {compared:>8} {equal:>6} {by_rule:>8} {listed:>7} {skipped:>8}"
        );
        all.merge(tally);
    }
    println!("different on purpose, by a rule:");
    for (rule, reason) in Rule::ALL {
        println!("  {:>3}x {reason}", all.rules.get(&rule).copied().unwrap_or_default());
    }
    println!("different on purpose, one by one:");
    for (file, scenario, at, reason, _) in DIFFERENT {
        println!("  {file} / {scenario} / {at}: {reason}");
    }
    println!("besides what is recorded:");
    for (file, scenario, at, reason) in EXTRA {
        println!("  {file} / {scenario} / {at}: {reason}");
    }
    println!("not replayed:");
    for (file, scenario, at, reason) in NOT_PLAYED {
        println!("  {file} / {scenario} / {at}: {reason}");
    }
    assert!(all.wrong.is_empty(), "{} differ:\n{}", all.wrong.len(), all.wrong.join("\n"));
    let different = DIFFERENT.iter().map(|row| (row.0, row.1, row.2));
    let extra = EXTRA.iter().map(|row| (row.0, row.1, row.2));
    let unused: Vec<_> = different
        .chain(extra)
        .filter(|(f, s, a)| !all.used.contains(&((*f).into(), (*s).into(), (*a).into())))
        .collect();
    assert!(unused.is_empty(), "listed as different, but equal or not there: {unused:?}");
    assert_eq!(all.rules.len(), Rule::ALL.len(), "a rule that nothing needs: {:?}", all.rules);
}

async fn replay(file: &'static str, text: &str, timeout: u64) -> (usize, Judge) {
    let scenarios: Vec<Scenario> = serde_json::from_str(text).unwrap();
    let mut stage = Stage::start(timeout).await;
    let mut tally = Judge::default();
    let mut played = 0;
    for scenario in &scenarios {
        let name = scenario.name.as_str();
        if NOT_PLAYED.iter().any(|(f, s, at, _)| (*f, *s, *at) == (file, name, "*")) {
            tally.skipped += scenario.frames.len();
            continue;
        }
        let tries = if name == RANDOM { 20 } else { 1 };
        let mut judge = Judge::of(file, name);
        for _ in 0..tries {
            judge = Judge::of(file, name);
            Player::new(&mut stage, &mut judge, tries > 1).play(scenario).await;
            if judge.wrong.is_empty() {
                break;
            }
        }
        tally.merge(judge);
        played += 1;
    }
    (played, tally)
}
