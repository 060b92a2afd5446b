//! Plays the recorded exchanges of the Go service (`shared/wire/auth/`) against ours.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use serde_json::Value;
use venus_auth::DbConfig;
use venus_core::auth::{AuthAdmin, NewUser};

use crate::world::{Answer, World};

/// Our text for what is not there: that of the Go service over badger.
const NOT_FOUND: &str = "Key not found";

#[derive(Deserialize)]
struct Exchange {
    name: String,
    store: String,
    request: Request,
    response: Response,
    #[serde(default)]
    volatile: Vec<String>,
    #[serde(default)]
    capture: BTreeMap<String, String>,
    #[serde(default)]
    unordered: bool,
    prepare: Option<Value>,
    #[serde(default)]
    delay_ms: u64,
}

#[derive(Deserialize)]
struct Request {
    method: String,
    path: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Option<String>,
}

#[derive(Deserialize)]
struct Response {
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: String,
}

include!("replay_differences.rs");

#[derive(Default)]
struct Tally {
    played: usize,
    equal: usize,
    on_purpose: usize,
}

#[tokio::test]
async fn the_recordings_of_the_go_service_are_answered_alike() {
    replay_all(|| DbConfig::Sled).await;
}

#[tokio::test]
async fn the_recordings_are_answered_alike_over_sql() {
    replay_all(crate::sql::empty_database).await;
}

#[expect(clippy::print_stdout, reason = "the table of what was replayed")]
async fn replay_all(db: impl Fn() -> DbConfig) {
    let files: [(&str, &str, &[&str]); 11] = [
        ("http", include_str!("../fixtures/http.json"), &[]),
        ("verify", include_str!("../fixtures/verify.json"), &[]),
        ("token", include_str!("../fixtures/token.json"), &[]),
        ("tokens-paging", include_str!("../fixtures/tokens-paging.json"), &[]),
        ("user", include_str!("../fixtures/user.json"), &[]),
        ("user-list", include_str!("../fixtures/user-list.json"), &[]),
        ("user-delete", include_str!("../fixtures/user-delete.json"), &[]),
        // Ours wants the users of limits to exist; the recording never creates these.
        ("ratelimit", include_str!("../fixtures/ratelimit.json"), &["w", "y", "z", "q", "two"]),
        ("miner", include_str!("../fixtures/miner.json"), &[]),
        ("signer", include_str!("../fixtures/signer.json"), &[]),
        ("historical", include_str!("../fixtures/historical.json"), &[]),
    ];
    let mut wrong = Vec::new();
    let mut unused: Vec<_> = DIFFERENT.iter().map(|(file, name, ..)| (*file, *name)).collect();
    println!("{:14} {:>8} {:>8} {:>10}", "recording", "replayed", "equal", "on purpose");
    for (file, text, users) in files {
        let tally = replay(db(), file, text, users, &mut wrong, &mut unused).await;
        let Tally { played, equal, on_purpose } = tally;
        println!("{file:14} {played:>8} {equal:>8} {on_purpose:>10}");
    }
    println!("different on purpose, besides `{NO_TOKEN_RULE}`:");
    for (file, name, reason, ..) in DIFFERENT {
        println!("  {file} / {name}: {reason}");
    }
    assert!(wrong.is_empty(), "{} exchanges differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(unused.is_empty(), "listed as different, but equal or not there: {unused:?}");
}

async fn replay(
    db: DbConfig,
    file: &str,
    text: &str,
    users: &[&str],
    wrong: &mut Vec<String>,
    unused: &mut Vec<(&'static str, &'static str)>,
) -> Tally {
    let exchanges: Vec<Exchange> = serde_json::from_str(text).unwrap();
    let world = World::start_over(db, true).await;
    for user in users {
        world.auth.service().create_user(&NewUser::enabled(*user)).await.unwrap();
    }
    let mut known = HashMap::from([
        ("token:admin".to_owned(), world.auth.admin_token().to_owned()),
        ("notfound".to_owned(), NOT_FOUND.to_owned()),
    ]);
    let mut tally = Tally::default();
    for exchange in &exchanges {
        let name = base(&exchange.name);
        // Of two that differ by store the first is sent and either answer is right; the few that
        // exist for MySQL alone change its tables by hand.
        if exchange.store == "mysql" || exchange.prepare.is_some() {
            continue;
        }
        tokio::time::sleep(std::time::Duration::from_millis(exchange.delay_ms)).await;
        let answer = send(&world, exchange, &known).await;
        for (variable, path) in &exchange.capture {
            if let Some(value) = serde_json::from_str(&answer.body).ok().and_then(|body: Value| {
                find(&body, path).and_then(|v| v.as_str().map(str::to_owned))
            }) {
                known.insert(variable.clone(), value);
            }
        }
        tally.played += 1;
        let variants = exchanges.iter().filter(|other| base(&other.name) == name);
        let difference = variants
            .map(|variant| compare(variant, &answer, &known))
            .reduce(|first, second| first.and_then(|text| second.map(|_| text)))
            .flatten();
        let listed = DIFFERENT.iter().find(|(f, n, ..)| *f == file && *n == name);
        match (difference, listed) {
            (None, None) => tally.equal += 1,
            (Some(_), Some((f, n, _, status, body))) => {
                unused.retain(|entry| entry != &(*f, *n));
                let body = fill(body, &known);
                let same_body = match body.strip_suffix('*') {
                    Some(beginning) => answer.body.starts_with(beginning),
                    None => answer.body == body,
                };
                if answer.status == *status && same_body {
                    tally.on_purpose += 1;
                } else {
                    wrong.push(format!("{file} / {name}: not as listed: {answer:?}"));
                }
            }
            (Some(_), None) if refused_for_want_of_a_token(exchange, &answer, &known) => {
                tally.on_purpose += 1;
            }
            (Some(text), None) => wrong.push(format!("{file} / {name}: {text}")),
            (None, Some(_)) => {}
        }
    }
    tally
}

const NO_TOKEN_RULE: &str = "401 instead of 400 for callers without a valid token";

fn refused_for_want_of_a_token(
    exchange: &Exchange,
    answer: &Answer,
    known: &HashMap<String, String>,
) -> bool {
    answer.status == 401
        && exchange.response.status == 400
        && answer.body == fill(&exchange.response.body, known)
}

async fn send(world: &World, exchange: &Exchange, known: &HashMap<String, String>) -> Answer {
    let Request { method, path, headers, body } = &exchange.request;
    let headers: Vec<_> =
        headers.iter().map(|(name, value)| (name.clone(), fill(value, known))).collect();
    let body = body.as_ref().map(|body| fill(body, known));
    world.send(method, &fill(path, known), &headers, body.as_deref()).await
}

/// What differs, if anything.
fn compare(
    exchange: &Exchange,
    answer: &Answer,
    known: &HashMap<String, String>,
) -> Option<String> {
    let Response { status, headers, body } = &exchange.response;
    let body = fill(body, known);
    let differs = |what: &str| {
        let Answer { status: ours, body: our_body, headers } = answer;
        Some(format!(
            "{what}: {status} {body:.300} is ours {ours} {our_body:.300} {:?}",
            headers.get("content-type")
        ))
    };
    if *status != answer.status {
        return differs("status");
    }
    for (name, value) in headers {
        if answer.headers.get(&name.to_lowercase()) != Some(value) {
            return differs(name);
        }
    }
    if body == answer.body {
        return None;
    }
    // These texts change with the version of Go.
    let of_go = "{\"error\":\"json: cannot unmarshal";
    if body.starts_with(of_go) && answer.body.starts_with(of_go) {
        return None;
    }
    let (Ok(mut theirs), Ok(mut ours)) =
        (serde_json::from_str::<Value>(&body), serde_json::from_str::<Value>(&answer.body))
    else {
        return differs("body");
    };
    if exchange.volatile.is_empty() && !exchange.unordered {
        return differs("body");
    }
    for path in &exchange.volatile {
        mask(&mut theirs, path);
        mask(&mut ours, path);
    }
    if exchange.unordered {
        sort(&mut theirs);
        sort(&mut ours);
    }
    if theirs == ours { None } else { differs("JSON") }
}

fn base(name: &str) -> &str {
    name.trim_end_matches(" [badger]").trim_end_matches(" [mysql]")
}

fn fill(text: &str, known: &HashMap<String, String>) -> String {
    let mut filled = text.to_owned();
    for (name, value) in known {
        filled = filled.replace(&format!("{{{{{name}}}}}"), value);
    }
    filled
}

fn sort(value: &mut Value) {
    if let Value::Array(entries) = value {
        entries.sort_by_key(Value::to_string);
    }
}

/// `$.a` and `$[0].a`.
fn find<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    let path = path.strip_prefix('$')?.replace('[', ".").replace(']', "");
    path.split('.').filter(|step| !step.is_empty()).try_fold(value, |value, step| {
        match step.parse::<usize>() {
            Ok(index) => value.get(index),
            Err(_) => value.get(step),
        }
    })
}

/// Blanks what a path such as `$[*].createTime` leads to.
fn mask(value: &mut Value, path: &str) {
    let path = path.trim_start_matches('$').replace('[', ".").replace(']', "");
    let steps: Vec<_> = path.split('.').filter(|step| !step.is_empty()).collect();
    mask_steps(value, &steps);
}

fn mask_steps(value: &mut Value, steps: &[&str]) {
    let Some((step, rest)) = steps.split_first() else {
        *value = Value::Null;
        return;
    };
    match (*step, value) {
        ("*", Value::Array(entries)) => {
            entries.iter_mut().for_each(|entry| mask_steps(entry, rest));
        }
        (step, value) => {
            let inner = match step.parse::<usize>() {
                Ok(index) => value.get_mut(index),
                Err(_) => value.get_mut(step),
            };
            if let Some(inner) = inner {
                mask_steps(inner, rest);
            }
        }
    }
}
