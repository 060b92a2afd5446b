//! What the embedded store promises: all or nothing, and it lasts.

use chrono::Utc;
use venus_core::{
    Address, Cid, Message, TipSetKey,
    api::messager::{MessageState, QueuedMessage, SendSpec},
    store::Store,
};
use venus_messager::{
    Batch, EmbeddedStore, Filter, Key, MessageStore, MessagerError, SenderChange, Tracked,
};

use crate::world::{atto, key};

fn row(id: &str) -> QueuedMessage {
    let from = key(1).address();
    let message = Message::transfer(from, from, atto(1));
    QueuedMessage::new(id.to_owned(), message, SendSpec::default(), String::new(), Utc::now())
}

fn filled(id: &str, nonce: u64) -> (MessageState, QueuedMessage) {
    let cid = Some(Cid::of_cbor(&[0x80 + u8::try_from(nonce).unwrap()]));
    let state = MessageState::Fill;
    (MessageState::UnFill, QueuedMessage { state, nonce, signed_cid: cid, ..row(id) })
}

fn tracked(height: i64) -> Tracked {
    Tracked { key: TipSetKey::new(vec![Cid::of_cbor(&height.to_be_bytes())]), height }
}

/// Row 29 as well: what cannot be written as a whole changes nothing.
#[tokio::test]
async fn a_batch_is_written_whole_or_not_at_all() {
    let home = tempfile::tempdir().unwrap();
    let from: Address = key(1).address();
    {
        let store = EmbeddedStore::new(Store::open(home.path()).unwrap()).unwrap();
        for id in ["a", "b"] {
            store.insert(row(id)).await.unwrap();
        }
        let again = store.insert(row("a")).await.unwrap_err();
        assert!(matches!(again, MessagerError::Duplicate(id) if id == "a"));
        let good = Batch {
            messages: vec![filled("a", 0)],
            nonce: Some((from, 1)),
            tracked: Some(tracked(5)),
            ..Batch::default()
        };
        store.apply(good).await.unwrap();

        // `a` is not in the state any more that this expects.
        let stale = Batch {
            messages: vec![filled("b", 1), filled("a", 2)],
            nonce: Some((from, 3)),
            tracked: Some(tracked(6)),
            ..Batch::default()
        };
        let refused = store.apply(stale.clone()).await.unwrap_err();
        assert!(matches!(refused, MessagerError::Changed(id) if id == "a"));
        // The chain was followed further than this expects.
        let moved =
            Batch { messages: vec![filled("b", 1)], only_at: Some(tracked(4).key), ..stale };
        let refused = store.apply(moved.clone()).await.unwrap_err();
        assert!(matches!(refused, MessagerError::Moved));
        assert_eq!(store.find(&Key::Id("b".into())).await.unwrap().unwrap().nonce, 0);
        assert_eq!(store.tracked().await.unwrap(), Some(tracked(5)));
        store.apply(Batch { only_at: Some(tracked(5).key), ..moved }).await.unwrap();
    }
    let store = EmbeddedStore::new(Store::open(home.path()).unwrap()).unwrap();
    assert_eq!(store.tracked().await.unwrap(), Some(tracked(6)));
    assert_eq!(store.sender(from).await.unwrap().unwrap().nonce, 3);
    let waiting = store.list(&Filter::of(from, &[MessageState::UnFill])).await.unwrap();
    assert!(waiting.is_empty());
    let by_nonce = store.find(&Key::Nonce(from, 1)).await.unwrap().unwrap();
    assert_eq!(by_nonce.id, "b");
    let by_cid = store.find(&Key::Signed(by_nonce.signed_cid.unwrap())).await.unwrap();
    assert_eq!(by_cid.unwrap().id, "b");
}

/// An error text must not come back to a message that landed meanwhile.
#[tokio::test]
async fn a_message_on_chain_has_no_error() {
    let home = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::new(Store::open(home.path()).unwrap()).unwrap();
    store.insert(row("a")).await.unwrap();
    let error =
        |text: &str| Batch { errors: vec![("a".to_owned(), text.to_owned())], ..Batch::default() };
    store.apply(error("refused")).await.unwrap();
    assert_eq!(store.find(&Key::Id("a".into())).await.unwrap().unwrap().error_msg, "refused");
    let landed = QueuedMessage { state: MessageState::OnChain, ..row("a") };
    let batch = Batch { messages: vec![(MessageState::UnFill, landed)], ..Batch::default() };
    store.apply(batch).await.unwrap();
    store.apply(error("late")).await.unwrap();
    assert_eq!(store.find(&Key::Id("a".into())).await.unwrap().unwrap().error_msg, "");
    let limit = SenderChange::SelMsgNum(3);
    assert!(store.change_sender(key(1).address(), limit.clone()).await.unwrap());
    assert!(!store.change_sender(key(2).address(), limit).await.unwrap());
}
