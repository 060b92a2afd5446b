//! Asks our node what lotus and venus were asked of one stopped chain, over real sockets.

mod contract;
mod daemon;
mod differences;
mod drand;
mod judge;
mod notify;
mod recording;

use std::collections::BTreeSet;

use venus_core::test_utils::replay::{self, Report, Row, render};

use self::{
    daemon::Daemon,
    differences::{DIFFERENT, MISSING, NOT_SERVED, SAME_CODE},
    judge::{Verdict, judge, near, same},
    recording::{Question, load, questions},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_recordings_of_lotus_and_venus_are_answered_alike() {
    let daemon = Daemon::start().await;
    let files = load();
    let mut report = Report::new([SAME_CODE, MISSING], DIFFERENT, Vec::<Row>::new());
    let mut texts = Vec::new();
    let mut missing = BTreeSet::new();
    for (file, exchanges) in &files {
        if file == "notify" {
            continue;
        }
        report.begin(file);
        for question in questions(exchanges, file == "mpool") {
            let body = question.request.body.as_deref().unwrap_or_default();
            let headers = question.request.headers();
            let answer = daemon.request("POST", &question.path, &headers, body).await;
            let ours = render(answer.status, &answer.body);
            let listed = DIFFERENT.iter().find(|(listed, name, _, pattern)| {
                listed == file
                    && *name == question.name
                    && matches(&question, pattern, &answer.body, &ours)
            });
            match (judge(&question, answer.status, &answer.body), listed) {
                (Verdict::Different, Some((_, name, _, pattern))) => report.listed(name, pattern),
                (Verdict::Equal, _) => report.equal(),
                (Verdict::SameCode, _) => {
                    let recorded = &question.answers[0].response;
                    let theirs = render(recorded.status(), &recorded.body);
                    texts.push(format!("{file} / {}: {theirs}\n  ours: {ours}", question.name));
                    report.by_rules([SAME_CODE]);
                }
                (Verdict::NotServed, _) => {
                    report.not_offered([MISSING]);
                    missing.insert(question.method());
                }
                (Verdict::Different, None) => {
                    let mut text = format!("on {}", question.path);
                    for exchange in &question.answers {
                        let theirs = render(exchange.response.status(), &exchange.response.body);
                        text += &format!("\n  {:7}{theirs}", exchange.more.node);
                    }
                    report.wrong(question.name, &format!("{text}\n  ours   {ours}"));
                }
            }
        }
    }
    println!("{SAME_CODE}:\n{}", texts.join("\n"));
    assert_eq!(missing.into_iter().collect::<Vec<_>>(), NOT_SERVED);
    report.finish([630, 575, 25, 30, 35]);
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
    replay::matches(pattern, text)
}
