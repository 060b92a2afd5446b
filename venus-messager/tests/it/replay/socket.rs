//! The scenario over WebSocket.

use std::time::Duration;

use futures::SinkExt;
use tokio_tungstenite::tungstenite::Message;
use venus_core::test_utils::replay::{Outcome, json, next, open, rule_of_texts};

use super::{
    daemon::Daemon,
    differences::VERSION,
    recording::{Exchange, Known},
};

/// How a scenario went: the rules by which it differed, or the first other difference.
pub(crate) async fn play(daemon: &Daemon, scenario: &Exchange, known: &Known) -> Outcome {
    let request = &scenario.request;
    let fill = |(name, value): (String, String)| (name, known.fill(&value));
    let headers = request.headers().into_iter().map(fill).collect();
    let opened = open(daemon.served.address, &known.fill(request.path()), &headers).await;
    let mut socket = opened.map_err(|status| format!("101 is ours {status}"))?;
    let mut rules = Vec::new();
    for frame in &scenario.frames {
        if frame.dir == "send" {
            socket.send(Message::text(frame.text.clone())).await.unwrap();
            continue;
        }
        let answer = next(&mut socket, Duration::from_secs(5)).await?;
        let Message::Text(ours) = answer else {
            return Err(format!("{} is ours {answer:?}", frame.text));
        };
        let (theirs, ours) = (json(&frame.text), json(&ours));
        if theirs != ours {
            let [a, b] = [&theirs, &ours].map(|value| value["error"]["message"].as_str());
            let rule = match (a, b) {
                (Some(a), Some(b)) => rule_of_texts(&ours["error"]["code"], a, b),
                _ if ours["result"]["APIVersion"] == 0 => Some(VERSION),
                _ => None,
            };
            rules.push(rule.ok_or_else(|| format!("{theirs} is ours {ours}"))?);
        }
    }
    Ok(rules)
}
