//! What is different when everything is in a database.

use chrono::TimeZone;
use tokio_util::sync::CancellationToken;
use venus_auth::{
    Auth, AuthConfig, DbConfig,
    store::{AuthStore, SqlStore, StoreError},
};
use venus_core::{
    auth::{
        AuthAdmin, Claims, MinerBindings, NewUser, Page, Permission, SignerBindings, TokenVerifier,
        UserDirectory, UserState, UserUpdate, parse_address,
    },
    sql::PoolLimits,
    test_utils::MariaDb,
};

const DUMP: &str = include_str!("../fixtures/sophon-auth.mysql.sql");
const TABLES: [&str; 6] =
    ["token", "users", "miners", "signers", "user_rate_limits", "store_versions"];

pub(crate) fn mysql(dsn: &str) -> DbConfig {
    DbConfig::mysql(dsn).unwrap()
}

pub(crate) fn empty_database() -> DbConfig {
    mysql(&MariaDb::shared().database())
}

pub(crate) async fn empty_store() -> SqlStore {
    open(&MariaDb::shared().database()).await.unwrap()
}

pub(crate) async fn open(dsn: &str) -> Result<SqlStore, StoreError> {
    SqlStore::open(&dsn.parse().unwrap(), &PoolLimits::default()).await
}

pub(crate) fn name_of(dsn: &str) -> &str {
    dsn.split_once(")/").unwrap().1.split_once('?').unwrap().0
}

/// A database as sophon-auth left it.
pub(crate) fn dumped() -> String {
    let dsn = MariaDb::shared().database();
    MariaDb::shared().execute(name_of(&dsn), DUMP);
    dsn
}

/// The tables that are there, and how each would be made, without the next number of a row.
fn schema(dsn: &str) -> Vec<String> {
    schema_at(MariaDb::shared(), dsn)
}

pub(crate) fn schema_at(server: &MariaDb, dsn: &str) -> Vec<String> {
    let show = |statement: &str| server.execute(name_of(dsn), statement);
    let mut schema = vec![show("SHOW TABLES")];
    for table in TABLES {
        let create = show(&format!("SHOW CREATE TABLE {table}"));
        let words = create.split(' ').filter(|word| !word.starts_with("AUTO_INCREMENT="));
        schema.push(words.collect::<Vec<_>>().join(" "));
    }
    schema
}

#[tokio::test]
async fn tables_are_made_as_the_go_service_makes_them() {
    let ours = MariaDb::shared().database();
    open(&ours).await.unwrap();
    assert_eq!(schema(&ours), schema(&dumped()));
    let versions = MariaDb::shared().execute(name_of(&ours), "SELECT * FROM store_versions");
    assert_eq!(versions, "1\t3\n");
    open(&ours).await.expect("opens again");
}

#[tokio::test]
async fn a_database_of_the_go_service_is_used_and_keeps_its_schema() {
    let dsn = dumped();
    let before = schema(&dsn);
    let home = tempfile::tempdir().unwrap();
    let config = AuthConfig { db: mysql(&dsn), ..crate::world::config(home.path()) };
    let auth = Auth::builder(config).open().await.unwrap();
    let auth = auth.start(CancellationToken::new()).await.unwrap();
    let service = auth.service();

    // Its tokens verify; that of the local administrator is taken over.
    assert!(DUMP.contains(auth.admin_token()));
    let of_alice = service.tokens_by_name("alice").await.unwrap();
    assert_eq!(of_alice.len(), 2);
    for token in &of_alice {
        let claims = service.verify(&token.token).await.unwrap();
        assert_eq!((claims.name, claims.perm), ("alice".to_owned(), token.perm.clone()));
    }
    let time = chrono::Local.with_ymd_and_hms(2026, 11, 24, 11, 57, 2).unwrap();
    assert_eq!(of_alice[0].create_time, time);
    // The disabled bob and the token that was removed do not.
    assert!(service.verify_token(removed_token()).await.is_err());

    let names = |users: Vec<venus_core::auth::User>| {
        users.into_iter().map(|user| user.name).collect::<Vec<_>>()
    };
    let users = service.users(Page::default(), UserState::UNDEFINED).await.unwrap();
    assert_eq!(names(users), ["alice", "bob", "defaultLocalToken", "矿工"]);
    let miners = service.miners("alice").await.unwrap();
    let open: Vec<_> = miners.iter().map(|m| (m.miner.to_string(), m.open_mining)).collect();
    assert_eq!(open, [("f01000".to_owned(), true), ("f01001".to_owned(), false)]);
    let shared = parse_address("f15rynkupqyfx5ebvaishg7duutwb5ooq2qpaikua").unwrap();
    assert_eq!(names(service.users_by_signer(shared).await.unwrap()), ["alice", "bob"]);
    let limits = service.rate_limits("alice").await.unwrap();
    assert_eq!(limits.len(), 2);
    assert_eq!((limits[0].req_limit.cap, limits[0].req_limit.reset_dur), (10, 120_000_000_000));

    // Every table is written to.
    service.create_user(&NewUser::enabled("carol")).await.unwrap();
    let token = service.generate_token(&Claims::new("carol", Permission::Write)).await.unwrap();
    let update = UserUpdate { name: "bob".into(), comment: None, state: UserState::ENABLED };
    service.update_user(&update).await.unwrap();
    service.recover_token(removed_token()).await.unwrap();
    assert_eq!(service.verify(removed_token()).await.unwrap().name, "bob");
    let miner = parse_address("f01234").unwrap();
    assert!(service.upsert_miner("carol", miner, true).await.unwrap(), "was unbound");
    service.register_signers("carol", &[shared]).await.unwrap();
    service.remove_token(&of_alice[0].token).await.unwrap();
    service.delete_user("alice").await.unwrap();
    service.recover_user("gone").await.unwrap();
    service.upsert_rate_limit(&limits_of("carol")).await.unwrap();
    auth.shutdown().await.unwrap();

    assert_eq!(schema(&dsn), before);
    let rows = |query: &str| MariaDb::shared().execute(name_of(&dsn), query);
    assert_eq!(
        rows("SELECT miner, user, open_mining, created_at, deleted_at FROM miners WHERE id = 4"),
        "01234\tcarol\t1\t2026-11-24 11:57:02.626\tNULL\n",
    );
    assert_eq!(
        rows("SELECT signer, user FROM signers WHERE deleted_at IS NULL ORDER BY id"),
        "15rynkupqyfx5ebvaishg7duutwb5ooq2qpaikua\tbob\n\
         15rynkupqyfx5ebvaishg7duutwb5ooq2qpaikua\tcarol\n",
    );
    assert_eq!(
        rows("SELECT reqLimit FROM user_rate_limits WHERE name = 'carol'"),
        "{\"Cap\":7,\"ResetDur\":1000}\n"
    );
    let (perm, live) = ("write", 0);
    assert_eq!(
        rows(&format!(
            "SELECT perm, LENGTH(secret), is_deleted FROM token WHERE token = '{token}'"
        )),
        format!("{perm}\t64\t{live}\n"),
    );
}

#[tokio::test]
async fn times_are_those_of_the_place_that_the_dsn_names() {
    let dsn = dumped().replace("loc=Local", "loc=Asia%2FShanghai");
    let store = open(&dsn).await.unwrap();
    let miner = store.miner(parse_address("f01000").unwrap()).await.unwrap().unwrap();
    assert_eq!(miner.created_at.to_rfc3339(), "2026-11-24T03:57:02.617+00:00");
    let now = "2026-11-25T00:00:00.5006Z".parse().unwrap();
    store.bind_miner("bob", parse_address("f07").unwrap(), true, now).await.unwrap();
    let written = "SELECT created_at, updated_at FROM miners WHERE miner = '07'";
    let written = MariaDb::shared().execute(name_of(&dsn), written);
    assert_eq!(written, "2026-11-25 08:00:00.500\t2026-11-25 08:00:00.500\n");
}

#[tokio::test]
async fn the_token_file_needs_no_home_beforehand() {
    let dir = tempfile::tempdir().unwrap();
    let home = dir.path().join("new/home");
    let config = AuthConfig { db: empty_database(), ..crate::world::config(&home) };
    let auth = Auth::builder(config).open().await.unwrap();
    let auth = auth.start(CancellationToken::new()).await.unwrap();
    let written = venus_core::auth::read_token(&home).unwrap();
    assert_eq!(written, auth.admin_token());
    auth.shutdown().await.unwrap();
}

fn limits_of(name: &str) -> venus_core::auth::RateLimit {
    venus_core::auth::RateLimit {
        name: name.to_owned(),
        req_limit: venus_core::auth::RequestLimit { cap: 7, reset_dur: 1_000 },
        ..Default::default()
    }
}

/// The token of bob in the dump.
fn removed_token() -> &'static str {
    let line = DUMP.lines().find(|line| line.contains("('bob','sign'")).unwrap();
    line.split('\'').nth(9).unwrap()
}
