//! The wallet as a process of its own, alone and at a gateway.

use std::path::Path;

use venus_core::{
    Address, Signature, SignatureType,
    auth::{JwtSecret, Permission},
    crypto,
};
use venus_wallet::WalletTokens;

use crate::support::*;

const ANY_PORT: &str = "/ip4/127.0.0.1/tcp/0/http";
const PASSWORD: &str = "correct horse";

fn wallet(home: &Path, args: &[&str]) -> String {
    stdout(&run("venus-wallet", home, args))
}

fn fed(home: &Path, args: &[&str], input: &str) -> String {
    stdout(&run_fed("venus-wallet", home, args, input))
}

fn refused(home: &Path, args: &[&str]) -> String {
    failure(&run("venus-wallet", home, args))
}

/// Writes a configuration: keys that are quick to derive, and `more`.
fn configure(home: &Path, more: &str) {
    let dir = home.join(".venus_wallet");
    std::fs::create_dir_all(&dir).unwrap();
    let text = format!("# by hand\n[Factor]\nScryptN = 1024\nScryptP = 1\n{more}");
    std::fs::write(dir.join("config.toml"), text).unwrap();
}

fn start(home: &Path, args: &[&str]) -> Daemon {
    let args = [&["run", "--network=test", "--listen", ANY_PORT], args].concat();
    let running = daemon("venus-wallet", home, &args);
    await_success("venus-wallet", home, &["lock-state"]);
    running
}

#[test]
fn keys_are_made_used_moved_and_kept() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    configure(home, "");
    let running = start(home, &[]);
    let dir = home.join(".venus_wallet");
    for file in ["token", "token.key", "api"] {
        assert_private(&dir.join(file));
    }
    assert_eq!(wallet(home, &["lock-state"]), "wallet state: locked\n");
    assert_eq!(wallet(home, &["list"]), "");

    let error = refused(home, &["new", "bls"]);
    assert!(error.contains("password not set"), "{error}");
    let error = refused(home, &["setpwd"]);
    assert!(error.contains("no terminal") && error.contains("--password-file"), "{error}");
    let error = failure(&run_fed("venus-wallet", home, &["setpwd"], "one\ntwo\n"));
    assert!(error.contains("the input passwords are inconsistent"), "{error}");
    let twice = format!("{PASSWORD}\n{PASSWORD}\n");
    assert_eq!(fed(home, &["setpwd"], &twice), "Password set successfully\n");
    let error = failure(&run_fed("venus-wallet", home, &["setpwd"], &twice));
    assert!(error.contains("the password already exists"), "{error}");

    let address = wallet(home, &["new", "bls"]);
    let address = address.trim();
    assert!(address.len() == 86 && address.starts_with("t3"), "{address}");
    let other = wallet(home, &["new"]);
    assert!(other.starts_with("t1"), "{other}");
    assert!(wallet(home, &["new", "delegated"]).starts_with("t410f"));
    assert_eq!(wallet(home, &["list"]).lines().count(), 3);
    let error = refused(home, &["new", "dsa"]);
    assert!(error.contains("unknown key type `dsa`"), "{error}");

    let signed = wallet(home, &["sign", address, "68656c6c6f"]);
    let bytes = hex::decode(signed.trim()).unwrap();
    let signature = Signature {
        kind: SignatureType::from_code(bytes[0]).unwrap(),
        data: bytes[1..].to_vec().into(),
    };
    let key: Address = address.parse().unwrap();
    crypto::verify(&signature, b"hello", key).unwrap();
    let error = refused(home, &["sign", address, "68656c6c6f", "--msg-type", "message"]);
    assert!(error.contains("msg type must contain extra data"), "{error}");
    let error = refused(home, &["sign", "t12mchblwgi243re5i2pg2harmnqvm6q3rwb2cnpy", "00"]);
    assert!(error.contains("no key for"), "{error}");

    // Out and in again.
    let error = refused(home, &["export", address]);
    assert!(error.contains("no terminal"), "{error}");
    let error = failure(&run_fed("venus-wallet", home, &["export", address], "wrong\n"));
    assert!(error.contains("password mismatch"), "{error}");
    let password = format!("{PASSWORD}\n");
    let exported = fed(home, &["export", address], &password);
    assert_eq!(fed(home, &["delete", address], &password), "success\n");
    assert_eq!(wallet(home, &["list"]).lines().count(), 2);
    let error = failure(&run_fed("venus-wallet", home, &["del", address], &password));
    assert!(error.contains("has no key for"), "{error}");
    let file = home.join("key");
    std::fs::write(&file, &exported).unwrap();
    let imported = wallet(home, &["import", file.to_str().unwrap()]);
    assert_eq!(imported, format!("imported key {address} successfully!\n"));
    assert_eq!(fed(home, &["import", "-"], &exported), imported);

    // The tokens of this wallet.
    let info = wallet(home, &["auth", "api-info", "--perm", "admin"]);
    let (token, at) = info.trim().split_once(':').unwrap();
    assert_eq!(wallet(home, &["auth", "verify", token]), "read, write, sign, admin\n");
    let api = std::fs::read_to_string(dir.join("api")).unwrap();
    assert_eq!(at, format!("{api}/http"));
    let error = refused(home, &["auth", "verify", "a.b.c"]);
    assert!(error.contains("JWT Verification failed"), "{error}");

    assert_eq!(fed(home, &["lock"], &password), "wallet lock successfully\n");
    let error = refused(home, &["sign", address, "00"]);
    assert!(error.contains("wallet locked"), "{error}");
    let error = failure(&run_fed("venus-wallet", home, &["unlock"], "wrong\n"));
    assert!(error.contains("could not decrypt key"), "{error}");
    let unlocked = command("venus-wallet", home, &["unlock"])
        .env("VENUS_WALLET_PASSWORD", PASSWORD)
        .output()
        .unwrap();
    assert_eq!(stdout(&unlocked), "wallet unlock successfully\n");

    // After a restart the password opens the keys; a wrong one does not start.
    running.stop();
    let error = refused(home, &["list"]);
    assert!(error.contains("`venus-wallet run` does not answer"), "{error}");
    let file = home.join("password");
    std::fs::write(&file, "wrong\n").unwrap();
    let file_flag = ["--password-file", file.to_str().unwrap()];
    let error = refused(home, &[&["run", "--listen", ANY_PORT][..], &file_flag].concat());
    assert!(error.contains("cannot unlock") && !error.contains("wrong"), "{error}");
    std::fs::write(&file, &password).unwrap();
    let _running = start(home, &file_flag);
    assert_eq!(wallet(home, &["lockState"]), "wallet state: unlocked\n");
    assert_eq!(wallet(home, &["list"]).lines().count(), 3);
    wallet(home, &["sign", address, "00"]);
    let log = std::fs::read_to_string(home.join("venus-wallet.log")).unwrap();
    assert!(!log.contains(PASSWORD) && !log.contains(token), "{log}");
}

#[test]
fn support_is_remembered_in_the_configuration() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    configure(home, "");
    let running = start(home, &[]);
    assert_eq!(wallet(home, &["support", "li_sealer"]), "");
    let error = refused(home, &["support", "li_sealer"]);
    assert!(error.contains("account li_sealer has exit"), "{error}");
    let path = home.join(".venus_wallet/config.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("# by hand") && text.contains("ScryptN = 1024"), "{text}");
    assert_eq!(text.matches("li_sealer").count(), 1, "{text}");
    assert_private(&path);
    running.stop();
    let _running = start(home, &[]);
    let error = refused(home, &["support", "li_sealer"]);
    assert!(error.contains("has exit"), "{error}");
}

#[test]
fn a_gateway_gets_its_signatures_from_the_wallet() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let [auth_port, gateway_port] = ports();
    let auth_at = format!("127.0.0.1:{auth_port}");
    let auth = |args: &[&str]| {
        let args: Vec<_> = ["--listen", &auth_at].iter().chain(args).copied().collect();
        stdout(&await_success("venus-auth", home, &args))
    };
    let _auth = daemon("venus-auth", home, &["--listen", &auth_at, "run"]);
    let token = |name: &str, permission: &str| {
        auth(&["user", "add", name]);
        let made = auth(&["token", "gen", "--perm", permission, name]);
        made.split_whitespace().last().unwrap().to_owned()
    };
    auth(&["user", "list"]);
    let (gateway, li_wallet) = (token("gateway", "admin"), token("li_wallet", "read"));
    token("li_sealer", "read");

    let gateway_at = format!("/ip4/127.0.0.1/tcp/{gateway_port}");
    let url = format!("http://{auth_at}");
    let args = ["--listen", &gateway_at, "--auth-url", &url, "--auth-token", &gateway];
    let _gateway = daemon("venus-gateway", home, &args);

    // As the deployment guide writes the address: without `ip4`.
    configure(
        home,
        &format!(
            "[APIRegisterHub]\nRegisterAPI = [\"/127.0.0.1/tcp/{gateway_port}\"]\n\
             Token = \"{li_wallet}\"\nSupportAccounts = []\n"
        ),
    );
    let _wallet = start(home, &[]);
    fed(home, &["set-password"], &format!("{PASSWORD}\n{PASSWORD}\n"));
    let address = wallet(home, &["new", "bls"]);
    let key = format!("f{}", &address.trim()[1..]);
    let list = ["--json", "wallet", "list"];
    await_output("venus-gateway", home, &list, |text| text.contains(&key));
    wallet(home, &["support", "li_sealer"]);
    await_output("venus-gateway", home, &list, |text| text.contains("li_sealer"));
    let log = std::fs::read_to_string(home.join("venus-wallet.log")).unwrap();
    assert!(!log.contains(&li_wallet), "{log}");
}

#[test]
fn bad_input_is_named_and_nothing_is_made() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    for (args, words) in [
        (&["--no-such-flag"][..], &["--no-such-flag"][..]),
        (&["list"], &["no token", "venus-wallet run"]),
        (&["support"], &["<ACCOUNT>"]),
        (&["auth", "api-info"], &["--perm"]),
        (&["auth", "api-info", "--perm", "god"], &["unknown permission `god`"]),
        (&["sign", "x1", "00"], &["`x1` is no Filecoin address"]),
        (&["run", "--nettype", "moon"], &["invalid network name moon"]),
        (&["run", "--listen", "somewhere"], &["somewhere"]),
        (&["run", "--gateway-api", "/ip4/1.2.3.4/tcp/45132"], &["--gateway-token"]),
        (&["run", "--gateway-api", "x", "--gateway-token", "t"], &["RegisterAPI", "`x`"]),
        (&["run", "--password-file", "no-file"], &["password file no-file"]),
    ] {
        let error = refused(home, args);
        assert!(words.iter().all(|word| error.contains(word)), "{args:?}: {error}");
    }
    assert!(!home.join(".venus_wallet").exists());

    for (text, words) in [
        ("[API]\nListenAddress = 7\n", ["config.toml", "string"]),
        ("[API\n", ["config.toml", "line 5"]),
        (
            "[APIRegisterHub]\nRegisterAPI = [\"/ip4/1.2.3.4/tcp/1\"]\n",
            ["gateway token", "token gen"],
        ),
        ("[SignFilter]\nExpr = \"jq .\"\n", ["SignFilter.Expr", "not supported"]),
        ("[JWT]\nSecret = \"xyz\"\n", ["JWT.Secret", "config.toml"]),
    ] {
        configure(home, text);
        let error = refused(home, &["run", "--listen", ANY_PORT]);
        assert!(words.iter().all(|word| error.contains(word)), "{text}: {error}");
    }
    configure(home, "");
    let path = home.join(".venus_wallet/config.toml");
    std::fs::write(&path, "[Factor]\nScryptN = 1000\n").unwrap();
    let error = refused(home, &["run", "--listen", ANY_PORT]);
    assert!(error.contains("ScryptN = 1000") && error.contains("power of 2"), "{error}");

    let help = wallet(home, &["--help"]);
    assert!(help.contains("[APIRegisterHub]") && help.contains("set-password"), "{help}");
}

#[test]
fn homes_ports_and_tokens_are_guarded() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    configure(home, "");
    let _running = start(home, &[]);
    let dir = home.join(".venus_wallet");
    let error = refused(home, &["run", "--listen", ANY_PORT]);
    assert!(error.contains("in use by another process"), "{error}");
    let api = std::fs::read_to_string(dir.join("api")).unwrap();
    let elsewhere = home.join("elsewhere");
    let args = ["--home", elsewhere.to_str().unwrap(), "run", "--listen", &api];
    let error = refused(home, &args);
    assert!(error.contains("cannot listen at") && error.contains("--listen"), "{error}");
    assert!(!elsewhere.exists());

    let key = std::fs::read_to_string(dir.join("token.key")).unwrap();
    let weak = WalletTokens::new(JwtSecret::from_hex(&key).unwrap()).make(&[Permission::Read]);
    std::fs::write(dir.join("token"), weak).unwrap();
    assert_eq!(wallet(home, &["list"]), "");
    let error = refused(home, &["new", "bls"]);
    assert!(error.contains("missing permission") && error.contains("admin"), "{error}");
    let foreign = WalletTokens::new(JwtSecret::random()).make(&Permission::ALL);
    std::fs::write(dir.join("token"), foreign).unwrap();
    let error = refused(home, &["list"]);
    assert!(error.contains("is not of the daemon that answered"), "{error}");
}
