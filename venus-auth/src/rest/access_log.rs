//! What the access log has of a request.

use std::{
    net::{IpAddr, SocketAddr},
    time::SystemTime,
};

use axum::extract::ConnectInfo;
use http::request::Parts;
use venus_core::auth::{Claims, token_fingerprint};

use super::{Call, Failure, Reply};
use crate::influx::{Access, AccessLog};

impl Call {
    pub(super) fn log_access(
        &self,
        log: &AccessLog,
        head: &Parts,
        begun: SystemTime,
        outcome: &Result<Reply, Failure>,
    ) {
        // Names of headers are found in any spelling; in Go these never are.
        let header = |name| head.headers.get(name).and_then(|value| value.to_str().ok());
        let (message, claims) = match outcome {
            Ok(reply) => (&reply.body, serde_json::from_str::<Claims>(&reply.body).ok()),
            Err(failure) => (&failure.text, None),
        };
        log.record(&Access {
            at: begun,
            elapsed: begun.elapsed().unwrap_or_default(),
            verified: outcome.is_ok(),
            message,
            name: claims.as_ref().map_or("", |claims| &claims.name),
            ip: &client_ip(head),
            svc_name: header("svcName").unwrap_or_default(),
            span_id: header("spanId").unwrap_or_default(),
            pre_host: header("preHost").unwrap_or_default(),
            fingerprint: &token_fingerprint(&self.asked_token()),
        });
    }
}

/// What a proxy says, else the other end of the connection.
fn client_ip(head: &Parts) -> String {
    let said = ["x-forwarded-for", "x-real-ip"].into_iter().find_map(|name| {
        let text = head.headers.get(name)?.to_str().ok()?;
        text.split(',').find_map(|part| part.trim().parse::<IpAddr>().ok())
    });
    let peer = || head.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    said.or_else(peer).map(|ip| ip.to_string()).unwrap_or_default()
}
