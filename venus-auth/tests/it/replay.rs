//! Plays the recorded exchanges of the Go service (`shared/wire/auth/`) against ours.

use std::{collections::HashMap, time::Duration};

use serde::Deserialize;
use serde_json::Value;
use venus_auth::DbConfig;
use venus_core::{
    auth::{AuthAdmin, NewUser},
    test_utils::replay::{self, Answer, Report, Row, Rule, mask, matches, sort},
};

use crate::world::World;

/// Our text for what is not there: that of the Go service over badger.
const NOT_FOUND: &str = "Key not found";

type Exchange = replay::Exchange<More>;

#[derive(Deserialize)]
struct More {
    store: String,
    prepare: Option<Value>,
    #[serde(default)]
    delay_ms: u64,
}

include!("replay_differences.rs");

const NO_TOKEN: Rule = "401 instead of 400 for callers without a valid token";

type Known = HashMap<String, String>;

#[tokio::test]
async fn the_recordings_of_the_go_service_are_answered_alike() {
    replay_all(|| DbConfig::Sled).await;
}

#[tokio::test]
async fn the_recordings_are_answered_alike_over_sql() {
    replay_all(crate::sql::empty_database).await;
}

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
    let mut report = Report::new([NO_TOKEN], DIFFERENT, Vec::<Row>::new());
    for (file, text, users) in files {
        report.begin(file);
        replay(db(), text, users, &mut report).await;
    }
    report.finish([490, 424, 24, 42, 0]);
}

async fn replay(db: DbConfig, text: &str, users: &[&str], report: &mut Report) {
    let exchanges: Vec<Exchange> = serde_json::from_str(text).unwrap();
    let world = World::start_over(db, true).await;
    for user in users {
        world.auth.service().create_user(&NewUser::enabled(*user)).await.unwrap();
    }
    let mut known = Known::from([
        ("token:admin".to_owned(), world.auth.admin_token().to_owned()),
        ("notfound".to_owned(), NOT_FOUND.to_owned()),
    ]);
    for exchange in &exchanges {
        let name = base(&exchange.name);
        // Of two that differ by store the first is sent and either answer is right; the few that
        // exist for MySQL alone change its tables by hand.
        if exchange.more.store == "mysql" || exchange.more.prepare.is_some() {
            continue;
        }
        tokio::time::sleep(Duration::from_millis(exchange.more.delay_ms)).await;
        let address = world.auth.local_addr();
        let answer = exchange.request.send(address, |text| fill(text, &known)).await;
        let captured = exchange.captured(&answer.body).into_iter();
        known.extend(captured.filter_map(|(variable, value)| Some((variable, value?))));
        let variants = exchanges.iter().filter(|other| base(&other.name) == name);
        let difference = variants
            .map(|variant| compare(variant, &answer, &known))
            .reduce(|first, second| first.and_then(|text| second.map(|_| text)))
            .flatten();
        let outcome = match difference {
            None => Ok(Vec::new()),
            Some(_) if refused_for_want_of_a_token(exchange, &answer, &known) => Ok(vec![NO_TOKEN]),
            Some(text) => Err(text),
        };
        let ours = format!("{} {}", answer.status, answer.body);
        report.note(name, outcome, &ours, |pattern, ours| matches(&fill(pattern, &known), ours));
    }
}

fn refused_for_want_of_a_token(exchange: &Exchange, answer: &Answer, known: &Known) -> bool {
    answer.status == 401
        && exchange.response.status() == 400
        && answer.body == fill(&exchange.response.body, known)
}

/// What differs, if anything.
fn compare(exchange: &Exchange, answer: &Answer, known: &Known) -> Option<String> {
    let recorded = &exchange.response;
    let body = fill(&recorded.body, known);
    let differs = |what: &str| {
        let Answer { status: ours, body: our_body, headers } = answer;
        Some(format!(
            "{what}: {} {body:.300} is ours {ours} {our_body:.300} {:?}",
            recorded.status(),
            headers.get("content-type")
        ))
    };
    if recorded.status() != answer.status {
        return differs("status");
    }
    for (name, value) in recorded.headers.iter().flatten() {
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
    for value in [&mut theirs, &mut ours] {
        mask(value, &exchange.volatile);
        if exchange.unordered {
            sort(value, &[]);
        }
    }
    if theirs == ours { None } else { differs("JSON") }
}

fn base(name: &str) -> &str {
    name.trim_end_matches(" [badger]").trim_end_matches(" [mysql]")
}

/// What only the store that was not recorded from captured stays as it is.
fn fill(text: &str, known: &Known) -> String {
    replay::fill(text, |name| known.get(name).cloned().unwrap_or(format!("{{{{{name}}}}}")))
}
