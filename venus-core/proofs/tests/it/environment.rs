//! A program that sets its own environment by starting anew.

use std::path::Path;
use std::process::Command;

use venus_proofs::params::library_dir;
use venus_proofs::{PARAMETER_CACHE, PARENT_CACHE, ensure_environment, parameter_dir};

const WANTED: &str = "TEST_PROOFS_DIR";

/// Not a test of its own: the program that the test below runs.
#[test]
fn program() {
    let Some(dir) = std::env::var_os(WANTED) else { return };
    ensure_environment(Path::new(&dir)).unwrap();
    assert_eq!(library_dir(), Path::new(&dir));
    assert_eq!(parameter_dir("/elsewhere"), Path::new(&dir));
    println!("parents: {}", std::env::var(PARENT_CACHE).unwrap());
}

#[test]
fn the_program_runs_with_the_directory_that_it_wants() {
    let dir = tempfile::tempdir().unwrap();
    let run = |program: &mut Command| {
        let output = program
            .args(["--exact", "environment::program", "--nocapture"])
            .env(WANTED, dir.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let program = std::env::current_exe().unwrap();
    let mut command = Command::new(&program);
    let told = run(command.env_remove(PARAMETER_CACHE).env_remove(PARENT_CACHE));
    let parents = dir.path().join("parents");
    assert!(told.contains(&format!("parents: {}", parents.display())), "{told}");

    let mut command = Command::new(&program);
    let told = run(command.env(PARAMETER_CACHE, "/elsewhere").env(PARENT_CACHE, "/tmp/parents"));
    assert!(told.contains("parents: /tmp/parents"), "{told}");
}
