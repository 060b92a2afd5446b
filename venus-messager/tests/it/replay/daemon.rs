//! A messager on a scripted node, served over a real socket, and the plainest of HTTP clients.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};

use serde::Deserialize;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_util::sync::CancellationToken;
use venus_core::{
    Address, Bytes,
    auth::{LocalToken, SignerBindings, TokenGuard},
    crypto::{KeyKind, PrivateKey},
    rpc,
    test_utils::{MemAuth, MemSigner},
};
use venus_messager::{Messager, MessagerConfig};

use crate::{
    node::ScriptedNode,
    store::{Dsn, Place},
    world::Running,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Key {
    address: Address,
    r#type: KeyKind,
    private_key: Bytes,
    account: String,
    id: Address,
}

pub(crate) struct Daemon {
    _home: TempDir,
    pub(crate) node: ScriptedNode,
    pub(crate) address: SocketAddr,
    pub(crate) local: String,
    running: Running,
    stop: CancellationToken,
}

impl Daemon {
    /// Begins with an empty store and the keys of the recordings.
    pub(crate) async fn start(over_database: bool) -> Self {
        let keys: Vec<Key> =
            serde_json::from_str(include_str!("../../fixtures/keys.json")).unwrap();
        let auth = MemAuth::with_users(&["cluster", "w1", "w2", "nosign"]);
        let node = ScriptedNode::new(&[]);
        let mut secrets = Vec::new();
        for key in keys {
            let secret = PrivateKey::from_bytes(key.r#type, &key.private_key.0).unwrap();
            assert_eq!(secret.address(), key.address);
            secrets.push(secret);
            auth.register_signers(&key.account, &[key.address]).await.unwrap();
            node.add_account(key.id.as_id().unwrap(), key.address);
        }
        let home = tempfile::tempdir().unwrap();
        let auth = Arc::new(auth);
        let config =
            MessagerConfig { stable: Duration::from_millis(50), ..MessagerConfig::default() };
        let signer = Arc::new(MemSigner::with(secrets));
        let place: &dyn Place = if over_database { &Dsn::empty() } else { &home };
        let messager = Messager::builder(Arc::new(node.clone()), signer)
            .with_signers(Arc::clone(&auth) as Arc<dyn SignerBindings>)
            .with_config(config)
            .with_store(place.open().await.into());
        let running = Running::start(&messager);
        while node.calls("ChainGetMessagesInTipset") == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let local = LocalToken::ephemeral();
        let token = local.token().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let router = messager.router(TokenGuard::new(local).or(auth));
        tokio::spawn(rpc::serve(listener, router, stop.clone()));
        Self { _home: home, node, address, local: token, running, stop }
    }

    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.running.stop().await;
    }

    /// Sends exactly these headers, `Host`, `Connection` and `Content-Length`.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &BTreeMap<String, String>,
        body: Option<&str>,
    ) -> Answer {
        let mut text =
            format!("{method} {path} HTTP/1.1\r\nHost: messager\r\nConnection: close\r\n");
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
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        // Long answers come in pieces.
        let body = match head.to_lowercase().contains("transfer-encoding: chunked") {
            true => unchunked(body),
            false => body.to_owned(),
        };
        Answer { status, body }
    }
}

fn unchunked(mut body: &str) -> String {
    let mut whole = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        whole += &rest[..size];
        body = rest[size..].trim_start_matches("\r\n");
    }
    whole
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}
