//! What the pool's parts cost, each beside the cost of what it cannot do without, as a ratio.
//!
//! `cargo bench -p venus-benches`, or `-- message` for one group. The table of ratios at the end is
//! of all groups that were ever measured in this target folder.
#![expect(clippy::unwrap_used, reason = "a failed set-up is a failed benchmark")]

mod auth;
mod blocks;
mod echo;
mod message;
mod ratios;
mod rpc;
mod signing;

use std::time::Duration;

use criterion::Criterion;
use tokio::runtime::Runtime;

fn main() {
    let home = ratios::home();
    let mut criterion = Criterion::default()
        .output_directory(&home)
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    let runtime = Runtime::new().unwrap();
    message::all(&mut criterion);
    rpc::all(&mut criterion, &runtime);
    auth::all(&mut criterion, &runtime);
    signing::all(&mut criterion, &runtime);
    blocks::all(&mut criterion);
    criterion.final_summary();
    ratios::print(&home);
}
