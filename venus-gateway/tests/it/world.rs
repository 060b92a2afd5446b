//! A gateway on a port of its own, and the clients that tests need.

use std::sync::Arc;

use venus_core::{
    Address,
    api::gateway::GatewayClient,
    auth::{MinerBindings, Permission, TokenGuard},
    crypto::{KeyKind, PrivateKey},
    rpc::{Client, Endpoint},
    test_utils::{MemAuth, replay::Served},
};
use venus_gateway::{Gateway, GatewayConfig};

pub(crate) struct World {
    pub(crate) auth: Arc<MemAuth>,
    pub(crate) gateway: Gateway,
    served: Served,
}

impl World {
    pub(crate) async fn start() -> Self {
        let auth = Arc::new(MemAuth::with_users(&["w_acc", "li_sealer", "other", "cluster"]));
        auth.upsert_miner("li_sealer", Address::id(1000), true).await.unwrap();
        let config = GatewayConfig { request_timeout_secs: 2, ..GatewayConfig::default() };
        let gateway = Gateway::new(config, auth.clone()).unwrap();
        let served = Served::start(gateway.router(TokenGuard::new(auth.clone()))).await;
        Self { auth, gateway, served }
    }

    pub(crate) fn client(&self, name: &str, permission: Permission) -> GatewayClient {
        let url = format!("ws://{}/rpc/v2", self.served.address);
        let endpoint = Endpoint::parse(&url, 2).unwrap();
        Client::connect(&endpoint, Some(MemAuth::token(name, permission))).into()
    }
}

/// A secp256k1 key of 32 equal bytes.
pub(crate) fn key(byte: u8) -> PrivateKey {
    PrivateKey::from_bytes(KeyKind::Secp256k1, &[byte; 32]).unwrap()
}
