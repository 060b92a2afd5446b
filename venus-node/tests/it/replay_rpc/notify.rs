//! The recorded subscription to heads, over a WebSocket.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest},
};

use super::{
    daemon::Daemon,
    judge::same,
    recording::{Exchange, load},
};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heads_are_followed_as_recorded() {
    let daemon = Daemon::start().await;
    let files = load();
    let [lotus, venus] = &files["notify"][..] else { panic!("two scenarios") };
    assert_eq!((lotus.node.as_str(), venus.node.as_str()), ("lotus", "venus"));
    // Ours speaks like lotus; venus says the same but for texts of errors.
    play(&daemon, lotus, lotus.frames.len()).await;
    play(&daemon, venus, venus.frames.len() - 1).await;
    assert_eq!(daemon.node.head().height(), 3735);
}

async fn play(daemon: &Daemon, scenario: &Exchange, frames: usize) {
    let mut request = format!("ws://{}/rpc/v1", daemon.address).into_client_request().unwrap();
    let token = format!("Bearer {}", daemon.token());
    request.headers_mut().insert("Authorization", token.parse().unwrap());
    let (mut socket, _) = connect_async(request).await.unwrap();
    // What comes in answer to one message may come in any order.
    let mut waiting: Vec<&str> = Vec::new();
    for frame in &scenario.frames[..frames] {
        assert_eq!(frame.op, None, "{}", scenario.name);
        if frame.dir == "send" {
            receive(&mut socket, &mut waiting).await;
            socket.send(Message::text(&*frame.text)).await.unwrap();
        } else {
            waiting.push(&frame.text);
        }
    }
    receive(&mut socket, &mut waiting).await;
}

async fn receive(socket: &mut Socket, waiting: &mut Vec<&str>) {
    while !waiting.is_empty() {
        let next = tokio::time::timeout(Duration::from_secs(10), socket.next()).await;
        let ours = next.unwrap().unwrap().unwrap().into_text().unwrap();
        let found = waiting.iter().position(|theirs| same(theirs, &ours, &[]));
        assert!(found.is_some(), "{waiting:?} is ours {ours}");
        waiting.remove(found.unwrap());
    }
}
