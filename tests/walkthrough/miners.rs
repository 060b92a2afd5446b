//! The guide's second part: a miner, its sectors and its blocks.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::walk::{PATIENCE, Walk};

const INIT_512M: &str = "venus-sealer init --worker <bls1> --owner <bls2> --sector-size 512M \
    --network nerpa --auth-token <sealer token> --messager-url /ip4/<host>/tcp/39812/http \
    --node-url /ip4/<host>/tcp/3453/http --gateway-url /ip4/<host>/tcp/45132/http \
    --no-local-storage";
const INIT_ACTOR: &str = "venus-sealer init --actor <miner 512M> --network nerpa \
    --auth-token <sealer token> --node-url /ip4/<host>/tcp/3453/http \
    --messager-url http://<host>:39812/rpc/v0 --gateway-url /ip4/<host>/tcp/45132/http \
    --no-local-storage --wallet-name testminer";
const ATTACH: &str = "venus-sealer storage attach --init --store --seal <path>";
/// Makes the parameters of real proofs.
pub(crate) const FETCH_PARAMS: &str = "venus-sealer fetch-params <size>";
const LISTEN: &[&str] = &["--listen", "127.0.0.1:2345"];
/// The home of the second sealer.
const SECOND: &str = ".venussealer-2k";

/// How a walk proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proofs {
    Simulated,
    Real,
}

impl Proofs {
    /// The flag of a sealer: real is what it does by itself.
    const fn flag(self) -> &'static [&'static str] {
        match self {
            Self::Simulated => &["--proofs", "simulated"],
            Self::Real => &[],
        }
    }

    /// How long a sector may take.
    pub(crate) const fn patience(self) -> Duration {
        Duration::from_secs(match self {
            Self::Simulated => 240,
            Self::Real => 2400,
        })
    }
}

fn json(walk: &Walk, command: &str) -> Value {
    serde_json::from_slice(&walk.quietly(command).stdout).unwrap_or_default()
}

/// The address that `init` names in its last words.
fn miner(printed: &str) -> String {
    printed.split_whitespace().find(|word| word.starts_with("t0")).unwrap_or_default().to_owned()
}

/// The guide's miner of 512 MiB sectors: created, bound to its user, shown.
pub(crate) fn sealer_512m(walk: &mut Walk) {
    walk.refused(
        &INIT_512M.replace("512M", "32GiB"),
        &[],
        &["--sector-size 32 GiB is not allowed", "2 KiB or 512 MiB"],
    );
    walk.refused(&INIT_512M.replace("nerpa", "calibration"), &[], &["localnet-nerpa", "mainnet"]);
    walk.refused(&INIT_512M.replace("tcp/3453", "tcp/8989"), &[], &["the node"]);
    walk.refused(&INIT_512M.replace("<sealer token>", "<token of wallet>"), &[], &["permission"]);
    walk.refused(&INIT_512M.replace("<sealer token>", "nonsense"), &[], &["token rejected"]);
    let stranger = INIT_512M.replace("<bls1>", "<stranger>").replace("<bls2>", "<stranger>");
    walk.refused(&stranger, &["--proofs", "simulated"], &["t3vvmn62lofvh"]);
    let extra = [walk.moved(LISTEN), Proofs::Simulated.flag()].concat();
    let printed = walk.step_with(INIT_512M, &extra, |text| {
        text.contains("512 MiB sectors") && text.contains("venus-sealer run")
    });
    let new = miner(&printed);
    let created = format!("Created new miner: {new}");
    let named = format!("New miners address is: {new} (t2");
    for line in [
        "Checking if repo exists",
        "Initializing libp2p identity",
        "Pushed CreateMiner message: ",
        "Waiting for confirmation",
    ]
    .into_iter()
    .chain([named.as_str(), created.as_str()])
    {
        walk.said(line);
    }
    walk.set("miner 512M", &new);
    walk.refused(INIT_512M, &[], &["already initialized", "--home"]);
    let add = "venus-auth addUser --miner <miner 512M> --srouceType 1 --name sealer";
    walk.step(add, |text| text.contains("add user success"));
    walk.daemon("venus-sealer", "venus-sealer run", 2345, &[]);
    let own = format!("Sealer: {} (512 MiB sectors)", walk.values["miner 512M"]);
    walk.until("venus-sealer info", PATIENCE, |text| {
        text.starts_with("Chain: [sync") && text.contains(&own) && text.contains("Worker Balance:")
    });
    walk.private(&[".venussealer/token", ".venussealer/api", ".venussealer/config.toml"]);
    walk.stop("venus-sealer");
    // The same miner on another machine.
    walk.use_sealer(Some(".venussealer-moved"));
    walk.step_with(INIT_ACTOR, &extra, |text| text.contains("512 MiB sectors"));
    walk.daemon("venus-sealer", "venus-sealer run", 2345, &[]);
    walk.until("venus-sealer info", PATIENCE, |text| text.contains(&own));
    walk.stop("venus-sealer");
}

/// The miner whose sector is sealed, in a home of its own.
pub(crate) fn sealer(walk: &mut Walk, proofs: Proofs, sectors: &str) {
    let size = sectors.replace(' ', "");
    walk.use_sealer(Some(SECOND));
    let public = FETCH_PARAMS.replace("<size>", "32GiB");
    walk.refused(&public, &[], &["public ceremony", "FIL_PROOFS_PARAMETER_CACHE"]);
    if proofs == Proofs::Real {
        walk.set("size", &size);
        walk.step(FETCH_PARAMS, |text| text.matches("ours").count() == 6);
    }
    let init = INIT_512M.replace("512M", &size);
    let extra = [walk.moved(LISTEN), proofs.flag()].concat();
    let printed =
        walk.step_with(&init, &extra, |text| text.contains(&format!("{sectors} sectors")));
    walk.set("miner", &miner(&printed));
    let add = "venus-auth user miner add sealer <miner>";
    walk.step(add, |text| text.contains("success"));
    walk.daemon("venus-sealer", "venus-sealer run", 2345, &[]);
    walk.until("venus-sealer sectors list", PATIENCE, |text| text.contains("State"));
    walk.refused("venus-sealer sectors pledge", &[], &["venus-sealer storage attach"]);
    let path = walk.home("sectors").display().to_string();
    walk.set("path", &path);
    walk.step(ATTACH, |text| text.contains("attached"));
    walk.step("venus-sealer sectors pledge", |text| text.contains("Created CC sector"));
    walk.step("venus-sealer sectors list", |text| text.contains('0'));
    walk.step("venus-sealer info", |text| text.contains(&format!("({sectors} sectors)")));
}

/// The block producer.
pub(crate) fn miner_service(walk: &mut Walk) {
    let init = "venus-miner init --nettype=nerpanet --api=/ip4/<host>/tcp/3453 \
                --token=<miner token> --auth-api=http://<host>:8989 \
                --gateway-api=/ip4/<host>/tcp/45132";
    walk.refused("venus-miner run --nettype=nerpanet", &[], &["venus-miner init"]);
    walk.refused(&init.replace("nerpanet", "mainnet"), &[], &["localnet-nerpa", "mainnet"]);
    walk.refused(&init.replace("tcp/3453", "tcp/45132"), &[], &["--api"]);
    walk.refused(&init.replace("<miner token>", "<token of wallet>"), &[], &["admin", "--token"]);
    let listen = walk.moved(&["--listen", "127.0.0.1:12308"]);
    walk.step_with(init, listen, |text| text.contains("venus-miner run"));
    walk.refused(init, &[], &["already initialized"]);
    walk.daemon("venus-miner", "venus-miner run --nettype=nerpanet", 12308, &[]);
    let own = format!("\"Addr\": \"{}\"", walk.values["miner"]);
    for command in ["venus-miner address update", "venus-miner address list", "venus-miner list"] {
        walk.step(command, |text| text.contains(&own));
    }
    for command in ["venus-miner address state", "venus-miner state"] {
        walk.step(command, |text| text.contains(&own) && text.contains("\"IsMining\": true"));
    }
    walk.step("venus-miner stop <miner>", |text| text == "stop mining success.\n");
    walk.step("venus-miner state <miner>", |text| text.contains("\"IsMining\": false"));
    walk.step("venus-miner start <miner>", |text| text == "start mining success.\n");
    walk.step("venus-miner address stop <miner>", |text| text == "stop mining success.\n");
    walk.step("venus-miner address start <miner>", |text| text == "start mining success.\n");
    walk.refused("venus-miner start t09999", &[], &["t09999", "user miner add"]);
    walk.private(&[".venusminer/token", ".venusminer/api", ".venusminer/config.toml"]);
}

/// Waits until the sector is proving and active, and a block of its miner is on the chain. Where
/// only epochs are waited for, they are skipped.
pub(crate) fn prove_and_win(walk: &mut Walk, proofs: Proofs, sectors: &str) {
    let deadline = Instant::now() + proofs.patience();
    let mut active = false;
    while !active && Instant::now() < deadline {
        let sector = json(walk, "venus-sealer --json sectors list")[0].clone();
        active = sector["Active"] == true;
        let state = sector["State"].as_str().unwrap_or_default();
        match state {
            "Proving" => skip(walk, i64::MAX, proofs),
            "WaitSeed" | "PreCommitWait" | "CommitWait" => advance(walk, 3),
            _ => {}
        }
        std::thread::sleep(Duration::from_millis(1200));
    }
    walk.step("venus-sealer sectors list", |text| {
        text.lines().any(|line| {
            line.contains("Proving") && line.split_whitespace().filter(|w| *w == "YES").count() == 2
        })
    });
    walk.step("venus-sealer info", |text| text.contains(&format!("Raw: {sectors} /")));
    // Power counts where it has stood for 900 epochs.
    let epoch = |walk: &Walk| json(walk, "venus --json dev time")["Epoch"].as_i64().unwrap_or(0);
    let counts = epoch(walk) + 905;
    while epoch(walk) < counts && Instant::now() < deadline {
        skip(walk, (counts - epoch(walk)).max(1), proofs);
        std::thread::sleep(Duration::from_millis(1200));
    }
    let won = walk.until("venus-miner block list", proofs.patience(), |text| {
        text.lines().any(|line| line.contains("taken"))
    });
    let block = won.lines().find(|line| line.contains("taken")).unwrap();
    walk.set("block", block.split_whitespace().last().unwrap());
    let own = walk.values["miner"].clone();
    walk.step("venus chain get-block <block>", |text| text.contains(&own));
}

/// Passes over epochs in which nothing is due, at most so many; where somebody proves, the clock
/// goes on in steps that leave the time for it.
fn skip(walk: &Walk, epochs: i64, proofs: Proofs) {
    let time = json(walk, "venus --json dev time");
    let due = json(walk, "venus --json dev next-due").as_i64();
    let (Some(epoch), Some(due)) = (time["Epoch"].as_i64(), due) else { return };
    if due > epoch + 1 {
        walk.quietly(&format!("venus dev skip-to {}", due.min(epoch.saturating_add(epochs))));
    } else {
        advance(walk, if proofs == Proofs::Simulated { 5 } else { 1 });
    }
}

fn advance(walk: &Walk, epochs: u32) {
    walk.quietly(&format!("venus dev advance {epochs}"));
}
