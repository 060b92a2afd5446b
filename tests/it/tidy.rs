//! The rules of ARCHITECTURE.md that a program can check.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

const COMPONENTS: [&str; 7] = [
    "venus-auth",
    "venus-gateway",
    "venus-messager",
    "venus-miner",
    "venus-node",
    "venus-sealer",
    "venus-wallet",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn packages() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata.get("packages").and_then(Value::as_array).unwrap().clone()
}

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            sources(&path, found);
        } else if name.ends_with(".rs") {
            found.push(path);
        }
    }
}

#[test]
fn no_component_depends_on_another() {
    let mut seen = 0;
    for package in packages() {
        let name = text(&package, "name");
        if !COMPONENTS.contains(&name) {
            continue;
        }
        seen += 1;
        for dependency in package.get("dependencies").and_then(Value::as_array).unwrap() {
            // `null` is a normal dependency; tests may put components together.
            let kind = text(dependency, "kind");
            let on = text(dependency, "name");
            assert!(kind == "dev" || !COMPONENTS.contains(&on), "{name} depends on {on}");
        }
    }
    assert!(seen >= 5, "only {seen} components were looked at");
}

#[test]
fn files_can_be_held_in_mind_and_are_finished() {
    let mut found = Vec::new();
    sources(&root(), &mut found);
    assert!(found.len() > 100, "only {} files were looked at", found.len());
    // Written so that this file does not contain them.
    let unfinished = ["todo", "unimplemented"].map(|name| format!("{name}!("));
    for path in found {
        let source = fs::read_to_string(&path).unwrap();
        let lines = source.lines().count();
        assert!(lines <= 800, "{} has {lines} lines; split it by concern", path.display());
        for word in &unfinished {
            assert!(!source.contains(word), "{} contains {word}", path.display());
        }
    }
}

#[test]
fn every_crate_keeps_the_lints_of_the_workspace() {
    let root_manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    assert!(root_manifest.contains("missing_docs = \"deny\""));
    assert!(root_manifest.contains("unsafe_code = \"forbid\""));
    for package in packages() {
        let manifest = fs::read_to_string(text(&package, "manifest_path")).unwrap();
        let name = text(&package, "name");
        assert!(manifest.contains("[lints]\nworkspace = true"), "{name} has lints of its own");
    }
}

#[test]
fn what_crosses_crates_has_one_version() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let mut versions = BTreeMap::<&str, Vec<&str>>::new();
    for entry in lock.split("[[package]]") {
        let field = |key: &str| {
            let line = entry.lines().find_map(|line| line.strip_prefix(key));
            line.unwrap_or_default().trim_matches('"')
        };
        versions.entry(field("name = \"")).or_default().push(field("version = \""));
    }
    for name in ["cid", "multihash", "hyper", "http", "rustls", "axum", "serde", "tokio"] {
        let found = versions.get(name).unwrap();
        assert_eq!(found.len(), 1, "{name} in versions {found:?}");
    }
}
