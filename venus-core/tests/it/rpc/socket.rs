//! The server over a WebSocket: numbers are those of `spec/jsonrpc.md` section 19.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message},
};
use venus_core::rpc::{Keepalive, Limits};

use super::Running;

const PATIENCE: Duration = Duration::from_secs(5);

struct Peer(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Peer {
    async fn connect(server: &Running) -> Self {
        let url = format!("ws://{}/rpc/v0?token=read", server.address);
        Self(connect_async(url).await.unwrap().0)
    }

    async fn send(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.unwrap();
    }

    /// The next message that is no ping; `None` when the connection has ended.
    async fn next(&mut self) -> Option<Value> {
        loop {
            match timeout(PATIENCE, self.0.next()).await.expect("no message in time") {
                Some(Ok(Message::Text(text))) => {
                    return Some(serde_json::from_str(&text).unwrap());
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                _ => return None,
            }
        }
    }
}

fn value(channel: u64, value: u32) -> Value {
    json!({"jsonrpc": "2.0", "method": "xrpc.ch.val", "params": [channel, value]})
}

fn close(channel: u64) -> Value {
    json!({"jsonrpc": "2.0", "method": "xrpc.ch.close", "params": [channel]})
}

fn result(id: impl Into<Value>, result: u64) -> Value {
    json!({"jsonrpc": "2.0", "id": id.into(), "result": result})
}

#[tokio::test]
async fn streams_are_numbered_ordered_and_cancelled_by_request_id() {
    let server = Running::start().await;
    let mut peer = Peer::connect(&server).await;
    // 21
    peer.send(r#"{"jsonrpc":"2.0","id":3,"method":"Toy.Count","params":[2,false]}"#).await;
    for expected in [result(3, 1), value(1, 0), value(1, 1), close(1)] {
        assert_eq!(peer.next().await, Some(expected));
    }
    // 26: no number is used up
    peer.send(r#"{"id":8,"method":"Toy.NoStream","params":[]}"#).await;
    let answer = peer.next().await.unwrap();
    assert_eq!(answer["error"], json!({"code": 1, "message": "no stream today"}));
    // 22 and 23
    peer.send(r#"{"id":4,"method":"Toy.Count","params":[1,true]}"#).await;
    assert_eq!(peer.next().await, Some(result(4, 2)));
    assert_eq!(peer.next().await, Some(value(2, 0)));
    server.toy.dropped.notified().await; // of the first stream
    peer.send(r#"{"method":"xrpc.cancel","params":[4.0]}"#).await;
    assert_eq!(peer.next().await, Some(close(2)));
    timeout(PATIENCE, server.toy.dropped.notified()).await.unwrap();
    // 24
    peer.send(r#"{"id":"s6","method":"Toy.Count","params":[0,false]}"#).await;
    assert_eq!(peer.next().await, Some(result("s6", 3)));
    assert_eq!(peer.next().await, Some(close(3)));
    // A panic in a stream ends it and nothing else.
    peer.send(r#"{"id":9,"method":"Toy.CrashLater"}"#).await;
    for expected in [result(9, 4), value(4, 0), close(4)] {
        assert_eq!(peer.next().await, Some(expected));
    }
}

#[tokio::test]
async fn calls_do_not_wait_for_each_other() {
    let server = Running::start().await;
    let mut peer = Peer::connect(&server).await;
    // 27 and 33
    peer.send(r#"{"id":7,"method":"Toy.Hang"}"#).await;
    let binary = br#"{"id":8,"method":"Toy.Add","params":[1,2]}"#;
    peer.0.send(Message::binary(binary.to_vec())).await.unwrap();
    assert_eq!(peer.next().await, Some(result(8, 3)));
    // 25
    peer.send(r#"{"method":"xrpc.cancel","params":[7]}"#).await;
    let answer = peer.next().await.unwrap();
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(7), &json!(1)));
    assert_eq!(answer["error"]["message"], "context canceled");
    timeout(PATIENCE, server.toy.dropped.notified()).await.unwrap();

    // Nothing that is sent ends the connection.
    for text in ["{", "", "[]", r#"{"id":[1],"method":"x"}"#, r#"{"id":5,"result":1}"#] {
        peer.send(text).await;
    }
    peer.send(r#"{"id":10,"method":"Toy.Crash"}"#).await;
    peer.send(r#"{"id":11,"method":"Toy.Add","params":[2,2]}"#).await;
    loop {
        let answer = peer.next().await.unwrap();
        if answer["id"] == 11 {
            assert_eq!(answer, result(11, 4));
            break;
        }
        assert!(answer["error"]["code"].as_i64().unwrap() <= 0, "{answer}");
    }
}

#[tokio::test]
async fn the_end_of_a_connection_cancels_its_calls() {
    let server = Running::start().await;
    let mut peer = Peer::connect(&server).await;
    peer.send(r#"{"id":1,"method":"Toy.Hang"}"#).await;
    peer.send(r#"{"id":2,"method":"Toy.Count","params":[1,true]}"#).await;
    assert_eq!(peer.next().await, Some(result(2, 1)));
    drop(peer);
    for _ in 0..2 {
        timeout(PATIENCE, server.toy.dropped.notified()).await.unwrap();
    }
}

#[tokio::test]
async fn too_many_calls_are_refused() {
    let limits = Limits { in_flight: 1, ..Limits::default() };
    let any = "127.0.0.1:0".parse().unwrap();
    let server = Running::start_with(any, limits, Keepalive::default()).await;
    let mut peer = Peer::connect(&server).await;
    peer.send(r#"{"id":1,"method":"Toy.Hang"}"#).await;
    peer.send(r#"{"id":2,"method":"Toy.Inc"}"#).await;
    let answer = peer.next().await.unwrap();
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(2), &json!(1001)));
}

#[tokio::test]
async fn a_silent_peer_is_dropped_and_a_ponging_one_is_kept() {
    let keepalive =
        Keepalive { ping: Duration::from_millis(50), silence: Duration::from_millis(400) };
    let any = "127.0.0.1:0".parse().unwrap();
    let server = Running::start_with(any, Limits::default(), keepalive).await;
    // 28: it does not read, so it sends no pongs.
    let mut silent = Peer::connect(&server).await;
    tokio::time::sleep(Duration::from_millis(1200)).await;
    let _ = silent.0.send(Message::text(r#"{"id":1,"method":"Toy.Inc"}"#)).await;
    assert_eq!(silent.next().await, None);
    // 29
    let mut alive = Peer::connect(&server).await;
    let reading = async { while alive.0.next().await.is_some_and(|message| message.is_ok()) {} };
    assert!(timeout(Duration::from_millis(1200), reading).await.is_err(), "it must stay open");
}

#[tokio::test]
async fn an_upgrade_needs_a_token() {
    let server = Running::start().await;
    // 32
    for query in ["", "?token=forged"] {
        let url = format!("ws://{}/rpc/v0{query}", server.address);
        let Err(Error::Http(response)) = connect_async(url).await else { panic!("let in") };
        assert_eq!(response.status(), 401);
    }
}
