//! Daemons and the server of their database, started in any order.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use venus_core::test_utils::MariaDb;

use crate::support::{await_success, daemon, failure, ports, run};

/// Waits until the log of a daemon has some words.
fn await_log(home: &Path, binary: &str, words: &str) {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let log = std::fs::read_to_string(home.join(format!("{binary}.log"))).unwrap();
        assert!(!log.contains("111111"), "{log}");
        if log.contains(words) {
            return;
        }
        assert!(Instant::now() < deadline, "no `{words}` in: {log}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_database_that_is_away_is_waited_for() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let mut server = MariaDb::start_with(["--innodb-flush-log-at-trx-commit=2".to_owned()]);
    let [auth_dsn, messager_dsn] = [(); 2].map(|()| server.database());
    // Others than the server's own, which is free a moment later.
    let [port, other] = ports();
    server.kill();
    let listen = format!("127.0.0.1:{port}");
    let auth = ["--listen", &listen, "run", "--db-type", "mysql", "--mysql-dsn", &auth_dsn];
    // One that is told to stop while it waits does.
    let waiting = daemon("venus-auth", home, &auth);
    await_log(home, "venus-auth", "waiting for the database root@tcp(127.0.0.1:");
    waiting.stop();

    let auth = daemon("venus-auth", home, &auth);
    let auth_url = format!("http://{listen}");
    let own = format!("/ip4/127.0.0.1/tcp/{other}");
    let database = ["--db-type", "mysql", "--mysql-dsn", &messager_dsn];
    let peers = ["run", "--listen", &own, "--auth-token", "t", "--auth-url", &auth_url];
    let messager = daemon("venus-messager", home, &[&peers[..], &database].concat());
    for binary in ["venus-auth", "venus-messager"] {
        await_log(home, binary, "waiting for the database root@tcp(127.0.0.1:");
    }
    server.restart();
    await_success("venus-auth", home, &["--listen", &listen, "user", "list"]);
    await_log(home, "venus-messager", "messages are kept in a database");
    for binary in ["venus-auth", "venus-messager"] {
        await_log(home, binary, "set innodb_flush_log_at_trx_commit = 1");
    }
    auth.stop();
    drop(messager);
}

#[test]
fn a_database_that_refuses_is_not_waited_for() {
    let home = tempfile::tempdir().unwrap();
    let dsn = MariaDb::shared().database();
    let database = dsn.split_once(")/").unwrap().1.split_once('?').unwrap().0;
    MariaDb::shared().execute(
        database,
        "CREATE TABLE store_versions (id bigint unsigned PRIMARY KEY, version bigint unsigned); \
         INSERT INTO store_versions VALUES (1, 4)",
    );
    let wrong = dsn.replace("111111", "secret");
    let missing = dsn.replace(&format!("/{database}?"), "/nowhere?");
    let auth = |dsn: &str| {
        let args = ["--listen", "127.0.0.1:0", "run", "--db-type", "mysql", "--mysql-dsn", dsn];
        failure(&run("venus-auth", home.path(), &args))
    };
    let messager = |dsn: &str| {
        let args = ["run", "--auth-token", "t", "--db-type", "mysql", "--mysql-dsn", dsn];
        failure(&run("venus-messager", home.path(), &args))
    };
    for (text, word) in [
        (auth(&wrong), "refused the login `root`"),
        (messager(&wrong), "refused the login `root`"),
        (auth(&missing), "CREATE DATABASE `nowhere`"),
        (messager(&missing), "CREATE DATABASE `nowhere`"),
        (auth(&format!("{dsn}&tls=true")), "tls=false"),
        (auth(&dsn), "the store is of version 4"),
        (auth("root:secret@tcp(h)"), "has no `/` and name of a database"),
    ] {
        assert!(text.contains(word) && !text.contains("secret"), "{text}");
    }
}
