//! The RPC transport, over real sockets.

mod client;
mod http;
mod interface;
mod socket;

use std::{net::SocketAddr, sync::Arc};

use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::{CancellationToken, DropGuard};
use venus_core::{
    auth::{AuthError, Caller, Permission, TokenGuard, TokenVerifier},
    rpc::{self, Client, Endpoint, Keepalive, Limits, Server},
};

use self::interface::{Toy, ToyClient, ToyService};

/// Tokens are the names of permissions; the account is `acc`.
#[derive(Debug)]
struct ByName;

#[async_trait::async_trait]
impl TokenVerifier for ByName {
    async fn verify_token(&self, token: &str) -> Result<Caller, AuthError> {
        let permission = token.parse::<Permission>();
        permission
            .map(|permission| Caller::new("acc", permission))
            .map_err(|error| AuthError::Refused(error.to_string()))
    }
}

/// A server on a free port; it stops when dropped.
struct Running {
    address: SocketAddr,
    toy: Arc<ToyService>,
    stop: DropGuard,
    task: JoinHandle<std::io::Result<()>>,
}

impl Running {
    async fn start() -> Self {
        Self::start_with("127.0.0.1:0".parse().unwrap(), Limits::default(), Keepalive::default())
            .await
    }

    async fn start_with(address: SocketAddr, limits: Limits, keepalive: Keepalive) -> Self {
        let toy = Arc::new(ToyService::default());
        let methods = <dyn Toy>::methods(Arc::clone(&toy) as Arc<dyn Toy>);
        let router = Server::new(TokenGuard::new(ByName))
            .with_limits(limits)
            .with_keepalive(keepalive)
            .route("/rpc/v0", methods)
            .into_router();
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let task = tokio::spawn(rpc::serve(listener, router, stop.clone()));
        Self { address, toy, stop: stop.drop_guard(), task }
    }

    fn client(&self, scheme: &str, token: &str) -> ToyClient {
        let endpoint = Endpoint::parse(&format!("{scheme}://{}", self.address), 0).unwrap();
        ToyClient::new(Client::connect(&endpoint, Some(token.into())))
    }

    async fn stop(self) -> SocketAddr {
        drop(self.stop);
        self.task.await.unwrap().unwrap();
        self.address
    }
}
