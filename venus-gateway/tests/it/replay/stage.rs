//! Our gateway as the recordings have it: behind its own token and venus-auth.

use std::{net::SocketAddr, time::Duration};

use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use venus_core::{
    api::gateway::GatewayCalls,
    auth::{AuthClient, LocalToken, TokenGuard},
    rpc,
};
use venus_gateway::{Gateway, GatewayConfig};

use super::auth::{FakeAuth, token};

pub(crate) struct Stage {
    pub(crate) auth: FakeAuth,
    pub(crate) local: String,
    pub(crate) address: SocketAddr,
    auth_url: String,
    timeout_secs: u64,
    gateway: Gateway,
    stop: CancellationToken,
    serving: JoinHandle<std::io::Result<()>>,
}

impl Stage {
    pub(crate) async fn start(timeout_secs: u64) -> Self {
        let (auth, auth_url) = FakeAuth::start().await;
        Self::at("127.0.0.1:0", auth, auth_url, timeout_secs).await
    }

    async fn at(address: &str, auth: FakeAuth, auth_url: String, timeout_secs: u64) -> Self {
        let client = AuthClient::new(&auth_url, token("cluster-admin")).unwrap();
        let config =
            GatewayConfig { request_timeout_secs: timeout_secs, ..GatewayConfig::default() };
        let gateway = Gateway::new(config, std::sync::Arc::new(client.clone())).unwrap();
        let own = LocalToken::ephemeral();
        let local = own.token().to_owned();
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = gateway.router(TokenGuard::new(own).or(client));
        let stop = CancellationToken::new();
        let serving = tokio::spawn(rpc::serve(listener, router, stop.clone()));
        Self { auth, local, address, auth_url, timeout_secs, gateway, stop, serving }
    }

    pub(crate) async fn stop(&mut self) {
        self.stop.cancel();
        (&mut self.serving).await.unwrap().unwrap();
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Starts another gateway, with secrets of its own, where this one was.
    pub(crate) async fn start_again(&mut self) {
        let address = self.address.to_string();
        *self =
            Self::at(&address, self.auth.clone(), self.auth_url.clone(), self.timeout_secs).await;
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
