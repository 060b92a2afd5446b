//! Senders, prices and wallets.

use venus_core::{
    Cid, TokenAmount,
    api::messager::{ActorConfig, DirectWallet, FeeSpec, QueuedMessage, SenderState, SharedSpec},
};
use venus_messager::{Batch, MessagerError, SenderChange};

use super::{Place, filled, now, row};
use crate::world::key;

fn fees(number: u64) -> FeeSpec {
    let amount = |n: u64| TokenAmount::from_atto(number + n);
    FeeSpec {
        gas_over_estimation: 1.25,
        max_fee: amount(1),
        gas_fee_cap: amount(2),
        gas_over_premium: 2.5,
        base_fee: amount(3),
    }
}

pub(super) async fn senders_come_change_and_go(place: &dyn Place) {
    let store = place.open().await;
    let (one, other) = (key(1).address(), key(2).address());
    assert_eq!(store.sender(one).await.unwrap(), None);
    store.insert(row("a")).await.unwrap();
    let new = store.sender(one).await.unwrap().unwrap();
    assert_eq!((new.addr, new.nonce, new.state), (one, 0, SenderState::Alive));
    assert_eq!((new.is_deleted, new.weight, new.fees.clone()), (-1, 0, FeeSpec::default()));
    store.ensure_sender(one).await.unwrap();
    store.ensure_sender(other).await.unwrap();
    assert_eq!(store.sender(one).await.unwrap(), Some(new.clone()));
    assert_eq!(store.senders().await.unwrap().len(), 2);

    for change in [
        SenderChange::Nonce(u64::MAX),
        SenderChange::SelMsgNum(7),
        SenderChange::Fees(fees(5)),
        SenderChange::State(SenderState::Forbidden),
    ] {
        assert!(store.change_sender(one, change).await.unwrap());
    }
    drop(store);
    let store = place.open().await;
    let changed = store.sender(one).await.unwrap().unwrap();
    assert_eq!((changed.nonce, changed.sel_msg_num, &changed.fees), (u64::MAX, 7, &fees(5)));
    assert_eq!((changed.id, changed.created_at), (new.id, new.created_at));
    let refused = store.insert(row("b")).await.unwrap_err();
    assert!(matches!(refused, MessagerError::Forbidden(sender) if sender == one));
    store.change_sender(one, SenderChange::State(SenderState::Other(3))).await.unwrap();
    store.insert(row("b")).await.unwrap();

    let batch = Batch { messages: vec![filled("a", 0)], nonce: Some((one, 1)), ..Batch::default() };
    store.apply(batch).await.unwrap();
    let refused = store.remove_sender(one).await.unwrap_err();
    assert!(matches!(refused, MessagerError::InFlight { sender, count: 1 } if sender == one));
    assert!(store.remove_sender(other).await.unwrap());
    assert!(!store.remove_sender(other).await.unwrap());
    let left: Vec<_> =
        store.senders().await.unwrap().into_iter().map(|s| (s.addr, s.nonce)).collect();
    assert_eq!(left, [(one, 1)]);
    // A nonce alone makes a sender too.
    store.apply(Batch { nonce: Some((other, 9)), ..Batch::default() }).await.unwrap();
    assert_eq!(store.sender(other).await.unwrap().unwrap().nonce, 9);
}

pub(super) async fn many_at_once_make_one_sender(place: &dyn Place) {
    let store = place.open().await;
    let pushes = (0..12).map(|number| {
        let from = key(1 + number % 3).address();
        store.insert(QueuedMessage { from, ..row(&number.to_string()) })
    });
    for outcome in futures::future::join_all(pushes).await {
        outcome.unwrap();
    }
    assert_eq!(store.senders().await.unwrap().len(), 3);
    assert_eq!(store.list(&Default::default()).await.unwrap().len(), 12);
}

pub(super) async fn prices_are_kept(place: &dyn Place) {
    let store = place.open().await;
    assert_eq!(store.shared().await.unwrap(), SharedSpec::default());
    for number in [3, 4] {
        let set = SharedSpec { id: 0, sel_msg_num: number, fees: fees(number) };
        store.set_shared(set.clone()).await.unwrap();
        assert_eq!(store.shared().await.unwrap(), SharedSpec { id: 1, ..set });
    }

    let config = |method| ActorConfig {
        id: uuid::Uuid::new_v4(),
        version: 18,
        code: Some(Cid::of_cbor(b"code")),
        method,
        fees: fees(6),
        created_at: now(),
        updated_at: now(),
    };
    let (first, second) = (config(5), config(u64::MAX));
    store.save_actor_config(first.clone()).await.unwrap();
    store.save_actor_config(second.clone()).await.unwrap();
    let again = ActorConfig { fees: fees(70), ..first.clone() };
    store.save_actor_config(again.clone()).await.unwrap();
    let clash = ActorConfig { method: 5, ..second.clone() };
    let refused = store.save_actor_config(clash).await.unwrap_err();
    assert!(matches!(refused, MessagerError::PricedTwice(id) if id == first.id), "{refused}");
    let mut configs = store.actor_configs().await.unwrap();
    configs.sort_by_key(|config| config.method);
    assert_eq!(configs, [again, second]);
}

pub(super) async fn wallets_are_kept(place: &dyn Place) {
    let wallet = |id: &str, name: &str| DirectWallet {
        id: id.to_owned(),
        name: name.to_owned(),
        url: "/ip4/127.0.0.1/tcp/5678/http".to_owned(),
        token: "t".to_owned(),
        created_at: now(),
        updated_at: now(),
    };
    let store = place.open().await;
    store.put_wallet(wallet("1", "z")).await.unwrap();
    store.put_wallet(wallet("2", "b")).await.unwrap();
    let renamed = wallet("1", "a");
    store.put_wallet(renamed.clone()).await.unwrap();
    let names =
        |wallets: Vec<DirectWallet>| wallets.into_iter().map(|w| w.name).collect::<String>();
    let wallets = store.wallets().await.unwrap();
    assert_eq!(wallets[0], renamed);
    assert_eq!(names(wallets), "ab");
    store.remove_wallet("2").await.unwrap();
    store.remove_wallet("2").await.unwrap();
    assert_eq!(names(store.wallets().await.unwrap()), "a");
    store.put_wallet(wallet("3", "b")).await.unwrap();
    assert_eq!(names(store.wallets().await.unwrap()), "ab");
}
