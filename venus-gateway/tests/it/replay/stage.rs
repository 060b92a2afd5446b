//! Our gateway as the recordings have it: behind its own token and venus-auth.

use std::{net::SocketAddr, time::Duration};

use venus_core::{
    api::gateway::GatewayCalls,
    auth::{AuthClient, LocalToken, TokenGuard},
    test_utils::replay::Served,
};
use venus_gateway::{Gateway, GatewayConfig};

use super::auth::{FakeAuth, token};

pub(crate) struct Stage {
    pub(crate) auth: FakeAuth,
    pub(crate) local: String,
    pub(crate) served: Served,
    auth_url: String,
    timeout_secs: u64,
    gateway: Gateway,
}

impl Stage {
    pub(crate) async fn start(timeout_secs: u64) -> Self {
        let (auth, auth_url) = FakeAuth::start().await;
        Self::at(([127, 0, 0, 1], 0).into(), auth, auth_url, timeout_secs).await
    }

    async fn at(address: SocketAddr, auth: FakeAuth, auth_url: String, timeout_secs: u64) -> Self {
        let client = AuthClient::new(&auth_url, token("cluster-admin")).unwrap();
        let config =
            GatewayConfig { request_timeout_secs: timeout_secs, ..GatewayConfig::default() };
        let gateway = Gateway::new(config, std::sync::Arc::new(client.clone())).unwrap();
        let own = LocalToken::ephemeral();
        let local = own.token().to_owned();
        let served = Served::at(address, gateway.router(TokenGuard::new(own).or(client))).await;
        Self { auth, local, served, auth_url, timeout_secs, gateway }
    }

    /// Starts another gateway, with secrets of its own, where this one was.
    pub(crate) async fn start_again(&mut self) {
        let address = self.served.address;
        *self =
            Self::at(address, self.auth.clone(), self.auth_url.clone(), self.timeout_secs).await;
    }

    /// Waits until nobody is connected.
    pub(crate) async fn settle(&self) {
        for _ in 0..250 {
            let wallets = self.gateway.list_wallet_info().await.unwrap();
            if wallets.is_empty() && self.gateway.list_connected_miners().await.unwrap().is_empty()
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("somebody is still connected");
    }
}
