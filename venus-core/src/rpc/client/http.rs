//! One call, one POST.

use std::{error::Error, sync::PoisonError, time::Duration};

use http::{StatusCode, header::CONTENT_TYPE};
use serde_json::Value;

use super::{
    super::{Endpoint, Params, RpcError, frame},
    Client, Shared,
};
use crate::rpc::frame::{Frame, Id};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of an answer: more than any service sends.
const LARGEST_ANSWER: usize = 512 << 20;

impl Shared {
    fn http(&self) -> Result<reqwest::Client, RpcError> {
        let mut http = self.http.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = &*http {
            return Ok(client.clone());
        }
        let mut builder = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            // A call without a timeout must still notice that the other host has vanished.
            .tcp_keepalive(Duration::from_secs(30))
            .redirect(reqwest::redirect::Policy::none());
        if self.settings.endpoint.is_loopback() {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|error| RpcError::Connect {
            endpoint: self.settings.endpoint.to_string(),
            reason: chain(&error),
        })?;
        Ok(http.insert(client).clone())
    }
}

impl Client {
    pub(super) async fn over_http(
        &self,
        id: u64,
        method: &str,
        params: &Params,
    ) -> Result<Value, RpcError> {
        self.shared.check_headers()?;
        let endpoint = self.endpoint();
        let mut response = self
            .shared
            .http()?
            .post(endpoint.http_url())
            .headers(self.shared.settings.headers.clone())
            .header(CONTENT_TYPE, "application/json")
            .body(frame::request(Some(id), method, params))
            .send()
            .await
            .map_err(|error| network(endpoint, method, error))?;
        let status = response.status();
        let mut body = Vec::new();
        while let Some(chunk) =
            response.chunk().await.map_err(|error| network(endpoint, method, error))?
        {
            if body.len() + chunk.len() > LARGEST_ANSWER {
                return Err(undecodable(method, "it is larger than 512 MiB".into()));
            }
            body.extend_from_slice(&chunk);
        }
        read(endpoint, id, method, status, &body)
    }
}

/// The status does not matter if the body is an answer; Go services send errors with 200 and 500.
fn read(
    endpoint: &Endpoint,
    id: u64,
    method: &str,
    status: StatusCode,
    body: &[u8],
) -> Result<Value, RpcError> {
    let foreign = || {
        let (endpoint, status) = (endpoint.to_string(), status.as_u16());
        match status {
            401 | 403 => RpcError::Unauthorized { endpoint, status },
            _ => RpcError::Http { endpoint, status },
        }
    };
    let frame = match Frame::parse(body) {
        Ok(frame) if frame.id.is_some() || frame.is_answer => frame,
        _ if status.is_success() => {
            return Err(undecodable(method, "the body is not a JSON-RPC answer".into()));
        }
        _ => return Err(foreign()),
    };
    match (frame.id, frame.error) {
        // Errors about requests whose id could not be read have none.
        (None, Some(error)) => Err(error.into()),
        (Some(answered), error) if answered.as_u64() == Some(id) => {
            error.map_or(Ok(frame.result), |error| Err(error.into()))
        }
        (answered, _) => {
            let answered = answered.as_ref().map_or_else(|| "null".into(), Id::to_string);
            Err(undecodable(method, format!("request {id} got the answer to {answered}")))
        }
    }
}

fn undecodable(method: &str, reason: String) -> RpcError {
    RpcError::Decode { what: format!("the answer to `{method}`"), reason }
}

fn network(endpoint: &Endpoint, method: &str, error: reqwest::Error) -> RpcError {
    let endpoint = endpoint.to_string();
    if error.is_connect() || error.is_builder() {
        return RpcError::Connect { endpoint, reason: chain(&error.without_url()) };
    }
    tracing::debug!(endpoint, method, error = chain(&error.without_url()), "HTTP call broke");
    RpcError::ConnectionLost { endpoint, method: method.to_owned() }
}

/// The innermost cause says what happened.
fn chain(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
