//! The switch: connections of providers, and requests on their way to them and back.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use futures::{StreamExt, stream::FuturesUnordered};
use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::{mpsc, oneshot};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use venus_core::{
    Bytes,
    api::gateway::{ConnectState, RequestEvent, ResponseEvent},
    rpc::{RpcError, RpcStream, current_request},
};

/// What callers are told when the provider's connection ended.
const CLOSED: &str = "channel closed";

/// One connection of a provider.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    pub(crate) id: Uuid,
    events: mpsc::Sender<RequestEvent>,
    /// Cancelled when the provider's stream ends.
    closed: CancellationToken,
    peer: String,
    since: DateTime<Utc>,
}

impl Connection {
    /// The state as it is listed; addresses are the wallets' business.
    pub(crate) fn state(&self) -> ConnectState {
        ConnectState {
            addrs: None,
            channel_id: self.id,
            ip: self.peer.clone(),
            request_count: self.events.max_capacity() - self.events.capacity(),
            create_time: self.since,
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.is_cancelled()
    }

    pub(crate) async fn closed(&self) {
        self.closed.cancelled().await;
    }

    /// Ends the stream from our side.
    pub(crate) fn close(&self) {
        self.closed.cancel();
    }
}

/// Why a connection gave no answer.
enum Failure {
    /// It broke: another one may answer.
    Closed,
    /// The provider said so, or time is up: final.
    Final(RpcError),
}

/// Requests that wait for an answer.
#[derive(Debug, Clone)]
pub(crate) struct Switch {
    waiting: Arc<Mutex<HashMap<Uuid, oneshot::Sender<ResponseEvent>>>>,
    queue: usize,
    timeout: Duration,
}

impl Switch {
    pub(crate) fn new(queue: usize, timeout: Duration) -> Self {
        Self { waiting: Arc::default(), queue: queue.max(1), timeout }
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<Uuid, oneshot::Sender<ResponseEvent>>> {
        // The map is whole after every statement that holds the lock.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new connection, and the stream that feeds its provider. The connection is closed when the
    /// stream is dropped, and the stream ends when the connection is closed.
    pub(crate) fn connect(&self) -> (Connection, RpcStream<RequestEvent>) {
        let (events, receiver) = mpsc::channel(self.queue);
        let remote = current_request().and_then(|request| request.remote);
        let connection = Connection {
            id: Uuid::new_v4(),
            events,
            closed: CancellationToken::new(),
            peer: remote.map(|peer| peer.to_string()).unwrap_or_default(),
            since: Utc::now(),
        };
        let guard = connection.closed.clone().drop_guard();
        let closed = connection.closed.clone();
        let stream = ReceiverStream::new(receiver)
            .take_until(async move { closed.cancelled().await })
            .map(move |event| {
                let _alive = &guard;
                event
            });
        (connection, Box::pin(stream))
    }

    /// Tells a provider something that it does not answer.
    pub(crate) async fn notify<P: Serialize>(
        &self,
        connection: &Connection,
        method: &str,
        payload: &P,
    ) -> Result<(), RpcError> {
        let event =
            RequestEvent { id: Uuid::new_v4(), method: method.into(), payload: encode(payload)? };
        let sent = connection.events.send_timeout(event, self.timeout);
        sent.await.map_err(|_| RpcError::method(CLOSED))
    }

    /// Asks one of the candidates; if its connection breaks, all the others at once.
    pub(crate) async fn request<P: Serialize, R: DeserializeOwned>(
        &self,
        mut candidates: Vec<Connection>,
        method: &str,
        payload: Option<&P>,
    ) -> Result<R, RpcError> {
        let payload = payload.map(encode).transpose()?.unwrap_or_default();
        if candidates.is_empty() {
            return Err(RpcError::method("send request must have channel"));
        }
        let first = candidates.swap_remove(rand::random_range(0..candidates.len()));
        match self.ask(&first, method, payload.clone()).await {
            Ok(response) => return decode(&response),
            Err(Failure::Final(error)) => return Err(error),
            Err(Failure::Closed) => {}
        }
        candidates.retain(|other| other.id != first.id);
        if candidates.is_empty() {
            return Err(RpcError::method(CLOSED));
        }
        let attempt = |other: Connection| {
            let payload = payload.clone();
            async move { (other.id, self.ask(&other, method, payload).await) }
        };
        let mut attempts: FuturesUnordered<_> = candidates.into_iter().map(attempt).collect();
        let mut failures = vec![format!("channel {}: {CLOSED}", first.id)];
        while let Some((id, outcome)) = attempts.next().await {
            let failure = match outcome {
                Ok(response) => match decode(&response) {
                    Ok(result) => return Ok(result),
                    Err(error) => error.to_string(),
                },
                Err(Failure::Final(error)) => error.to_string(),
                Err(Failure::Closed) => CLOSED.to_owned(),
            };
            failures.push(format!("channel {id}: {failure}"));
        }
        Err(RpcError::method(format!("all request failed: {method} {}", failures.join("; "))))
    }

    async fn ask(
        &self,
        connection: &Connection,
        method: &str,
        payload: Bytes,
    ) -> Result<Bytes, Failure> {
        let (id, since) = (Uuid::new_v4(), Utc::now());
        let (answer, answered) = oneshot::channel();
        self.waiting().insert(id, answer);
        // Also when the caller gives up and this future is dropped.
        let _forget = Forget { switch: self, id };

        let event = RequestEvent { id, method: method.to_owned(), payload };
        let exchange = async {
            connection.events.send(event).await.map_err(|_| Failure::Closed)?;
            answered.await.map_err(|_| Failure::Closed)
        };
        let response = tokio::select! {
            biased;
            response = tokio::time::timeout(self.timeout, exchange) => response,
            () = connection.closed() => return Err(Failure::Closed),
        };
        match response {
            // The first words, with Go's way to write a time, are those of the Go gateway.
            Err(_) => Err(Failure::Final(RpcError::method(format!(
                "timer clean this request due to exceed wait time {} method {method}; no answer \
                 within {:?}: the provider hangs or is overloaded",
                since.format("%Y-%m-%d %H:%M:%S%.9f +0000 UTC"),
                self.timeout
            )))),
            Ok(Err(failure)) => Err(failure),
            Ok(Ok(response)) if !response.error.is_empty() => {
                Err(Failure::Final(RpcError::method(response.error)))
            }
            Ok(Ok(response)) => Ok(response.payload),
        }
    }

    /// Takes a provider's answer.
    pub(crate) fn respond(&self, response: ResponseEvent) -> Result<(), RpcError> {
        let id = response.id;
        let unknown = || RpcError::method(format!("request id {id} not exit"));
        let waiting = self.waiting().remove(&id).ok_or_else(unknown)?;
        waiting.send(response).map_err(|_| unknown())
    }
}

struct Forget<'a> {
    switch: &'a Switch,
    id: Uuid,
}

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        self.switch.waiting().remove(&self.id);
    }
}

fn encode<P: Serialize>(payload: &P) -> Result<Bytes, RpcError> {
    serde_json::to_vec(payload)
        .map(Bytes)
        .map_err(|e| RpcError::method(format!("the request cannot be written as JSON: {e}")))
}

fn decode<R: DeserializeOwned>(payload: &[u8]) -> Result<R, RpcError> {
    if payload.is_empty() {
        return Err(RpcError::method("unexpected end of JSON input"));
    }
    serde_json::from_slice(payload)
        .map_err(|e| RpcError::method(format!("the provider's answer is not what was asked: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn if_all_candidates_fail_each_failure_is_named() {
        let switch = Switch::new(30, Duration::from_secs(5));
        let ((one, mut first), (two, mut second)) = (switch.connect(), switch.connect());
        let asking = {
            let (switch, candidates) = (switch.clone(), vec![one.clone(), two.clone()]);
            tokio::spawn(async move {
                switch.request::<_, bool>(candidates, "WalletSign", Some(&"payload")).await
            })
        };
        // Which of them is asked first is random: that one goes away, the other one refuses.
        let (gone, left, mut events) = tokio::select! {
            _ = first.next() => (one.id, two.id, second),
            _ = second.next() => {
                drop(second);
                (two.id, one.id, first)
            }
        };
        if gone == one.id {
            one.close();
        }
        let event = events.next().await.unwrap();
        let response =
            ResponseEvent { id: event.id, payload: Bytes::default(), error: "locked".into() };
        switch.respond(response).unwrap();
        assert_eq!(
            asking.await.unwrap().unwrap_err().to_string(),
            format!(
                "all request failed: WalletSign channel {gone}: channel closed; channel {left}: \
                 locked"
            )
        );
        assert!(switch.waiting().is_empty());
    }

    #[tokio::test]
    async fn connections_that_had_broken_before_are_named_too() {
        let switch = Switch::new(30, Duration::from_secs(5));
        let (one, two) = (switch.connect().0, switch.connect().0);
        let asked = switch.request::<_, bool>(vec![one.clone(), two.clone()], "X", Some(&())).await;
        let error = asked.unwrap_err().to_string();
        assert!(error.starts_with("all request failed: X channel "), "{error}");
        for id in [one.id, two.id] {
            assert!(error.contains(&format!("channel {id}: channel closed")), "{error}");
        }
    }
}
