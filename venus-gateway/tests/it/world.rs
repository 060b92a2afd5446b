//! A gateway on a port of its own, and the clients that tests need.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use venus_core::{
    Address,
    api::gateway::GatewayClient,
    auth::{MinerBindings, Permission, TokenGuard},
    crypto::{KeyKind, PrivateKey},
    rpc::{self, Client, Endpoint},
    test_utils::MemAuth,
};
use venus_gateway::{Gateway, GatewayConfig};

pub(crate) struct World {
    pub(crate) auth: Arc<MemAuth>,
    pub(crate) gateway: Gateway,
    url: String,
    _stop: tokio_util::sync::DropGuard,
}

impl World {
    pub(crate) async fn start() -> Self {
        let auth = Arc::new(MemAuth::with_users(&["w_acc", "li_sealer", "other", "cluster"]));
        auth.upsert_miner("li_sealer", Address::id(1000), true).await.unwrap();
        let config = GatewayConfig { request_timeout_secs: 2, ..GatewayConfig::default() };
        let gateway = Gateway::new(config, auth.clone()).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}/rpc/v2", listener.local_addr().unwrap());
        let router = gateway.router(TokenGuard::new(auth.clone()));
        let stop = CancellationToken::new();
        tokio::spawn(rpc::serve(listener, router, stop.clone()));
        Self { auth, gateway, url, _stop: stop.drop_guard() }
    }

    pub(crate) fn client(&self, name: &str, permission: Permission) -> GatewayClient {
        let endpoint = Endpoint::parse(&self.url, 2).unwrap();
        Client::connect(&endpoint, Some(MemAuth::token(name, permission))).into()
    }
}

/// A secp256k1 key of 32 equal bytes.
pub(crate) fn key(byte: u8) -> PrivateKey {
    PrivateKey::from_bytes(KeyKind::Secp256k1, &[byte; 32]).unwrap()
}
