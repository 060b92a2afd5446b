//! The guide's first part: the services that a pool shares.

use std::time::Duration;

use crate::{
    stores::Stores,
    terminal,
    walk::{PATIENCE, Walk},
};

/// The guide's word for it; the wallet keeps keys under it.
const PASSWORD: &str = "correct horse battery";
const CONFIG_OF_AUTH: &str = ".venus-auth/config.toml";
const CONFIG_OF_WALLET: &str = ".venus_wallet/config.toml";
const MESSAGER: &str = "venus-messager run --auth-url=http://<host>:8989 \
    --node-url /ip4/<host>/tcp/3453 --node-token <messager token>";
/// What the guide gives the messager besides, where there is a database.
pub(crate) const MESSAGER_SQL: &str = " --db-type mysql --mysql-dsn \
    \"root:111111@tcp(<database server>)/<messager database>?parseTime=true&loc=Local\
    &readTimeout=10s&writeTimeout=10s\"";

/// The command that starts the messager.
pub(crate) fn messager_run(sql: bool) -> String {
    format!("{MESSAGER}{}", if sql { MESSAGER_SQL } else { "" })
}

/// The token that `genToken` and `token gen` print.
fn token(printed: &str) -> String {
    printed.split_whitespace().last().unwrap_or_default().to_owned()
}

fn is_token(printed: &str) -> bool {
    printed.starts_with("generate token success: eyJ") && token(printed).split('.').count() == 3
}

/// venus-auth, and a token for everybody.
pub(crate) fn auth(walk: &mut Walk, stores: &Stores) {
    let listen = walk.moved(&["listen = \"127.0.0.1:8989\"\n"]).concat();
    let config = format!("{listen}{}", stores.auth(walk));
    for [from, to, word] in stores.wrong() {
        assert!(config.contains(&from), "{from}");
        walk.write(CONFIG_OF_AUTH, &config.replace(&from, &to));
        walk.refused("venus-auth", &[], &[&word]);
    }
    walk.write(CONFIG_OF_AUTH, &config);
    walk.refused("venus-auth user list", &[], &["venus-auth run"]);
    walk.daemon("venus-auth", "venus-auth", 8989, &[]);
    for (name, command) in [
        ("miner token", "venus-auth genToken --perm admin miner"),
        ("messager token", "venus-auth genToken --perm admin messager"),
        ("sealer admin token", "venus-auth genToken --perm admin sealer"),
        ("sealer token", "venus-auth genToken --perm write sealer"),
        ("token of wallet", "venus-auth genToken --perm read wallet"),
    ] {
        let printed = walk.step(command, is_token);
        walk.set(name, &token(&printed));
    }
    // Today's spelling.
    walk.step("venus-auth user add gateway", |text| text.contains("Add user success"));
    let printed = walk.step("venus-auth token gen --perm admin gateway", is_token);
    walk.set("gateway token", &token(&printed));
    walk.step("venus-auth token list", |text| {
        ["miner", "messager", "sealer", "wallet", "gateway"].iter().all(|who| text.contains(who))
    });
    walk.refused("venus-auth token gen --perm root gateway", &[], &["root", "admin"]);
    walk.refused("venus-auth token gen --perm admin nobody", &[], &["nobody"]);
    walk.private(&[".venus-auth/token"]);
}

/// The chain node, first on loopback, then for everybody.
pub(crate) fn node(walk: &mut Walk, block_time: u64) {
    let settings = format!(
        r#"{{"api": {{"apiAddress": "/ip4/127.0.0.1/tcp/3453"}},
            "devnet": {{"network": "nerpa", "blockTime": {block_time}}}}}"#
    );
    walk.write(".venus/config.json", &settings);
    let run = "venus daemon --network nerpa --authURL http://<host>:8989";
    walk.refused("venus daemon --network mainnet", &[], &["mainnet", "--network 2k"]);
    walk.refused("venus daemon --network moon", &[], &["unknown network moon", "nerpa"]);
    walk.daemon("venus", run, 3453, &[]);
    walk.logged("venus", "this network no longer exists");
    walk.until("venus chain head", PATIENCE, |text| text.contains("t01000"));
    let config = walk.read(".venus/config.json");
    walk.write(".venus/config.json", &config.replace("/ip4/127.0.0.1/", "/ip4/0.0.0.0/"));
    walk.stop("venus");
    walk.restart("venus");
    walk.until("venus chain head", PATIENCE, |text| text.contains("t01000"));
    let api = walk.read(".venus/api");
    let outcome = api.contains("/ip4/0.0.0.0/tcp/").then_some(()).ok_or(api);
    walk.enter("cat ~/.venus/api", outcome);
    walk.step("venus state network-info", |text| text.contains("localnet-nerpa"));
    walk.private(&[".venus/token", ".venus/api", ".venus/genesis-miner.key"]);
}

/// The gateway.
pub(crate) fn gateway(walk: &mut Walk) {
    let run = "venus-gateway --listen /ip4/0.0.0.0/tcp/45132 run --auth-url http://<host>:8989";
    walk.refused(run, &[], &["venus-auth token gen", "--auth-token"]);
    let run = format!("{run} --auth-token <gateway token>");
    let elsewhere = run.replace("<host>:8989", "<host>:3453");
    walk.refused(&elsewhere, &[], &["the address of venus-auth"]);
    let weak = run.replace("<gateway token>", "<token of wallet>");
    walk.refused(&weak, &[], &["an administrator's token"]);
    walk.daemon("venus-gateway", &run, 45132, &[]);
    walk.step("venus-gateway wallet list", |text| text.contains("Account"));
    walk.private(&[".venusgateway/token", ".venusgateway/api"]);
}

/// The wallet: its configuration, password and keys.
pub(crate) fn wallet(walk: &mut Walk) {
    let moved = walk.moved(&["--listen", "/ip4/127.0.0.1/tcp/5678/http"]);
    walk.daemon("venus-wallet", "venus-wallet run", 5678, moved);
    let config = walk.read(CONFIG_OF_WALLET);
    let edited = register_at_the_gateway(walk, &config).ok_or(config);
    walk.enter("cat ~/.venus_wallet/config.toml", edited.clone().map(drop));
    walk.stop("venus-wallet");
    walk.write(CONFIG_OF_WALLET, &edited.unwrap_or_default());
    walk.refused("venus-wallet run --network=moon", &[], &["moon"]);
    walk.daemon("venus-wallet", "venus-wallet run --network=test", 5678, moved);
    walk.step("venus-wallet support miner", str::is_empty);
    walk.refused("venus-wallet setpwd", &[], &["no terminal", "--password-file"]);
    let outcome = terminal::set_password(walk, "venus-wallet setpwd", PASSWORD);
    walk.enter("venus-wallet setpwd", outcome);
    for name in ["bls1", "bls2"] {
        let printed = walk.step("venus-wallet new bls", |text| {
            text.trim_end().len() == 86 && text.starts_with("t3")
        });
        walk.set(name, printed.trim_end());
    }
    let info = walk.step("venus-wallet auth api-info --perm admin", |text| {
        text.starts_with("eyJ") && text.contains(":/ip4/127.0.0.1/tcp/")
    });
    walk.set("wallet token", info.split(':').next().unwrap_or_default());
    walk.until("venus-gateway wallet list", PATIENCE, |text| {
        text.matches("3").count() > 2 && text.contains("sealer") && text.contains("miner")
    });
    walk.private(&[".venus_wallet/token"]);
    // What the guide leaves to a faucet.
    for command in ["venus dev fund <bls1> 1000", "venus dev fund <bls2> 1000"] {
        walk.step(command, |text| text.contains("got 1000 FIL"));
    }
}

/// The wallet's configuration with the section that the document shows.
fn register_at_the_gateway(walk: &Walk, config: &str) -> Option<String> {
    let (before, section) = config.split_once("[APIRegisterHub]")?;
    let after = section.find("\n[").and_then(|at| section.get(at + 1..)).unwrap_or_default();
    Some(format!("{before}{}{after}", walk.configuration("APIRegisterHub")))
}

/// Unlocks the wallet after it was started again.
pub(crate) fn unlock(walk: &mut Walk) {
    walk.write("password", PASSWORD);
    walk.until("venus-wallet unlock --password-file <home>/password", PATIENCE, |text| {
        text.contains("unlock successfully")
    });
}

/// The messager, which signs through the wallet.
pub(crate) fn messager(walk: &mut Walk, stores: &Stores) {
    let run = messager_run(stores.messager_in_sql());
    let extra = walk.moved(&[
        "--listen",
        "/ip4/127.0.0.1/tcp/39812",
        "--gateway-url",
        "/ip4/<host>/tcp/45132",
    ]);
    let changed = |from: &str, to: &str| run.replace(from, to);
    walk.refused(&changed("tcp/3453", "tcp/8989"), extra, &["the node"]);
    walk.refused(&changed("<host>:8989", "<host>:3453"), extra, &["the address of venus-auth"]);
    let weak = changed("<messager token>", "<token of wallet>");
    walk.refused(&weak, extra, &["an administrator's token"]);
    if stores.messager_in_sql() {
        walk.refused(&changed("<messager database>", "nowhere"), extra, &["nowhere", "CREATE"]);
        walk.refused(&changed("root:111111", "root:wr0ng"), extra, &["`root`", "DSN"]);
        walk.refused(&changed("@tcp(", "@udp("), extra, &["tcp(host:port)"]);
    }
    walk.daemon("venus-messager", &run, 39812, extra);
    let add = "venus-messager wallet add --name testminer --url /ip4/<host>/tcp/5678/http \
               --token <wallet token>";
    walk.until(add, Duration::from_secs(20), |text| text.contains("testminer"));
    walk.step("venus-messager wallet list", |text| text.contains("testminer"));
    walk.refused(add, &[], &["exist"]);
    walk.private(&[".venus-messager/token", ".venus-messager/api"]);
}
