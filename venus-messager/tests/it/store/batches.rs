//! All or nothing, and it lasts.

use venus_core::{
    Address,
    api::messager::{MessageState, QueuedMessage},
};
use venus_messager::{Batch, Filter, Key, MessagerError, SenderChange};

use super::{Place, filled, row, tracked};
use crate::world::key;

/// Row 29 as well: what cannot be written as a whole changes nothing.
pub(super) async fn a_batch_is_written_whole_or_not_at_all(place: &dyn Place) {
    let from: Address = key(1).address();
    {
        let store = place.open().await;
        for id in ["a", "b"] {
            store.insert(row(id)).await.unwrap();
        }
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
        // There is no such message.
        let unknown = Batch { messages: vec![filled("B", 1)], ..Batch::default() };
        let refused = store.apply(unknown).await.unwrap_err();
        assert!(matches!(refused, MessagerError::Changed(id) if id == "B"));
        assert_eq!(store.find(&Key::Id("b".into())).await.unwrap().unwrap().nonce, 0);
        assert_eq!(store.sender(from).await.unwrap().unwrap().nonce, 1);
        assert_eq!(store.tracked().await.unwrap(), Some(tracked(5)));
        store.apply(Batch { only_at: Some(tracked(5).key), ..moved }).await.unwrap();
    }
    let store = place.open().await;
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
pub(super) async fn a_message_on_chain_has_no_error(place: &dyn Place) {
    let store = place.open().await;
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

/// Both give the same message a nonce.
pub(super) async fn of_two_batches_at_once_one_is_written(place: &dyn Place) {
    let from = key(1).address();
    let store = place.open().await;
    for number in 0..8 {
        let id = format!("m{number}");
        store.insert(row(&id)).await.unwrap();
        let batch = |nonce| Batch {
            messages: vec![filled(&id, nonce)],
            nonce: Some((from, nonce + 1)),
            ..Batch::default()
        };
        let (a, b) = tokio::join!(store.apply(batch(number)), store.apply(batch(number + 50)));
        let refused = if a.is_ok() { b.unwrap_err() } else { b.map(|()| a.unwrap_err()).unwrap() };
        assert!(matches!(&refused, MessagerError::Changed(which) if *which == id), "{refused}");
        let written = store.find(&Key::Id(id)).await.unwrap().unwrap();
        assert_eq!(store.sender(from).await.unwrap().unwrap().nonce, written.nonce + 1);
    }
}
