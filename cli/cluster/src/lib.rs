//! The whole pool in one process, over an embedded development chain.
//!
//! Each service listens on a loopback port of its own, and they talk to one another over the real
//! RPC. The command `venus-cluster` runs it; tests and examples take it as their fixture.
//!
//! ```no_run
//! use venus_cluster::{Events, Goal, Plan, Pool};
//!
//! # #[tokio::main]
//! # async fn main() -> anyhow::Result<()> {
//! let home = std::env::temp_dir().join("pool");
//! let events = Events::new(|event| eprintln!("{event}"));
//! let pool = Pool::start(&home, Plan::default(), events).await?;
//! pool.reached(Goal::Wins(3)).await?;
//! println!("won at height {}", pool.progress().head);
//! pool.stop().await
//! # }
//! ```
//!
//! # Invariants
//!
//! - Everything lies in the home, and every step of the set-up can be repeated: killed at any
//!   moment and started again on the same home, the pool goes on where it was.
//! - The chain's clock stands still while the pool does, and while a proof is made: no sector is
//!   lost to a stopped pool or a slow machine.
//! - A home is used by one process at a time.
//! - Stopping goes from those who produce to those whom they need: nothing is lost on the way.

mod event;
mod follow;
mod goal;
mod home;
mod inspect;
mod ledger;
mod plan;
mod pool;
mod services;
mod status;

pub use event::{Event, Events};
pub use goal::{Goal, GoalError, Progress};
pub use home::{HomeLock, Service, read_services, running_pid};
pub use plan::{Plan, Proofs};
pub use pool::Pool;
pub use status::{ClusterApi, ClusterClient, HeadStatus, MinerStatus, Status};
