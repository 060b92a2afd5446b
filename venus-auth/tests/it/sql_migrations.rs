//! Databases that versions 1.3 to 1.8 of sophon-auth made.

use chrono::{DateTime, Utc};
use venus_auth::store::{AuthStore, SqlStore};
use venus_core::{
    auth::{Page, UserState, parse_address},
    test_utils::MariaDb,
};

use crate::sql::{name_of, open, schema_at};

/// What version 1.3 has, but for what depends on the version.
fn first_tables(later: &str, of_users: &str) -> String {
    format!(
        "CREATE TABLE token (name varchar(50) NOT NULL, perm varchar(50) NOT NULL, \
           secret varchar(255) NOT NULL, extra varchar(255), token varchar(512) NOT NULL, \
           createTime datetime NOT NULL{later}, UNIQUE INDEX token_token_IDX (token){}) \
           ROW_FORMAT=DYNAMIC; \
         CREATE TABLE users (id varchar(64), name varchar(50) NOT NULL{of_users}, \
           comment varchar(255), stype tinyint(4) NOT NULL DEFAULT 0, \
           state tinyint(4) NOT NULL DEFAULT 0, createTime datetime NOT NULL, \
           updateTime datetime NOT NULL{later}, PRIMARY KEY (id), \
           UNIQUE INDEX users_name_IDX (name){}) ROW_FORMAT=DYNAMIC; \
         CREATE TABLE user_rate_limits (id varchar(64), name varchar(50) NOT NULL, \
           service varchar(50), api varchar(50), reqLimit varchar(256), PRIMARY KEY (id), \
           INDEX user_service_api_IDX (name, service, api)) ROW_FORMAT=DYNAMIC; \
         INSERT INTO token (name, perm, secret, token, createTime) \
           VALUES ('alice', 'admin', '{}', 'a.b.c', '2022-03-18 16:11:53'); \
         INSERT INTO users (id, name, comment, state, createTime, updateTime) VALUES \
           ('1', 'alice', 'first', 1, '2022-03-18 16:11:53', '2022-03-18 16:11:53'), \
           ('2', 'bob', '', 1, '2022-03-18 16:11:53', '2022-03-18 16:11:53'), \
           ('3', 'carol', '', 2, '2022-03-18 16:11:53', '2022-03-18 16:11:53'); \
         INSERT INTO user_rate_limits VALUES ('l', 'alice', '', '', \
           '{{\"Cap\":10,\"ResetDur\":120000000000}}'); ",
        if later.is_empty() { "" } else { ", INDEX idx_token_is_deleted (is_deleted)" },
        if later.is_empty() { "" } else { ", INDEX idx_users_is_deleted (is_deleted)" },
        "ab".repeat(32),
    )
}

const IS_DELETED: &str = ", is_deleted bigint NOT NULL DEFAULT 0";

fn old_miners(version: u64, open_mining: &str) -> String {
    format!(
        "CREATE TABLE miners (miner varchar(128), user varchar(50) NOT NULL{open_mining}, \
           created_at datetime(3) NULL, updated_at datetime(3) NULL, deleted_at datetime(3) NULL, \
           PRIMARY KEY (miner), INDEX user_miner_idx (user, miner), \
           INDEX idx_miners_deleted_at (deleted_at)) ROW_FORMAT=DYNAMIC; \
         CREATE TABLE store_versions (id bigint unsigned AUTO_INCREMENT, \
           version bigint unsigned, PRIMARY KEY (id)) ROW_FORMAT=DYNAMIC; \
         INSERT INTO store_versions VALUES (1, {version}); \
         INSERT INTO miners (miner, user, created_at, updated_at, deleted_at) VALUES \
           ('01000', 'alice', '2022-03-18 16:11:53.125', '2022-03-19 16:11:53', NULL), \
           ('02', 'bob', '2022-03-18 16:11:53', '2022-03-18 16:11:53', NULL), \
           ('03', 'bob', '2022-03-18 16:11:53', '2022-03-18 16:11:53', '2022-04-01 00:00:00'); "
    )
}

/// The statements that make a database as a version left it, with rows.
fn left_by(version: &str) -> String {
    let open_mining = ", open_mining boolean DEFAULT 1 COMMENT '0-false,1-true'";
    match version {
        "1.3" => {
            let miner = ", miner varchar(255), INDEX users_miner_IDX (miner)";
            first_tables("", miner)
                + "UPDATE users SET miner = 't01000' WHERE name = 'alice'; \
                   UPDATE users SET miner = 'f02' WHERE name = 'bob'; \
                   UPDATE users SET miner = 'none' WHERE name = 'carol'; "
        }
        // As its script made it for 1.2; 1.3 added the secret.
        "1.2" => {
            let miner = ", miner varchar(255) NOT NULL";
            let tables =
                first_tables("", miner).replace("name, comment, state", "name, miner, state");
            tables.replace("'first'", "'t01000'").replace("'bob', ''", "'bob', 'f02'")
        }
        "1.4" => first_tables("", "") + &old_miners(1, ""),
        "1.6" => first_tables(IS_DELETED, "") + &old_miners(1, ""),
        "1.8" => {
            first_tables(IS_DELETED, "")
                + &old_miners(2, open_mining)
                + "UPDATE miners SET open_mining = 0 WHERE miner = '02'; "
        }
        other => unreachable!("no version {other}"),
    }
}

const VERSIONS: [&str; 5] = ["1.2", "1.3", "1.4", "1.6", "1.8"];

/// Asserts that everything is there, and that the tables are those of a new database, except for
/// the columns that the Go service leaves behind as well.
async fn assert_migrated(server: &MariaDb, dsn: &str, version: &str, fresh: &[String]) {
    let store: SqlStore = open(dsn).await.unwrap();
    let alice = store.user("alice").await.unwrap().unwrap();
    assert!(!alice.deleted && alice.user.state == UserState::ENABLED);
    assert_eq!(store.users(Page::default(), UserState::UNDEFINED).await.unwrap().len(), 3);
    let token = store.token("a.b.c").await.unwrap().unwrap();
    assert_eq!((token.secret.to_hex().as_str(), token.removed_by), (&*"ab".repeat(32), None));
    assert_eq!(store.limits("alice").await.unwrap()[0].req_limit.cap, 10);

    let [first, second] = ["f01000", "f02"].map(|miner| parse_address(miner).unwrap());
    let (first, second) = (store.miner(first).await.unwrap(), store.miner(second).await.unwrap());
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!((first.user.as_str(), first.open_mining), ("alice", true));
    assert_eq!((second.user.as_str(), second.open_mining), ("bob", version != "1.8"));
    let count =
        store.miners("bob").await.unwrap().len() + store.miners("carol").await.unwrap().len();
    assert_eq!(count, 1);
    let rows = |query: &str| server.execute(name_of(dsn), query);
    if version > "1.3" {
        let created: DateTime<chrono::Local> = first.created_at.into();
        assert_eq!(created.format("%F %T%.3f").to_string(), "2022-03-18 16:11:53.125");
        let deleted = "SELECT user, deleted_at FROM miners WHERE miner = '03'";
        assert_eq!(rows(deleted), "bob\t2022-04-01 00:00:00.000\n");
    }
    // It can be written to.
    let four = parse_address("f04").unwrap();
    store.bind_miner("carol", four, false, Utc::now()).await.unwrap();
    assert!(!store.miner(four).await.unwrap().unwrap().open_mining);
    let new = venus_core::auth::User { id: "4".into(), name: "dave".into(), ..alice.user };
    assert!(store.insert_user(new).await.unwrap());
    assert!(store.set_token_removed("a.b.c", Some("alice")).await.unwrap());

    assert_eq!(rows("SELECT * FROM store_versions"), "1\t3\n");
    rows("ALTER TABLE users DROP COLUMN stype, DROP COLUMN IF EXISTS miner");
    assert_eq!(schema_at(server, dsn), fresh, "{version}");
}

async fn fresh(server: &MariaDb) -> Vec<String> {
    let dsn = server.database();
    open(&dsn).await.unwrap();
    schema_at(server, &dsn)
}

#[tokio::test]
async fn databases_of_old_versions_are_migrated() {
    let server = MariaDb::shared();
    let fresh = fresh(server).await;
    for version in VERSIONS {
        let dsn = server.database();
        server.execute(name_of(&dsn), &left_by(version));
        assert_migrated(server, &dsn, version, &fresh).await;
    }
}

/// The statements of the Go service's step from version 2 to 3, which it may have been cut off in.
const GO: [&str; 4] = [
    "ALTER TABLE miners DROP PRIMARY KEY",
    "ALTER TABLE miners ADD COLUMN id bigint(20) NOT NULL AUTO_INCREMENT PRIMARY KEY FIRST",
    "ALTER TABLE miners DROP INDEX user_miner_idx",
    "ALTER TABLE miners ADD UNIQUE INDEX miner_idx (miner)",
];

#[tokio::test]
async fn what_the_go_service_left_unfinished_is_finished() {
    let server = MariaDb::shared();
    let fresh = fresh(server).await;
    for done in 1..GO.len() {
        let dsn = server.database();
        server.execute(name_of(&dsn), &(left_by("1.8") + &GO[..done].join("; ")));
        assert_migrated(server, &dsn, "1.8", &fresh).await;
    }
}

/// Of two users with one miner the last has it afterwards, as in Go.
#[tokio::test]
async fn a_miner_of_two_users_goes_to_one() {
    let dsn = MariaDb::shared().database();
    let both = "UPDATE users SET miner = 'f02' WHERE name = 'carol'";
    MariaDb::shared().execute(name_of(&dsn), &(left_by("1.3") + both));
    let store = open(&dsn).await.unwrap();
    let miner = store.miner(parse_address("f02").unwrap()).await.unwrap().unwrap();
    assert_eq!(miner.user, "carol");
    assert!(store.miners("bob").await.unwrap().is_empty());
}

/// The statements of a migration are taken from the server's log; after each number of them, as
/// when the process was killed there, the next start finishes.
#[tokio::test]
async fn a_migration_that_was_cut_off_anywhere_is_finished() {
    let server = MariaDb::start();
    let fresh = fresh(&server).await;
    for version in ["1.3", "1.4", "1.8"] {
        let dsn = server.database();
        server.execute(name_of(&dsn), &left_by(version));
        server.execute("", "SET GLOBAL log_output = 'TABLE'; SET GLOBAL general_log = ON");
        open(&dsn).await.unwrap();
        server.execute("", "SET GLOBAL general_log = OFF");
        let log = "SELECT REPLACE(argument, '\\n', ' ') FROM mysql.general_log \
            WHERE command_type IN ('Execute', 'Query') ORDER BY event_time, thread_id; \
            TRUNCATE mysql.general_log";
        let log = server.execute("", log);
        let changes = ["CREATE", "ALTER", "INSERT", "UPDATE", "RENAME", "DROP", "BEGIN", "COMMIT"];
        let statements: Vec<_> =
            log.lines().filter(|line| changes.iter().any(|verb| line.starts_with(verb))).collect();
        assert!(statements.len() > 6, "{log}");
        for done in 0..=statements.len() {
            let dsn = server.database();
            let cut_off = left_by(version) + &statements[..done].join(";\n");
            server.execute(name_of(&dsn), &cut_off);
            assert_migrated(&server, &dsn, version, &fresh).await;
        }
        // Where renaming two tables is not one step, it is cut off between them.
        let swap = statements.iter().position(|line| line.starts_with("RENAME"));
        assert_eq!(swap.is_some(), version > "1.3", "{log}");
        if let Some(swap) = swap {
            let (half, _) = statements[swap].split_once(',').unwrap();
            let dsn = server.database();
            let cut_off = left_by(version) + &statements[..swap].join(";\n");
            server.execute(name_of(&dsn), &format!("{cut_off};\n{half}"));
            assert_migrated(&server, &dsn, version, &fresh).await;
        }
    }
}
