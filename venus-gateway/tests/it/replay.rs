//! Plays the recorded scenarios of the Go gateway (`shared/wire/gateway/`) against ours.

mod auth;
mod differences;
mod judge;
mod play;
mod recording;
mod socket;
mod stage;

use self::{judge::Judge, play::Player, recording::Scenario, stage::Stage};

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
    let mut judge = Judge::new();
    for (file, text, timeout) in files {
        judge.report.begin(file);
        replay(text, timeout, &mut judge).await;
    }
    judge.report.finish([581, 466, 95, 20, 55]);
}

async fn replay(text: &str, timeout: u64, judge: &mut Judge) {
    let scenarios: Vec<Scenario> = serde_json::from_str(text).unwrap();
    let mut stage = Stage::start(timeout).await;
    for scenario in &scenarios {
        let name = scenario.name.as_str();
        if judge.report.skips(&format!("{name} / *"), scenario.frames.len()) {
            continue;
        }
        judge.begin(name);
        let tries = if name == RANDOM { 20 } else { 1 };
        let before = judge.clone();
        for _ in 0..tries {
            judge.clone_from(&before);
            Player::new(&mut stage, judge, tries > 1).play(scenario).await;
            if !judge.is_wrong() {
                break;
            }
        }
    }
}
