//! The scenarios over WebSocket.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{
        Error, Message,
        client::IntoClientRequest,
        protocol::frame::{
            Frame as WireFrame,
            coding::{CloseCode, Data, OpCode},
        },
    },
};

use super::{
    compare::{render, same, texts},
    daemon::Daemon,
    differences::Rule,
    recording::{Exchange, Known},
};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

const PATIENCE: Duration = Duration::from_secs(5);

/// How a scenario went: the rules by which it differed, or the first other difference.
pub(crate) async fn play(
    daemon: &Daemon,
    scenario: &Exchange,
    known: &Known,
) -> Result<Vec<Rule>, String> {
    let path = known.fill(scenario.request.path());
    let mut request = format!("ws://{}{path}", daemon.address).into_client_request().unwrap();
    for (name, value) in scenario.request.headers() {
        let name: tokio_tungstenite::tungstenite::http::HeaderName = name.parse().unwrap();
        request.headers_mut().insert(name, known.fill(&value).parse().unwrap());
    }
    let recorded = scenario.response.status();
    let mut socket = match connect_async(request).await {
        Ok((socket, _)) if recorded == 101 => socket,
        Ok(_) => return Err(format!("{recorded} is ours 101")),
        Err(Error::Http(refusal)) if refusal.status() == recorded => return Ok(Vec::new()),
        Err(Error::Http(refusal)) if refusal.status() == 401 && !scenario.request.has_token() => {
            return Ok(vec![Rule::Anonymous]);
        }
        Err(error) => return Err(error.to_string()),
    };
    let mut rules = Vec::new();
    for frame in &scenario.frames {
        let text =
            frame.text.replace("<base64 of 200000 bytes a5>", &super::base64_of(&[0xa5; 200_000]));
        let op = frame.op.as_deref();
        match (frame.dir.as_str(), op) {
            ("send", op) => send(&mut socket, op, text).await?,
            (_, None) => match receive(&mut socket).await? {
                Message::Text(ours) if same(&text, &ours, &[]) => {}
                Message::Text(ours) => rules.push(rule(&text, &ours)?),
                other => return Err(format!("{text} is ours {other:?}")),
            },
            (_, Some("pong")) => match receive(&mut socket).await? {
                Message::Pong(payload) if payload == "abc" => {}
                other => return Err(format!("a pong is ours {other:?}")),
            },
            (_, Some("close")) => match receive(&mut socket).await? {
                Message::Close(Some(close)) if close.code == CloseCode::Normal => {}
                other => return Err(format!("a close frame is ours {other:?}")),
            },
            (_, Some("eof")) => match receive(&mut socket).await {
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
            Message::Close(Some(tokio_tungstenite::tungstenite::protocol::CloseFrame {
                code: CloseCode::Normal,
                reason: "".into(),
            }))
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

async fn receive(socket: &mut Socket) -> Result<Message, String> {
    match timeout(PATIENCE, socket.next()).await {
        Err(_) => Err("nothing comes".into()),
        Ok(None) => Err("the connection ended".into()),
        Ok(Some(message)) => message.map_err(|e| e.to_string()),
    }
}

fn rule(theirs: &str, ours: &str) -> Result<Rule, String> {
    let different = || format!("{theirs} is ours {ours}");
    let read = |text: &str| serde_json::from_str::<Value>(text).map_err(|_| different());
    let (theirs, ours) = (read(theirs)?, read(ours)?);
    let text = |value: &Value| value["error"]["message"].as_str().map(str::to_owned);
    let (code, recorded) = (&ours["error"]["code"], text(&theirs).ok_or_else(different)?);
    let text = text(&ours).ok_or_else(different)?;
    if recorded.contains("panic in rpc method") {
        return (*code == 1).then_some(Rule::Panic).ok_or_else(different);
    }
    let same_code = theirs["error"]["code"] == *code && theirs["id"] == ours["id"];
    same_code.then(|| texts(code, &recorded, &text)).flatten().ok_or_else(different)
}
