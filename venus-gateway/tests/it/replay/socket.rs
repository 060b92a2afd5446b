//! The clients of a scenario: WebSockets and single HTTP requests.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use futures::{SinkExt, StreamExt};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest, http::HeaderName},
};

/// A WebSocket, and what came on it and was not yet asked for.
pub(crate) struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    early: Vec<String>,
    closed: bool,
}

impl Socket {
    /// Opens a WebSocket, or returns the status with which it was refused.
    pub(crate) async fn open(
        address: SocketAddr,
        path: &str,
        headers: &BTreeMap<String, String>,
    ) -> Result<Self, u16> {
        let mut request = format!("ws://{address}{path}").into_client_request().unwrap();
        for (name, value) in headers {
            let name: HeaderName = name.parse().unwrap();
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        match connect_async(request).await {
            Ok((stream, _)) => Ok(Self { stream, early: Vec::new(), closed: false }),
            Err(Error::Http(refusal)) => Err(refusal.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// Sends a text; on a connection that has ended nothing happens.
    pub(crate) async fn send(&mut self, text: String) {
        let _ = self.stream.send(Message::text(text)).await;
    }

    pub(crate) async fn close(&mut self) {
        let _ = self.stream.close(None).await;
    }

    /// The first text that `fits`, also if others came before it.
    pub(crate) async fn find(
        &mut self,
        patience: Duration,
        fits: impl Fn(&str) -> bool,
    ) -> Result<String, String> {
        if let Some(at) = self.early.iter().position(|text| fits(text)) {
            return Ok(self.early.remove(at));
        }
        loop {
            match timeout(patience, self.stream.next()).await {
                Err(_) => return Err("nothing comes".into()),
                Ok(Some(Ok(Message::Text(text)))) if fits(&text) => return Ok(text.to_string()),
                Ok(Some(Ok(Message::Text(text)))) => self.early.push(text.to_string()),
                Ok(Some(Ok(Message::Close(_)))) | Ok(None | Some(Err(_))) => {
                    self.closed = true;
                    return Err("the connection ended".into());
                }
                Ok(Some(Ok(_))) => {}
            }
        }
    }

    /// Reads to the end of the connection.
    pub(crate) async fn end(&mut self, patience: Duration) -> Result<(), String> {
        if !self.closed {
            let _ = self.find(patience, |_| false).await;
        }
        self.closed.then_some(()).ok_or_else(|| "the connection stays open".into())
    }

    /// What came and was never asked for.
    pub(crate) async fn leftover(mut self) -> Vec<String> {
        let _ = self.find(Duration::from_millis(20), |_| false).await;
        self.early
    }
}

/// Status and body of one request, sent with these headers, `Host`, `Connection` and
/// `Content-Length`.
pub(crate) async fn request(
    address: SocketAddr,
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
    body: String,
) -> (u16, String) {
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n");
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    text += &format!("Content-Length: {}\r\n\r\n{body}", body.len());
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body.to_owned())
}
