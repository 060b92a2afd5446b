//! The scenarios over WebSocket.

use std::time::Duration;

use futures::SinkExt;
use serde_json::Value;
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::{
        CloseFrame,
        frame::{
            Frame as WireFrame,
            coding::{CloseCode, Data, OpCode},
        },
    },
};
use venus_core::test_utils::replay::{Outcome, Rule, Socket, next, open, render};

use super::{
    base64_of,
    compare::{same, texts},
    daemon::Daemon,
    differences::{ANONYMOUS, PANIC},
    recording::{Exchange, Known, has_token},
};

const PATIENCE: Duration = Duration::from_secs(5);

/// How a scenario went: the rules by which it differed, or the first other difference.
pub(crate) async fn play(daemon: &Daemon, scenario: &Exchange, known: &Known) -> Outcome {
    let request = &scenario.request;
    let fill = |(name, value): (String, String)| (name, known.fill(&value));
    let headers = request.headers().into_iter().map(fill).collect();
    let recorded = scenario.response.status();
    let opened = open(daemon.served.address, &known.fill(request.path()), &headers).await;
    let mut socket = match opened {
        Ok(socket) if recorded == 101 => socket,
        Ok(_) => return Err(format!("{recorded} is ours 101")),
        Err(status) if status == recorded => return Ok(Vec::new()),
        Err(401) if !has_token(request) => return Ok(vec![ANONYMOUS]),
        Err(status) => return Err(format!("{recorded} is ours {status}")),
    };
    let mut rules = Vec::new();
    for frame in &scenario.frames {
        let long = base64_of(&[0xa5; 200_000]);
        let text = frame.text.replace("<base64 of 200000 bytes a5>", &long);
        let op = frame.op.as_deref();
        match (frame.dir.as_str(), op) {
            ("send", op) => send(&mut socket, op, text).await?,
            (_, None) => match next(&mut socket, PATIENCE).await? {
                Message::Text(ours) if same(&text, &ours, &[]) => {}
                Message::Text(ours) => rules.push(rule(&text, &ours)?),
                other => return Err(format!("{text} is ours {other:?}")),
            },
            (_, Some("pong")) => match next(&mut socket, PATIENCE).await? {
                Message::Pong(payload) if payload == "abc" => {}
                other => return Err(format!("a pong is ours {other:?}")),
            },
            (_, Some("close")) => match next(&mut socket, PATIENCE).await? {
                Message::Close(Some(close)) if close.code == CloseCode::Normal => {}
                other => return Err(format!("a close frame is ours {other:?}")),
            },
            (_, Some("eof")) => match next(&mut socket, PATIENCE).await {
                Ok(Message::Text(text)) => return Err(format!("open: {}", render(0, &text))),
                Ok(other) => return Err(format!("the end is ours {other:?}")),
                Err(_) => return Ok(rules),
            },
            (dir, op) => return Err(format!("{dir} {op:?} cannot be played")),
        }
    }
    Ok(rules)
}

async fn send(socket: &mut Socket, op: Option<&str>, text: String) -> Result<(), String> {
    let message = match op {
        None => Message::text(text),
        Some("binary") => Message::binary(text),
        Some("close") => {
            Message::Close(Some(CloseFrame { code: CloseCode::Normal, reason: "".into() }))
        }
        Some("ping \"abc\"") => Message::Ping("abc".into()),
        Some("text, in 3 fragments") => {
            let third = text.len() / 3;
            for (number, part) in
                [&text[..third], &text[third..2 * third], &text[2 * third..]].iter().enumerate()
            {
                let kind = if number == 0 { Data::Text } else { Data::Continue };
                let part = part.as_bytes().to_vec();
                let frame = WireFrame::message(part, OpCode::Data(kind), number == 2);
                socket.send(Message::Frame(frame)).await.unwrap();
            }
            return Ok(());
        }
        Some(other) => return Err(format!("{other} cannot be sent")),
    };
    socket.send(message).await.map_err(|e| e.to_string())
}

fn rule(theirs: &str, ours: &str) -> Result<Rule, String> {
    let different = || format!("{theirs} is ours {ours}");
    let read = |text: &str| serde_json::from_str::<Value>(text).map_err(|_| different());
    let (theirs, ours) = (read(theirs)?, read(ours)?);
    let text = |value: &Value| value["error"]["message"].as_str().map(str::to_owned);
    let (code, recorded) = (&ours["error"]["code"], text(&theirs).ok_or_else(different)?);
    let text = text(&ours).ok_or_else(different)?;
    if recorded.contains("panic in rpc method") {
        return (*code == 1).then_some(PANIC).ok_or_else(different);
    }
    let same_code = theirs["error"]["code"] == *code && theirs["id"] == ours["id"];
    same_code.then(|| texts(code, &recorded, &text)).flatten().ok_or_else(different)
}
