//! From a frame to the method that it names, with all checks in between.

use std::panic::AssertUnwindSafe;

use futures::{FutureExt, future::BoxFuture};
use serde_json::Value;
use tracing::Instrument;

use super::{
    Methods, RequestContext, codes,
    error::WireError,
    frame::{Frame, Id},
    methods::Prepared,
};

/// Why a call has no result: the protocol was broken, or the method said so.
#[derive(Debug)]
pub(crate) enum Failure {
    Protocol(WireError),
    Method(WireError),
}

impl Failure {
    pub(crate) fn protocol(code: i64, message: String) -> Self {
        Self::Protocol(WireError { code, message, data: None })
    }

    /// The code with which plain HTTP answers.
    pub(crate) const fn status(&self) -> u16 {
        match self {
            Self::Method(_) => 200,
            Self::Protocol(WireError { code: codes::INVALID_REQUEST, .. }) => 400,
            Self::Protocol(_) => 500,
        }
    }

    pub(crate) fn into_wire(self) -> WireError {
        match self {
            Self::Protocol(error) | Self::Method(error) => error,
        }
    }
}

/// Finds the method, reads the parameters and checks the permission, in the order of the Go
/// programs. Nothing has run when it returns.
pub(crate) fn prepare(
    methods: &Methods,
    context: &RequestContext,
    frame: &mut Frame,
    streams: bool,
) -> Result<Prepared, Failure> {
    let name = frame.method.as_str();
    let Some(method) = methods.get(name) else {
        let message = format!("method '{name}' not found");
        return Err(Failure::protocol(codes::METHOD_NOT_FOUND, message));
    };
    if method.description.stream && !streams {
        let message =
            format!("method '{name}' not supported in this mode (no out channel support)");
        return Err(Failure::protocol(codes::METHOD_NOT_FOUND, message));
    }
    let permission = method.description.permission;
    let name = name.to_owned();
    let params = frame.take_params().map_err(Failure::Protocol)?;
    let prepared = method.prepare(params).map_err(|error| Failure::Protocol(error.into()))?;
    if context.caller.may(permission) {
        return Ok(prepared);
    }
    let short = name.split_once('.').map_or(name.as_str(), |(_, short)| short);
    Err(Failure::Method(WireError {
        code: codes::METHOD,
        // Two blanks, as the Go programs have it.
        message: format!("missing permission to invoke '{short}'  (need '{permission}')"),
        data: None,
    }))
}

/// Runs a future of a method; a panic in it becomes an error.
pub(crate) async fn caught<T>(
    method: &str,
    work: BoxFuture<'static, Result<T, super::RpcError>>,
) -> Result<T, Failure> {
    match AssertUnwindSafe(work).catch_unwind().await {
        Ok(outcome) => outcome.map_err(|error| Failure::Method(error.into())),
        Err(panic) => Err(panicked(method, panic.as_ref())),
    }
}

pub(crate) fn panicked(method: &str, panic: &(dyn std::any::Any + Send)) -> Failure {
    let text = panic
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "unknown panic".into());
    tracing::error!(method, panic = text, "a method panicked; this is a bug, please report it");
    let message = format!("fatal error calling '{method}': panic in rpc method '{method}': {text}");
    Failure::protocol(codes::PANIC, message)
}

/// Runs a call that answers with one value.
pub(crate) async fn call(
    methods: &Methods,
    context: &RequestContext,
    mut frame: Frame,
) -> Result<Value, Failure> {
    let work = match prepare(methods, context, &mut frame, false)? {
        Prepared::Call(work) => work,
        // `prepare` has refused it.
        Prepared::Stream(_) => return Ok(Value::Null),
    };
    let span = span(context, &frame.method, frame.id.as_ref());
    context.clone().scope(caught(&frame.method, work)).instrument(span).await
}

pub(crate) fn span(context: &RequestContext, method: &str, id: Option<&Id>) -> tracing::Span {
    let account = context.caller.name.as_str();
    let id = id.map(tracing::field::display);
    tracing::info_span!("rpc", method, request_id = id, account)
}
