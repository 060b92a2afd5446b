//! `venus-miner` as a user meets it.

use serde_json::Value;
use venus_core::auth::Permission;

use crate::{
    auth::Auth,
    backend::Backend,
    support::{await_success, daemon, failure, run, stdout},
};

const MINER: &str = "venus-miner";
const ANY_PORT: &str = "/ip4/127.0.0.1/tcp/0";

/// The flags of an `init`.
fn init<'a>(backend: &'a Backend, auth: &'a str, node: &'a str, token: &'a str) -> Vec<&'a str> {
    let auth_api = ["--auth-api", auth, "--auth-token", token];
    let gateway = ["--gateway-api", "/ip4/127.0.0.1/tcp/1"];
    let api = ["init", "--api", &backend.node, "--token", node, "--nettype=nerpanet"];
    [&api[..], &auth_api, &gateway].concat()
}

#[test]
fn miners_are_listed_started_and_stopped() {
    let backend = Backend::new();
    let home = backend.home();
    let auth = Auth::new(home);
    let (node, admin) = (backend.token(Permission::Admin), auth.token(home, "admin"));
    let call = |args: &[&str]| stdout(&run(MINER, home, args));
    let json = |args: &[&str]| serde_json::from_str::<Value>(&call(args)).unwrap();
    let refused = |args: &[&str]| failure(&run(MINER, home, args));

    let args = init(&backend, &auth.address, &node, &admin);
    assert!(call(&args).contains("start it with 'venus-miner run'"));
    let again = refused(&args);
    assert!(again.contains("is already initialized"), "{again}");

    let serving = daemon(MINER, home, &["--listen", ANY_PORT, "run", "--nettype=nerpanet"]);
    let list = stdout(&await_success(MINER, home, &["address", "list"]));
    assert!(list.starts_with("[\n\t{\n\t\t\"Addr\": \"t01000\",\n\t\t\"Id\": \""), "{list}");
    assert_eq!(call(&["list"]), list);
    assert_eq!(json(&["address", "update"])[0]["Name"], "w1");
    let second = refused(&["--listen", ANY_PORT, "run"]);
    assert!(second.contains("in use by another process"), "{second}");

    let mining = || json(&["address", "state", "t01000"])[0]["IsMining"].as_bool().unwrap();
    assert!(mining());
    assert_eq!(call(&["stop", "t01000"]), "stop mining success.\n");
    assert!(!mining());
    assert!(auth.run(home, &["user", "miner", "list", "w1"]).contains("false"), "it is kept");
    assert_eq!(call(&["address", "start", "f01000"]), "start mining success.\n");
    assert!(mining() && json(&["state"])[0]["IsMining"] == true);
    let unknown = refused(&["start", "t01000", "t09999"]);
    assert!(unknown.contains("t09999 is no miner of this pool"), "{unknown}");
    assert!(unknown.contains("venus-auth user miner add"), "{unknown}");
    let bad = refused(&["address", "start", "t01000", "x"]);
    assert!(bad.contains("parsing 1-th miner"), "{bad}");
    let none = refused(&["address", "stop"]);
    assert!(none.contains("name the miners"), "{none}");

    let future = ["winner", "count", "--epoch-start", "0", "--epoch-end", "99999", "t01000"];
    let future = refused(&future);
    assert!(future.contains("start or end greater than cur tipset height: 0"), "{future}");
    let count = json(&["winner", "count", "--epoch-start", "0", "--epoch-end", "0", "t01000"]);
    assert_eq!((&count[0]["miner"], &count[0]["totalWinCount"]), (&"t01000".into(), &0.into()));
    assert_eq!(json(&["--json", "block", "list"]), serde_json::json!([]));
    assert!(call(&["block", "list"]).contains("Epoch"));
    let record = refused(&["record", "query", "t01000", "1"]);
    assert!(record.contains("recorder disabled"), "{record}");
    let warmup = refused(&["address", "warmup", "t01000"]);
    assert!(warmup.contains("127.0.0.1:1"), "the gateway is named: {warmup}");

    // A token of venus-auth in the place of the local one: it may read, and no more.
    let local = home.join(".venusminer/token");
    let kept = std::fs::read_to_string(&local).unwrap();
    std::fs::write(&local, auth.token(home, "read")).unwrap();
    assert_eq!(call(&["list"]), list);
    let refusal = refused(&["address", "update"]);
    assert!(refusal.contains("missing permission to invoke 'UpdateAddress'"), "{refusal}");
    std::fs::write(&local, "wrong").unwrap();
    let refusal = refused(&["list"]);
    assert!(refusal.contains("is not of the daemon that answered"), "{refusal}");
    std::fs::write(&local, kept).unwrap();

    assert_eq!(call(&["stop"]), "");
    serving.ended();
    let away = refused(&["list"]);
    assert!(away.contains("`venus-miner run` does not answer"), "{away}");
}

#[test]
fn a_daemon_started_too_early_waits_for_venus_auth() {
    let backend = Backend::new();
    let home = backend.home();
    let auth = Auth::new(home);
    let (node, admin) = (backend.token(Permission::Admin), auth.token(home, "admin"));
    stdout(&run(MINER, home, &init(&backend, &auth.address, &node, &admin)));
    let Auth { address, daemon: stopped } = auth;
    stopped.stop();
    let serving = daemon(MINER, home, &["--listen", ANY_PORT, "run"]);
    let log = home.join("venus-miner.log");
    while !std::fs::read_to_string(&log).unwrap().contains("waiting for venus-auth") {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let auth = Auth::start(home, address);
    let list = stdout(&await_success(MINER, home, &["list"]));
    assert!(list.contains("t01000"), "{list}");
    // Waiting or not, it ends in order.
    serving.stop();
    auth.daemon.stop();
    let waiting = daemon(MINER, home, &["--listen", ANY_PORT, "run"]);
    while !std::fs::read_to_string(&log).unwrap().contains("waiting for venus-auth") {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    waiting.stop();
}

#[test]
fn bad_input_is_named_and_ends_with_1() {
    let backend = Backend::new();
    let home = backend.home();
    let auth = Auth::new(home);
    let (node, reader) = (backend.token(Permission::Admin), auth.token(home, "read"));
    let says = |args: &[&str], words: &[&str]| {
        let error = failure(&run(MINER, home, args));
        assert!(words.iter().all(|word| error.contains(word)), "{args:?}: {error}");
        assert!(!error.contains(&node), "{error}");
    };
    let good = init(&backend, &auth.address, &node, &reader);
    let with = |more: &[&'static str]| [&good[..], more].concat();
    let changed = |from: &str, to: &'static str| -> Vec<&str> {
        good.iter().map(|arg| if *arg == from { to } else { arg }).collect()
    };
    says(&["--no-such-flag"], &["--no-such-flag"]);
    says(&["init"], &["--api", "--auth-api", "--gateway-api", "--token"]);
    says(&["run"], &["venus-miner init"]);
    says(&["list"], &["venus-miner run"]);
    says(&with(&["--slash-filter", "sqlite"]), &["wrong slash filter type `sqlite`"]);
    says(&with(&["--listen", "somewhere"]), &["somewhere", "--listen"]);
    says(&changed(&backend.node, "/ip4/127.0.0.1/tcp/1"), &["cannot reach", "127.0.0.1:1"]);
    says(&changed(&backend.node, "nowhere"), &["--api", "nowhere"]);
    says(&changed(&node, "wrong"), &["token rejected by", "401"]);
    says(&changed("--nettype=nerpanet", "--nettype=mainnet"), &["localnet-cli", "mainnet"]);
    assert!(!home.join(".venusminer").exists(), "nothing half-made");

    // A token that cannot list users.
    says(&good, &["admin", "venus-auth token gen", "--token"]);
    assert!(!home.join(".venusminer").exists(), "nothing half-made");
    stdout(&run(MINER, home, &with(&["--offline"])));
    says(&["--listen", ANY_PORT, "run"], &["venus-auth", "permission"]);
    let holder = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = holder.local_addr().unwrap().to_string();
    says(&["--listen", &taken, "run"], &["cannot listen at", "--listen"]);
    std::fs::write(home.join(".venusminer/config.toml"), "listen = 7").unwrap();
    says(&["run"], &["config.toml", "listen"]);
    std::fs::write(home.join(".venusminer/config.toml"), "").unwrap();
    says(&["run"], &["node.url", "--api"]);

    let help = stdout(&run(MINER, home, &["--help"]));
    assert!(help.contains("venus-miner address update"), "{help}");
    assert!(stdout(&run(MINER, home, &["completion", "zsh"])).contains("venus-miner"));
}
