//! A service on a loopback port.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
};

use axum::Router;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::rpc;

/// A router that is served until this goes away.
#[derive(Debug)]
pub struct Served {
    /// Where.
    pub address: SocketAddr,
    stop: CancellationToken,
    task: JoinHandle<io::Result<()>>,
}

impl Served {
    /// Serves on a port of its own.
    pub async fn start(router: Router) -> Self {
        Self::at((Ipv4Addr::LOCALHOST, 0).into(), router).await
    }

    /// Serves here.
    ///
    /// # Panics
    ///
    /// If somebody else does.
    pub async fn at(address: SocketAddr, router: Router) -> Self {
        let listener = TcpListener::bind(address).await.expect("a free port");
        let address = listener.local_addr().expect("a listener has an address");
        let stop = CancellationToken::new();
        let task = tokio::spawn(rpc::serve(listener, router, stop.clone()));
        Self { address, stop, task }
    }

    /// Ends all connections and waits for that.
    ///
    /// # Panics
    ///
    /// If it did not end well.
    pub async fn stop(&mut self) {
        self.stop.cancel();
        (&mut self.task).await.expect("no panic").expect("an end without an error");
    }

    /// Whether it was stopped.
    pub fn is_stopped(&self) -> bool {
        self.stop.is_cancelled()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
