//! The scenario over WebSocket.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use serde_json::Value;
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Message, client::IntoClientRequest, http::HeaderName},
};

use super::{
    compare::texts,
    daemon::Daemon,
    differences::Rule,
    recording::{Exchange, Known},
};

/// How a scenario went: the rules by which it differed, or the first other difference.
pub(crate) async fn play(
    daemon: &Daemon,
    scenario: &Exchange,
    known: &Known,
) -> Result<Vec<Rule>, String> {
    let path = known.fill(scenario.request.path());
    let mut request = format!("ws://{}{path}", daemon.address).into_client_request().unwrap();
    for (name, value) in scenario.request.headers() {
        let name: HeaderName = name.parse().unwrap();
        request.headers_mut().insert(name, known.fill(&value).parse().unwrap());
    }
    let (mut socket, _) = connect_async(request).await.map_err(|error| error.to_string())?;
    let mut rules = Vec::new();
    for frame in &scenario.frames {
        if frame.dir == "send" {
            socket.send(Message::text(frame.text.clone())).await.unwrap();
            continue;
        }
        let answer = tokio::time::timeout(Duration::from_secs(5), socket.next()).await;
        let Ok(Some(Ok(Message::Text(ours)))) = answer else {
            return Err(format!("{} is ours {answer:?}", frame.text));
        };
        let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        let (theirs, ours) = (read(&frame.text), read(&ours));
        if theirs != ours {
            let text = |value: &Value| value["error"]["message"].as_str().map(str::to_owned);
            let rule = match (text(&theirs), text(&ours)) {
                (Some(a), Some(b)) => texts(&ours["error"]["code"], &a, &b),
                _ if ours["result"]["APIVersion"] == 0 => Some(Rule::Version),
                _ => None,
            };
            rules.push(rule.ok_or_else(|| format!("{theirs} is ours {ours}"))?);
        }
    }
    Ok(rules)
}
