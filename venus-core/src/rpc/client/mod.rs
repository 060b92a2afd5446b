//! The calling side: plain HTTP or one WebSocket that is made again whenever it is lost.

mod backoff;
mod http;
mod session;
mod socket;

use std::{
    fmt,
    future::Future,
    sync::{
        Arc, Mutex, Once, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use ::http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use futures::stream;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use self::session::{Call, Command, Reply};
use super::{Endpoint, Keepalive, NAMESPACE_HEADER, Params, RpcError, RpcStream, frame, params};

/// How long a call may take unless the client is told otherwise.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Calls one service. Cheap to clone; clones share the connection.
///
/// Making one opens nothing: the connection is made by the first call, and again by the next call
/// after it was lost, with growing pauses while the service is away. A call in flight when it is
/// lost fails with [`RpcError::ConnectionLost`], and its streams end. Dropping the future of a
/// call cancels it at the service.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    timeout: Option<Duration>,
}

struct Shared {
    settings: Arc<Settings>,
    http: Mutex<Option<reqwest::Client>>,
    socket: Mutex<Option<mpsc::UnboundedSender<Command>>>,
    next_id: AtomicU64,
}

#[derive(Clone)]
struct Settings {
    endpoint: Endpoint,
    /// The token and what else goes with each request; the token is marked as sensitive.
    headers: HeaderMap,
    /// Why the headers cannot be sent, if so.
    bad_header: Option<&'static str>,
    keepalive: Keepalive,
}

impl Client {
    /// Prepares to call the service at `endpoint`.
    pub fn connect(endpoint: &Endpoint, token: Option<String>) -> Self {
        install_tls_provider();
        let mut settings = Settings {
            endpoint: endpoint.clone(),
            headers: HeaderMap::new(),
            bad_header: None,
            keepalive: Keepalive::default(),
        };
        if let Some(token) = token.filter(|token| !token.is_empty()) {
            match HeaderValue::try_from(format!("Bearer {}", token.trim())) {
                Ok(mut value) => {
                    value.set_sensitive(true);
                    settings.headers.insert(AUTHORIZATION, value);
                }
                Err(_) => settings.bad_header = Some("the token has characters no token has"),
            }
        }
        Self::new(settings, Some(TIMEOUT))
    }

    fn new(settings: Settings, timeout: Option<Duration>) -> Self {
        let shared = Shared {
            settings: Arc::new(settings),
            http: Mutex::default(),
            socket: Mutex::default(),
            next_id: AtomicU64::new(1),
        };
        Self { shared: Arc::new(shared), timeout }
    }

    /// The same client, on the same connection, whose calls may take `timeout`, or for ever. The
    /// default is 30 s.
    #[must_use]
    pub fn with_timeout(&self, timeout: Option<Duration>) -> Self {
        Self { shared: Arc::clone(&self.shared), timeout }
    }

    /// A client on a connection of its own that names the API it calls, such as
    /// `gateway.IGateway`.
    #[must_use]
    pub fn with_namespace(&self, namespace: &str) -> Self {
        let mut settings = Settings::clone(&self.shared.settings);
        match HeaderValue::try_from(namespace) {
            Ok(value) => drop(settings.headers.insert(NAMESPACE_HEADER, value)),
            Err(_) => settings.bad_header = Some("the API namespace has unprintable characters"),
        }
        Self::new(settings, self.timeout)
    }

    /// A client on a connection of its own with other signs of life.
    #[must_use]
    pub fn with_keepalive(&self, keepalive: Keepalive) -> Self {
        Self::new(Settings { keepalive, ..Settings::clone(&self.shared.settings) }, self.timeout)
    }

    /// Where it calls.
    pub fn endpoint(&self) -> &Endpoint {
        &self.shared.settings.endpoint
    }

    /// Calls a method by its full name, such as `Filecoin.ChainHead`.
    ///
    /// # Errors
    ///
    /// Any [`RpcError`]; ask [`RpcError::is_retryable`] before calling again.
    pub async fn call<R: DeserializeOwned>(
        &self,
        method: &str,
        params: Params,
    ) -> Result<R, RpcError> {
        tracing::trace!(method, endpoint = %self.endpoint(), "call");
        let id = self.shared.next_id.fetch_add(1, Ordering::Relaxed);
        let value = if self.endpoint().is_websocket() {
            let (reply, answer) = oneshot::channel();
            let (value, cancel) =
                self.over_socket(id, method, &params, Reply::Value(reply), answer).await?;
            cancel.disarm();
            value
        } else {
            self.in_time(method, self.over_http(id, method, &params)).await?
        };
        params::decode(value).map_err(|error| RpcError::Decode {
            what: format!("the answer to `{method}`"),
            reason: error.to_string(),
        })
    }

    /// Calls a streaming method, over a WebSocket whatever the scheme of the endpoint.
    ///
    /// The stream also ends if its reader falls more than 1024 values behind, or if a value is not
    /// what the method promises; the log says so.
    ///
    /// # Errors
    ///
    /// Any [`RpcError`], before the first value.
    pub async fn subscribe<R: DeserializeOwned + Send + 'static>(
        &self,
        method: &str,
        params: Params,
    ) -> Result<RpcStream<R>, RpcError> {
        let id = self.shared.next_id.fetch_add(1, Ordering::Relaxed);
        let (reply, answer) = oneshot::channel();
        let (values, cancel) =
            self.over_socket(id, method, &params, Reply::Stream(reply), answer).await?;
        let method = method.to_owned();
        // The guard moves along: dropping the stream cancels it at the service.
        let state = (values, cancel, method);
        Ok(Box::pin(stream::unfold(state, |(mut values, cancel, method)| async move {
            match params::decode(values.recv().await?) {
                Ok(value) => Some((value, (values, cancel, method))),
                Err(error) => {
                    tracing::error!(method, %error, "stream ended: a value cannot be decoded");
                    None
                }
            }
        })))
    }

    async fn over_socket<T>(
        &self,
        id: u64,
        method: &str,
        params: &Params,
        reply: Reply,
        answer: oneshot::Receiver<Result<T, RpcError>>,
    ) -> Result<(T, CancelOnDrop), RpcError> {
        self.shared.check_headers()?;
        let commands = self.shared.socket();
        let text = frame::request(Some(id), method, params);
        let call = Call { id, method: method.to_owned(), text, reply };
        let lost = || RpcError::ConnectionLost {
            endpoint: self.endpoint().to_string(),
            method: method.to_owned(),
        };
        commands.send(Command::Call(call)).map_err(|_| lost())?;
        let cancel = CancelOnDrop { id, commands: Some(commands) };
        let value =
            self.in_time(method, async { answer.await.unwrap_or_else(|_| Err(lost())) }).await?;
        Ok((value, cancel))
    }

    async fn in_time<T>(
        &self,
        method: &str,
        work: impl Future<Output = Result<T, RpcError>>,
    ) -> Result<T, RpcError> {
        let Some(after) = self.timeout else { return work.await };
        tokio::time::timeout(after, work)
            .await
            .unwrap_or_else(|_| Err(RpcError::Timeout { method: method.to_owned(), after }))
    }
}

impl Shared {
    /// The way to the task that holds the connection.
    fn socket(&self) -> mpsc::UnboundedSender<Command> {
        let mut socket = self.socket.lock().unwrap_or_else(PoisonError::into_inner);
        match socket.as_ref().filter(|commands| !commands.is_closed()) {
            Some(commands) => commands.clone(),
            None => {
                // Unbounded, as each caller waits for its own answer before it calls again, and
                // dropping a call must be able to say so without waiting.
                let (commands, queue) = mpsc::unbounded_channel();
                tokio::spawn(socket::run(Arc::clone(&self.settings), queue));
                socket.insert(commands).clone()
            }
        }
    }

    fn check_headers(&self) -> Result<(), RpcError> {
        match self.settings.bad_header {
            None => Ok(()),
            Some(reason) => Err(RpcError::Connect {
                endpoint: self.settings.endpoint.to_string(),
                reason: reason.into(),
            }),
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({})", self.endpoint())
    }
}

/// Tells the service when nobody waits for an answer any more.
struct CancelOnDrop {
    id: u64,
    commands: Option<mpsc::UnboundedSender<Command>>,
}

impl CancelOnDrop {
    fn disarm(mut self) {
        self.commands = None;
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        if let Some(commands) = &self.commands {
            // Without a receiver there is no connection on which to cancel.
            let _ = commands.send(Command::Cancel(self.id));
        }
    }
}

/// rustls panics without a process-wide provider; one that is there already is as good.
fn install_tls_provider() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

type Values = mpsc::Receiver<Value>;
