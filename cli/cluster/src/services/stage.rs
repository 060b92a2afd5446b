//! Tasks that are stopped together, and the ports that they take.

use std::{future::Future, net::SocketAddr, time::Duration};

use anyhow::Context;
use axum::Router;
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;
use venus_core::rpc;

use crate::{Event, Events, Service};

/// How long a stage may take to stop.
const PATIENCE: Duration = Duration::from_secs(20);

/// Tasks that are stopped together. Dropped, it ends them without waiting.
#[derive(Debug)]
pub(crate) struct Stage {
    name: &'static str,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Stage {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, stop: CancellationToken::new(), tasks: JoinSet::new() }
    }

    /// Cancelled when the stage is to stop.
    pub(crate) fn token(&self) -> CancellationToken {
        self.stop.clone()
    }

    pub(crate) fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// Serves until the stage stops.
    pub(crate) fn serve(&mut self, listener: TcpListener, router: Router) {
        let (name, stop) = (self.name, self.token());
        self.spawn(async move {
            if let Err(error) = rpc::serve(listener, router, stop).await {
                tracing::error!(service = name, %error, "stopped serving");
            }
        });
    }

    /// Stops the tasks and waits for them.
    pub(crate) async fn end(mut self) {
        self.stop.cancel();
        let all = async {
            while let Some(ended) = self.tasks.join_next().await {
                if let Err(error) = ended {
                    tracing::error!(stage = self.name, %error, "a task ended badly");
                }
            }
        };
        if tokio::time::timeout(PATIENCE, all).await.is_err() {
            tracing::warn!(stage = self.name, "did not stop in time; dropped");
        }
        tracing::debug!(stage = self.name, "stopped");
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Gives out the ports of a pool and keeps what listens there.
#[derive(Debug, Clone)]
pub(crate) struct Ports {
    base: u16,
    events: Events,
}

impl Ports {
    pub(crate) fn new(base: u16, events: Events) -> Self {
        Self { base, events }
    }

    /// The address of the service number `offset`.
    pub(crate) fn address(&self, offset: u16) -> SocketAddr {
        let port = if self.base == 0 { 0 } else { self.base.saturating_add(offset) };
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    /// Binds the port of the service number `offset`.
    pub(crate) async fn bind(&self, name: &str, offset: u16) -> anyhow::Result<TcpListener> {
        let address = self.address(offset);
        TcpListener::bind(address).await.with_context(|| {
            format!(
                "{name} cannot listen at {address}; stop what does, or choose another --base-port"
            )
        })
    }

    /// Says where a service listens.
    pub(crate) fn announce(&self, name: &str, url: String) -> Service {
        self.events.send(Event::ServiceUp { name: name.to_owned(), url: url.clone() });
        Service { name: name.to_owned(), url }
    }

    /// Serves a router and says where.
    pub(crate) async fn serve(
        &self,
        stage: &mut Stage,
        name: &str,
        offset: u16,
        router: Router,
    ) -> anyhow::Result<Service> {
        let listener = self.bind(name, offset).await?;
        let url = format!("http://{}", listener.local_addr()?);
        stage.serve(listener, router);
        Ok(self.announce(name, url))
    }
}
