//! `venus-sealer fetch-params` as a user meets it.

use std::{fs, path::Path, process::Output};

use serde_json::Value;

use crate::support::{command, failure};

const CACHE: &str = "FIL_PROOFS_PARAMETER_CACHE";

/// Runs the command with the parameters in `cache`.
fn fetch(cache: &Path, args: &[&str]) -> Output {
    let home = cache.parent().unwrap();
    let args = [&["fetch-params"], args].concat();
    command("venus-sealer", home, &args).env(CACHE, cache).output().unwrap()
}

fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_check_tells_what_is_absent_and_makes_nothing() {
    let home = tempfile::tempdir().unwrap();
    let cache = home.path().join("params");
    let output = fetch(&cache, &["--check"]);
    assert_eq!(output.status.code(), Some(1));
    let (table, log) = texts(&output);
    let rows: Vec<Vec<_>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["Circuit", "Verifying", "key", "Parameters", "Size"], "{table}");
    for (row, circuit) in rows[1..].iter().zip(["winning", "window", "porep"]) {
        assert_eq!(*row, [circuit, "absent", "absent", "-"], "{table}");
    }
    assert_eq!(rows.len(), 4, "{table}");
    assert!(log.contains("3 of 3 circuits are absent or damaged"), "{log}");
    assert!(log.contains("`venus-sealer fetch-params 2KiB`"), "{log}");
    assert!(log.contains(cache.to_str().unwrap()), "{log}");
    assert!(!cache.exists(), "nothing is made");

    let output = fetch(&cache, &["--check", "--json", "512M"]);
    assert_eq!(output.status.code(), Some(1));
    let (found, log) = texts(&output);
    let found: Value = serde_json::from_str(&found).unwrap();
    assert_eq!(found["Directory"], cache.to_str().unwrap());
    assert_eq!(found["SectorSize"], 512 << 20);
    assert_eq!(found["Circuits"][2]["Circuit"], "porep");
    assert_eq!(found["Circuits"][2]["Parameters"], "absent");
    assert!(log.contains("fetch-params 512MiB`"), "{log}");
}

#[test]
fn sets_of_public_networks_are_not_made_here() {
    let home = tempfile::tempdir().unwrap();
    let cache = home.path().join("params");
    let says = |args: &[&str], words: &[&str]| {
        let error = failure(&fetch(&cache, args));
        assert!(words.iter().all(|word| error.contains(word)), "{args:?}: {error}");
    };
    let way_out = ["public ceremony", "development sets only", cache.to_str().unwrap(), CACHE];
    says(&["32GiB"], &[&["32 GiB sectors are for public networks"], &way_out[..]].concat());
    says(&["64G"], &[&["64 GiB sectors"], &way_out[..]].concat());
    says(&["--network", "calibration", "2KiB"], &[&["`calibration`"], &way_out[..]].concat());
    says(&["3KiB"], &["there are no sectors of 3 KiB"]);
    says(&["2XB"], &["`2XB` is no size"]);

    // The network that `init` wrote down counts as well.
    fs::create_dir(home.path().join(".venussealer")).unwrap();
    let config = home.path().join(".venussealer/config.toml");
    fs::write(config, "network = \"calibrationnet\"\n").unwrap();
    says(&["512M"], &[&["`calibrationnet`"], &way_out[..]].concat());
    assert!(!cache.exists(), "nothing is made");
}

#[test]
fn what_it_will_take_is_told_and_files_of_others_stop_it_at_once() {
    let home = tempfile::tempdir().unwrap();
    let cache = home.path().join("params");
    fs::create_dir(&cache).unwrap();
    let found = texts(&fetch(&cache, &["--check", "--json"])).0;
    let found: Value = serde_json::from_str(&found).unwrap();
    let theirs = cache.join(found["Circuits"][2]["File"].as_str().unwrap());
    fs::write(&theirs, b"somebody else's parameters").unwrap();
    let error = failure(&fetch(&cache, &["2KiB"]));
    for word in [
        "circuit=winning-2048 disk=45.11 MiB memory=109.9 MiB constraints=90883",
        "circuit=window-2048 disk=10.97 MiB",
        "absent and will be made",
        theirs.to_str().unwrap(),
        "an unknown parameter set",
    ] {
        assert!(error.contains(word), "{word}: {error}");
    }
    assert_eq!(fs::read_dir(&cache).unwrap().count(), 1, "nothing is made");
    assert_eq!(fs::read(&theirs).unwrap(), b"somebody else's parameters");
}
