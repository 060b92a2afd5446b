//! Where the current request comes from.

use std::net::SocketAddr;

use crate::auth::Caller;

tokio::task_local! {
    static CURRENT: RequestContext;
}

/// What the transport knows of the request that is being served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestContext {
    /// Who calls.
    pub caller: Caller,
    /// The peer's address, if it came over a socket.
    pub remote: Option<SocketAddr>,
    /// The header `X-VENUS-API-NAMESPACE`, by which the gateway routes to other components.
    pub namespace: Option<String>,
}

impl RequestContext {
    /// A request of `caller` from nowhere in particular.
    pub const fn new(caller: Caller) -> Self {
        Self { caller, remote: None, namespace: None }
    }

    /// Runs `work` as part of this request. Tasks that `work` spawns are not part of it.
    pub async fn scope<F: Future>(self, work: F) -> F::Output {
        CURRENT.scope(self, work).await
    }
}

/// The request being served by this task; `None` for a call in process, which is trusted.
///
/// A spawned task does not inherit it: read it before spawning.
pub fn current_request() -> Option<RequestContext> {
    CURRENT.try_with(Clone::clone).ok()
}
