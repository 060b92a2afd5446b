//! The methods in process: rows 43 to 60 of messager.md 25 that the recordings do not pin.

use std::collections::BTreeSet;

use venus_core::{
    Address, MaybeAddress,
    api::messager::{ActorConfig, FeeSpec, MessageQuery, MessageState, MessagerApi},
};

use crate::world::{World, atto};

/// Row 51.
#[tokio::test]
async fn a_forbidden_sender_is_refused() {
    let world = World::start(1).await;
    world.push("m", 0).await;
    let sender = world.senders[0];
    world.messager.forbidden_address(sender).await.unwrap();
    let refusal = world.messager.push_message(world.transfer(0, 1), None).await.unwrap_err();
    assert_eq!(refusal.to_string(), format!("address({sender}) is forbidden"));
    world.round().await;
    assert_eq!(world.get("m").await.state, MessageState::UnFill);
    world.messager.active_address(sender).await.unwrap();
    world.round().await;
    assert_eq!(world.get("m").await.state, MessageState::Fill);
}

/// Row 57.
#[tokio::test]
async fn pages_come_by_the_time_of_coming() {
    let world = World::start(2).await;
    for number in 0..45 {
        world.push(&format!("m{number}"), number % 2).await;
    }
    let ids = async |from: Option<Address>, asc, page, size| -> Vec<String> {
        let state = MessageState::UnFill;
        let from = MaybeAddress(from);
        let list = world.messager.list_message_by_from_state(from, state, asc, page, size, 0).await;
        list.unwrap().into_iter().map(|message| message.id).collect()
    };
    let names = |numbers: &mut dyn Iterator<Item = usize>| -> Vec<String> {
        numbers.map(|number| format!("m{number}")).collect()
    };
    assert_eq!(ids(None, true, 2, 20).await, names(&mut (20..40)));
    assert_eq!(ids(None, true, 3, 20).await, names(&mut (40..45)));
    assert_eq!(ids(None, false, 1, 3).await, names(&mut (42..45).rev()));
    let first = world.senders[0];
    assert_eq!(ids(Some(first), true, 0, 4).await, names(&mut (0..8).step_by(2)));
    assert_eq!(ids(Some(first), true, 1, 0).await.len(), 23);
}

/// Row 58.
#[tokio::test]
async fn what_is_not_on_chain_after_a_while_is_blocked() {
    let world = World::start(1).await;
    let sender = world.senders[0];
    world.messager.set_select_msg_num(sender, 1).await.unwrap();
    for id in ["a", "b"] {
        world.push(id, 0).await;
    }
    world.messager.set_select_msg_num(sender, 1).await.unwrap();
    world.round().await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    world.push("young", 0).await;
    let blocked = async |from, age| -> Vec<String> {
        let list = world.messager.list_blocked_message(MaybeAddress(from), age).await.unwrap();
        list.into_iter().map(|message| message.id).collect()
    };
    // The last changed first.
    assert_eq!(blocked(Some(sender), 250_000_000).await, ["b", "a"]);
    assert_eq!(blocked(None, 3_600_000_000_000).await, [""; 0]);
    assert_eq!(blocked(None, 0).await, ["young", "b", "a"]);
}

/// Row 60.
#[tokio::test]
async fn a_message_has_exactly_these_keys() {
    let world = World::start(1).await;
    world.push("m", 0).await;
    let json = serde_json::to_value(world.get("m").await).unwrap();
    let keys: BTreeSet<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "ID",
        "UnsignedCid",
        "SignedCid",
        "Version",
        "To",
        "From",
        "Nonce",
        "Value",
        "GasLimit",
        "GasFeeCap",
        "GasPremium",
        "Method",
        "Params",
        "Signature",
        "Height",
        "Confidence",
        "Receipt",
        "TipSetKey",
        "Meta",
        "WalletName",
        "State",
        "ErrorMsg",
        "CreatedAt",
        "UpdatedAt",
    ];
    assert_eq!(keys, expected.into());
}

#[tokio::test]
async fn a_message_is_given_up_only_before_it_has_its_nonce() {
    let world = World::start(1).await;
    for id in ["waiting", "filled"] {
        world.push(id, 0).await;
        if id == "waiting" {
            world.messager.mark_bad_message(id.to_owned()).await.unwrap();
            world.messager.mark_bad_message(id.to_owned()).await.unwrap();
        }
    }
    world.round().await;
    assert_eq!(world.get("waiting").await.state, MessageState::Failed);
    let refusal = world.messager.mark_bad_message("filled".to_owned()).await.unwrap_err();
    assert!(refusal.to_string().contains("has nonce 0"), "{refusal}");
    world.land().await;
    world.until_state("filled", MessageState::OnChain).await;
    let refusal = world.messager.mark_bad_message("filled".to_owned()).await.unwrap_err();
    assert!(refusal.to_string().contains("has been final"), "{refusal}");
    let failed = world.messager.wait_message("waiting".to_owned(), 5).await.unwrap();
    assert_eq!(failed.state, MessageState::Failed);
}

/// Rows 52 and 54: what is done by hand leaves published messages alone.
#[tokio::test]
async fn operators_give_up_what_waits_and_look_for_what_is_published() {
    let world = World::start(1).await;
    let sender = world.senders[0];
    world.push("filled", 0).await;
    world.round().await;
    for id in ["a", "b"] {
        world.push(id, 0).await;
    }
    assert_eq!(world.messager.clear_unfill_message(sender).await.unwrap(), 2);
    for (id, state) in [("a", MessageState::Failed), ("filled", MessageState::Fill)] {
        assert_eq!(world.get(id).await.state, state);
    }
    assert_eq!(world.messager.clear_unfill_message(sender).await.unwrap(), 0);
    assert_eq!(world.messager.recover_failed_msg(sender).await.unwrap(), [""; 0]);

    let look = |id: &str| world.messager.update_filled_message_by_id(id.to_owned());
    let pending = look("filled").await.unwrap_err().to_string();
    assert!(pending.starts_with("search message bafy"), "{pending}");
    assert_eq!(world.messager.update_all_filled_message().await.unwrap(), 0);
    assert_eq!(look("a").await.unwrap(), "a");
    let refusal = world.messager.republish_message("a".to_owned()).await.unwrap_err();
    assert_eq!(refusal.to_string(), "need FillMsg got Failed");
    world.node.forget_pending();
    world.messager.republish_message("filled".to_owned()).await.unwrap();
    assert_eq!(world.node.pending(), [(sender, 0)]);
    let refusal = world.messager.delete_address(sender).await.unwrap_err();
    assert!(refusal.to_string().contains("has 1 messages"), "{refusal}");

    world.land().await;
    world.until_state("filled", MessageState::OnChain).await;
    let refusal = look("filled").await.unwrap_err().to_string();
    assert!(refusal.contains("has been final"), "{refusal}");
    world.messager.update_nonce(sender, 7).await.unwrap();
    assert_eq!(world.sender(0).await.nonce, 7);
    world.messager.delete_address(sender).await.unwrap();
    assert!(!world.messager.has_address(sender).await.unwrap());
    // The chain knows the nonce of a sender that comes back.
    world.push("again", 0).await;
    world.round().await;
    assert_eq!(world.get("again").await.nonce, 1);
}

/// Row 56.
#[tokio::test]
async fn a_call_is_priced_once() {
    let world = World::start(1).await;
    let config = |id: u128, method| ActorConfig {
        id: uuid::Uuid::from_u128(id),
        version: 18,
        code: Some(venus_core::Cid::of_cbor(b"\x80")),
        method,
        fees: FeeSpec { max_fee: atto(1000), ..FeeSpec::default() },
        created_at: Default::default(),
        updated_at: Default::default(),
    };
    world.messager.save_actor_cfg(config(1, 5)).await.unwrap();
    world.messager.save_actor_cfg(config(2, 6)).await.unwrap();
    let refusal = world.messager.save_actor_cfg(config(3, 5)).await.unwrap_err().to_string();
    assert!(refusal.starts_with("UNIQUE constraint failed: actor_cfg.code, actor_cfg.method"));
    world.messager.save_actor_cfg(config(1, 7)).await.unwrap();
    world.messager.save_actor_cfg(config(3, 5)).await.unwrap();
    let methods: Vec<_> =
        world.messager.list_actor_cfg().await.unwrap().into_iter().map(|c| c.method).collect();
    assert_eq!(methods, [7, 6, 5]);
}

#[tokio::test]
async fn lists_are_what_was_asked_for() {
    let world = World::start(2).await;
    for number in 0..4 {
        world.push(&format!("m{number}"), number % 2).await;
    }
    let ids = async |query: MessageQuery| -> Vec<String> {
        let list = world.messager.list_message(Some(query)).await.unwrap().unwrap();
        list.into_iter().map(|message| message.id).collect()
    };
    let query = MessageQuery::default;
    assert_eq!(ids(query()).await, ["m3", "m2", "m1", "m0"]);
    assert_eq!(ids(MessageQuery { asc: true, ..query() }).await, ["m0", "m1", "m2", "m3"]);
    assert_eq!(ids(MessageQuery { limit: 2, offset: 1, ..query() }).await, ["m2", "m1"]);
    assert_eq!(ids(MessageQuery { offset: 3, ..query() }).await, ["m0"]);
    let from = vec![world.senders[1]];
    assert_eq!(ids(MessageQuery { from, ..query() }).await, ["m3", "m1"]);
    assert_eq!(ids(MessageQuery { state: vec![MessageState::Fill], ..query() }).await, [""; 0]);
    let since = Some(world.get("m2").await.updated_at);
    assert_eq!(ids(MessageQuery { by_update_at: since, ..query() }).await, ["m3", "m2"]);
}
