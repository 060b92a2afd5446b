//! Plays the recorded exchanges of the Go wallet (`shared/wire/wallet/`) against ours.

mod compare;
mod daemon;
mod differences;
mod recording;
mod socket;

use std::collections::{BTreeMap, HashMap};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;
use venus_core::{
    Signature,
    crypto::{self, KeyInfo},
};

use self::{
    daemon::{Answer, Daemon},
    differences::{CORS, DIFFERENT, NOT_REPLAYED, Rule},
    recording::{Exchange, Known, Prepare, Signed, find},
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

#[derive(Default)]
struct Tally {
    replayed: usize,
    equal: usize,
    listed: usize,
    by_rule: usize,
    skipped: usize,
}

/// What all recordings together came to.
#[derive(Default)]
struct Report {
    rules: BTreeMap<Rule, usize>,
    used: Vec<(&'static str, &'static str)>,
    wrong: Vec<String>,
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
    let mut report = Report::default();
    println!(
        "{:9} {:>8} {:>6} {:>8} {:>7} {:>8}",
        "recording", "replayed", "equal", "by rule", "listed", "skipped"
    );
    for (file, text) in files {
        let Tally { replayed, equal, by_rule, listed, skipped } =
            replay(file, text, &mut report).await;
        println!("{file:9} {replayed:>8} {equal:>6} {by_rule:>8} {listed:>7} {skipped:>8}");
    }
    println!("different on purpose, by a rule:\n  everywhere: {CORS}");
    for (rule, reason) in Rule::ALL {
        println!("  {:>3}x {reason}", report.rules.get(&rule).copied().unwrap_or_default());
    }
    println!("different on purpose, one by one:");
    for (file, name, reason, _) in DIFFERENT {
        println!("  {file} / {name}: {reason}");
    }
    println!("not replayed:");
    for (file, name, reason) in NOT_REPLAYED {
        println!("  {file} / {name}: {reason}");
    }
    let Report { wrong, used, rules } = report;
    assert!(wrong.is_empty(), "{} exchanges differ:\n{}", wrong.len(), wrong.join("\n"));
    let unused = DIFFERENT.iter().filter(|(file, name, ..)| !used.contains(&(*file, *name)));
    let unused: Vec<_> = unused.map(|(file, name, ..)| (file, name)).collect();
    assert!(unused.is_empty(), "listed as different, but equal or not there: {unused:?}");
    assert_eq!(rules.len(), Rule::ALL.len(), "a rule that nothing needs: {rules:?}");
}

async fn replay(file: &'static str, text: &str, report: &mut Report) -> Tally {
    let exchanges: Vec<Exchange> = serde_json::from_str(text).unwrap();
    let mut daemon = Daemon::start().await;
    let mut known = Known::new();
    let mut signed = HashMap::new();
    let mut tally = Tally::default();
    for exchange in &exchanges {
        let name = exchange.name.as_str();
        if let Some(prepare) = &exchange.prepare {
            daemon = start(daemon, prepare).await;
        }
        if NOT_REPLAYED.iter().any(|(f, n, _)| (*f, *n) == (file, name)) {
            tally.skipped += 1;
            continue;
        }
        tally.replayed += 1;
        let (difference, rules, ours) = if exchange.frames.is_empty()
            && exchange.request.method.as_deref() != Some("WS")
        {
            let answer = send(&daemon, exchange, &known).await;
            capture(exchange, &answer, &mut known);
            let difference = compare::difference(exchange, &answer, &known);
            let rule = difference.as_ref().and_then(|_| compare::rule(exchange, &answer, &known));
            if let Err(text) = check_signature(exchange, &answer, &mut signed) {
                report.wrong.push(format!("{file} / {name}: {text}"));
            }
            (difference, Vec::from_iter(rule), compare::render(answer.status, &answer.body))
        } else {
            match socket::play(&daemon, exchange, &known).await {
                Ok(rules) if rules.is_empty() => (None, rules, String::new()),
                Ok(rules) => (Some(String::new()), rules, String::new()),
                Err(text) => (Some(text.clone()), Vec::new(), text),
            }
        };
        let listed = DIFFERENT.iter().find(|(f, n, ..)| (*f, *n) == (file, name));
        match (difference, listed) {
            (None, None) => tally.equal += 1,
            (None, Some(_)) => {}
            (Some(_), Some((f, n, _, pattern)))
                if compare::matches(&known.fill(pattern), &ours) =>
            {
                report.used.push((f, n));
                tally.listed += 1;
            }
            (Some(_), Some(_)) => {
                report.wrong.push(format!("{file} / {name}: not as listed: `{ours}`"))
            }
            (Some(_), None) if !rules.is_empty() => {
                tally.by_rule += 1;
                for rule in rules {
                    *report.rules.entry(rule).or_default() += 1;
                }
            }
            (Some(text), None) => report.wrong.push(format!("{file} / {name}: {text}")),
        }
    }
    tally
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

async fn send(daemon: &Daemon, exchange: &Exchange, known: &Known) -> Answer {
    let request = &exchange.request;
    let fill = |(name, value): (String, String)| (name, known.fill(&value));
    let headers = request.headers().into_iter().map(fill).collect();
    let body = request.body.as_ref().map(|body| known.fill(body));
    let method = request.method.as_deref().unwrap_or("POST");
    daemon.send(method, &known.fill(request.path()), &headers, body.as_deref()).await
}

fn capture(exchange: &Exchange, answer: &Answer, known: &mut Known) {
    let mut body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    for (variable, path) in &exchange.capture {
        let value = find(&mut body, path).and_then(|value| value.as_str().map(str::to_owned));
        known.0.insert(variable.clone(), value.unwrap());
    }
}

/// A signature that was given must be of the bytes that the Go wallet signed.
fn check_signature<'a>(
    exchange: &'a Exchange,
    answer: &Answer,
    signed: &mut HashMap<&'a str, &'a str>,
) -> Result<(), String> {
    let (address, bytes) = match &exchange.signature {
        None => return Ok(()),
        Some(Signed::Bytes { address, bytes }) => (address, bytes.as_str()),
        Some(Signed::SameAs { address, same_as }) => (address, signed[same_as.as_str()]),
    };
    signed.insert(&exchange.name, bytes);
    let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    let Some(result) = body.get("result") else { return Ok(()) };
    let signature: Signature =
        serde_json::from_value(result.clone()).map_err(|e| format!("no signature: {e}"))?;
    let data = hex::decode(bytes).unwrap();
    crypto::verify(&signature, &data, address.parse().unwrap()).map_err(|e| e.to_string())
}
