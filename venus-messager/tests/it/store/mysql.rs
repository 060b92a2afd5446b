//! What is different when everything is in a database.

use std::{sync::Arc, time::Duration};

use venus_core::{
    Address, Cid, TipSetKey,
    api::messager::{MessageState, QueuedMessage, SenderState, SharedSpec},
    sql::{PoolLimits, SqlError},
    test_utils::MariaDb,
};
use venus_messager::{Batch, Filter, Key, MessageStore, MessagerError, SenderChange, SqlStore};

use super::{Dsn, filled, row, tracked};
use crate::world::key;

const SCHEMA: &str = include_str!("../../fixtures/schema.mysql.sql");
/// Rows as the Go program writes them.
const ROWS: &str = include_str!("../../fixtures/rows.mysql.sql");
const TABLES: [&str; 5] = ["actor_cfg", "addresses", "messages", "nodes", "shared_params"];
const SENDER: &str =
    "f3sgmflh7sayn7mkizrjw5uqu2hv7tgqx2nacgeyah7dmyncaq2ep3psriekc6ebqjojdfon5t6x2yykfkksqa";

impl Dsn {
    /// A database as sophon-messager leaves it.
    fn of_go() -> Self {
        let this = Self::empty();
        this.run(SCHEMA);
        this.run(ROWS);
        this
    }

    /// How each table would be made, without the next number of a row.
    fn schema(&self) -> Vec<String> {
        let show = |table| {
            let create = self.run(&format!("SHOW CREATE TABLE {table}"));
            let words = create.split(' ').filter(|word| !word.starts_with("AUTO_INCREMENT="));
            words.collect::<Vec<_>>().join(" ")
        };
        TABLES.into_iter().map(show).collect()
    }

    async fn refused(&self) -> MessagerError {
        SqlStore::open(&self.0.parse().unwrap(), &PoolLimits::default()).await.unwrap_err()
    }
}

#[tokio::test]
async fn tables_are_made_as_the_go_program_makes_them() {
    let (ours, theirs) = (Dsn::empty(), Dsn::empty());
    ours.store().await;
    theirs.run(SCHEMA);
    assert_eq!(ours.schema(), theirs.schema());
    ours.store().await;
}

#[tokio::test]
async fn a_database_of_the_go_program_is_used_and_keeps_its_schema() {
    let dsn = Dsn::of_go();
    let before = dsn.schema();
    let store = dsn.store().await;
    let find = async |id: &str| store.find(&Key::Id(id.to_owned())).await.unwrap();
    let from: Address = SENDER.parse().unwrap();

    let landed = find("a").await.unwrap();
    assert_eq!((landed.from, landed.nonce, landed.state), (from, 4, MessageState::OnChain));
    assert_eq!(landed.receipt.r#return.0, b"C\x01\x02\x03");
    assert_eq!(landed.tip_set_key.cids().len(), 2);
    assert_eq!(landed.signature.unwrap().data.len(), 96);
    let local = "2026-11-24T13:32:11.317".parse::<chrono::NaiveDateTime>().unwrap();
    assert_eq!(landed.created_at, local.and_local_timezone(chrono::Local).unwrap());
    let waiting = find("waits").await.unwrap();
    assert_eq!((waiting.from, waiting.signed_cid, waiting.receipt.exit_code), (from, None, -1));
    assert_eq!((waiting.tip_set_key, waiting.signature), (TipSetKey::default(), None));
    let senders = store.senders().await.unwrap();
    let shown: Vec<_> =
        senders.iter().map(|s| (s.nonce, s.state, s.fees.gas_over_premium)).collect();
    assert_eq!(shown, [(7, SenderState::Alive, 2.25)]);
    assert_eq!(store.shared().await.unwrap(), SharedSpec::default());
    assert_eq!(store.actor_configs().await.unwrap()[0].fees.gas_over_estimation, 1.5);
    assert_eq!(store.tracked().await.unwrap(), None);

    // Every table is written to.
    let fill = QueuedMessage {
        state: MessageState::Fill,
        nonce: 7,
        signed_cid: Some(Cid::of_cbor(b"new")),
        signature: Some(venus_core::Signature::bls(vec![0; 3])),
        ..find("waits").await.unwrap()
    };
    let batch = Batch {
        messages: vec![(MessageState::UnFill, fill)],
        nonce: Some((from, 8)),
        tracked: Some(tracked(3)),
        ..Batch::default()
    };
    store.apply(batch).await.unwrap();
    store.insert(row("new")).await.unwrap();
    store.set_shared(SharedSpec { sel_msg_num: 5, ..SharedSpec::default() }).await.unwrap();
    let config = store.actor_configs().await.unwrap().remove(0);
    store
        .save_actor_config(venus_core::api::messager::ActorConfig { method: 9, ..config })
        .await
        .unwrap();

    assert_eq!(dsn.schema(), before);
    let shown = "SELECT signed_data, tipset_key, from_addr, is_deleted, created_at FROM messages \
        WHERE id = 'waits'";
    let signature = r#"{"Type":2,"Data":"AAAA"}"#;
    assert_eq!(dsn.run(shown), format!("{signature}\t\t{SENDER}\t-1\t2026-11-24 13:32:20.001\n"));
    let shown = "SELECT nonce, gas_over_premium FROM addresses ORDER BY created_at LIMIT 1";
    assert_eq!(dsn.run(shown), "8\t2.25\n");
    let shown = "SELECT LEFT(from_addr, 1), COUNT(*), MAX(params IS NULL) FROM messages GROUP BY 1";
    assert_eq!(dsn.run(shown), "f\t4\t1\n", "all addresses have one form");
    assert_eq!(dsn.run("SELECT id, sel_msg_num FROM shared_params"), "1\t5\n");
    assert_eq!(dsn.run("SELECT name FROM nodes"), "n1\n");
}

/// The letter `t` of test networks: of two rows for one sender one is left, with the higher nonce.
#[tokio::test]
async fn each_address_has_one_form() {
    let dsn = Dsn::of_go();
    dsn.run(&format!(
        "INSERT INTO addresses SELECT 'old', CONCAT('t', SUBSTRING(addr, 2)), 31, 0, 4, 0, 0, '0', \
         '0', 0, '0', -1, created_at, updated_at FROM addresses WHERE addr = '{SENDER}'; \
         INSERT INTO addresses SELECT 'alone', 't1pxjpsy5udt4uw47fk6z7f7sssny2zbk4iw4atxi', 3, 0, \
         1, 0, 0, '0', '0', 0, '0', -1, created_at, updated_at FROM addresses WHERE id = 'old'"
    ));
    let store = dsn.store().await;
    let sender = store.sender(SENDER.parse().unwrap()).await.unwrap().unwrap();
    assert_eq!((sender.nonce, sender.state), (31, SenderState::Alive));
    let alone = "f1pxjpsy5udt4uw47fk6z7f7sssny2zbk4iw4atxi".parse().unwrap();
    assert_eq!(store.sender(alone).await.unwrap().unwrap().nonce, 3);
    assert_eq!(dsn.run("SELECT COUNT(*) FROM addresses WHERE addr LIKE 't%'"), "0\n");
    let waiting = Filter::of(SENDER.parse().unwrap(), &[MessageState::UnFill]);
    assert_eq!(store.list(&waiting).await.unwrap()[0].id, "waits");
}

#[tokio::test]
async fn ids_that_the_table_cannot_tell_apart_are_not_mixed_up() {
    let dsn = Dsn::empty();
    let store = dsn.store().await;
    store.insert(row("a")).await.unwrap();
    let taken = store.insert(row("A")).await.unwrap_err();
    assert!(matches!(taken, MessagerError::Duplicate(id) if id == "a"));
    let errors = vec![("A".to_owned(), "of another".to_owned())];
    store.apply(Batch { errors, ..Batch::default() }).await.unwrap();
    assert_eq!(store.find(&Key::Id("a".into())).await.unwrap().unwrap().error_msg, "");
}

#[tokio::test]
async fn what_does_not_fit_is_cut_or_refused() {
    let dsn = Dsn::empty();
    let store = dsn.store().await;
    store.insert(row("a")).await.unwrap();
    let errors = vec![("a".to_owned(), "长".repeat(3000))];
    store.apply(Batch { errors, ..Batch::default() }).await.unwrap();
    let error = store.find(&Key::Id("a".into())).await.unwrap().unwrap().error_msg;
    assert_eq!(error, "长".repeat(2048));
    let big = QueuedMessage { params: vec![1; 65_536].into(), ..row("big") };
    let refused = store.insert(big).await.unwrap_err();
    assert!(matches!(refused, MessagerError::TooLong { length: 65_536, limit: 65_535, .. }));
    let fits = QueuedMessage { params: vec![1; 65_535].into(), ..row("fits") };
    store.insert(fits.clone()).await.unwrap();
    assert_eq!(store.find(&Key::Id("fits".into())).await.unwrap(), Some(fits));
    let long = store.insert(row(&"i".repeat(257))).await.unwrap_err();
    assert!(matches!(long, MessagerError::TooLong { length: 257, limit: 256, .. }));
}

/// Two processes on one database do not give a nonce away twice, to different messages either.
#[tokio::test]
async fn a_nonce_that_another_process_gave_away_is_not_given_again() {
    let dsn = Dsn::empty();
    let (one, other) = (dsn.store().await, dsn.store().await);
    for id in ["a", "b"] {
        one.insert(row(id)).await.unwrap();
    }
    let from = key(1).address();
    let batch =
        |id| Batch { messages: vec![filled(id, 4)], nonce: Some((from, 5)), ..Batch::default() };
    let (a, b) = tokio::join!(one.apply(batch("a")), other.apply(batch("b")));
    assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
    let rows = one.list(&Filter::in_states(&[MessageState::Fill])).await.unwrap();
    assert_eq!(rows.len(), 1);
}

#[tokio::test]
async fn a_database_of_another_kind_is_left_alone() {
    let old = Dsn::of_go();
    old.run("ALTER TABLE messages DROP COLUMN wallet_name; DROP TABLE nodes");
    let error = old.refused().await;
    assert!(
        matches!(&error, MessagerError::Outdated { table: "messages", column } if column == "wallet_name")
    );
    assert!(!old.run("SHOW TABLES").contains("nodes"), "nothing is changed");
    let new = Dsn::of_go();
    new.run("ALTER TABLE addresses ADD COLUMN priority bigint NOT NULL");
    let error = new.refused().await;
    assert!(
        matches!(&error, MessagerError::Newer { table: "addresses", column } if column == "priority")
    );
    let more = Dsn::of_go();
    more.run("ALTER TABLE addresses ADD COLUMN note varchar(9) DEFAULT ''");
    more.store().await;
}

#[tokio::test]
async fn a_wrong_dsn_is_explained_without_its_password() {
    let right = Dsn::empty().0;
    let database = right.split_once(")/").unwrap().1.split_once('?').unwrap().0.to_owned();
    for (wrong, word) in [
        (right.replace("111111", "secret"), "refused the login `root`"),
        (right.replace(&database, "nowhere"), "there is no database `nowhere`"),
        (format!("root:secret@tcp(127.0.0.1:1)/{database}"), "no database answers at 127.0.0.1:1"),
    ] {
        let error = Dsn(wrong).refused().await;
        let text = format!("{error} {error:?}");
        assert!(text.contains(word), "{text}");
        assert!(!text.contains("secret") && !text.contains("111111"), "{text}");
    }
}

/// What was acknowledged is there after the server is killed, whatever it was at.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_the_death_of_the_server() {
    let mut server = MariaDb::start();
    let dsn = server.database().parse().unwrap();
    let store = Arc::new(SqlStore::open(&dsn, &PoolLimits::default()).await.unwrap());
    let writing = tokio::spawn({
        let store = Arc::clone(&store);
        async move {
            let (mut acknowledged, from) = (Vec::new(), key(1).address());
            for nonce in 0..100_000 {
                let id = format!("m{nonce}");
                let mut fill = filled(&id, 0);
                fill.1.nonce = nonce;
                let batch = Batch {
                    messages: vec![fill],
                    nonce: Some((from, nonce + 1)),
                    tracked: Some(tracked(i64::try_from(nonce).unwrap())),
                    ..Batch::default()
                };
                if let Err(error) = store.insert(row(&id)).await {
                    return (acknowledged, error);
                }
                if let Err(error) = store.apply(batch).await {
                    return (acknowledged, error);
                }
                acknowledged.push(id);
            }
            panic!("the server was not killed");
        }
    });
    tokio::time::sleep(Duration::from_millis(700)).await;
    server.kill();
    let (acknowledged, error) = writing.await.unwrap();
    assert!(acknowledged.len() > 5, "{}", acknowledged.len());
    assert!(matches!(&error, MessagerError::Sql(error) if error.is_retryable()), "{error:?}");
    let away = store.senders().await.unwrap_err();
    assert!(
        matches!(&away, MessagerError::Sql(error) if matches!(**error, SqlError::Unreachable { .. } | SqlError::Lost { .. })),
        "{away:?}"
    );

    server.restart();
    let rows = store.list(&Filter::in_states(&[MessageState::Fill])).await.unwrap();
    let ids: std::collections::HashSet<_> = rows.iter().map(|row| row.id.as_str()).collect();
    assert!(acknowledged.iter().all(|id| ids.contains(id.as_str())), "lost");
    // The one that was under way is there as a whole, or not at all.
    let nonce = store.sender(key(1).address()).await.unwrap().unwrap().nonce;
    assert_eq!(nonce, rows.len() as u64);
    let height = i64::try_from(nonce).unwrap() - 1;
    assert_eq!(store.tracked().await.unwrap(), Some(tracked(height)));
    assert!(rows.len() - acknowledged.len() <= 1);
    store.change_sender(key(1).address(), SenderChange::SelMsgNum(1)).await.unwrap();
}
