//! Databases that are not there, not ours, or go away.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio_util::sync::CancellationToken;
use venus_auth::{
    Auth, AuthConfig, Error,
    store::{AuthStore, StoreError},
};
use venus_core::{
    auth::{AuthAdmin, Claims, NewUser, Page, Permission, UserDirectory, UserState},
    sql::{PoolLimits, SqlError, open_pool, sqlx, transaction},
    test_utils::MariaDb,
};

use crate::sql::{dumped, mysql, name_of, open};

/// The error and its causes, as a command prints them.
fn whole(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text += &format!(": {cause}");
        next = cause.source();
    }
    text
}

#[tokio::test]
async fn a_database_that_cannot_be_used_is_named_with_the_remedy() {
    let good = MariaDb::shared().database();
    let name = name_of(&good).to_owned();
    MariaDb::shared().execute("", "CREATE USER nobody@'127.0.0.1' IDENTIFIED BY 'pw'");
    let address = good.split_once('(').unwrap().1.split_once(')').unwrap().0;
    for (dsn, words) in [
        (good.replace("111111", "secret"), ["root", "user and password", "1045"]),
        (good.replace("root:111111", "nobody:pw"), ["nobody", "GRANT ALL ON", "1044"]),
        (good.replace(&name, "nowhere"), ["nowhere", "CREATE DATABASE `nowhere`", "1049"]),
        (good.replace(address, "127.0.0.1:1"), ["127.0.0.1:1", "start MySQL", "refused"]),
        (good.replace("unicode_ci", "martian_ci"), [address, "its log", "utf8mb4_martian_ci"]),
    ] {
        let home = tempfile::tempdir().unwrap();
        let config = AuthConfig { db: mysql(&dsn), ..AuthConfig::in_home(home.path()) };
        let error = Auth::builder(config.clone()).open().await.unwrap_err();
        let text = whole(&error);
        for word in words {
            assert!(text.contains(word), "{word} is not in: {text}");
        }
        for text in [text, format!("{error:?}"), format!("{config:?}")] {
            assert!(!text.contains("secret") && !text.contains("111111"), "{text}");
        }
    }
}

#[tokio::test]
async fn a_server_that_is_away_is_told_from_one_that_refuses() {
    let good = MariaDb::shared().database();
    for (dsn, away) in [
        ("root@tcp(127.0.0.1:1)/x".to_owned(), true),
        ("root@tcp(nowhere.invalid:3306)/x?timeout=2s".to_owned(), true),
        ("root@unix(/nowhere/mysqld.sock)/x".to_owned(), true),
        (good.replace("111111", "secret"), false),
        (good.replace(name_of(&good), "nowhere"), false),
    ] {
        let error = open(&dsn).await.unwrap_err();
        let StoreError::Sql(error) = error else { panic!("{error:?}") };
        assert_eq!(error.is_away(), away, "{error:?}");
    }
}

#[tokio::test]
async fn databases_of_other_versions_are_left_alone() {
    for (change, expected) in [
        ("UPDATE store_versions SET version = 4", "of version 4"),
        ("ALTER TABLE miners DROP COLUMN id", "no column `id`"),
        ("ALTER TABLE users ADD COLUMN quota bigint NOT NULL", "`quota`"),
        ("ALTER TABLE token DROP COLUMN secret", "no column `secret`"),
    ] {
        let dsn = dumped();
        let change = format!("{change}; DROP TABLE user_rate_limits");
        MariaDb::shared().execute(name_of(&dsn), &change);
        let error = open(&dsn).await.unwrap_err();
        let text = whole(&error);
        assert!(text.contains(expected), "{text}");
        assert!(
            text.contains("sophon-auth 1.16") || text.contains("use a newer program"),
            "{text}"
        );
        let tables = MariaDb::shared().execute(name_of(&dsn), "SHOW TABLES");
        assert!(!tables.contains("user_rate_limits"), "nothing was made");
    }
    // More than is needed does not hurt.
    let dsn = dumped();
    MariaDb::shared().execute(name_of(&dsn), "ALTER TABLE users ADD COLUMN note text");
    open(&dsn).await.unwrap().insert_user(user("x")).await.unwrap();
}

fn user(name: &str) -> venus_core::auth::User {
    venus_core::auth::User {
        id: format!("id of {name}"),
        name: name.to_owned(),
        comment: String::new(),
        state: UserState::ENABLED,
        create_time: 1,
        update_time: 1,
    }
}

#[tokio::test]
async fn names_that_the_database_cannot_tell_apart_are_taken() {
    let store = open(&MariaDb::shared().database()).await.unwrap();
    assert!(store.insert_user(user("bob")).await.unwrap());
    for other in ["BOB", "bob ", "Bób"] {
        assert!(!store.insert_user(user(other)).await.unwrap());
        assert_eq!(store.user(other).await.unwrap(), None);
        assert!(!store.delete_user(other, chrono::Utc::now()).await.unwrap());
    }
    assert!(store.user("bob").await.unwrap().is_some_and(|row| !row.deleted));
}

#[tokio::test]
async fn writers_that_meet_are_put_in_a_row() {
    let store = open(&MariaDb::shared().database()).await.unwrap();
    let mut writers = tokio::task::JoinSet::new();
    for n in 0..24 {
        let store = store.clone();
        writers.spawn(async move {
            let name = format!("u{}", n % 3);
            let created = store.insert_user(user(&name)).await.unwrap();
            let now = chrono::Utc::now();
            store.bind_miner(&name, venus_core::Address::id(n % 4), true, now).await.unwrap();
            created
        });
    }
    let created = writers.join_all().await;
    assert_eq!(created.iter().filter(|created| **created).count(), 3, "one for each name");
    assert_eq!(store.users(Page::default(), UserState::UNDEFINED).await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_lost_connection_is_made_anew_for_reads_and_reported_for_writes() {
    let dsn = MariaDb::shared().database();
    let limits = PoolLimits { max_open: 1, ..PoolLimits::default() };
    let pool = open_pool(&dsn.parse().unwrap(), &limits).await.unwrap();
    pool.execute(sqlx::query("CREATE TABLE t (n INT)")).await.unwrap();
    let id = "SELECT CONNECTION_ID()";

    // Killed between statements, as after a long idle time.
    let kill = |(id,): (u64,)| MariaDb::shared().execute("", &format!("KILL {id}"));
    kill(pool.fetch_optional(|| sqlx::query_as(id)).await.unwrap().unwrap());
    pool.execute(sqlx::query("INSERT INTO t VALUES (1)")).await.unwrap();

    // Killed in the middle of a read: the second attempt succeeds.
    let attempts = AtomicUsize::new(0);
    let read = pool.fetch_all(|| {
        let first = attempts.fetch_add(1, Ordering::Relaxed) == 0;
        sqlx::query_as::<_, (i64,)>(if first { "SELECT SLEEP(5)" } else { "SELECT n + 0 FROM t" })
    });
    let kill_sleeper = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let sleepers = format!(
            "SELECT id FROM information_schema.processlist WHERE db = '{}' AND info LIKE '%SLEEP%'",
            name_of(&dsn)
        );
        let id = MariaDb::shared().execute("", &sleepers);
        kill((id.trim().parse().unwrap(),));
    };
    let (rows, ()) = tokio::join!(read, kill_sleeper);
    assert_eq!((rows.unwrap(), attempts.into_inner()), (vec![(1,)], 2));

    // Killed in the middle of a write: reported, and not done.
    let result: Result<(), SqlError> = transaction!(pool, |tx| {
        tx.execute(sqlx::query("INSERT INTO t VALUES (2)")).await?;
        kill(tx.fetch_optional(sqlx::query_as(id)).await?.unwrap());
        tx.execute(sqlx::query("INSERT INTO t VALUES (3)")).await.map(|_| ())
    });
    let error = result.unwrap_err();
    assert!(error.is_lost() && error.is_retryable(), "{error}");
    let count = pool.fetch_all(|| sqlx::query_as::<_, (i64,)>("SELECT COUNT(*) FROM t"));
    assert_eq!(count.await.unwrap(), [(1,)]);

    // Too slow an answer is given up, and its connection with it.
    let slow = dsn.replace("readTimeout=10s", "readTimeout=200ms");
    let pool = open_pool(&slow.parse().unwrap(), &limits).await.unwrap();
    let error =
        pool.fetch_all(|| sqlx::query_as::<_, (i64,)>("SELECT SLEEP(2)")).await.unwrap_err();
    assert!(matches!(error, SqlError::TimedOut { .. }), "{error}");
    let one = pool.fetch_all(|| sqlx::query_as::<_, (i64,)>("SELECT 1")).await.unwrap();
    assert_eq!(one, [(1,)]);
}

#[tokio::test]
async fn there_are_no_more_connections_than_the_limits_say() {
    let dsn = MariaDb::shared().database();
    let connections = || {
        let count = "SELECT COUNT(*) FROM information_schema.processlist WHERE db = ";
        let count = format!("{count} '{}'", name_of(&dsn));
        MariaDb::shared().execute("", &count).trim().parse::<u32>().unwrap()
    };
    let limits = PoolLimits { max_open: 2, max_idle: 0, ..PoolLimits::default() };
    let hurried = dsn.replace("?", "?timeout=300ms&");
    let pool = open_pool(&hurried.parse().unwrap(), &limits).await.unwrap();
    let sleep = || pool.fetch_all(|| sqlx::query_as::<_, (i64,)>("SELECT SLEEP(1)"));
    let (first, second, third) = tokio::join!(sleep(), sleep(), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        (sleep().await, connections())
    });
    assert!(first.is_ok() && second.is_ok());
    let (busy, open) = third;
    let error = busy.unwrap_err();
    assert!(matches!(error, SqlError::Busy { max: 2 }) && error.is_retryable(), "{error}");
    assert_eq!(open, 2);
    for _ in 0..100 {
        if connections() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("idle connections stay open");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_kill_9_of_the_database() {
    let mut server = MariaDb::start();
    let dsn = server.database();
    let home = tempfile::tempdir().unwrap();
    let config = AuthConfig { db: mysql(&dsn), ..AuthConfig::in_home(home.path()) };
    for round in 0..2 {
        let auth = Arc::new(Auth::builder(config.clone()).open().await.unwrap());
        let acknowledged = Arc::new(Mutex::new(Vec::new()));
        let stop = CancellationToken::new();
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..4 {
            let (auth, acknowledged) = (Arc::clone(&auth), Arc::clone(&acknowledged));
            let stop = stop.clone();
            writers.spawn(async move {
                for n in 0.. {
                    if stop.is_cancelled() {
                        break;
                    }
                    let name = format!("u{round}-{writer}-{n}");
                    auth.service().create_user(&NewUser::enabled(&name)).await?;
                    let claims = Claims::new(&name, Permission::Read);
                    let token = auth.service().generate_token(&claims).await?;
                    acknowledged.lock().unwrap().push((name, token));
                }
                Ok::<_, venus_core::auth::AuthApiError>(())
            });
        }
        while acknowledged.lock().unwrap().len() < 60 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        server.kill();
        let restart = tokio::task::spawn_blocking(move || {
            server.restart();
            server
        });
        server = restart.await.unwrap();
        stop.cancel();
        // Those that were at a write end with an error; those at a read go on with the new server.
        for outcome in writers.join_all().await {
            if let Err(error) = outcome {
                assert!(error.to_string().contains("database"), "{error}");
            }
        }
        let acknowledged = acknowledged.lock().unwrap().clone();
        for (name, token) in acknowledged {
            // The same pool, over new connections.
            assert_eq!(auth.service().verify(&token).await.unwrap().name, name);
        }
    }
}

#[tokio::test]
async fn an_owner_recovers_what_it_removed_itself() {
    let store = open(&dumped()).await.unwrap();
    let token = store.tokens_by_name("alice").await.unwrap().swap_remove(0).token;
    for (by, kept) in [("alice", "alice"), ("root", ""), ("", "")] {
        assert!(store.set_token_removed(&token, Some(by)).await.unwrap());
        let removed_by = store.token(&token).await.unwrap().unwrap().removed_by;
        assert_eq!(removed_by.as_deref(), Some(kept));
        assert!(store.set_token_removed(&token, None).await.unwrap());
    }
    let error = Error::RemovedByOther { by: String::new() }.to_string();
    assert!(error.contains("an administrator"), "{error}");
    assert!(!matches!(open("root@(127.0.0.1:1)/x").await, Err(StoreError::Version { .. })));
}
