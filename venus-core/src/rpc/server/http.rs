//! Plain HTTP: one request or a batch in, one answer out.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Extension,
    body::Body,
    extract::{FromRequestParts, Request, State, WebSocketUpgrade},
    response::{IntoResponse, Response},
};
use futures::StreamExt;
use http::{
    HeaderMap, StatusCode,
    header::{CONNECTION, CONTENT_TYPE},
};
use serde_json::Value;

use super::{
    super::{
        Keepalive, Methods, RequestContext, codes,
        dispatch::{self, Failure},
        error::WireError,
        frame::{self, Frame, Id, Malformed},
    },
    Limits,
    lifetime::Lifetime,
    socket,
};
use crate::metrics::Metrics;

/// How long a body may stand still while it is received.
const BODY_PAUSE: Duration = Duration::from_secs(30);

/// What one path serves.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) methods: Methods,
    pub(super) limits: Limits,
    pub(super) keepalive: Keepalive,
    pub(super) metrics: Metrics,
}

impl Service {
    /// Counts a call that was answered. Names come from outside: unknown ones are one.
    pub(super) fn answered(&self, method: &str, succeeded: bool, since: Instant) {
        let known = self.methods.names().any(|name| name == method);
        self.metrics.answered(if known { method } else { "unknown" }, succeeded, since.elapsed());
    }
}

pub(super) async fn healthcheck() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json; charset=utf-8")], "{\"status\":\"OK\"}\n")
}

pub(super) async fn metrics(State(metrics): State<Metrics>) -> impl IntoResponse {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(CONTENT_TYPE, kind)], metrics.text())
}

pub(super) async fn handle(
    State(service): State<Arc<Service>>,
    Extension(context): Extension<RequestContext>,
    lifetime: Option<Extension<Lifetime>>,
    request: Request,
) -> Response {
    let lifetime = lifetime.map(|extension| extension.0).unwrap_or_default();
    if !is_upgrade(request.headers()) {
        return tokio::select! {
            response = answer_body(&service, &context, request.into_body()) => response,
            () = lifetime.over() => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        };
    }
    let (mut parts, _) = request.into_parts();
    match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
        Ok(upgrade) => upgrade
            .max_message_size(service.limits.body)
            .max_frame_size(service.limits.body)
            .on_upgrade(move |socket| async move {
                let sockets = lifetime.sockets.clone();
                let work = socket::serve(socket, service, context, lifetime.shutdown);
                sockets.track_future(work).await;
            }),
        Err(refusal) => refusal.into_response(),
    }
}

fn is_upgrade(headers: &HeaderMap) -> bool {
    let values = headers.get_all(CONNECTION).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|v| v.trim().eq_ignore_ascii_case("upgrade"))
}

async fn answer_body(service: &Service, context: &RequestContext, body: Body) -> Response {
    let outcome = match read(body, service.limits.body).await {
        Ok(bytes) => answer(service, context, &bytes).await,
        Err(malformed) => Answer::malformed(malformed),
    };
    let mut response = match outcome.text {
        Some(text) => ([(CONTENT_TYPE, "application/json")], text).into_response(),
        None => ().into_response(),
    };
    *response.status_mut() =
        StatusCode::from_u16(outcome.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
}

async fn read(body: Body, limit: usize) -> Result<Vec<u8>, Malformed> {
    let mut chunks = body.into_data_stream();
    let mut bytes = Vec::new();
    loop {
        let stopped = |reason: &str| Malformed::new(codes::PARSE, format!("body: {reason}"));
        match tokio::time::timeout(BODY_PAUSE, chunks.next()).await {
            Err(_) => return Err(stopped("not received in time")),
            Ok(Some(Err(error))) => return Err(stopped(&error.to_string())),
            Ok(None) => return Ok(bytes),
            Ok(Some(Ok(chunk))) if bytes.len() + chunk.len() > limit => {
                let message = format!("request bigger than maximum {limit} allowed");
                return Err(Malformed::new(codes::PARSE, message));
            }
            Ok(Some(Ok(chunk))) => bytes.extend_from_slice(&chunk),
        }
    }
}

/// Status and text, if there is something to say.
struct Answer {
    status: u16,
    text: Option<String>,
}

impl Answer {
    fn malformed(malformed: Malformed) -> Self {
        let status = Failure::Protocol(malformed.error.clone()).status();
        let object = frame::answer(malformed.id.as_ref(), Err(malformed.error));
        Self { status, text: Some(frame::write(&object)) }
    }
}

async fn answer(service: &Service, context: &RequestContext, bytes: &[u8]) -> Answer {
    if bytes.trim_ascii_start().starts_with(b"[") {
        return answer_batch(service, context, bytes).await;
    }
    match Frame::parse(bytes) {
        Err(malformed) => Answer::malformed(malformed),
        Ok(frame) => {
            let id = frame.id.clone();
            let outcome = call(service, context, frame).await;
            let status = outcome.as_ref().err().map_or(200, Failure::status);
            let text = id.map(|id| to_text(&id, outcome));
            Answer { status, text }
        }
    }
}

async fn call(service: &Service, context: &RequestContext, frame: Frame) -> Result<Value, Failure> {
    let (method, since) = (frame.method.clone(), Instant::now());
    let outcome = dispatch::call(&service.methods, context, frame).await;
    service.answered(&method, outcome.is_ok(), since);
    outcome
}

fn to_text(id: &Id, outcome: Result<Value, Failure>) -> String {
    frame::write(&frame::answer(Some(id), outcome.map_err(Failure::into_wire)))
}

/// Members run one after the other; notifications are left out of the answer.
async fn answer_batch(service: &Service, context: &RequestContext, bytes: &[u8]) -> Answer {
    let members = match serde_json::from_slice::<Vec<Value>>(bytes) {
        Ok(members) if members.is_empty() || members.len() > service.limits.batch => {
            return Answer::malformed(Malformed::new(codes::INVALID_REQUEST, "Invalid request"));
        }
        Ok(members) => members,
        Err(_) => return Answer::malformed(Malformed::new(codes::PARSE, "Parse error")),
    };
    let mut answers = Vec::new();
    for member in members {
        let (id, outcome) = match Frame::from_value(member) {
            Err(Malformed { id, error }) => (id, Err::<Value, WireError>(error)),
            Ok(frame) => {
                let id = frame.id.clone();
                let outcome = call(service, context, frame).await;
                if id.is_none() {
                    continue;
                }
                (id, outcome.map_err(Failure::into_wire))
            }
        };
        answers.push(frame::answer(id.as_ref(), outcome));
    }
    Answer { status: 200, text: (!answers.is_empty()).then(|| frame::write(&answers)) }
}
