//! `venus-cluster down`.

use std::{process::Stdio, time::Duration};

use anyhow::{Context, bail};
use tokio::time::Instant;
use venus_cluster::running_pid;

use super::{Home, print};

/// How often is looked whether it has stopped.
const POLL: Duration = Duration::from_millis(50);

/// Which pool to stop.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    home: Home,
    /// Give up waiting after this time.
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    timeout: u64,
}

pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    let home = args.home.path()?;
    let Some(pid) = running_pid(&home)? else {
        bail!("no pool runs in {}; nothing to stop", home.display());
    };
    // Who holds the lock lives, so this is still the process that wrote its id there.
    let status = tokio::process::Command::new("kill")
        .args(["-TERM", &pid.to_string()])
        .stdin(Stdio::null())
        .status()
        .await
        .context("running `kill`")?;
    if !status.success() {
        bail!("process {pid} could not be told to stop; are you its owner?");
    }
    let limit = Instant::now() + Duration::from_secs(args.timeout);
    while running_pid(&home)? == Some(pid) {
        if Instant::now() > limit {
            bail!("process {pid} has not stopped within {} s; see its log", args.timeout);
        }
        tokio::time::sleep(POLL).await;
    }
    print(&format!("the pool in {} has stopped\n", home.display()))
}
