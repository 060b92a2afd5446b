//! WebSockets.

use std::{net::SocketAddr, time::Duration};

use futures::StreamExt;
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest, http::HeaderName},
};

use super::Headers;

/// A WebSocket.
pub type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Opens a WebSocket, or returns the status with which it was refused.
///
/// # Panics
///
/// If there is no answer, or what is asked cannot be sent.
pub async fn open(to: SocketAddr, path: &str, headers: &Headers) -> Result<Socket, u16> {
    let mut request = format!("ws://{to}{path}").into_client_request().expect("a path of a URL");
    for (name, value) in headers {
        let name: HeaderName = name.parse().expect("a name of a header");
        request.headers_mut().insert(name, value.parse().expect("a value of a header"));
    }
    match connect_async(request).await {
        Err(Error::Http(refusal)) => Err(refusal.status().as_u16()),
        opened => Ok(opened.expect("a service that listens").0),
    }
}

/// The next message; an error if none comes in time.
pub async fn next(socket: &mut Socket, patience: Duration) -> Result<Message, String> {
    match timeout(patience, socket.next()).await {
        Err(_) => Err("nothing comes".into()),
        Ok(None) => Err("the connection ended".into()),
        Ok(Some(message)) => message.map_err(|error| error.to_string()),
    }
}
