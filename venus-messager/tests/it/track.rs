//! Following the chain: rows 30 to 40 of messager.md 25.

use std::time::Duration;

use venus_core::{
    HeadChange, HeadChangeType,
    api::messager::{MessageState, MessagerApi, QueuedMessage},
};

use crate::world::World;

/// A row says what the chain says.
fn assert_landed(world: &World, message: &QueuedMessage) {
    let (cid, height, key) = world.node.executed(message.from, message.nonce).unwrap();
    assert_eq!(message.signed_cid, Some(cid));
    assert_eq!((message.height, &message.tip_set_key), (height, &key));
    assert_eq!((message.receipt.exit_code, message.receipt.gas_used), (0, 1_000_000));
}

/// Selected, published, executed.
async fn landed(world: &World, id: &str) -> QueuedMessage {
    world.push(id, 0).await;
    world.round().await;
    world.land().await;
    let message = world.until_state(id, MessageState::OnChain).await;
    assert_landed(world, &message);
    message
}

/// Row 35.
#[tokio::test]
async fn height_and_key_are_those_of_the_tipset_that_contains_the_message() {
    let world = World::start(1).await;
    world.push("m", 0).await;
    world.round().await;
    let before = world.node.head();
    world.node.advance(1, true);
    let containing = world.node.head();
    world.quiet().await;
    assert_eq!(world.get("m").await.state, MessageState::Fill, "it is not executed yet");
    world.node.advance(1, false);
    let message = world.until_state("m", MessageState::OnChain).await;
    assert_eq!(message.height, before.height() + 1);
    assert_eq!(message.tip_set_key, *containing.key());

    world.node.advance(4, false);
    world.until("5 on top", async |w| w.get("m").await.confidence == 5).await;
    let wait = tokio::spawn({
        let messager = world.messager.clone();
        async move { messager.wait_message("m".to_owned(), 5).await }
    });
    world.quiet().await;
    assert!(!wait.is_finished(), "more than 5 epochs are asked for");
    world.node.advance(1, false);
    assert_eq!(wait.await.unwrap().unwrap().confidence, 6);
}

/// Rows 30 to 32: many heads at once, null rounds between them, and heads that were not seen.
#[tokio::test]
async fn nothing_between_two_heads_is_missed() {
    let world = World::start(1).await;
    landed(&world, "first").await;
    for id in ["a", "b", "c"] {
        world.push(id, 0).await;
        world.round().await;
        // The subscription breaks, and the message lands while nobody looks.
        world.node.close_subscriptions();
        world.node.advance(2, true);
        world.node.null_round();
        world.node.advance(3, false);
        world.node.null_round();
        let message = world.until_state(id, MessageState::OnChain).await;
        assert_landed(&world, &message);
        world.until("a subscription", async |w| w.node.subscribers() > 0).await;
    }
}

/// Rows 30 and 32 with a new process.
#[tokio::test]
async fn what_landed_while_no_process_ran_is_found() {
    let world = World::start(1).await;
    world.push("m", 0).await;
    world.round().await;
    let (home, node, wallet, senders) = world.stop().await;
    node.advance(1, true);
    node.advance(4, false);
    let messager = crate::world::open(&node, &wallet, &home).await;
    let running = crate::world::Running::start(&messager);
    let message = messager.wait_message("m".to_owned(), 2).await.unwrap();
    assert_eq!(message.state, MessageState::OnChain);
    let (_, height, key) = node.executed(senders[0], 0).unwrap();
    assert_eq!((message.height, message.tip_set_key), (height, key));
    running.stop().await;
}

/// Rows 33, 34 and 37.
#[tokio::test]
async fn a_message_that_a_reorg_drops_is_pending_and_lands_again() {
    let world = World::start(1).await;
    let first = landed(&world, "m").await;
    // The executing and the containing tipset go.
    world.node.reorg(2, 3, false);
    let dropped = world.until_state("m", MessageState::Fill).await;
    assert_eq!((dropped.height, dropped.receipt.exit_code), (0, -1));
    assert!(dropped.tip_set_key.is_empty());
    assert_eq!((dropped.nonce, dropped.signed_cid), (first.nonce, first.signed_cid));
    world.land().await;
    let again = world.until_state("m", MessageState::OnChain).await;
    assert_landed(&world, &again);
    assert_ne!(again.tip_set_key, first.tip_set_key);

    // Only the executing tipset goes: the message stays where it is.
    world.node.reorg(1, 1, false);
    world.quiet().await;
    let same = world.until_state("m", MessageState::OnChain).await;
    assert_eq!((same.height, same.tip_set_key), (again.height, again.tip_set_key));

    // In one switch to another height.
    world.node.reorg(2, 4, true);
    world.node.advance(1, false);
    world.quiet().await;
    assert_landed(&world, &world.until_state("m", MessageState::OnChain).await);
}

/// Rows 36 and 37; unlike in Go, a conflict is taken back by a reorg as well.
#[tokio::test]
async fn another_message_with_the_nonce_is_a_conflict_as_long_as_it_is_on_chain() {
    let world = World::start(1).await;
    let ours = landed(&world, "m").await;
    world.node.reorg(2, 1, false);
    world.node.inject(world.senders[0], world.senders[0], ours.nonce, 77);
    world.land().await;
    let conflict = world.until_state("m", MessageState::NonceConflict).await;
    let (cid, height, key) = world.node.executed(ours.from, ours.nonce).unwrap();
    assert_ne!(Some(cid), ours.signed_cid);
    assert_eq!(conflict.signed_cid, ours.signed_cid);
    assert_eq!((conflict.height, conflict.tip_set_key), (height, key));
    assert_eq!(conflict.receipt.exit_code, 0);

    world.node.reorg(2, 3, false);
    world.until_state("m", MessageState::Fill).await;
    // Its place in the pool is free again, as the foreign one is dropped.
    world.node.forget_pending();
    world.round().await;
    world.land().await;
    assert_landed(&world, &world.until_state("m", MessageState::OnChain).await);
}

/// A conflict that happens before the message is stored is found by looking for the message.
#[tokio::test]
async fn a_nonce_that_somebody_took_first_is_a_conflict() {
    let world = World::start(1).await;
    let sender = world.senders[0];
    world.push("m", 0).await;
    world.round().await;
    world.node.fail("ChainNotify", "gone");
    world.node.close_subscriptions();
    world.node.inject(sender, sender, 0, 77);
    world.node.advance(3, true);
    world.node.heal("ChainNotify");
    world.until_state("m", MessageState::NonceConflict).await;
}

/// Row 38.
#[tokio::test]
async fn a_failing_message_does_not_shadow_nonce_0() {
    let world = World::start(1).await;
    let failing = venus_core::Message { to: venus_core::Address::id(666), ..world.transfer(0, 1) };
    world.push_message("bad", failing).await;
    let good = landed(&world, "good").await;
    assert_eq!(good.nonce, 0);
    assert_eq!(world.get("bad").await.state, MessageState::UnFill);
    let found = world.messager.get_message_by_from_and_nonce(world.senders[0], 0).await.unwrap();
    assert_eq!(found.id, "good");
}

/// Row 39.
#[tokio::test]
async fn reverts_alone_say_nothing() {
    let world = World::start(1).await;
    let message = landed(&world, "m").await;
    let revert = HeadChange { r#type: HeadChangeType::Revert, val: world.node.head() };
    world.node.tell(&[revert]);
    world.quiet().await;
    assert_eq!(world.get("m").await, message);
    landed(&world, "n").await;
}

/// Row 40.
#[tokio::test]
async fn receipts_that_do_not_match_are_asked_for_again() {
    let world = World::start(1).await;
    world.push("m", 0).await;
    world.round().await;
    world.node.lose_receipts(1);
    world.node.advance(1, true);
    world.node.advance(1, false);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(world.get("m").await.state, MessageState::Fill);
    world.node.lose_receipts(0);
    assert_landed(&world, &world.until_state("m", MessageState::OnChain).await);
}

/// Where the node does not know the way from the last head, each message is looked for.
#[tokio::test]
async fn a_node_that_forgot_the_last_head_is_asked_for_each_message() {
    let world = World::start(1).await;
    let first = landed(&world, "m").await;
    world.node.fail("ChainGetPath", "tipset not found");
    world.node.reorg(2, 3, false);
    world.until_state("m", MessageState::Fill).await;
    world.node.reorg(2, 3, true);
    world.node.advance(1, false);
    let again = world.until_state("m", MessageState::OnChain).await;
    assert_landed(&world, &again);
    assert_ne!(again.tip_set_key, first.tip_set_key);
}

/// Unlike in Go, a sender that is forbidden is tracked all the same.
#[tokio::test]
async fn messages_of_a_forbidden_sender_are_tracked() {
    let world = World::start(1).await;
    world.push("m", 0).await;
    world.round().await;
    world.messager.forbidden_address(world.senders[0]).await.unwrap();
    world.land().await;
    assert_landed(&world, &world.until_state("m", MessageState::OnChain).await);
}
