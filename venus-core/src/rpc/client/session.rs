//! What is going on over one connection.

use std::collections::HashMap;

use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use super::{
    super::{
        Params, RpcError,
        frame::{self, CANCEL, CHANNEL_CLOSE, CHANNEL_VALUE, Frame},
    },
    Values,
};

/// Values that may wait for the reader of a stream before the stream is ended.
const STREAM_QUEUE: usize = 1024;

/// An order to the task that holds the connection.
pub(super) enum Command {
    Call(Call),
    Cancel(u64),
}

pub(super) struct Call {
    pub(super) id: u64,
    pub(super) method: String,
    pub(super) text: String,
    pub(super) reply: Reply,
}

/// Who waits for the answer.
pub(super) enum Reply {
    Value(oneshot::Sender<Result<Value, RpcError>>),
    Stream(oneshot::Sender<Result<Values, RpcError>>),
}

impl Reply {
    pub(super) fn is_closed(&self) -> bool {
        match self {
            Self::Value(reply) => reply.is_closed(),
            Self::Stream(reply) => reply.is_closed(),
        }
    }

    /// A caller that has gone needs no answer.
    pub(super) fn fail(self, error: RpcError) {
        match self {
            Self::Value(reply) => drop(reply.send(Err(error))),
            Self::Stream(reply) => drop(reply.send(Err(error))),
        }
    }
}

struct Open {
    request: u64,
    method: String,
    values: mpsc::Sender<Value>,
}

/// Calls and streams of one connection. What it sends goes through the queue of the writer.
pub(super) struct Session {
    out: mpsc::UnboundedSender<String>,
    pending: HashMap<u64, (String, Reply)>,
    streams: HashMap<u64, Open>,
}

impl Session {
    pub(super) fn new(out: mpsc::UnboundedSender<String>) -> Self {
        Self { out, pending: HashMap::new(), streams: HashMap::new() }
    }

    fn send(&self, text: String) {
        // It fails only when the writer has ended, and the session is about to.
        let _ = self.out.send(text);
    }

    fn send_cancel(&self, request: u64) {
        self.send(frame::request(None, CANCEL, &Params(vec![request.into()])));
    }

    pub(super) fn command(&mut self, command: Command) {
        match command {
            Command::Call(call) if call.reply.is_closed() => {}
            Command::Call(call) => {
                self.pending.insert(call.id, (call.method, call.reply));
                self.send(call.text);
            }
            Command::Cancel(request) => {
                let streams = self.streams.len();
                self.streams.retain(|_, stream| stream.request != request);
                if self.pending.remove(&request).is_some() || self.streams.len() < streams {
                    self.send_cancel(request);
                }
            }
        }
    }

    pub(super) fn receive(&mut self, bytes: &[u8]) {
        let frame = match Frame::parse(bytes) {
            Ok(frame) => frame,
            Err(malformed) => {
                tracing::warn!(error = malformed.error.message, "malformed message from a service");
                return;
            }
        };
        match frame.method.as_str() {
            "" => self.answer(frame),
            CHANNEL_VALUE => self.value(frame),
            CHANNEL_CLOSE => {
                if let Some((channel, _)) = channel(frame) {
                    self.streams.remove(&channel);
                }
            }
            other => tracing::debug!(method = other, "a service calls its client; ignored"),
        }
    }

    fn answer(&mut self, frame: Frame) {
        let id = frame.id.as_ref().and_then(frame::Id::as_u64);
        let Some((method, reply)) = id.and_then(|id| self.pending.remove(&id)) else {
            tracing::debug!(?id, "an answer that nobody waits for");
            return;
        };
        let request = id.unwrap_or_default();
        match (frame.error, reply) {
            (Some(error), reply) => reply.fail(error.into()),
            (None, Reply::Value(reply)) => drop(reply.send(Ok(frame.result))),
            (None, Reply::Stream(reply)) => match frame.result.as_u64() {
                None => Reply::Stream(reply).fail(RpcError::Decode {
                    what: format!("the answer to `{method}`"),
                    reason: "a stream begins with the number of its channel".into(),
                }),
                Some(channel) => {
                    let (values, receiver) = mpsc::channel(STREAM_QUEUE);
                    match reply.send(Ok(receiver)) {
                        Ok(()) => {
                            self.streams.insert(channel, Open { request, method, values });
                        }
                        Err(_) => self.send_cancel(request),
                    }
                }
            },
        }
    }

    fn value(&mut self, frame: Frame) {
        let Some((channel, value)) = channel(frame) else { return };
        let Some(stream) = self.streams.get(&channel) else {
            tracing::trace!(channel, "a value of a stream that has ended");
            return;
        };
        match stream.values.try_send(value) {
            Ok(()) => return,
            // The reader is gone and its cancellation is on the way.
            Err(mpsc::error::TrySendError::Closed(_)) => {}
            Err(mpsc::error::TrySendError::Full(_)) => {
                let method = &stream.method;
                tracing::warn!(method, "stream ended: its reader is {STREAM_QUEUE} values behind");
            }
        }
        let request = stream.request;
        self.streams.remove(&channel);
        self.send_cancel(request);
    }

    /// The connection is gone: calls fail, streams end.
    pub(super) fn lost(self, endpoint: &str) {
        for (_, (method, reply)) in self.pending {
            reply.fail(RpcError::ConnectionLost { endpoint: endpoint.to_owned(), method });
        }
    }
}

/// Channel and value of a built-in notification.
fn channel(mut frame: Frame) -> Option<(u64, Value)> {
    let mut params = frame.take_params().ok()?.0.into_iter();
    let channel = params.next().as_ref().and_then(Value::as_u64)?;
    Some((channel, params.next().unwrap_or(json!(null))))
}
