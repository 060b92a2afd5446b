//! The auth front: every request has a caller, or it is turned away.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    extract::{ConnectInfo, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, Uri, header::AUTHORIZATION};

use super::super::{NAMESPACE_HEADER, RequestContext};
use crate::auth::Guard;

/// Leaves a [`RequestContext`] in the extensions of a request that may pass.
pub(super) async fn authenticate(
    State(guard): State<Arc<dyn Guard>>,
    mut request: Request,
    next: Next,
) -> Response {
    let remote = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
    let Ok(token) = token(request.headers(), request.uri()) else {
        tracing::debug!(?remote, "the Authorization header does not begin with `Bearer `");
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let caller = match guard.authenticate(token.as_deref()).await {
        Ok(caller) => caller,
        Err(reason) => {
            tracing::warn!(?remote, %reason, "request refused");
            return StatusCode::UNAUTHORIZED.into_response();
        }
    };
    let namespace = request.headers().get(NAMESPACE_HEADER);
    let namespace = namespace.and_then(|value| value.to_str().ok()).map(str::to_owned);
    request.extensions_mut().insert(RequestContext { caller, remote, namespace });
    next.run(request).await
}

/// The header `Authorization`, or the query value `token` if it is absent or empty.
fn token(headers: &HeaderMap, uri: &Uri) -> Result<Option<String>, ()> {
    let header = headers.get(AUTHORIZATION).map_or(Ok(""), |value| value.to_str());
    let header = header.map_err(|_| ())?;
    if !header.is_empty() {
        return header.strip_prefix("Bearer ").map(|token| Some(token.to_owned())).ok_or(());
    }
    let base = reqwest::Url::parse("http://localhost").map_err(|_| ())?;
    let url = base.join(&uri.to_string()).map_err(|_| ())?;
    let token = url.query_pairs().find(|(key, _)| key == "token").map(|(_, token)| token);
    Ok(token.filter(|token| !token.is_empty()).map(Into::into))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(header: Option<&str>, uri: &str) -> Result<Option<String>, ()> {
        let mut headers = HeaderMap::new();
        if let Some(header) = header {
            headers.insert(AUTHORIZATION, header.parse().unwrap());
        }
        token(&headers, &uri.parse().unwrap())
    }

    #[test]
    fn the_header_goes_before_the_query() {
        assert_eq!(of(Some("Bearer a"), "/rpc/v0?token=b"), Ok(Some("a".into())));
        assert_eq!(of(Some(""), "/rpc/v0?x=1&token=b%2Bc"), Ok(Some("b+c".into())));
        assert_eq!(of(None, "/rpc/v0"), Ok(None));
        for bad in ["xyz", "bearer a", "Basic a", "Bearer"] {
            assert_eq!(of(Some(bad), "/rpc/v0?token=b"), Err(()), "{bad}");
        }
    }
}
