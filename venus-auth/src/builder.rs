//! Putting venus-auth together and serving it.

use std::{fs::DirBuilder, net::SocketAddr, os::unix::fs::DirBuilderExt, sync::Arc};

use axum::Router;
use chrono::{DateTime, Utc};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use venus_core::auth::{LocalTokenError, TOKEN_FILE, write_secret_file};

use crate::{AuthConfig, AuthService, Error, influx::AccessLog, rest, store::AuthStore};

/// How long the end waits for the last lines of the access log to be taken.
const LAST_LINES: std::time::Duration = std::time::Duration::from_secs(5);

/// Makes an [`Auth`].
#[derive(Debug)]
pub struct AuthBuilder {
    config: AuthConfig,
    store: Option<Arc<dyn AuthStore>>,
    clock: Clock,
}

struct Clock(Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>);

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}

impl AuthBuilder {
    /// Keeps everything in this store instead of that of the configuration.
    #[must_use]
    pub fn with_store(mut self, store: impl AuthStore + 'static) -> Self {
        self.store = Some(Arc::new(store));
        self
    }

    /// Tells the time with this instead of the system's clock.
    #[must_use]
    pub fn with_clock(mut self, now: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Self {
        self.clock = Clock(Arc::new(now));
        self
    }

    /// Opens the store, and creates the administrator's token if there is none.
    ///
    /// # Errors
    ///
    /// [`Error::Store`] if the store cannot be opened, such as when another process has it.
    pub async fn open(self) -> Result<Auth, Error> {
        let Self { config, store, clock } = self;
        let store = match store {
            Some(store) => store,
            None => config.db.open(&config.home).await?,
        };
        let access_log = config.influx.as_ref().map(AccessLog::start).transpose()?;
        let service = AuthService::new(store, clock.0, config.admit_disabled_users);
        let admin_token = service.default_admin_token().await?;
        Ok(Auth { config, service, admin_token, access_log })
    }
}

/// An opened venus-auth: use its service in process, mount its router, or serve it.
pub struct Auth {
    config: AuthConfig,
    service: AuthService,
    admin_token: String,
    access_log: Option<(AccessLog, JoinHandle<()>)>,
}

impl Auth {
    /// Begins with the settings.
    pub fn builder(config: AuthConfig) -> AuthBuilder {
        AuthBuilder { config, store: None, clock: Clock(Arc::new(Utc::now)) }
    }

    /// The service itself, for calls in process.
    pub fn service(&self) -> &AuthService {
        &self.service
    }

    /// The administrator's token that lies in the file `token` of the home while it is served.
    pub fn admin_token(&self) -> &str {
        &self.admin_token
    }

    /// All routes of the REST interface.
    pub fn router(&self) -> Router {
        let access_log = self.access_log.as_ref().map(|(log, _)| log.clone());
        rest::router(self.service.clone(), self.config.request_timeout, access_log)
    }

    /// Binds the port, then writes the token file, and serves in the background until `shutdown`.
    ///
    /// # Errors
    ///
    /// [`Error::Bind`] if the port is in use, [`Error::TokenFile`] if the home is not writable.
    pub async fn start(self, shutdown: CancellationToken) -> Result<AuthHandle, Error> {
        let listen = self.config.listen;
        let bind = |source| Error::Bind { listen, source };
        let listener = TcpListener::bind(listen).await.map_err(bind)?;
        let local_addr = listener.local_addr().map_err(bind)?;
        let token = self.config.home.join(TOKEN_FILE);
        // With everything in a database nobody has made the home yet.
        let home = DirBuilder::new().recursive(true).mode(0o700).create(&self.config.home);
        home.map_err(|source| LocalTokenError::Io { path: token.clone(), source })?;
        write_secret_file(&token, self.admin_token.as_bytes())?;
        tracing::info!(listen = %local_addr, home = %self.config.home.display(), "venus-auth serves");
        let router = self.router().into_make_service_with_connect_info::<SocketAddr>();
        let stop = shutdown.clone();
        let server = tokio::spawn(async move {
            let stopping = async move { stop.cancelled().await };
            axum::serve(listener, router).with_graceful_shutdown(stopping).await
        });
        let Self { service, admin_token, access_log, .. } = self;
        // Its other ends are with the server: it ends after that one.
        let log = access_log.map(|(_, task)| task);
        Ok(AuthHandle { local_addr, service, admin_token, shutdown, server, log })
    }

    /// Serves until `shutdown`, and returns when what had begun is finished.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start), or what the server met while it ran.
    pub async fn serve(self, shutdown: CancellationToken) -> Result<(), Error> {
        self.start(shutdown).await?.stopped().await
    }
}

impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Auth").field("config", &self.config).finish_non_exhaustive()
    }
}

/// A venus-auth that serves. Dropping the handle leaves it serving.
pub struct AuthHandle {
    local_addr: SocketAddr,
    service: AuthService,
    admin_token: String,
    shutdown: CancellationToken,
    server: JoinHandle<std::io::Result<()>>,
    log: Option<JoinHandle<()>>,
}

impl AuthHandle {
    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// The address for an [`AuthClient`](venus_core::auth::AuthClient).
    pub fn url(&self) -> String {
        format!("http://{}", self.local_addr)
    }

    /// The service itself, for calls in process.
    pub fn service(&self) -> &AuthService {
        &self.service
    }

    /// The administrator's token.
    pub fn admin_token(&self) -> &str {
        &self.admin_token
    }

    /// Waits until it has stopped.
    ///
    /// # Errors
    ///
    /// What the server met while it ran.
    pub async fn stopped(self) -> Result<(), Error> {
        self.server.await?.map_err(Error::Serve)?;
        if let Some(log) = self.log {
            let sent = tokio::time::timeout(LAST_LINES, log).await;
            if sent.is_err() {
                tracing::warn!("the last lines of the access log were not sent: no answer");
            }
        }
        Ok(())
    }

    /// Stops it, letting requests that have begun finish; the port is free afterwards.
    ///
    /// # Errors
    ///
    /// What the server met while it ran.
    pub async fn shutdown(self) -> Result<(), Error> {
        self.shutdown.cancel();
        self.stopped().await
    }
}

impl std::fmt::Debug for AuthHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuthHandle").field("local_addr", &self.local_addr).finish_non_exhaustive()
    }
}
