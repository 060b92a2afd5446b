//! The serving side: one path answers plain HTTP and WebSocket.

mod front;
mod http;
mod lifetime;
mod socket;

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Router, middleware,
    routing::{any, get},
};

use self::http::Service;
pub use self::lifetime::serve;
use super::{Keepalive, MethodDescription, Methods, RpcError, openrpc};
use crate::{
    auth::{Guard, Permission},
    metrics::Metrics,
};

/// What one peer may use up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of an HTTP body or a WebSocket message.
    pub body: usize,
    /// Calls and streams at the same time on one WebSocket.
    pub in_flight: usize,
    /// Calls in one batch.
    pub batch: usize,
}

impl Default for Limits {
    /// 100 MiB, 4096 calls, 1000 members.
    fn default() -> Self {
        Self { body: 100 << 20, in_flight: 4096, batch: 1000 }
    }
}

/// Puts methods behind a guard and serves them.
///
/// ```no_run
/// # async fn start(guard: venus_core::auth::TokenGuard, methods: venus_core::rpc::Methods)
/// # -> std::io::Result<()> {
/// use venus_core::rpc;
///
/// let router = rpc::Server::new(guard).route("/rpc/v1", methods).into_router();
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:3453").await?;
/// rpc::serve(listener, router, tokio_util::sync::CancellationToken::new()).await
/// # }
/// ```
///
/// `GET /metrics` gives counts to who has a token. `GET /healthcheck` and what the caller adds to the router need no token; everything else does,
/// also a path that does not exist. A handler is dropped, at the await it stands at, when its
/// caller cancels or disconnects: what must be finished belongs into a task of its own.
#[derive(Debug)]
pub struct Server {
    guard: Arc<dyn Guard>,
    routes: BTreeMap<String, Methods>,
    limits: Limits,
    keepalive: Keepalive,
    title: String,
    version: String,
    metrics: Option<Metrics>,
}

impl Server {
    /// A server without routes.
    pub fn new(guard: impl Guard + 'static) -> Self {
        Self {
            guard: Arc::new(guard),
            routes: BTreeMap::new(),
            limits: Limits::default(),
            keepalive: Keepalive::default(),
            title: "venus".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            metrics: None,
        }
    }

    /// Serves `methods` on `path`, besides those that are there already.
    #[must_use]
    pub fn route(mut self, path: &str, methods: Methods) -> Self {
        let there = self.routes.remove(path).unwrap_or_default();
        self.routes.insert(path.to_owned(), there.merge(methods));
        self
    }

    /// Sets what one peer may use up.
    #[must_use]
    pub const fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets when a WebSocket is taken for dead.
    #[must_use]
    pub const fn with_keepalive(mut self, keepalive: Keepalive) -> Self {
        self.keepalive = keepalive;
        self
    }

    /// Sets name and version of the service in what `rpc.discover` answers.
    #[must_use]
    pub fn with_info(mut self, title: impl Into<String>, version: impl Into<String>) -> Self {
        self.title = title.into();
        self.version = version.into();
        self
    }

    /// Serves what the service counts, besides the calls, at `/metrics`.
    #[must_use]
    pub fn with_metrics(mut self, metrics: Metrics) -> Self {
        self.metrics = Some(metrics);
        self
    }

    /// The router to serve, or to add routes to.
    pub fn into_router(self) -> Router {
        let metrics = self.metrics.unwrap_or_else(|| Metrics::new(&self.title));
        let mut router =
            Router::new().route("/metrics", get(http::metrics).with_state(metrics.clone()));
        for (path, methods) in self.routes {
            let document = openrpc(&self.title, &self.version, &methods.describe());
            let discover = MethodDescription {
                docs: "Describes this interface as an OpenRPC document.",
                result: "OpenRPC",
                ..MethodDescription::new("rpc.discover", Permission::Read)
            };
            let methods = methods.with_call(discover, move |(): ()| {
                let document = document.clone();
                async move { Ok::<_, RpcError>(document) }
            });
            let service = Arc::new(Service {
                methods,
                limits: self.limits,
                keepalive: self.keepalive,
                metrics: metrics.clone(),
            });
            router = router.route(&path, any(http::handle).with_state(service));
        }
        router
            .layer(middleware::from_fn_with_state(self.guard, front::authenticate))
            .route("/healthcheck", get(http::healthcheck))
    }
}
