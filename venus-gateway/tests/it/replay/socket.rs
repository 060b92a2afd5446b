//! The WebSockets of a scenario.

use std::{net::SocketAddr, time::Duration};

use futures::{SinkExt, StreamExt};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use venus_core::test_utils::replay::{self, Headers};

/// A WebSocket, and what came on it and was not yet asked for.
pub(crate) struct Socket {
    stream: replay::Socket,
    early: Vec<String>,
    closed: bool,
}

impl Socket {
    /// Opens a WebSocket, or returns the status with which it was refused.
    pub(crate) async fn open(
        address: SocketAddr,
        path: &str,
        headers: &Headers,
    ) -> Result<Self, u16> {
        let stream = replay::open(address, path, headers).await?;
        Ok(Self { stream, early: Vec::new(), closed: false })
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
