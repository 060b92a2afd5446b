//! The limit of every service: a server that gives back what it gets.

use std::net::SocketAddr;

use axum::{
    Router,
    body::Bytes,
    extract::ws::{WebSocket, WebSocketUpgrade},
    routing::{any, post},
};
use tokio::net::TcpListener;

async fn echo_socket(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        if socket.send(message).await.is_err() {
            return;
        }
    }
}

/// Starts one: `/` over HTTP, `/ws` over WebSocket.
pub(crate) async fn server() -> SocketAddr {
    let upgrade = |upgrade: WebSocketUpgrade| async move { upgrade.on_upgrade(echo_socket) };
    let router = Router::new()
        .route("/", post(|body: Bytes| async move { body }))
        .route("/ws", any(upgrade));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// An HTTP client as ours.
pub(crate) fn client() -> reqwest::Client {
    // Fails where ours did so before, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

/// One round trip of a body.
pub(crate) async fn round_trip(client: &reqwest::Client, url: &str, body: &'static str) -> usize {
    client.post(url).body(body).send().await.unwrap().bytes().await.unwrap().len()
}
