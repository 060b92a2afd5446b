//! `venus-sealer` as a user meets it.

use serde_json::Value;
use venus_core::auth::Permission;

use crate::{
    backend::{Backend, worker},
    support::{assert_private, await_success, daemon, failure, run, stdout},
};

const SEALER: &str = "venus-sealer";
const ANY_PORT: &str = "/ip4/127.0.0.1/tcp/0";

impl Backend {
    /// The flags of an `init` that succeeds, but for what is made.
    fn init<'a>(&'a self, token: &'a str) -> Vec<&'a str> {
        vec![
            "init",
            "--auth-token",
            token,
            "--node-url",
            &self.node,
            "--messager-url",
            &self.messager,
            "--gateway-url",
            "/ip4/127.0.0.1/tcp/1/http",
            "--no-local-storage",
            "--network",
            "2k",
            "--proofs",
            "simulated",
        ]
    }

    fn sealer(&self, args: &[&str]) -> String {
        stdout(&run(SEALER, self.home(), args))
    }

    fn refused(&self, args: &[&str]) -> String {
        failure(&run(SEALER, self.home(), args))
    }
}

fn with<'a>(args: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [args, more].concat()
}

#[test]
fn a_miner_gets_a_home_a_daemon_storage_and_a_sector() {
    let backend = Backend::new();
    let token = backend.token(Permission::Admin);
    let init = backend.init(&token);
    let made = backend.sealer(&with(&init, &["--actor", "t01000"]));
    assert!(made.contains("Miner: t01000 (2 KiB sectors)"), "{made}");
    assert!(made.contains("you can now start it with 'venus-sealer run'"), "{made}");
    let config = backend.home().join(".venussealer/config.toml");
    assert_private(&config);
    let text = std::fs::read_to_string(&config).unwrap();
    assert!(text.contains(&token) && text.contains("localnet-cli"), "{text}");

    let again = backend.refused(&with(&init, &["--actor", "t01000"]));
    assert!(again.contains("repo is already initialized at"), "{again}");
    assert_eq!(std::fs::read_to_string(&config).unwrap(), text, "and is left alone");
    let away = backend.refused(&["sectors", "list"]);
    assert!(away.contains("`venus-sealer run` does not answer"), "{away}");

    // Without the daemon.
    let seal = backend.home().join("seal").display().to_string();
    let useless = backend.refused(&["storage", "attach", "--init", &seal]);
    assert!(useless.contains("must specify at least one of --store or --seal"), "{useless}");
    let none = backend.refused(&["storage", "attach", "/no/such/path"]);
    assert!(none.contains("/no/such/path"), "{none}");
    let attached = backend.sealer(&["storage", "attach", "--init", "--seal", &seal]);
    assert!(attached.starts_with(&format!("attached {seal} as ")), "{attached}");
    let twice = backend.refused(&["storage", "attach", "--init", "--seal", &seal]);
    assert!(twice.contains("path is already initialized"), "{twice}");

    let serving = daemon(SEALER, backend.home(), &["--listen", ANY_PORT, "run"]);
    let list = stdout(&await_success(SEALER, backend.home(), &["sectors", "list"]));
    assert_eq!(list.lines().count(), 1, "only the header: {list}");
    assert!(list.contains("ID") && list.contains("State"), "{list}");
    let second = backend.refused(&["--listen", ANY_PORT, "run"]);
    assert!(second.contains("in use by another process"), "{second}");

    let nowhere = backend.refused(&["sectors", "pledge"]);
    assert!(nowhere.contains("storage path for keeping sectors"), "{nowhere}");
    assert!(nowhere.contains("venus-sealer storage attach --init"), "{nowhere}");
    let store = backend.home().join("store").display().to_string();
    let args = ["storage", "attach", "--init", "--store", "--max-storage", "1GiB", &store];
    backend.sealer(&args);
    let paths: Value =
        serde_json::from_str(&backend.sealer(&["--json", "storage", "list"])).unwrap();
    let kept = paths.as_array().unwrap().iter().find(|p| p["CanStore"] == true).unwrap();
    assert_eq!((&kept["Path"], &kept["MaxStorage"]), (&store.into(), &(1 << 30).into()));
    assert_eq!(paths.as_array().unwrap().len(), 2);

    // Number 0 is one of the genesis.
    assert_eq!(backend.sealer(&["sectors", "pledge"]), "Created CC sector:  1\n");
    let sectors: Value =
        serde_json::from_str(&backend.sealer(&["--json", "sectors", "list"])).unwrap();
    assert_eq!((&sectors[0]["SectorID"], &sectors[0]["OnChain"]), (&1.into(), &false.into()));
    let status = backend.sealer(&["sectors", "status", "--log", "1"]);
    assert!(status.starts_with("SectorID:\t1\nStatus:\t\t"), "{status}");
    assert!(status.contains("\nTicketH:\t") && status.contains("Event Log:"), "{status}");
    let unknown = backend.refused(&["sectors", "status", "99"]);
    assert!(unknown.contains("this sealer has no sector 99"), "{unknown}");
    let state = backend.refused(&["sectors", "list", "--states", "Sealed"]);
    assert!(state.contains("Proving"), "the error names the states: {state}");

    let info = backend.sealer(&["info"]);
    let lines: Vec<_> = info.lines().collect();
    assert!(lines[0].starts_with("Chain: [sync "), "{info}");
    assert_eq!(lines[1], "Sealer: t01000 (2 KiB sectors)");
    assert!(lines[2].starts_with("Power: 2 Ki / 2 Ki (100.0000%)"), "{info}");
    assert!(info.contains("\n      Available:  ") && info.contains("\nSectors:\n\tTotal: 1\n"));
    let deadlines = backend.sealer(&["proving", "deadlines"]);
    assert_eq!(deadlines.lines().count(), 49, "{deadlines}");
    assert!(deadlines.contains("(current)") && deadlines.contains("1 (0)"), "{deadlines}");
    assert_eq!(backend.sealer(&["proving", "faults"]).lines().count(), 1);
    serving.stop();
}

#[test]
fn a_new_miner_is_created_by_message() {
    let backend = Backend::new();
    let token = backend.token(Permission::Admin);
    let address = worker().address().to_string();
    let init = backend.init(&token);
    let size = backend.refused(&with(&init, &["--worker", &address, "--sector-size", "512M"]));
    let expected = "--sector-size 512 MiB is not allowed on localnet-cli; use 2 KiB or 8 MiB";
    assert!(size.contains(expected), "{size}");
    assert!(!backend.home().join(".venussealer").exists());

    let args = with(&init, &["--worker", &address, "--sector-size", "2KiB", "--json"]);
    let output = run(SEALER, backend.home(), &args);
    let made: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!((&made["miner"], &made["sector_size"]), (&"t01000".into(), &2048.into()));
    let log = String::from_utf8(output.stderr).unwrap();
    for line in [
        "Checking if repo exists",
        "Checking full node version",
        "Initializing repo",
        "Pushed CreateMiner message: ",
        "Waiting for confirmation",
        "New miners address is: t01000 (t3",
        "Created new miner: t01000",
    ] {
        assert!(log.contains(line), "{line} in {log}");
    }
}

#[test]
fn bad_input_is_named_and_ends_with_1() {
    let backend = Backend::new();
    let home = backend.home();
    let token = backend.token(Permission::Admin);
    let init = backend.init(&token);
    let says = |args: &[&str], words: &[&str]| {
        let error = backend.refused(args);
        assert!(words.iter().all(|word| error.contains(word)), "{args:?}: {error}");
        assert!(!error.contains(&token), "{error}");
    };
    says(&["--no-such-flag"], &["--no-such-flag"]);
    says(&["run"], &["holds no sealer", "venus-sealer init"]);
    says(&["sectors", "list"], &["holds no sealer", "venus-sealer init"]);
    says(&["init", "--actor", "t01000"], &["no address of the node", "--node-url"]);
    says(&with(&init, &[]), &["--worker"]);
    says(&with(&init, &["--actor", "x1"]), &["`x1` is no Filecoin address"]);
    says(&with(&init, &["--actor", "t09999"]), &["--actor t09999 is no miner of localnet-cli"]);
    says(&with(&init, &["--worker", "t01000", "--sector-size", "2XB"]), &["`2XB` is no size"]);
    let elsewhere = ["--actor", "t01000", "--node-url", "/ip4/127.0.0.1/tcp/1/http"];
    let all_but_node: Vec<_> = init.iter().copied().filter(|arg| *arg != backend.node).collect();
    let at = all_but_node.iter().position(|arg| *arg == "--node-url").unwrap();
    let without = [&all_but_node[..at], &all_but_node[at + 1..]].concat();
    says(&with(&without, &elsewhere), &["cannot reach http://127.0.0.1:1"]);
    says(&with(&init, &["--actor", "t01000", "--listen", "here"]), &["--listen", "here"]);

    let strange = init.iter().map(|arg| if *arg == "2k" { "mainnet" } else { arg });
    let strange: Vec<_> = strange.chain(["--actor", "t01000"]).collect();
    says(&strange, &["localnet-cli", "mainnet"]);
    let wrong = init.iter().map(|arg| if *arg == token { "wrong" } else { arg });
    let wrong: Vec<_> = wrong.chain(["--actor", "t01000"]).collect();
    says(&wrong, &["token rejected by", "401"]);
    assert!(!home.join(".venussealer").exists(), "nothing half-made");

    backend.sealer(&with(&init, &["--actor", "t01000"]));
    let holder = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = holder.local_addr().unwrap().to_string();
    says(&["--listen", &taken, "run"], &["cannot listen at", "--listen"]);
    says(&["--network", "mainnet", "--listen", ANY_PORT, "run"], &["localnet-cli", "mainnet"]);
    let config = home.join(".venussealer/config.toml");
    std::fs::write(&config, "Node = 7").unwrap();
    says(&["run"], &["config.toml", "Node"]);
    // As the deployment guide has it; the node is missing.
    let guide = "[RegisterProof]\nUrls = [\"/ip4/127.0.0.1/tcp/45132\"]\nToken = \"t\"\n";
    std::fs::write(&config, guide).unwrap();
    says(&["--listen", ANY_PORT, "run"], &["no address for the node", "`Node.Url`"]);

    let help = backend.sealer(&["--help"]);
    assert!(help.contains("storage attach --init --seal --store"), "{help}");
    assert!(backend.sealer(&["completion", "bash"]).contains("venus-sealer"));
}
