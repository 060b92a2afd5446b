//! The client, against our server and against rough peers.

use std::{sync::atomic::Ordering, time::Duration};

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    time::timeout,
};
use tokio_tungstenite::{accept_async, tungstenite::Message};
use venus_core::rpc::{Client, Endpoint, Keepalive, Limits, Params, RpcError};

use super::{Running, Toy, ToyClient};

const PATIENCE: Duration = Duration::from_secs(5);

#[tokio::test]
async fn both_transports_give_the_same() {
    let server = Running::start().await;
    for scheme in ["http", "ws"] {
        let toy = server.client(scheme, "write");
        assert_eq!(toy.add(20, Some(22)).await.unwrap(), 42);
        assert_eq!(toy.add(-1, None).await.unwrap(), -1);
        toy.inc().await.unwrap();
        assert_eq!(toy.fail("boom".into()).await, Err(RpcError::method("boom")));
        assert_eq!(toy.fail_with(7).await.unwrap_err().code(), 7);
        assert_eq!(toy.crash().await.unwrap_err().code(), 0);
        assert_eq!(toy.who().await.unwrap(), ("acc".into(), true, None));
        let named = ToyClient::new(toy.as_ref().with_namespace("toy.IToy"));
        assert_eq!(named.who().await.unwrap().2.as_deref(), Some("toy.IToy"));
        let values: Vec<_> = toy.count(100, false).await.unwrap().collect().await;
        assert_eq!(values, (0..100).collect::<Vec<_>>());
        assert_eq!(toy.no_stream().await.err(), Some(RpcError::method("no stream today")));
        assert!(toy.len(vec![]).await.unwrap_err().to_string().contains("need 'sign'"));
    }
    assert_eq!(server.toy.count.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn what_nobody_waits_for_is_cancelled_at_the_service() {
    let server = Running::start().await;
    for scheme in ["http", "ws"] {
        let toy = server.client(scheme, "read");
        let impatient = Some(Duration::from_millis(200));
        let short = ToyClient::new(toy.as_ref().with_timeout(impatient));
        let error = short.hang().await.unwrap_err();
        assert!(matches!(&error, RpcError::Timeout { method, .. } if method == "Toy.Hang"));
        assert!(error.is_retryable());
        timeout(PATIENCE, server.toy.dropped.notified()).await.unwrap();

        let mut values = toy.count(1, true).await.unwrap();
        assert_eq!(values.next().await, Some(0));
        drop(values);
        timeout(PATIENCE, server.toy.dropped.notified()).await.unwrap();
    }
    // A stream outlives its client.
    let mut values = server.client("ws", "read").count(2, false).await.unwrap();
    assert_eq!((values.next().await, values.next().await), (Some(0), Some(1)));
    assert_eq!(values.next().await, None);
}

#[tokio::test]
async fn a_client_survives_its_server() {
    // 31
    let server = Running::start().await;
    let toy = server.client("ws", "read");
    let patient = ToyClient::new(toy.as_ref().with_timeout(None));
    let mut values = toy.count(1, true).await.unwrap();
    assert_eq!(values.next().await, Some(0));
    let hanging = tokio::spawn(async move { patient.hang().await });
    while server.toy.count.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }

    let address = server.stop().await;

    assert_eq!(values.next().await, None);
    let error = hanging.await.unwrap().unwrap_err();
    assert!(matches!(&error, RpcError::ConnectionLost { method, .. } if method == "Toy.Hang"));
    let error = toy.inc().await.unwrap_err();
    assert!(matches!(error, RpcError::Connect { .. }), "{error:?}");
    assert!(error.is_retryable() && error.is_unsent());

    let server = Running::start_with(address, Limits::default(), Keepalive::default()).await;
    assert_eq!(timeout(PATIENCE, toy.add(1, Some(1))).await.unwrap().unwrap(), 2);
    assert_eq!(toy.count(1, false).await.unwrap().collect::<Vec<_>>().await, [0]);
    server.stop().await;
}

#[tokio::test]
async fn a_refused_token_is_told_apart() {
    let server = Running::start().await;
    // 32
    for scheme in ["http", "ws"] {
        let toy = server.client(scheme, "forged");
        let error = toy.inc().await.unwrap_err();
        assert!(matches!(error, RpcError::Unauthorized { status: 401, .. }), "{error:?}");
        assert!(error.to_string().contains("401") && !error.to_string().contains("forged"));
        assert!(!error.is_retryable() && !format!("{toy:?}").contains("forged"));

        let endpoint = format!("{scheme}://{}/rpc/v7", server.address);
        let endpoint = Endpoint::parse(&endpoint, 0).unwrap();
        let lost = ToyClient::new(Client::connect(&endpoint, Some("read".into())));
        let error = lost.inc().await.unwrap_err();
        assert!(matches!(error, RpcError::Http { status: 404, .. }), "{error:?}");
    }
    let bad = Client::connect(server.client("ws", "x").as_ref().endpoint(), Some("a\nb".into()));
    assert!(matches!(ToyClient::new(bad).inc().await, Err(RpcError::Connect { .. })));
}

/// A Go-like peer: what the first text says is answered by `answers`, `ID` being its id.
async fn peer(answers: &'static [&'static str]) -> ToyClient {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut socket = accept_async(listener.accept().await.unwrap().0).await.unwrap();
        while let Some(Ok(message)) = socket.next().await {
            let Message::Text(text) = message else { continue };
            let request: Value = serde_json::from_str(&text).unwrap();
            if request["method"] == "xrpc.cancel" {
                continue;
            }
            for answer in answers {
                let answer = answer.replace("ID", &request["id"].to_string());
                socket.send(Message::text(answer)).await.unwrap();
            }
        }
    });
    let endpoint = Endpoint::parse(&format!("/ip4/127.0.0.1/tcp/{}", address.port()), 0).unwrap();
    ToyClient::new(Client::connect(&endpoint, None))
}

#[tokio::test]
async fn answers_of_both_dialects_are_read() {
    let fork = peer(&[r#"{"jsonrpc":"2.0","id":ID}"#]).await;
    fork.inc().await.unwrap();
    let upstream = peer(&[
        r#"{"jsonrpc":"2.0","id":99,"result":1}"#,
        "not json",
        r#"{"jsonrpc":"2.0","id":1,"method":"Client.Ping","params":[7]}"#,
        r#"{"error":{"code":3,"data":"0x08","message":"reverted","meta":{}},"id":ID,"jsonrpc":"2.0"}"#,
    ])
    .await;
    let error = upstream.inc().await.unwrap_err();
    let data = Some(json!("0x08"));
    assert_eq!(error, RpcError::Remote { code: 3, message: "reverted".into(), data });
    let list = peer(&[r#"{"jsonrpc":"2.0","result":null,"id":ID}"#]).await;
    assert_eq!(list.wallet_sign(vec![]).await.unwrap(), Vec::<u8>::new());
}

#[tokio::test]
async fn values_may_follow_at_once_and_bad_ones_end_the_stream() {
    let toy = peer(&[
        r#"{"jsonrpc":"2.0","result":1,"id":ID}"#,
        r#"{"jsonrpc":"2.0","method":"xrpc.ch.val","params":[1,5]}"#,
        r#"{"jsonrpc":"2.0","method":"xrpc.ch.val","params":[2,6]}"#,
        r#"{"jsonrpc":"2.0","method":"xrpc.ch.val","params":[1,"seven"]}"#,
        r#"{"jsonrpc":"2.0","method":"xrpc.ch.val","params":[1,8]}"#,
    ])
    .await;
    let values: Vec<_> = toy.count(0, true).await.unwrap().collect().await;
    assert_eq!(values, [5]);
    let none = peer(&[r#"{"id":ID,"result":"x"}"#]).await;
    assert!(matches!(none.count(0, true).await.err(), Some(RpcError::Decode { .. })));
}

#[tokio::test]
async fn pings_of_the_service_are_enough_and_silence_is_not() {
    let keepalive =
        Keepalive { ping: Duration::from_millis(50), silence: Duration::from_millis(400) };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = Endpoint::parse(&format!("ws://{}", listener.local_addr().unwrap()), 0).unwrap();
    let client = Client::connect(&endpoint, None).with_keepalive(keepalive).with_timeout(None);
    let call = tokio::spawn(async move { client.call::<u8>("X.Y", Params::default()).await });
    let (stream, _) = listener.accept().await.unwrap();
    let mut socket = accept_async(stream).await.unwrap();
    // 30: pings for a while, never a pong; nothing is read, so none is sent.
    for _ in 0..12 {
        socket.send(Message::Ping("x".into())).await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(!call.is_finished());
    let outcome = timeout(PATIENCE, call).await.unwrap().unwrap();
    assert!(matches!(outcome, Err(RpcError::ConnectionLost { .. })), "{outcome:?}");
    drop(socket);
}

#[tokio::test]
async fn foreign_http_answers_are_reported() {
    let reply = async |answer: &'static str| {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8_lossy(&request).into_owned()
        });
        let client = Client::connect(&Endpoint::parse(&url, 0).unwrap(), Some("tok".into()));
        let outcome = client.call::<u8>("X.Y", Params::default()).await;
        (outcome, server.await.unwrap())
    };
    let (outcome, request) =
        reply("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 6\r\n\r\n<html>").await;
    assert!(matches!(outcome, Err(RpcError::Http { status: 502, .. })));
    assert!(outcome.unwrap_err().is_retryable());
    assert!(request.contains("authorization: Bearer tok\r\n"));
    assert!(request.contains(r#"{"jsonrpc":"2.0","id":1,"method":"X.Y","params":[]}"#));
    let ok = "HTTP/1.1 500 X\r\ncontent-length: 19\r\n\r\n{\"id\":1,\"Result\":7}";
    let (outcome, _) = reply(ok).await;
    assert_eq!(outcome, Ok(7));
    let wrong = "HTTP/1.1 200 OK\r\ncontent-length: 19\r\n\r\n{\"id\":2,\"result\":7}";
    assert!(matches!(reply(wrong).await.0, Err(RpcError::Decode { .. })));
    assert!(matches!(reply("").await.0, Err(RpcError::ConnectionLost { .. })));
}
