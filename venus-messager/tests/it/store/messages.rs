//! Messages come back as they were, and in their order.

use chrono::TimeDelta;
use venus_core::{
    Cid, Signature, TipSetKey, TokenAmount,
    api::messager::{MessageQuery, MessageState, QueuedMessage, QueuedReceipt, SendSpec},
};
use venus_messager::{Batch, Filter, Key, MessageStore, MessagerError};

use super::{Place, filled, now, row, row_of, tracked};
use crate::world::key;

/// A message with all that one can have.
fn full(id: &str) -> QueuedMessage {
    let all = TokenAmount::from_fil(2_000_000_000_u64);
    QueuedMessage {
        unsigned_cid: Some(Cid::of_cbor(b"unsigned")),
        signed_cid: Some(Cid::of_cbor(b"signed")),
        to: key(2).address(),
        nonce: u64::MAX,
        value: all.clone(),
        gas_limit: 10_000_000_000,
        gas_fee_cap: all.clone(),
        gas_premium: TokenAmount::from_atto(99_995),
        method: 3_844_450_837,
        params: vec![0, 255, 39, 92].into(),
        signature: Some(Signature::bls(vec![7; 96])),
        height: 5_000_000,
        receipt: QueuedReceipt {
            exit_code: 33,
            r#return: vec![0x43, 1, 2, 3].into(),
            gas_used: 1_000_000,
            events_root: None,
        },
        tip_set_key: TipSetKey::new(vec![Cid::of_cbor(b"x"), Cid::of_cbor(b"y")]),
        meta: SendSpec {
            expire_epoch: -1,
            gas_over_estimation: 1.25,
            max_fee: all,
            gas_over_premium: 4.5,
        },
        wallet_name: "矿工".to_owned(),
        state: MessageState::OnChain,
        error_msg: "x'); DROP TABLE messages; -- \\ \u{1F600}".to_owned(),
        ..row(id)
    }
}

pub(super) async fn messages_come_back_as_they_were(place: &dyn Place) {
    let find = async |store: &dyn MessageStore, id: &str| {
        store.find(&Key::Id(id.to_owned())).await.unwrap().unwrap()
    };
    let first = full("all");
    let later = QueuedMessage {
        state: MessageState::NonceConflict,
        updated_at: now() + TimeDelta::milliseconds(5),
        tip_set_key: tracked(9).key,
        error_msg: String::new(),
        ..first.clone()
    };
    {
        let store = place.open().await;
        for message in [row("plain"), first] {
            store.insert(message.clone()).await.unwrap();
            assert_eq!(find(&*store, &message.id).await, message);
        }
        let messages = vec![(MessageState::OnChain, later.clone())];
        store.apply(Batch { messages, ..Batch::default() }).await.unwrap();
    }
    let store = place.open().await;
    assert_eq!(find(&*store, "all").await, later);
}

pub(super) async fn messages_are_found_by_what_names_them(place: &dyn Place) {
    let store = place.open().await;
    store.insert(row("a")).await.unwrap();
    store.insert(full("b")).await.unwrap();
    let find = async |key: Key| store.find(&key).await.unwrap().map(|found| found.id);
    let from = key(1).address();
    assert_eq!(find(Key::Signed(Cid::of_cbor(b"signed"))).await.as_deref(), Some("b"));
    assert_eq!(find(Key::Unsigned(Cid::of_cbor(b"unsigned"))).await.as_deref(), Some("b"));
    assert_eq!(find(Key::Nonce(from, u64::MAX)).await.as_deref(), Some("b"));
    // It has no nonce yet: 0 stands for none.
    assert_eq!(find(Key::Nonce(from, 0)).await, None);
    assert_eq!(find(Key::Nonce(key(2).address(), u64::MAX)).await, None);
    assert_eq!(find(Key::Signed(Cid::of_cbor(b"other"))).await, None);
    for other in ["A", "a ", "b'", ""] {
        assert_eq!(find(Key::Id(other.to_owned())).await, None, "{other:?}");
    }
}

pub(super) async fn lists_are_filtered_ordered_and_cut_into_pages(place: &dyn Place) {
    let store = place.open().await;
    let to_other = |row: QueuedMessage| QueuedMessage { from: key(2).address(), ..row };
    let failing = |row: QueuedMessage| QueuedMessage { error_msg: "no gas".to_owned(), ..row };
    let state = |state, row: QueuedMessage| QueuedMessage { state, ..row };
    for message in [
        row_of("a", 50, 10),
        failing(row_of("b", 40, 40)),
        state(MessageState::Fill, row_of("c", 30, 20)),
        to_other(row_of("d", 20, 15)),
        state(MessageState::OnChain, to_other(row_of("e", 10, 5))),
    ] {
        store.insert(message).await.unwrap();
    }
    let list = async |filter: Filter| {
        let found = store.list(&filter).await.unwrap();
        found.into_iter().map(|message| message.id).collect::<String>()
    };
    let query = |query: MessageQuery| Filter { query, ..Filter::default() };
    let ago = |seconds| Some(now() - TimeDelta::seconds(seconds));
    let (one, other) = (key(1).address(), key(2).address());
    let (wait, fill) = (MessageState::UnFill, MessageState::Fill);
    assert_eq!(list(Filter::default()).await, "eadcb", "last changed first");
    assert_eq!(list(Filter { newest_first: true, ..Filter::default() }).await, "edcba");
    assert_eq!(list(query(MessageQuery { asc: true, ..Default::default() })).await, "abcde");
    assert_eq!(list(Filter::of(one, &[wait])).await, "ab");
    assert_eq!(list(Filter::of(other, &[])).await, "de");
    assert_eq!(list(Filter::in_states(&[wait, fill])).await, "abcd");
    assert_eq!(list(Filter { failing: true, ..Filter::default() }).await, "b");
    assert_eq!(list(Filter { created_before: ago(25), ..Filter::default() }).await, "acb");
    let since = MessageQuery { by_update_at: ago(18), ..Default::default() };
    assert_eq!(list(query(since)).await, "ead");
    let page = MessageQuery {
        from: vec![one, other],
        asc: true,
        limit: 2,
        offset: 1,
        ..Default::default()
    };
    assert_eq!(list(query(page)).await, "bc");
    let rest = MessageQuery { asc: true, offset: 3, ..Default::default() };
    assert_eq!(list(query(rest)).await, "de");
}

pub(super) async fn an_id_is_taken_once(place: &dyn Place) {
    let store = place.open().await;
    let pushes = (0..6).map(|_| store.insert(row("a")));
    let outcomes = futures::future::join_all(pushes).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    for error in outcomes.into_iter().filter_map(Result::err) {
        assert!(matches!(&error, MessagerError::Duplicate(id) if id == "a"), "{error}");
    }
    // Given up or done, it stays taken.
    let (_, given_up) = filled("a", 0);
    let given_up = QueuedMessage { state: MessageState::Failed, ..given_up };
    let messages = vec![(MessageState::UnFill, given_up)];
    store.apply(Batch { messages, ..Batch::default() }).await.unwrap();
    assert!(store.insert(row("a")).await.is_err());
}
