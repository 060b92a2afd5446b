//! `venus-cluster up`.

use std::{
    io::Write,
    time::{Duration, Instant},
};

use anyhow::bail;
use tokio_util::sync::CancellationToken;
use venus_cluster::{Events, Goal, Plan, Pool, Proofs};
use venus_core::shutdown;

use super::Home;

/// How to run the pool. What is not given stays as it was, or is: one miner, one sector, real
/// proofs, a block each 2 s (each second with simulated proofs), any free ports.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    home: Home,
    /// Real proofs take minutes and gigabytes; simulated ones are accepted on this chain alone.
    #[arg(long, value_enum)]
    proofs: Option<Proofs>,
    /// Seconds between epochs.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    block_time: Option<u64>,
    /// Miners to create, besides the one that the chain begins with.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(0..=100))]
    miners: Option<u64>,
    /// Sectors that each of them seals.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(0..=1000))]
    sectors: Option<u64>,
    /// Stop when this is reached: head:HEIGHT, proving:SECTORS or wins:BLOCKS (of the new miners).
    #[arg(long, value_name = "GOAL")]
    until: Option<Goal>,
    /// Fail if it is not reached in this time.
    #[arg(long, value_name = "SECONDS", requires = "until")]
    timeout: Option<u64>,
    /// The first of the services' ports; 0: any free ones.
    #[arg(long, value_name = "P", value_parser = clap::value_parser!(u16).range(0..=65000))]
    base_port: Option<u16>,
}

impl Args {
    /// What is wanted: the plan of the home with what was given.
    fn plan(&self, home: &std::path::Path) -> anyhow::Result<Plan> {
        let mut plan = match Plan::of_home(home)? {
            Some(plan) => plan,
            None => Plan::with_proofs(self.proofs.unwrap_or(Proofs::Real)),
        };
        plan.proofs = self.proofs.unwrap_or(plan.proofs);
        plan.block_time = self.block_time.unwrap_or(plan.block_time);
        plan.miners = self.miners.unwrap_or(plan.miners);
        plan.sectors = self.sectors.unwrap_or(plan.sectors);
        plan.base_port = self.base_port.unwrap_or(plan.base_port);
        Ok(plan)
    }
}

pub(super) async fn run(args: Args) -> anyhow::Result<()> {
    let start = Instant::now();
    let home = args.home.path()?;
    let plan = args.plan(&home)?;
    let stop = shutdown::signal_token();
    say(start, &format!("home {}, {} proofs", home.display(), plan.proofs));
    let events = Events::new(move |event| say(start, &event.to_string()));
    let started = stop.run_until_cancelled(Box::pin(Pool::start(&home, plan, events))).await;
    let Some(pool) = started.transpose()? else { return Ok(()) };
    let outcome = wait(&pool, args.until, args.timeout, start, &stop).await;
    say(start, "stopping");
    pool.stop().await?;
    say(start, "stopped");
    outcome
}

/// Waits for the goal, the time limit or a signal.
async fn wait(
    pool: &Pool,
    until: Option<Goal>,
    timeout: Option<u64>,
    start: Instant,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let reached = async {
        match until {
            Some(goal) => pool.reached(goal).await.map(|_| say(start, &format!("reached {goal}"))),
            None => std::future::pending().await,
        }
    };
    let over = async {
        match timeout {
            Some(secs) => {
                tokio::time::sleep_until((start + Duration::from_secs(secs)).into()).await
            }
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        outcome = reached => outcome,
        () = stop.cancelled() => Ok(()),
        () = over => match until {
            Some(goal) => bail!(
                "{goal} was not reached within {} s: {}",
                timeout.unwrap_or_default(),
                goal.missing(pool.progress())
            ),
            None => Ok(()),
        },
    }
}

/// Tells what happened, and when.
fn say(start: Instant, text: &str) {
    let mut out = std::io::stdout().lock();
    // Nobody reads it any more: the pool runs on.
    let _ = writeln!(out, "{:8.2}  {text}", start.elapsed().as_secs_f64());
    let _ = out.flush();
}
