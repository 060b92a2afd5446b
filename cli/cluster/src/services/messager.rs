//! The messager.

use std::{path::Path, time::Duration};

use anyhow::Context;
use venus_messager::{Messager, MessagerConfig};

use super::{Access, Ports, Stage};
use crate::Service;

/// How long a head must stand; other miners' blocks of its height come within that time.
const STABLE: Duration = Duration::from_millis(150);

pub(crate) async fn start(
    home: &Path,
    access: &Access,
    ports: &Ports,
    offset: u16,
) -> anyhow::Result<(Stage, Service)> {
    let mut stage = Stage::new("venus-messager");
    let chain = access.node(access.admin_token().to_owned())?;
    let config = MessagerConfig { stable: STABLE, ..MessagerConfig::default() };
    let messager = Messager::builder(chain, access.signer()?)
        .with_signers(access.signers()?)
        .with_config(config)
        .open(home.join("messager"))
        .await
        .context("opening the messager")?;
    let router = messager.router(access.guard()?);
    let service = ports.serve(&mut stage, "venus-messager", offset, router).await?;
    let stop = stage.token();
    stage.spawn(async move { messager.run(stop).await });
    Ok((stage, service))
}
