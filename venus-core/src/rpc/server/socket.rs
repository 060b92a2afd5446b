//! One WebSocket: many calls at the same time, streams and cancellation.

use std::{
    collections::HashMap,
    panic::AssertUnwindSafe,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use axum::extract::ws::{Message, WebSocket};
use futures::{SinkExt, StreamExt, stream::BoxStream};
use serde_json::{Value, json};
use tokio::{sync::mpsc, time::timeout};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Instrument;

use super::{
    super::{
        RequestContext, RpcError, codes,
        dispatch::{self, Failure},
        error::WireError,
        frame::{self, CANCEL, CHANNEL_CLOSE, CHANNEL_VALUE, Frame, Id},
        methods::Prepared,
        pump::{self, Outgoing},
    },
    http::Service,
    lifetime::GRACE,
};

/// Messages that wait for the socket before calls wait for them.
const QUEUE: usize = 256;

/// How long the last messages may take.
const FAREWELL: Duration = Duration::from_secs(1);

/// Serves one connection to its end.
pub(super) async fn serve(
    socket: WebSocket,
    service: Arc<Service>,
    context: RequestContext,
    shutdown: CancellationToken,
) {
    let keepalive = service.keepalive;
    let (sink, mut source) = socket.split();
    let sink = sink.with(|outgoing| {
        futures::future::ready(Ok::<_, axum::Error>(match outgoing {
            Outgoing::Text(text) => Message::Text(text.into()),
            Outgoing::Ping => Message::Ping(Default::default()),
            Outgoing::Close => Message::Close(None),
        }))
    });
    let (out, queue) = mpsc::channel(QUEUE);
    let mut writer =
        tokio::spawn(pump::write_all(sink, ReceiverStream::new(queue), keepalive.ping));
    let connection = Arc::new(Connection {
        service,
        context,
        out,
        channels: AtomicU64::new(0),
        running: Mutex::default(),
        draining: CancellationToken::new(),
        end: CancellationToken::new(),
        calls: TaskTracker::new(),
    });

    let reason = loop {
        let message = tokio::select! {
            message = timeout(keepalive.silence, source.next()) => message,
            _ = &mut writer => break "the socket cannot be written",
            () = shutdown.cancelled() => {
                connection.drain().await;
                break "the server shuts down";
            }
        };
        match message {
            Err(_) => break "the peer is silent",
            Ok(None) => break "the peer is gone",
            Ok(Some(Err(error))) => {
                tracing::debug!(%error, "reading from a WebSocket failed");
                break "the connection broke";
            }
            Ok(Some(Ok(Message::Text(text)))) => connection.receive(text.as_bytes()).await,
            Ok(Some(Ok(Message::Binary(bytes)))) => connection.receive(&bytes).await,
            // Ping and pong are signs of life only; the library answers pings and closes.
            Ok(Some(Ok(_))) => {}
        }
    };
    tracing::debug!(remote = ?connection.context.remote, reason, "WebSocket ended");
    connection.end.cancel();
    drop(connection);
    // Its queue ends with the last task: what was answered is still written, then a close frame.
    if !writer.is_finished() && timeout(FAREWELL, &mut writer).await.is_err() {
        writer.abort();
    }
}

struct Connection {
    service: Arc<Service>,
    context: RequestContext,
    out: mpsc::Sender<String>,
    /// The last channel id given out.
    channels: AtomicU64,
    /// How to cancel what runs, by request id.
    running: Mutex<HashMap<Id, CancellationToken>>,
    /// Ends the streams.
    draining: CancellationToken,
    /// Ends everything.
    end: CancellationToken,
    calls: TaskTracker,
}

impl Connection {
    /// Dispatches one message. Built-ins are done when it returns, calls run on.
    async fn receive(self: &Arc<Self>, bytes: &[u8]) {
        let mut frame = match Frame::parse(bytes) {
            Ok(frame) => frame,
            Err(malformed) => {
                tracing::debug!(error = malformed.error.message, "malformed message");
                let text =
                    frame::write(&frame::answer(malformed.id.as_ref(), Err(malformed.error)));
                self.spawn(async move |this: Arc<Self>| this.send(text).await);
                return;
            }
        };
        match frame.method.as_str() {
            CANCEL => {
                let target =
                    frame.take_params().ok().and_then(|params| params.0.into_iter().next());
                if let Ok(Some(id)) = Id::read(target) {
                    self.cancel(&id);
                }
            }
            "" => {
                tracing::debug!("an answer to a call that was never made");
            }
            CHANNEL_VALUE | CHANNEL_CLOSE => tracing::debug!("a value of an unknown stream"),
            _ => self.start(frame),
        }
    }

    fn cancel(&self, id: &Id) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(token) = running.get(id) {
            token.cancel();
        }
    }

    fn spawn<F, Fut>(self: &Arc<Self>, work: F)
    where
        F: FnOnce(Arc<Self>) -> Fut,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let end = self.end.clone();
        let work = work(Arc::clone(self));
        self.calls.spawn(async move { end.run_until_cancelled_owned(work).await });
    }

    fn start(self: &Arc<Self>, mut frame: Frame) {
        let id = frame.id.clone();
        let prepared = if self.calls.len() >= self.service.limits.in_flight {
            let limit = self.service.limits.in_flight;
            let message = format!("more than {limit} calls in flight on this connection");
            Err(Failure::protocol(codes::BUSY, message))
        } else {
            dispatch::prepare(&self.service.methods, &self.context, &mut frame, true)
        };
        let token = CancellationToken::new();
        if let Some(id) = &id {
            let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
            running.insert(id.clone(), token.clone());
        }
        let span = dispatch::span(&self.context, &frame.method, id.as_ref());
        let context = self.context.clone();
        let since = Instant::now();
        self.spawn(async move |this| {
            let work = async {
                match prepared {
                    Err(failure) => {
                        this.service.answered(&frame.method, false, since);
                        this.answer(id.as_ref(), Err(failure.into_wire())).await;
                    }
                    Ok(prepared) => {
                        this.run(&frame.method, id.as_ref(), prepared, &token, since).await
                    }
                }
                if let Some(id) = &id {
                    let mut running = this.running.lock().unwrap_or_else(PoisonError::into_inner);
                    running.remove(id);
                }
            };
            context.scope(work).instrument(span).await;
        });
    }

    async fn run(
        &self,
        method: &str,
        id: Option<&Id>,
        prepared: Prepared,
        cancel: &CancellationToken,
        since: Instant,
    ) {
        // A cancelled call is answered too: upstream clients wait for it.
        fn cancelled<T>() -> Result<T, Failure> {
            Err(Failure::Method(RpcError::Cancelled.into()))
        }
        match prepared {
            Prepared::Call(work) => {
                let work = cancel.run_until_cancelled(dispatch::caught(method, work));
                let outcome = work.await.unwrap_or_else(cancelled);
                self.service.answered(method, outcome.is_ok(), since);
                self.answer(id, outcome.map_err(Failure::into_wire)).await;
            }
            Prepared::Stream(work) => {
                let work = cancel.run_until_cancelled(dispatch::caught(method, work));
                let outcome = work.await.unwrap_or_else(cancelled);
                self.service.answered(method, outcome.is_ok(), since);
                match outcome {
                    Err(failure) => self.answer(id, Err(failure.into_wire())).await,
                    Ok(values) if id.is_some() => self.forward(method, id, values, cancel).await,
                    // Nobody could be told the channel.
                    Ok(_) => {}
                }
            }
        }
    }

    async fn forward(
        &self,
        method: &str,
        id: Option<&Id>,
        values: BoxStream<'static, Result<Value, RpcError>>,
        cancel: &CancellationToken,
    ) {
        let channel = self.channels.fetch_add(1, Ordering::Relaxed) + 1;
        self.answer(id, Ok(channel.into())).await;
        let mut values = AssertUnwindSafe(values).catch_unwind();
        loop {
            let value = tokio::select! {
                biased;
                () = cancel.cancelled() => break,
                () = self.draining.cancelled() => break,
                value = values.next() => value,
            };
            let Some(value) = value else { break };
            match value {
                Ok(Ok(value)) => self.notify(CHANNEL_VALUE, json!([channel, value])).await,
                Ok(Err(error)) => {
                    tracing::error!(method, %error, "stream ended: a value cannot be sent");
                    break;
                }
                Err(panic) => {
                    let _ = dispatch::panicked(method, panic.as_ref());
                    break;
                }
            }
        }
        drop(values); // The producer is told before the consumer.
        self.notify(CHANNEL_CLOSE, json!([channel])).await;
    }

    /// Answers a request; a notification is not answered.
    async fn answer(&self, id: Option<&Id>, outcome: Result<Value, WireError>) {
        if id.is_some() {
            self.send(frame::write(&frame::answer(id, outcome))).await;
        }
    }

    async fn notify(&self, method: &str, params: Value) {
        self.send(frame::write(&json!({"jsonrpc": "2.0", "method": method, "params": params})))
            .await;
    }

    async fn send(&self, text: String) {
        // It fails only when the connection is ending, and this task with it.
        let _ = self.out.send(text).await;
    }

    /// Ends the streams and lets calls finish for a while.
    async fn drain(&self) {
        self.draining.cancel();
        self.calls.close();
        let _ = timeout(GRACE, self.calls.wait()).await;
    }
}
