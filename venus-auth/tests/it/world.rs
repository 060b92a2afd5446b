//! A running venus-auth, and the plainest of HTTP clients.

use std::collections::HashMap;

use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_util::sync::CancellationToken;
use venus_auth::{Auth, AuthConfig, AuthHandle, DbConfig};

pub(crate) struct World {
    pub(crate) auth: AuthHandle,
    pub(crate) home: TempDir,
}

pub(crate) fn config(home: &std::path::Path) -> AuthConfig {
    let mut config = AuthConfig::in_home(home);
    config.listen = "127.0.0.1:0".parse().unwrap();
    config
}

impl World {
    pub(crate) async fn start(admit_disabled_users: bool) -> Self {
        Self::start_over(DbConfig::Sled, admit_disabled_users).await
    }

    pub(crate) async fn start_over(db: DbConfig, admit_disabled_users: bool) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut config = config(home.path());
        config.db = db;
        config.admit_disabled_users = admit_disabled_users;
        let auth = Auth::builder(config).open().await.unwrap();
        Self { auth: auth.start(CancellationToken::new()).await.unwrap(), home }
    }

    /// Sends exactly these headers, `Host` and `Content-Length`.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(String, String)],
        body: Option<&str>,
    ) -> Answer {
        let mut text = format!("{method} {path} HTTP/1.1\r\nHost: auth\r\nConnection: close\r\n");
        for (name, value) in headers {
            text += &format!("{name}: {value}\r\n");
        }
        if let Some(body) = body {
            text += &format!("Content-Length: {}\r\n", body.len());
        }
        text += "\r\n";
        text += body.unwrap_or_default();
        let mut stream = TcpStream::connect(self.auth.local_addr()).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        Answer { status, headers, body: body.to_owned() }
    }
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: String,
}
