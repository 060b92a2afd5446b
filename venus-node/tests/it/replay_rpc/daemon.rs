//! Our node on the recorded chain, behind a real socket.

use std::{collections::BTreeMap, fs::File, net::SocketAddr};

use serde::Deserialize;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use venus_core::{
    auth::{Claims, JwtSecret, LocalToken, Permission, TokenGuard},
    test_utils::replay::{Answer, Headers, send},
};
use venus_node::{ClockKind, Node, NodeBuilder, NodeConfig, PoolConfig, Preset};
use venus_proofs::MockVerifier;

use super::drand::Drand;
use crate::recorded::fixture;

const CHAIN: &str = "lotus-2k-nv28-scenario";

/// What stands beside the chain.
#[derive(Deserialize)]
struct Beside {
    network_params: Params,
    tipsets: Vec<Tipset>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Params {
    block_delay_secs: u64,
}

#[derive(Deserialize)]
struct Tipset {
    timestamp: u64,
}

/// The CAR file of the chain.
pub(super) fn snapshot() -> Vec<u8> {
    zstd::decode_all(File::open(fixture(&format!("{CHAIN}.car.zst"))).unwrap()).unwrap()
}

/// A node that begins from the recorded chain.
pub(super) fn builder(home: &std::path::Path) -> NodeBuilder {
    venus_core::set_network(false);
    let beside = std::fs::read(fixture(&format!("{CHAIN}.json"))).unwrap();
    let beside: Beside = serde_json::from_slice(&beside).unwrap();
    let delay = beside.network_params.block_delay_secs;
    let car = File::open(fixture(&format!("{CHAIN}.car.zst"))).unwrap();
    let config = NodeConfig {
        listen: "127.0.0.1:0".into(),
        block_delay: Some(delay),
        clock: ClockKind::Stepped,
        pool: PoolConfig { premium_noise: 0.0, ..PoolConfig::default() },
        ..NodeConfig::new(Preset::Compat)
    };
    Node::builder(home, config)
        .with_verifier(MockVerifier)
        .with_beacon(Drand::new(beside.tipsets[0].timestamp, delay))
        .with_snapshot(zstd::Decoder::new(car).unwrap())
}

pub(super) struct Daemon {
    pub(super) node: Node,
    pub(super) address: SocketAddr,
    tokens: BTreeMap<&'static str, String>,
    stop: CancellationToken,
    _home: TempDir,
}

impl Daemon {
    pub(super) async fn start() -> Self {
        let home = tempfile::tempdir().unwrap();
        let node = builder(home.path()).open().await.unwrap();
        let secret = JwtSecret::random();
        let sign = |permission| secret.sign(&Claims::new("local", permission));
        let tokens = BTreeMap::from([
            ("{{token:admin}}", sign(Permission::Admin)),
            ("{{token:write}}", sign(Permission::Write)),
            ("{{token:read}}", sign(Permission::Read)),
        ]);
        let listener = node.listen().await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        tokio::spawn({
            let (node, stop) = (node.clone(), stop.clone());
            let guard = TokenGuard::new(LocalToken::with_secret(secret));
            async move { node.serve(listener, guard, stop).await.unwrap() }
        });
        Self { node, address, tokens, stop, _home: home }
    }

    pub(super) fn token(&self) -> String {
        self.tokens["{{token:admin}}"].clone()
    }

    /// Puts the tokens in.
    fn fill(&self, text: &str) -> String {
        self.tokens.iter().fold(text.to_owned(), |text, (name, token)| text.replace(name, token))
    }

    pub(super) async fn request(
        &self,
        method: &str,
        path: &str,
        headers: &Headers,
        body: &str,
    ) -> Answer {
        let headers = headers.iter().map(|(name, value)| (name, self.fill(value)));
        send(self.address, method, path, headers, Some(body)).await
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
