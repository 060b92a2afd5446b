//! A wallet served over a real socket, and the plainest of HTTP clients.

use std::{collections::BTreeMap, net::SocketAddr};

use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;
use venus_core::{
    auth::{JwtSecret, TokenGuard},
    rpc,
};
use venus_wallet::{Wallet, WalletConfig, WalletService, WalletTokens, register::Registrations};

use super::recording::SECRET;

pub(crate) struct Daemon {
    home: TempDir,
    pub(crate) wallet: Wallet,
    pub(crate) address: SocketAddr,
    stop: CancellationToken,
    serving: JoinHandle<std::io::Result<()>>,
}

impl Daemon {
    /// Begins with an empty store.
    pub(crate) async fn start() -> Self {
        Self::open(tempfile::tempdir().unwrap()).await
    }

    async fn open(home: TempDir) -> Self {
        let config = WalletConfig { scrypt_log_n: 10, ..WalletConfig::default() };
        let wallet = Wallet::open(home.path(), config).unwrap();
        let tokens = WalletTokens::new(JwtSecret::from_bytes(SECRET).unwrap());
        let gateways = Registrations::new(Vec::new(), Vec::new());
        let service = WalletService::new(wallet.clone(), gateways, tokens.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let router = service.router(TokenGuard::new(tokens));
        let serving = tokio::spawn(rpc::serve(listener, router, stop.clone()));
        Self { home, wallet, address, stop, serving }
    }

    /// Ends the process, so to speak, and starts another with the same store.
    pub(crate) async fn restart(self) -> Self {
        let Self { home, wallet, stop, serving, .. } = self;
        stop.cancel();
        serving.await.unwrap().unwrap();
        drop(wallet);
        Self::open(home).await
    }

    /// Sends exactly these headers, `Host`, `Connection` and `Content-Length`.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &BTreeMap<String, String>,
        body: Option<&str>,
    ) -> Answer {
        let mut text = format!("{method} {path} HTTP/1.1\r\nHost: wallet\r\nConnection: close\r\n");
        for (name, value) in headers {
            text += &format!("{name}: {value}\r\n");
        }
        if let Some(body) = body {
            text += &format!("Content-Length: {}\r\n", body.len());
        }
        text += "\r\n";
        text += body.unwrap_or_default();
        let mut stream = TcpStream::connect(self.address).await.unwrap();
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
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}
