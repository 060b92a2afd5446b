//! The chain node as a process of its own.

use std::path::Path;

use serde_json::Value;
use venus_core::auth::{Claims, JwtSecret, Permission};

use crate::support::*;

const ACCOUNT: &str = "t12mchblwgi243re5i2pg2harmnqvm6q3rwb2cnpy";
const BINARIES: [&str; 7] = [
    "venus",
    "venus-auth",
    "venus-gateway",
    "venus-messager",
    "venus-miner",
    "venus-sealer",
    "venus-wallet",
];
const ANY_PORT: &str = "/ip4/127.0.0.1/tcp/0";

fn venus(home: &Path, args: &[&str]) -> String {
    stdout(&run("venus", home, args))
}

fn json(home: &Path, args: &[&str]) -> Value {
    let args: Vec<_> = ["--json"].iter().chain(args).copied().collect();
    serde_json::from_str(&venus(home, &args)).unwrap()
}

fn refused(home: &Path, args: &[&str]) -> String {
    failure(&run("venus", home, args))
}

#[test]
fn a_chain_is_made_served_asked_and_kept() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let account = format!("{ACCOUNT}=77");
    let start = ["daemon", "--network", "2k", "--listen", ANY_PORT];
    let made = [&start[..], &["--genesis-sectors", "3", "--genesis-account", &account]].concat();
    let node = daemon("venus", home, &made);
    await_success("venus", home, &["chain", "head"]);

    let dir = home.join(".venus");
    for file in ["token", "token.key", "api", "config.json", "genesis-miner.key", "faucet.key"] {
        assert_private(&dir.join(file));
    }
    let config: Value =
        serde_json::from_slice(&std::fs::read(dir.join("config.json")).unwrap()).unwrap();
    assert_eq!(config["api"]["apiAddress"], "/ip4/127.0.0.1/tcp/3453");
    assert_eq!(config["devnet"]["network"], "2k");

    let head = json(home, &["chain", "head"]);
    assert_eq!(head["Height"], 0);
    let genesis = head["Cids"][0]["/"].as_str().unwrap();
    assert!(venus(home, &["chain", "list"]).contains(genesis));
    let block = venus(home, &["chain", "get-block", genesis]);
    assert!(block.contains("Height:") && block.contains("t00"), "{block}");

    assert_eq!(json(home, &["state", "list-miners"]), serde_json::json!(["t01000"]));
    let power = json(home, &["state", "power", "t01000"]);
    assert_eq!(power["MinerPower"]["RawBytePower"], (3 * 2048).to_string());
    assert!(venus(home, &["state", "power"]).contains("6 KiB"));
    let actor = venus(home, &["state", "get-actor", "t01000"]);
    assert!(actor.contains("storageminer"), "{actor}");
    assert_eq!(json(home, &["state", "sectors", "t01000"]).as_array().unwrap().len(), 3);
    assert_eq!(venus(home, &["state", "lookup", ACCOUNT]), "t0101\n");
    assert_eq!(venus(home, &["state", "lookup", "-r", "t0101"]), format!("{ACCOUNT}\n"));
    assert_eq!(venus(home, &["wallet", "balance", ACCOUNT]), "77.0 FIL\n");
    assert_eq!(json(home, &["mpool", "pending"]), serde_json::json!([]));
    assert_eq!(venus(home, &["mpool", "nonce", ACCOUNT]), "0\n");
    assert!(json(home, &["sync", "status"])["ActiveSyncs"].is_array());
    assert!(venus(home, &["state", "network-info"]).contains("2k"));
    assert!(venus(home, &["version"]).contains("2.3.0"));
    let ahead = json(home, &["dev", "advance", "5"])["Ahead"].as_f64().unwrap();
    assert!((4.9..5.1).contains(&ahead), "{ahead}");

    // A second daemon on the home, and on the port.
    let error = refused(home, &start);
    assert!(error.contains("in use by another process"), "{error}");
    let api = std::fs::read_to_string(dir.join("api")).unwrap();
    let elsewhere = home.join("elsewhere");
    let args = ["--home", elsewhere.to_str().unwrap(), "daemon", "--listen", &api];
    let error = refused(home, &args);
    assert!(error.contains("cannot listen at") && error.contains("--listen"), "{error}");
    assert!(!elsewhere.exists());

    // What is not on the chain.
    let error = refused(home, &["state", "get-actor", "t099999"]);
    assert!(error.contains("t099999 is not on the chain"), "{error}");
    let error = refused(home, &["state", "power", "t0101"]);
    assert!(error.contains("miner t0101") && error.contains("not miner"), "{error}");
    let cid = "bafy2bzacecnamqgqmifpluoeldx7zzglxcljo6oja4vrmtj7432rphldpdmm2";
    let error = refused(home, &["chain", "get-block", cid]);
    assert!(error.contains("the node has no block"), "{error}");
    let error = refused(home, &["state", "wait-msg", "--timeout", "1", cid]);
    assert!(error.contains(cid), "{error}");

    // Tokens: of another daemon, and one that allows too little.
    let key = std::fs::read_to_string(dir.join("token.key")).unwrap();
    let weak = JwtSecret::from_hex(&key).unwrap().sign(&Claims::new("x", Permission::Read));
    let error = refused(home, &["--api", &api, "--token", &weak, "dev", "advance", "1"]);
    assert!(error.contains("missing permission") && error.contains("admin"), "{error}");
    let foreign = JwtSecret::random().sign(&Claims::new("x", Permission::Admin));
    let error = refused(home, &["--api", &api, "--token", &foreign, "chain", "head"]);
    assert!(error.contains("token rejected"), "{error}");
    let info = format!("{weak}:{api}");
    let head = ["--api", &info, "--json", "chain", "head"];
    assert!(venus(home, &head).contains(genesis));

    node.stop();
    let error = refused(home, &["chain", "head"]);
    assert!(error.contains("`venus daemon` does not answer"), "{error}");

    // The same chain again, and no other in its place.
    let error = refused(home, &["daemon", "--listen", ANY_PORT, "--network", "localnet-x"]);
    assert!(error.contains("2k") && error.contains("localnet-x"), "{error}");
    let error = refused(home, &["daemon", "--listen", ANY_PORT, "--preset", "compat"]);
    assert!(error.contains("preset fast"), "{error}");
    // Opened to others as the deployment guide does it: in the configuration.
    let config = dir.join("config.json");
    let [port, _] = ports();
    let text = std::fs::read_to_string(&config).unwrap();
    let text = text.replace("/ip4/127.0.0.1/tcp/3453", &format!("/ip4/0.0.0.0/tcp/{port}"));
    std::fs::write(&config, text).unwrap();
    let _node = daemon("venus", home, &["daemon"]);
    let again = await_success("venus", home, &["--json", "chain", "head"]);
    assert!(stdout(&again).contains(genesis));
}

#[test]
fn a_node_takes_tokens_of_auth_with_and_without_one_of_its_own() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let [port, _] = ports();
    let auth_at = format!("127.0.0.1:{port}");
    let auth = |args: &[&str]| {
        let args: Vec<_> = ["--listen", &auth_at].iter().chain(args).copied().collect();
        stdout(&await_success("venus-auth", home, &args))
    };
    let _auth = daemon("venus-auth", home, &["--listen", &auth_at, "run"]);
    auth(&["user", "list"]);
    auth(&["user", "add", "sealer"]);
    let made = auth(&["token", "gen", "--perm", "read", "sealer"]);
    let token = made.split_whitespace().last().unwrap();

    // As the deployment guide has it: the address alone.
    let url = format!("http://{auth_at}");
    let node = ["daemon", "--network", "nerpa", "--listen", ANY_PORT, "--authURL", &url];
    for own in [None, Some(token)] {
        let mut args = node.to_vec();
        args.extend(own.iter().flat_map(|token| ["--auth-token", *token]));
        let running = daemon("venus", home, &args);
        await_success("venus", home, &["chain", "head"]);
        let api = std::fs::read_to_string(home.join(".venus/api")).unwrap();
        let ask = ["--api", &api, "--token", token, "state", "network-info"];
        assert!(venus(home, &ask).contains("localnet-nerpa"));
        let error = refused(home, &["--api", &api, "--token", token, "dev", "advance", "1"]);
        assert!(error.contains("missing permission"), "{error}");
        let foreign = JwtSecret::random().sign(&Claims::new("sealer", Permission::Admin));
        let error = refused(home, &["--api", &api, "--token", &foreign, "chain", "head"]);
        assert!(error.contains("token rejected"), "{error}");
        running.stop();
    }
    let log = std::fs::read_to_string(home.join("venus.log")).unwrap();
    assert!(log.contains("no longer exists") && !log.contains(token), "{log}");
}

#[test]
fn bad_input_is_named_and_nothing_is_made() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    for (args, words) in [
        (&["--no-such-flag"][..], &["--no-such-flag"][..]),
        (&["chain", "head"], &["token", "venus daemon"]),
        (&["chain", "get-block", "x"], &["`x` is no CID"]),
        (&["wallet", "balance", "x1"], &["`x1` is no Filecoin address"]),
        (&["daemon", "--network", "mainnet"], &["mainnet", "--network 2k"]),
        (&["daemon", "--network", "moon"], &["unknown network moon"]),
        (&["daemon", "--preset", "slow"], &["fast, compat or nerpa"]),
        (&["daemon", "--block-time", "0"], &["--block-time"]),
        (&["daemon", "--listen", "somewhere"], &["somewhere"]),
        (&["daemon", "--auth-token", "x"], &["--auth-url"]),
        (&["daemon", "--auth-url", "ftp://x"], &["ftp"]),
        (&["daemon", "--genesis-account", "t01=x"], &["`x` is no whole number"]),
        (&["--api", "nonsense", "chain", "head"], &["nonsense", "is not an address"]),
    ] {
        let error = refused(home, args);
        assert!(words.iter().all(|word| error.contains(word)), "{args:?}: {error}");
    }
    assert!(!home.join(".venus").exists());

    for (args, word) in [
        (["--genesis-key", "no-file"], "neither an address nor a file"),
        (["--genesis-key", ACCOUNT], "is no BLS address"),
        (["--genesis-template", "no-file"], "cannot read the template no-file"),
    ] {
        let error = refused(home, &[&["daemon", "--listen", ANY_PORT][..], &args].concat());
        assert!(error.contains(word), "{error}");
        assert!(!home.join(".venus/chain.json").exists());
    }

    let config = home.join(".venus/config.json");
    for (text, words) in [
        ("{\"api\": 7}", ["config.json", "line 1"]),
        ("{\"devnet\": {\"present\": \"fast\"}}", ["config.json", "present"]),
        ("{\"mpool\": {\"maxFee\": \"much\"}}", ["mpool.maxFee", "much"]),
    ] {
        std::fs::write(&config, text).unwrap();
        let error = refused(home, &["daemon", "--listen", ANY_PORT]);
        assert!(words.iter().all(|word| error.contains(word)), "{error}");
    }

    let help = venus(home, &["--help"]);
    assert!(help.contains("venus daemon --network 2k"), "{help}");
    let help = venus(home, &["daemon", "--help"]);
    assert!(help.contains("--genesis-key") && help.contains("Genesis of a new chain"), "{help}");
}

#[test]
fn every_program_completes_in_every_shell() {
    let home = tempfile::tempdir().unwrap();
    for binary in BINARIES {
        for shell in ["bash", "zsh", "fish"] {
            let script = stdout(&run(binary, home.path(), &["completion", shell]));
            assert!(script.contains(binary) && script.contains("completion"), "{binary} {shell}");
        }
        let error = failure(&run(binary, home.path(), &["completion", "csh"]));
        assert!(error.contains("bash"), "{error}");
    }
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
}
