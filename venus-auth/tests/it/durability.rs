//! What was acknowledged is there after a kill.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use venus_auth::{Auth, AuthConfig};
use venus_core::{
    auth::{AuthAdmin, Claims, NewUser, Permission, UserDirectory},
    test_utils::MariaDb,
};

/// Names the home in which the test binary, started by itself, shall write until it is killed.
const VICTIM: &str = "VENUS_AUTH_TEST_VICTIM";
/// Names the database that it shall write to instead.
const VICTIM_DSN: &str = "VENUS_AUTH_TEST_VICTIM_DSN";

/// Not a test of its own: the process that is killed below.
#[tokio::test]
async fn victim() {
    let Ok(home) = std::env::var(VICTIM) else { return };
    let mut config = AuthConfig::in_home(home);
    if let Ok(dsn) = std::env::var(VICTIM_DSN) {
        config.db = crate::sql::mysql(&dsn);
    }
    let auth = Auth::builder(config).open().await.unwrap();
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
    kill_in_the_middle(None).await;
}

#[tokio::test]
async fn what_was_acknowledged_survives_kill_9_over_sql() {
    kill_in_the_middle(Some(|| MariaDb::shared().database())).await;
}

async fn kill_in_the_middle(database: Option<fn() -> String>) {
    let home = tempfile::tempdir().unwrap();
    let mut acknowledged = Vec::new();
    for round in 0..3 {
        let dir = home.path().join(round.to_string());
        let mut config = AuthConfig::in_home(&dir);
        let dsn = database.map(|new| new());
        if let Some(dsn) = &dsn {
            config.db = crate::sql::mysql(dsn);
        }
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "durability::victim", "--nocapture"])
            .env(VICTIM, &dir)
            .envs(dsn.iter().map(|dsn| (VICTIM_DSN, dsn)))
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
        acknowledged.push((config, seen));
    }
    for (config, seen) in acknowledged {
        let auth = Auth::builder(config).open().await.unwrap();
        for (name, token) in seen {
            assert_eq!(auth.service().verify(&token).await.unwrap().name, name);
        }
    }
}
