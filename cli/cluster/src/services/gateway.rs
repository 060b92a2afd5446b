//! The gateway.

use anyhow::Context;
use venus_gateway::{Gateway, GatewayConfig};

use super::{Access, Ports, Stage, access::PROOF_PATIENCE};
use crate::Service;

pub(crate) async fn start(
    access: &Access,
    ports: &Ports,
    offset: u16,
) -> anyhow::Result<(Stage, Service)> {
    let mut stage = Stage::new("venus-gateway");
    let config = GatewayConfig {
        request_timeout_secs: PROOF_PATIENCE.as_secs(),
        ..GatewayConfig::default()
    };
    let gateway = Gateway::new(config, access.auth_api()?).context("making the gateway")?;
    let router = gateway.router(access.guard()?);
    let service = ports.serve(&mut stage, "venus-gateway", offset, router).await?;
    Ok((stage, service))
}
