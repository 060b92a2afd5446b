//! Auth and gateway as processes of their own, in a throwaway home.

use crate::support::*;

#[test]
fn a_gateway_asks_auth_and_shows_who_is_connected() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let [auth_port, gateway_port] = ports();
    let (auth_at, gateway_at) =
        (format!("127.0.0.1:{auth_port}"), format!("/ip4/127.0.0.1/tcp/{gateway_port}"));

    let _auth = daemon("venus-auth", home, &["--listen", &auth_at, "run"]);
    await_success("venus-auth", home, &["--listen", &auth_at, "user", "list"]);
    let args = ["--listen", &auth_at, "user", "add", "gateway"];
    stdout(&run("venus-auth", home, &args));
    let args = ["--listen", &auth_at, "token", "gen", "--perm", "admin", "gateway"];
    let token = stdout(&run("venus-auth", home, &args));
    // The words of the original before it.
    let token = token.split_whitespace().last().unwrap();

    let url = format!("http://{auth_at}");
    let args = ["--listen", &gateway_at, "--auth-url", &url, "--auth-token", token];
    let _gateway = daemon("venus-gateway", home, &args);
    let list = ["--listen", &gateway_at, "--json", "wallet", "list"];
    assert_eq!(stdout(&await_success("venus-gateway", home, &list)).trim(), "[]");
    let miners = ["--listen", &gateway_at, "--json", "miner", "list"];
    assert_eq!(stdout(&run("venus-gateway", home, &miners)).trim(), "[]");

    let unknown = ["--listen", &gateway_at, "wallet", "get", "nobody"];
    let error = failure(&run("venus-gateway", home, &unknown));
    assert!(error.contains("wallet nobody not exit"), "{error}");

    // A second daemon on the home, and on the port.
    let error = failure(&run("venus-gateway", home, &args));
    assert!(error.contains("in use by another gateway"), "{error}");
    let elsewhere = home.join("elsewhere").display().to_string();
    let error =
        failure(&run("venus-gateway", home, &[&["--home", &elsewhere], &args[..]].concat()));
    assert!(error.contains("cannot listen at") && error.contains("--listen"), "{error}");
    let error = failure(&run("venus-auth", home, &["--listen", "127.0.0.1:0", "run"]));
    assert!(error.to_lowercase().contains("use"), "{error}");
}

#[test]
fn bad_input_is_named_and_ends_with_1() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let error = failure(&run("venus-gateway", home, &["--no-such-flag"]));
    assert!(error.contains("--no-such-flag"), "{error}");
    let error = failure(&run("venus-gateway", home, &["--auth-url", "http://127.0.0.1:1"]));
    assert!(error.contains("--auth-token"), "{error}");
    let error = failure(&run("venus-gateway", home, &["--listen", "somewhere", "run"]));
    assert!(error.contains("somewhere"), "{error}");
    let error = failure(&run("venus-gateway", home, &["miner", "state", "x1"]));
    assert!(error.contains("no Filecoin address"), "{error}");

    let config = home.join(".venusgateway/config.toml");
    std::fs::write(&config, "listen = 7").unwrap();
    let error = failure(&run("venus-gateway", home, &["run"]));
    assert!(error.contains("config.toml") && error.contains("listen"), "{error}");

    let help = stdout(&run("venus-gateway", home, &["--help"]));
    assert!(help.contains("--auth-url"), "{help}");
}
