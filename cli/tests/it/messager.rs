//! `venus-messager` as a user meets it.

use std::path::Path;

use venus_core::{auth::Permission, test_utils::MariaDb};

use crate::{
    auth::Auth,
    backend::{Backend, worker},
    support::{
        Daemon, assert_private, await_success, command, daemon, failure, ports, run, run_fed,
        stdout,
    },
};

const MESSAGER: &str = "venus-messager";

fn messager(home: &Path, args: &[&str]) -> String {
    stdout(&run(MESSAGER, home, args))
}

fn refused(home: &Path, args: &[&str]) -> String {
    failure(&run(MESSAGER, home, args))
}

/// A messager of the test's own node.
fn start(backend: &Backend, auth: &Auth, more: &[&str]) -> Daemon {
    let home = backend.home();
    let (token, node_token) = (auth.token(home, "admin"), backend.token(Permission::Admin));
    let peers = ["--node-url", &backend.node, "--auth-token", &token, "--node-token", &node_token];
    let own = ["run", "--listen", "/ip4/127.0.0.1/tcp/0", "--auth-url", &auth.address];
    let running = daemon(MESSAGER, home, &[&own[..], &peers, more].concat());
    await_success(MESSAGER, home, &["share-params", "get"]);
    running
}

#[test]
fn a_wallet_of_its_own_signs_and_limits_are_set() {
    let backend = Backend::new();
    let auth = Auth::new(backend.home());
    let home = backend.home();
    std::fs::create_dir(home.join(".venus_wallet")).unwrap();
    let wallet = daemon(
        "venus-wallet",
        home,
        &["run", "--network=test", "--listen", "/ip4/127.0.0.1/tcp/0"],
    );
    await_success("venus-wallet", home, &["lock-state"]);
    stdout(&run_fed("venus-wallet", home, &["set-password"], "secret\nsecret\n"));
    let key = serde_json::to_vec(&worker().to_info()).unwrap();
    std::fs::write(home.join("key"), hex::encode(key)).unwrap();
    let import = ["import", &home.join("key").display().to_string()];
    stdout(&run("venus-wallet", home, &import));
    let info = stdout(&run("venus-wallet", home, &["auth", "api-info", "--perm", "sign"]));
    let (token, url) = info.trim().split_once(':').unwrap();

    let running = start(&backend, &auth, &[]);
    assert_private(&home.join(".venus-messager/token"));
    let add = |name: &'static str, token| {
        ["wallet", "add", "--name", name, "--url", url, "--token", token]
    };
    assert!(messager(home, &add("testminer", token)).contains("it has 1 addresses"));
    assert!(refused(home, &add("testminer", token)).contains("record exist"));
    assert!(refused(home, &add("other", "eyJ.x.y")).contains("token rejected"));
    let listed = messager(home, &["--json", "wallet", "list"]);
    assert!(listed.contains("testminer") && !listed.contains(token), "{listed}");

    let from = worker().address().to_string();
    assert!(messager(home, &["address", "list"]).contains(&from));
    messager(home, &["address", "set-sel-msg-num", "--num", "7", &from]);
    messager(home, &["address", "set-fee-params", "--max-fee", "5000", &from]);
    let sender = messager(home, &["address", "search", &from]);
    assert!(
        sender.contains("\"selMsgNum\": 7") && sender.contains("\"maxFee\": \"5000\""),
        "{sender}"
    );
    let shared = messager(home, &["share-params", "set", "--sel-msg-num", "30"]);
    assert!(shared.contains("\"selMsgNum\": 30") && shared.contains("1.25"), "{shared}");
    assert_eq!(messager(home, &["--json", "msg", "list"]), "[]\n");

    for (args, word) in [
        (&["msg", "search", "--id", "x"][..], "record not found"),
        (&["msg", "mark-bad", "x"], "--really-do-it"),
        (&["address", "forbidden", "t01"], "address not exist"),
        (&["wallet", "del", "nobody"], "no wallet nobody"),
        (&["share-params", "set", "--max-fee", "x"], "--max-fee"),
    ] {
        let error = refused(home, args);
        assert!(error.contains(word), "{args:?}: {error}");
    }
    running.stop();
    let error = refused(home, &["msg", "list"]);
    assert!(error.contains("venus-messager run"), "{error}");
    wallet.stop();
}

#[test]
fn bad_settings_are_named() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let [port, _] = ports();
    let taken = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    let listen = format!("/ip4/127.0.0.1/tcp/{port}");
    let with_dsn = |dsn| ["run", "--auth-token", "t", "--db-type", "mysql", "--mysql-dsn", dsn];
    for (args, word) in [
        (&["run"][..], "token is empty"),
        (&["run", "--auth-token", "t", "--listen", "nowhere"], "nowhere"),
        (&["run", "--auth-token", "t", "--listen", &listen], "cannot listen"),
        (&["run", "--auth-token", "t", "--node-url", "//"], "node.url"),
        (&["run", "--no-such-flag"], "--no-such-flag"),
        (
            &["run", "--auth-token", "t", "--db-type", "redis"],
            "unexpected db type redis (want 'sqlite' or 'mysql')",
        ),
        (&["run", "--auth-token", "t", "--db-type", "mysql"], "--mysql-dsn"),
        (&with_dsn("root:secret@tcp(127.0.0.1:1)"), "has no `/` and name of a database"),
        (&["msg", "list"], "no token in"),
    ] {
        let error = refused(home, args);
        assert!(error.contains(word) && !error.contains("secret"), "{args:?}: {error}");
    }
    drop(taken);
    let config = home.join(".venus-messager/config.toml");
    assert_private(&config);
    std::fs::write(&config, "[api]\nAddress = 7\n").unwrap();
    let error = failure(&command(MESSAGER, home, &["run"]).output().unwrap());
    assert!(error.contains("config.toml") && error.contains("Address"), "{error}");
    std::fs::write(&config, "[db.mysql]\nconnectionString = \"root:secret@tcp(h)/d\n").unwrap();
    let error = refused(home, &["run"]);
    assert!(error.contains("line 2, column") && !error.contains("secret"), "{error}");
}

/// The guide's command: a database that was made for it, and nothing in the home.
#[test]
fn messages_are_kept_in_a_database() {
    let backend = Backend::new();
    let auth = Auth::new(backend.home());
    let dsn = MariaDb::shared().database();
    let database = ["--db-type", "mysql", "--mysql-dsn", &dsn];
    let running = start(&backend, &auth, &database);
    let home = backend.home();
    messager(home, &["share-params", "set", "--sel-msg-num", "31"]);
    running.stop();
    let running = start(&backend, &auth, &database);
    let shared = messager(home, &["share-params", "get"]);
    assert!(shared.contains("\"selMsgNum\": 31"), "{shared}");
    running.stop();
    assert!(!home.join(".venus-messager/store").exists());
    let log = std::fs::read_to_string(home.join("venus-messager.log")).unwrap();
    assert!(log.contains("messages are kept in a database"), "{log}");
    assert!(!log.contains("111111"), "{log}");
    let running = start(&backend, &auth, &["--db-type", "sqlite"]);
    let log = std::fs::read_to_string(home.join("venus-messager.log")).unwrap();
    assert!(log.contains("no SQLite here"), "{log}");
    running.stop();
}
