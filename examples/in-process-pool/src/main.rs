//! A whole pool inside your own program: auth, node, gateway, wallet, messager, miner and sealers
//! over a development chain of its own. A new miner is created, seals a sector and wins a block.
//!
//! `cargo run --release -p in-process-pool`; with `real` behind `--` the proofs are real (minutes
//! instead of seconds).

use std::time::Duration;

use venus_cluster::{Events, Goal, Plan, Pool, Proofs};

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example shows what happens")]
async fn main() -> anyhow::Result<()> {
    let home = tempfile::tempdir()?;
    let real = std::env::args().any(|argument| argument == "real");
    let plan = Plan {
        proofs: if real { Proofs::Real } else { Proofs::Simulated },
        base_port: 0, // any free ones
        ..Plan::default()
    };
    let events = Events::new(|event| println!("{event}"));
    let pool = Pool::start(home.path(), plan, events).await?;
    for service in pool.services() {
        println!("{} serves at {}", service.name, service.url);
    }

    let limit = Duration::from_secs(600);
    pool.reached_within(Goal::Proving(1), limit).await?;
    pool.reached_within(Goal::Wins(1), limit).await?;
    for miner in pool.miners() {
        let power = pool
            .chain()
            .state_miner_power(venus_core::MaybeAddress(Some(miner)), venus_core::TipSetKey::head())
            .await?;
        println!(
            "{miner} has {} bytes and won {}",
            power.miner_power.raw_byte_power,
            pool.wins(miner)
        );
    }
    pool.stop().await
}
