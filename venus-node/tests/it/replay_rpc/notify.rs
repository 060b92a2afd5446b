//! The recorded subscription to heads, over a WebSocket.

use std::time::Duration;

use futures::SinkExt;
use tokio_tungstenite::tungstenite::Message;
use venus_core::test_utils::replay::{Socket, next, open};

use super::{
    daemon::Daemon,
    judge::same,
    recording::{Exchange, load},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heads_are_followed_as_recorded() {
    let daemon = Daemon::start().await;
    let files = load();
    let [lotus, venus] = &files["notify"][..] else { panic!("two scenarios") };
    assert_eq!((&lotus.more.node[..], &venus.more.node[..]), ("lotus", "venus"));
    // Ours speaks like lotus; venus says the same but for texts of errors.
    play(&daemon, lotus, lotus.frames.len()).await;
    play(&daemon, venus, venus.frames.len() - 1).await;
    assert_eq!(daemon.node.head().height(), 3735);
}

async fn play(daemon: &Daemon, scenario: &Exchange, frames: usize) {
    let headers = [("Authorization".to_owned(), format!("Bearer {}", daemon.token()))].into();
    let mut socket = open(daemon.address, "/rpc/v1", &headers).await.unwrap();
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
        let ours = next(socket, Duration::from_secs(10)).await.unwrap().into_text().unwrap();
        let found = waiting.iter().position(|theirs| same(theirs, &ours, &[]));
        assert!(found.is_some(), "{waiting:?} is ours {ours}");
        waiting.remove(found.unwrap());
    }
}
