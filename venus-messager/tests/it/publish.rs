//! Publishing: rows 64 to 66 of messager.md 25.

use venus_core::api::messager::MessageState;

use crate::world::World;

/// Row 64.
#[tokio::test]
async fn a_refusal_is_kept_with_the_message_until_it_is_over() {
    let world = World::start(2).await;
    let text = "not enough funds (required: 0.08343657656301909 FIL, balance: \
                0.003413734154635385 FIL): not enough funds to execute transaction";
    world.node.fail("Push", text);
    for sender in 0..2 {
        world.push(&format!("m{sender}"), sender).await;
    }
    world.round().await;
    for id in ["m0", "m1"] {
        let message = world.get(id).await;
        assert_eq!((message.state, message.error_msg.as_str()), (MessageState::Fill, text));
    }
    world.node.heal("Push");
    world.round().await;
    assert_eq!(world.get("m0").await.error_msg, "", "it was taken at last");
    world.land().await;
    assert_eq!(world.until_state("m0", MessageState::OnChain).await.error_msg, "");
}

/// Row 65: what is there already is no error, and those behind it are published all the same.
#[tokio::test]
async fn a_message_that_is_there_already_stops_nobody() {
    let world = World::start(1).await;
    world.push("m0", 0).await;
    world.round().await;
    world.push("m1", 0).await;
    world.node.take_pushes();
    world.round().await;
    let sender = world.senders[0];
    assert_eq!(world.node.pending(), [(sender, 0), (sender, 1)]);
    for id in ["m0", "m1"] {
        assert_eq!(world.get(id).await.error_msg, "");
    }
    for text in
        ["minimum expected nonce is 9: message nonce too low", "message with nonce already exists"]
    {
        world.node.fail("Push", text);
        world.round().await;
        assert_eq!(world.get("m1").await.error_msg, "");
    }
}

/// Row 66.
#[tokio::test]
async fn each_senders_messages_go_out_in_the_order_of_their_nonces() {
    let world = World::start(2).await;
    for number in 0..5 {
        for sender in 0..2 {
            world.push(&format!("{sender}-{number}"), sender).await;
        }
    }
    world.round().await;
    let pushes = world.node.take_pushes();
    assert_eq!(pushes.len(), 2);
    for push in pushes {
        let nonces: Vec<_> = push.iter().map(|(_, nonce)| *nonce).collect();
        assert_eq!(nonces, [0, 1, 2, 3, 4]);
        assert!(push.iter().all(|(from, _)| *from == push[0].0), "a batch is of one sender");
    }
}

/// What a node lost, or what could not be given to it, is given to it at the next head.
#[tokio::test]
async fn what_was_not_published_is_published_at_the_next_head() {
    let world = World::start(1).await;
    world.node.fail("MpoolBatchPushUntrusted", "the pool is closed");
    world.push("m", 0).await;
    world.round().await;
    assert_eq!(world.get("m").await.state, MessageState::Fill);
    assert!(world.node.pending().is_empty());
    world.node.heal("MpoolBatchPushUntrusted");
    world.round().await;
    assert_eq!(world.node.pending().len(), 1);
}
