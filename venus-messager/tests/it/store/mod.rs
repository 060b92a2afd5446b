//! What every store promises: one suite over all of them.

mod batches;
mod messages;
mod mysql;
mod settings;

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use tempfile::TempDir;
use venus_core::{
    Cid, Message, TipSetKey,
    api::messager::{MessageState, QueuedMessage, SendSpec},
    sql::PoolLimits,
    store::Store,
    test_utils::MariaDb,
};
use venus_messager::{EmbeddedStore, MessageStore, SqlStore, Tracked};

use crate::world::{atto, key};

/// Where a store is, to be opened more than once.
#[async_trait]
pub(crate) trait Place: Send + Sync {
    async fn open(&self) -> Box<dyn MessageStore>;
}

#[async_trait]
impl Place for TempDir {
    async fn open(&self) -> Box<dyn MessageStore> {
        // One that was closed a moment ago: a read may still be under way in it.
        let mut opened = Store::open(self.path());
        for _ in 0..200 {
            if opened.is_ok() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
            opened = Store::open(self.path());
        }
        Box::new(EmbeddedStore::new(opened.unwrap()).unwrap())
    }
}

/// A database.
pub(crate) struct Dsn(pub(crate) String);

impl Dsn {
    pub(crate) fn empty() -> Self {
        Self(MariaDb::shared().database())
    }

    pub(crate) async fn store(&self) -> SqlStore {
        SqlStore::open(&self.0.parse().unwrap(), &PoolLimits::default()).await.unwrap()
    }

    /// Runs statements in it.
    pub(crate) fn run(&self, statements: &str) -> String {
        let name = self.0.split_once(")/").unwrap().1.split_once('?').unwrap().0;
        MariaDb::shared().execute(name, statements)
    }
}

#[async_trait]
impl Place for Dsn {
    async fn open(&self) -> Box<dyn MessageStore> {
        Box::new(self.store().await)
    }
}

macro_rules! contract {
    ($name:ident, $place:expr; $($module:ident::$test:ident),* $(,)?) => {
        mod $name {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$module::$test(&$place).await;
            })*
        }
    };
}

macro_rules! contracts {
    ($($tests:tt)*) => {
        contract!(embedded, tempfile::tempdir().unwrap(); $($tests)*);
        contract!(sql, super::Dsn::empty(); $($tests)*);
    };
}

contracts! {
    batches::a_batch_is_written_whole_or_not_at_all,
    batches::a_message_on_chain_has_no_error,
    batches::of_two_batches_at_once_one_is_written,
    messages::messages_come_back_as_they_were,
    messages::messages_are_found_by_what_names_them,
    messages::lists_are_filtered_ordered_and_cut_into_pages,
    messages::an_id_is_taken_once,
    settings::senders_come_change_and_go,
    settings::many_at_once_make_one_sender,
    settings::prices_are_kept,
    settings::wallets_are_kept,
}

fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(3)
}

/// A message that waits, of the first key.
fn row(id: &str) -> QueuedMessage {
    let from = key(1).address();
    let message = Message::transfer(from, from, atto(1));
    QueuedMessage::new(id.to_owned(), message, SendSpec::default(), String::new(), now())
}

/// A message that came and changed so many seconds ago.
fn row_of(id: &str, came: i64, changed: i64) -> QueuedMessage {
    let ago = |seconds| now() - TimeDelta::seconds(seconds);
    QueuedMessage { created_at: ago(came), updated_at: ago(changed), ..row(id) }
}

/// A message with a nonce, and the state that it had before.
fn filled(id: &str, nonce: u64) -> (MessageState, QueuedMessage) {
    let cid = Some(Cid::of_cbor(&[0x80 + u8::try_from(nonce).unwrap()]));
    let state = MessageState::Fill;
    (MessageState::UnFill, QueuedMessage { state, nonce, signed_cid: cid, ..row(id) })
}

fn tracked(height: i64) -> Tracked {
    Tracked { key: TipSetKey::new(vec![Cid::of_cbor(&height.to_be_bytes())]), height }
}
