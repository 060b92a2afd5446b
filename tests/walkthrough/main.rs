//! The deployment guide of the Venus cluster, command by command: each in a process of its own,
//! in a throwaway home, until a sector is proving and its miner has won a block.

#![expect(clippy::unwrap_used, reason = "a failed set-up is a failed test")]
#![expect(clippy::print_stdout, reason = "the walk ends with a table")]

mod command;
mod daemons;
mod documents;
mod miners;
mod services;
mod stores;
mod terminal;
mod walk;

use std::time::{Duration, Instant};

use self::{
    miners::Proofs,
    stores::Stores,
    walk::{Ports, Walk},
};

/// What a walk is about.
#[derive(Debug, Clone, Copy)]
struct Way {
    proofs: Proofs,
    /// The size of the sector that is sealed.
    sectors: &'static str,
    /// Seconds between blocks; real proofs must be ready within.
    block_time: u64,
    sql: bool,
    ports: Ports,
    /// Whether each daemon is killed and started again while a sector is sealed.
    kills: bool,
}

const DEFAULT: Way = Way {
    proofs: Proofs::Simulated,
    sectors: "2 KiB",
    block_time: 1,
    sql: false,
    ports: Ports::Free,
    kills: false,
};

/// The daemons in the order of the guide: each needs only those before it.
const DAEMONS: [&str; 7] = [
    "venus-auth",
    "venus",
    "venus-gateway",
    "venus-wallet",
    "venus-messager",
    "venus-sealer",
    "venus-miner",
];

impl Way {
    fn go(self) -> Walk {
        let began = Instant::now();
        let mut walk = Walk::new(self.ports);
        let walk_on = &mut walk;
        let mut stores = if self.sql { Stores::sql(walk_on) } else { Stores::Sled };
        services::auth(walk_on, &stores);
        services::node(walk_on, self.block_time);
        services::gateway(walk_on);
        services::wallet(walk_on);
        services::messager(walk_on, &stores);
        miners::sealer_512m(walk_on);
        miners::sealer(walk_on, self.proofs, self.sectors);
        miners::miner_service(walk_on);
        if self.kills {
            kill_each(walk_on, &mut stores);
            start_backwards(walk_on, &mut stores);
        }
        miners::prove_and_win(walk_on, self.proofs, self.sectors);
        println!("{}{:.0?}", walk.table(), began.elapsed());
        walk
    }
}

/// Kills each daemon and starts it again, while the sector is being sealed.
fn kill_each(walk: &mut Walk, stores: &mut Stores) {
    for name in DAEMONS {
        walk.kill_and_restart(name);
        if name == "venus-wallet" {
            services::unlock(walk);
        }
        std::thread::sleep(Duration::from_secs(1));
    }
    stores.kill();
    stores.restart();
}

/// Stops everything and starts it again from the end: each waits for those it needs.
fn start_backwards(walk: &mut Walk, stores: &mut Stores) {
    for name in DAEMONS.iter().rev() {
        walk.stop(name);
    }
    stores.kill();
    for (name, says) in [
        ("venus-miner", "waiting for the node"),
        ("venus-sealer", "waiting for the node"),
        ("venus-messager", stores.messager_waits_for()),
        ("venus-wallet", "the wallet is locked"),
    ] {
        walk.start_too_early(name, says);
    }
    services::unlock(walk);
    walk.logged("venus-wallet", "cannot listen at the gateway");
    walk.start_too_early("venus-gateway", "waiting for venus-auth");
    walk.restart("venus");
    if let Stores::Sql(_) = stores {
        walk.start_too_early("venus-auth", "waiting for the database");
        stores.restart();
        walk.goes_on("venus-auth");
    } else {
        walk.restart("venus-auth");
    }
    for name in DAEMONS.iter().skip(2) {
        walk.goes_on(name);
    }
}

#[test]
fn the_guide_is_walked_to_a_won_block() {
    documents::are_walked(&DEFAULT.go());
}

#[test]
fn the_walk_goes_on_while_each_daemon_is_killed() {
    Way { kills: true, ..DEFAULT }.go();
}

#[test]
fn the_guide_is_walked_with_databases() {
    Way { sql: true, kills: true, ..DEFAULT }.go();
}

/// To the letter: real proofs, databases, the guide's own ports.
const REAL: Way =
    Way { proofs: Proofs::Real, block_time: 8, sql: true, ports: Ports::Guide, ..DEFAULT };

#[test]
#[ignore = "minutes of proving"]
fn the_guide_is_walked_with_real_proofs() {
    REAL.go();
}

/// As the guide's miner would do it, if it sealed. Without databases, so that it can be tried on
/// any machine that is big enough.
#[test]
#[ignore = "half an hour of proving on two cores, 6 GB of memory"]
fn a_sector_of_512_mib_is_sealed_on_the_way() {
    Way { sectors: "512 MiB", sql: false, ..REAL }.go();
}
