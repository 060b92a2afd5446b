//! A venus-auth for the services that ask it.

use std::path::Path;

use crate::support::{Daemon, await_success, daemon, ports, run, stdout};

/// A venus-auth with the user `w1`, who has f01000.
pub(crate) struct Auth {
    pub(crate) address: String,
    pub(crate) daemon: Daemon,
}

impl Auth {
    pub(crate) fn start(home: &Path, address: String) -> Self {
        let daemon = daemon("venus-auth", home, &["--listen", &address, "run"]);
        await_success("venus-auth", home, &["--listen", &address, "user", "list"]);
        Self { address, daemon }
    }

    pub(crate) fn new(home: &Path) -> Self {
        let auth = Self::start(home, format!("127.0.0.1:{}", ports()[0]));
        auth.run(home, &["user", "add", "w1"]);
        auth.run(home, &["user", "miner", "add", "w1", "t01000"]);
        auth
    }

    pub(crate) fn run(&self, home: &Path, args: &[&str]) -> String {
        stdout(&run("venus-auth", home, &[&["--listen", &self.address], args].concat()))
    }

    pub(crate) fn token(&self, home: &Path, permission: &str) -> String {
        let answer = self.run(home, &["token", "gen", "--perm", permission, "w1"]);
        answer.split_whitespace().last().unwrap().to_owned()
    }
}
