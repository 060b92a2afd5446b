//! venus-auth.

use std::path::Path;

use anyhow::Context;
use venus_auth::{Auth, AuthConfig, AuthHandle};

use super::{Ports, Stage};
use crate::Service;

/// Starts it; the stage ends when it has stopped.
pub(crate) async fn start(
    home: &Path,
    ports: &Ports,
    offset: u16,
) -> anyhow::Result<(Stage, Service, venus_auth::AuthService, String)> {
    let mut stage = Stage::new("venus-auth");
    let mut config = AuthConfig::in_home(home.join("auth"));
    config.listen = ports.address(offset);
    let auth = Auth::builder(config).open().await.context("opening venus-auth")?;
    let auth: AuthHandle = auth
        .start(stage.token())
        .await
        .context("starting venus-auth; choose another --base-port if its port is in use")?;
    let service = ports.announce("venus-auth", auth.url());
    let (inner, token) = (auth.service().clone(), auth.admin_token().to_owned());
    stage.spawn(async move {
        if let Err(error) = auth.stopped().await {
            tracing::error!(%error, "venus-auth stopped badly");
        }
    });
    Ok((stage, service, inner, token))
}
