//! Plays the recorded exchanges of the Go wallet (`shared/wire/wallet/`) against ours.

mod compare;
mod daemon;
mod differences;
mod recording;
mod socket;

use std::collections::HashMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use venus_core::{
    Signature,
    crypto::{self, KeyInfo},
    test_utils::replay::{Answer, Report, json, render},
};

use self::{
    daemon::Daemon,
    differences::{CORS, DIFFERENT, NOT_REPLAYED, RULES},
    recording::{Exchange, Known, Prepare, Signed},
};

/// Keys of the recordings by their names (17.1 of the facts).
const KEYS: [(&str, &str); 3] = [
    (
        "secp256k1",
        r#"{"Type":"secp256k1","PrivateKey":"KioqKioqKipfvw7Q+DZMAf8nVA7NZmn/TMVIy+YO9as="}"#,
    ),
    ("bls", r#"{"Type":"bls","PrivateKey":"M/84+owcU8PvGy+BHO6c5PfsLOkLFs7rlnXcaqPQSBc="}"#),
    (
        "delegated",
        r#"{"Type":"delegated","PrivateKey":"M/84+owcU8PvGy+BHO6c5PfsLOkLFs7rlnXcaqPQSCE="}"#,
    ),
];

fn base64_of(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_recordings_of_the_go_wallet_are_answered_alike() {
    let files = [
        ("http", include_str!("../fixtures/http.json")),
        ("ws", include_str!("../fixtures/ws.json")),
        ("auth", include_str!("../fixtures/auth.json")),
        ("lock", include_str!("../fixtures/lock.json")),
        ("keys", include_str!("../fixtures/keys.json")),
        ("sign", include_str!("../fixtures/sign.json")),
    ];
    let mut report = Report::new(RULES, DIFFERENT, NOT_REPLAYED);
    for (file, text) in files {
        report.begin(file);
        replay(text, &mut report).await;
    }
    println!("different on purpose, everywhere: {CORS}");
    report.finish([461, 280, 155, 26, 2]);
}

async fn replay(text: &str, report: &mut Report) {
    let exchanges: Vec<Exchange> = serde_json::from_str(text).unwrap();
    let mut daemon = Daemon::start().await;
    let mut known = Known::new();
    let mut signed = HashMap::new();
    for exchange in &exchanges {
        let name = exchange.name.as_str();
        if let Some(prepare) = &exchange.more.prepare {
            daemon = start(daemon, prepare).await;
        }
        if report.skips(name, 1) {
            continue;
        }
        let fill = |text: &str| known.fill(text);
        let (outcome, ours) = if exchange.frames.is_empty() && exchange.request.method() != "WS" {
            let answer = exchange.request.send(daemon.served.address, fill).await;
            let captured = exchange.captured(&answer.body);
            known.0.extend(captured.into_iter().map(|(name, value)| (name, value.unwrap())));
            if let Err(text) = check_signature(exchange, &answer, &mut signed) {
                report.wrong(name, &text);
            }
            let outcome = compare::outcome(exchange, &answer, &known);
            (outcome, render(answer.status, &answer.body))
        } else {
            let outcome = socket::play(&daemon, exchange, &known).await;
            let ours = outcome.clone().err().unwrap_or_default();
            (outcome, ours)
        };
        report.note(name, outcome, &ours, |pattern, ours| {
            compare::matches(&known.fill(pattern), ours)
        });
    }
}

async fn start(daemon: Daemon, prepare: &Prepare) -> Daemon {
    let daemon = daemon.restart().await;
    if let [_, password] = prepare.args.as_slice() {
        daemon.wallet.set_password(password).await.unwrap();
    }
    for name in &prepare.keys {
        let (_, json) = KEYS.iter().find(|(key, _)| key == name).unwrap();
        let key: KeyInfo = serde_json::from_str(json).unwrap();
        daemon.wallet.import(&key).await.unwrap();
    }
    daemon
}

/// A signature that was given must be of the bytes that the Go wallet signed.
fn check_signature<'a>(
    exchange: &'a Exchange,
    answer: &Answer,
    signed: &mut HashMap<&'a str, &'a str>,
) -> Result<(), String> {
    let (address, bytes) = match &exchange.more.signature {
        None => return Ok(()),
        Some(Signed::Bytes { address, bytes }) => (address, bytes.as_str()),
        Some(Signed::SameAs { address, same_as }) => (address, signed[same_as.as_str()]),
    };
    signed.insert(&exchange.name, bytes);
    let body = json(&answer.body);
    let Some(result) = body.get("result") else { return Ok(()) };
    let signature: Signature =
        serde_json::from_value(result.clone()).map_err(|e| format!("no signature: {e}"))?;
    let data = hex::decode(bytes).unwrap();
    crypto::verify(&signature, &data, address.parse().unwrap()).map_err(|e| e.to_string())
}
