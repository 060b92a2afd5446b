//! From the listener to the last connection.

use std::{io, net::SocketAddr, time::Duration};

use axum::serve::ListenerExt;
use axum::{Extension, Router};
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long calls in flight may take after the order to shut down.
pub(super) const GRACE: Duration = Duration::from_secs(2);

/// What every handler knows of the server's life.
#[derive(Debug, Clone, Default)]
pub(super) struct Lifetime {
    pub(super) shutdown: CancellationToken,
    /// The WebSockets, which have left the HTTP server's care.
    pub(super) sockets: TaskTracker,
}

impl Lifetime {
    /// Ends when calls in flight have had their time.
    pub(super) async fn over(&self) {
        self.shutdown.cancelled().await;
        tokio::time::sleep(GRACE).await;
    }
}

/// Serves `router` until `shutdown`, then lets calls in flight finish for a few seconds.
///
/// When it returns, the port is free and no connection is left.
///
/// # Errors
///
/// If the listener fails for good.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let lifetime = Lifetime { shutdown: shutdown.clone(), sockets: TaskTracker::new() };
    let service = router
        .layer(Extension(lifetime.clone()))
        .into_make_service_with_connect_info::<SocketAddr>();
    let listener = listener.tap_io(|connection| {
        // Frames are small and answered one by one: held back, each costs 40 ms.
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "a connection stays slow");
        }
    });
    let serving =
        axum::serve(listener, service).with_graceful_shutdown(shutdown.clone().cancelled_owned());
    let overdue = async {
        lifetime.over().await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    };
    tokio::select! {
        outcome = serving.into_future() => outcome?,
        () = overdue => tracing::warn!("connections still open at shutdown were dropped"),
    }
    lifetime.sockets.close();
    // Each ends by itself within the grace period.
    lifetime.sockets.wait().await;
    Ok(())
}
