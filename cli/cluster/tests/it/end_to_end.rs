//! From nothing to blocks won by a new miner.

use std::time::{Duration, Instant};

use venus_cluster::{Events, Goal, Plan, Pool};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_new_miner_seals_proves_and_wins() {
    let _ = venus_core::telemetry::init("warn", false);
    let home = tempfile::tempdir().unwrap();
    let start = Instant::now();
    let events = Events::new(move |event| println!("{:6.2} {event}", start.elapsed().as_secs_f64()));
    let pool = Pool::start(home.path(), Plan::default(), events).await.unwrap();
    let limit = Duration::from_secs(120);
    pool.reached_within(Goal::Proving(1), limit).await.unwrap();
    pool.reached_within(Goal::Wins(3), limit).await.unwrap();
    pool.stop().await.unwrap();
    println!("{:6.2} stopped", start.elapsed().as_secs_f64());
}
