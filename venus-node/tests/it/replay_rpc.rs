//! Asks our node what lotus and venus were asked of one stopped chain, over real sockets.

mod contract;
mod daemon;
mod differences;
mod drand;
mod judge;
mod notify;
mod recording;

use std::collections::BTreeMap;

use self::{
    daemon::Daemon,
    differences::{DIFFERENT, NOT_SERVED},
    judge::{Verdict, judge, near, render, same},
    recording::{Question, load, questions},
};

#[derive(Debug, Default, PartialEq)]
struct Tally {
    asked: usize,
    equal: usize,
    same_code: usize,
    on_purpose: usize,
    not_served: usize,
}

impl Tally {
    fn add(&mut self, other: &Self) {
        self.asked += other.asked;
        self.equal += other.equal;
        self.same_code += other.same_code;
        self.on_purpose += other.on_purpose;
        self.not_served += other.not_served;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_recordings_of_lotus_and_venus_are_answered_alike() {
    let daemon = Daemon::start().await;
    let mut wrong = Vec::new();
    let mut total = Tally::default();
    let mut used = Vec::new();
    let mut texts = Vec::new();
    let mut missing: BTreeMap<String, usize> = BTreeMap::new();
    println!("{:11} asked equal code purpose unserved", "recording");
    for (file, exchanges) in &load() {
        if file == "notify" {
            continue;
        }
        let mut tally = Tally::default();
        for question in questions(exchanges, file == "mpool") {
            let body = question.request.body.as_deref().unwrap_or_default();
            let (status, answer) =
                daemon.post(&question.path, &question.request.headers, body).await;
            tally.asked += 1;
            let ours = render(status, &answer);
            let verdict = judge(&question, status, &answer);
            let listed = DIFFERENT.iter().position(|(listed, name, _, pattern)| {
                listed == file
                    && *name == question.name
                    && matches(&question, pattern, &answer, &ours)
            });
            match (verdict, listed) {
                (Verdict::Different, Some(entry)) => {
                    used.push(entry);
                    tally.on_purpose += 1;
                }
                (Verdict::Equal, _) => tally.equal += 1,
                (Verdict::SameCode, _) => {
                    let recorded = &question.answers[0].response;
                    let theirs = render(recorded.status, &recorded.body);
                    texts.push(format!("{file} / {}: {theirs}\n  ours: {ours}", question.name));
                    tally.same_code += 1;
                }
                (Verdict::NotServed, _) => {
                    tally.not_served += 1;
                    *missing.entry(question.method()).or_default() += 1;
                }
                (Verdict::Different, None) => {
                    let mut text = format!("{file} / {} on {}", question.name, question.path);
                    for exchange in &question.answers {
                        let theirs = render(exchange.response.status, &exchange.response.body);
                        text += &format!("\n  {:7}{theirs}", exchange.node);
                    }
                    wrong.push(format!("{text}\n  ours   {ours}"));
                }
            }
        }
        total.add(&tally);
        let Tally { asked, equal, same_code, on_purpose, not_served } = tally;
        println!("{file:11} {asked:>5} {equal:>5} {same_code:>4} {on_purpose:>7} {not_served:>8}");
    }
    println!("all {total:?}");
    println!("not served: {missing:?}");
    println!("different on purpose:");
    for (file, name, why, _) in DIFFERENT {
        println!("  {file} / {name}: {why}");
    }
    println!("the same code in other words:\n{}", texts.join("\n"));
    let unused: Vec<_> = (0..DIFFERENT.len()).filter(|entry| !used.contains(entry)).collect();
    let unused: Vec<_> = unused.into_iter().map(|entry| DIFFERENT[entry]).collect();
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    // What is as they say must stay so.
    let pinned = Tally { asked: 665, equal: 575, same_code: 25, on_purpose: 30, not_served: 35 };
    assert_eq!(total, pinned);
    assert_eq!(missing.into_keys().collect::<Vec<_>>(), NOT_SERVED);
    assert!(unused.is_empty(), "no longer different: {unused:?}");
}

/// Whether an answer is the one that the list of differences names.
fn matches(question: &Question<'_>, pattern: &str, body: &str, text: &str) -> bool {
    let recorded = || question.answers.iter().map(|exchange| (&exchange.response, *exchange));
    if pattern == "near" {
        return recorded().any(|(theirs, exchange)| near(&theirs.body, body, &exchange.volatile));
    }
    if let Some(field) = pattern.strip_prefix("but ") {
        let field = [format!("$.result.{field}")];
        return recorded().any(|(theirs, _)| same(&theirs.body, body, &field));
    }
    match pattern.strip_suffix('*') {
        Some(beginning) => text.starts_with(beginning),
        None => text == pattern,
    }
}
