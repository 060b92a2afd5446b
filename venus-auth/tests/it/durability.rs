//! What was acknowledged is there after a kill.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use venus_auth::{Auth, AuthConfig};
use venus_core::auth::{AuthAdmin, Claims, NewUser, Permission, UserDirectory};

/// Names the home in which the test binary, started by itself, shall write until it is killed.
const VICTIM: &str = "VENUS_AUTH_TEST_VICTIM";

/// Not a test of its own: the process that is killed below.
#[tokio::test]
async fn victim() {
    let Ok(home) = std::env::var(VICTIM) else { return };
    let auth = Auth::builder(AuthConfig::in_home(home)).open().await.unwrap();
    let service = auth.service();
    for n in 0.. {
        let name = format!("u{n}");
        service.create_user(&NewUser::enabled(&name)).await.unwrap();
        let token = service.generate_token(&Claims::new(&name, Permission::Read)).await.unwrap();
        println!("\nacknowledged {name} {token}");
    }
}

#[tokio::test]
async fn what_was_acknowledged_survives_kill_9() {
    let home = tempfile::tempdir().unwrap();
    let mut acknowledged = Vec::new();
    for round in 0..3 {
        let dir = home.path().join(round.to_string());
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "durability::victim", "--nocapture"])
            .env(VICTIM, &dir)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut seen = Vec::new();
        for line in lines {
            let line = line.unwrap();
            if let Some(rest) = line.strip_prefix("acknowledged ") {
                let (name, token) = rest.split_once(' ').unwrap();
                seen.push((name.to_owned(), token.to_owned()));
                if seen.len() == 20 + 13 * round {
                    child.kill().unwrap();
                }
            }
        }
        child.wait().unwrap();
        assert!(seen.len() >= 20 + 13 * round, "the victim stopped by itself");
        acknowledged.push((dir, seen));
    }
    for (dir, seen) in acknowledged {
        let auth = Auth::builder(AuthConfig::in_home(dir)).open().await.unwrap();
        for (name, token) in seen {
            assert_eq!(auth.service().verify(&token).await.unwrap().name, name);
        }
    }
}
