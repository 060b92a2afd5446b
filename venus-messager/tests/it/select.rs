//! Choosing messages: rows 14, 15 and 18 to 29 of messager.md 25.

use std::collections::BTreeSet;

use venus_core::{
    Message,
    api::messager::{FeeSpec, MessageState, MessagerApi, SendSpec, SharedSpec},
    chain_api::MessagePool,
};
use venus_messager::{MessagerConfig, Order};

use crate::{
    node::Gas,
    world::{World, atto, config},
};

/// Row 15.
#[tokio::test]
async fn gas_is_what_the_node_estimates_from_the_prices_of_the_message() {
    let world = World::start(1).await;
    world.node.set_gas(Gas { used: 10_000, premium: 1000, cap: 10_000, max_fee: 1_000_000_000 });
    let shared = SharedSpec { id: 1, sel_msg_num: 20, fees: FeeSpec::default() };
    world.messager.set_shared_params(shared).await.unwrap();
    let meta = SendSpec { gas_over_estimation: 1.25, gas_over_premium: 4.0, ..SendSpec::default() };
    world.push_with("m", world.transfer(0, 1), Some(meta)).await;
    world.node.advance(1, false);
    let message = world.until_state("m", MessageState::Fill).await;
    let gas = (message.gas_limit, message.gas_premium, message.gas_fee_cap);
    assert_eq!(gas, (12_500, atto(4000), atto(14_000)));
}

/// Rows 14, 18 and 19.
#[tokio::test]
async fn each_sender_has_as_many_in_flight_as_its_limit_says() {
    let world = World::start(10).await;
    for sender in 0..10 {
        for number in 0..50 {
            world.push(&format!("{sender}-{number}"), sender).await;
        }
    }
    world.node.advance(1, false);
    world.until("200", async |w| w.in_state(MessageState::Fill).await.len() == 200).await;
    for (sender, address) in world.senders.iter().enumerate() {
        for number in 30..50 {
            let message = world.get(&format!("{sender}-{number}")).await;
            // The last one that came has the first nonce.
            assert_eq!((message.from, message.nonce), (*address, 49 - number));
        }
    }

    for (sender, limit) in (0..10).zip(5..) {
        world.messager.set_select_msg_num(world.senders[sender], limit).await.unwrap();
    }
    world.node.advance(1, true);
    world.node.advance(1, false);
    world.until("95", async |w| w.in_state(MessageState::Fill).await.len() == 95).await;
    assert_eq!(world.in_state(MessageState::OnChain).await.len(), 200);
    for (sender, limit) in (0..10).zip(5_u64..) {
        let of = |m: &venus_core::api::messager::QueuedMessage| m.from == world.senders[sender];
        let fill = world.in_state(MessageState::Fill).await;
        let nonces: BTreeSet<_> = fill.into_iter().filter(of).map(|m| m.nonce).collect();
        assert_eq!(nonces, (20..20 + limit).collect());
    }
}

/// Row 20: what is in flight counts against the limit, and is published again.
#[tokio::test]
async fn a_full_sender_only_publishes_again() {
    let world = World::start(1).await;
    for number in 0..7 {
        world.push(&format!("m{number}"), 0).await;
    }
    world.messager.set_select_msg_num(world.senders[0], 4).await.unwrap();
    world.round().await;
    assert_eq!(world.in_state(MessageState::Fill).await.len(), 4);
    world.node.forget_pending();
    world.round().await;
    assert_eq!(world.in_state(MessageState::Fill).await.len(), 4);
    let nonces: Vec<_> = world.node.pending().into_iter().map(|(_, nonce)| nonce).collect();
    assert_eq!(nonces, [0, 1, 2, 3]);
    world.messager.set_select_msg_num(world.senders[0], 6).await.unwrap();
    world.round().await;
    assert_eq!(world.in_state(MessageState::Fill).await.len(), 6);
    assert_eq!(world.sender(0).await.nonce, 6);
}

/// Rows 21 and 22: a nonce is above the chain's and above all that are in flight.
#[tokio::test]
async fn a_nonce_that_is_in_flight_is_not_given_again() {
    for (in_flight, foreign) in [(2, 1), (1, 0), (1, 1)] {
        let world = World::start(1).await;
        let sender = world.senders[0];
        // Somebody else's messages come first.
        for nonce in 0..foreign {
            world.node.inject(sender, sender, nonce, 9);
        }
        world.node.advance(1, true);
        for number in 0..in_flight {
            world.push(&format!("m{number}"), 0).await;
        }
        world.round().await;
        world.push("new", 0).await;
        world.round().await;
        assert_eq!(world.get("new").await.nonce, foreign + in_flight);
        let nonces: BTreeSet<_> = world.all().await.into_iter().map(|m| m.nonce).collect();
        assert_eq!(nonces, (foreign..=foreign + in_flight).collect());
    }
}

/// Rows 23, 25 and 27.
#[tokio::test]
async fn a_message_that_cannot_be_estimated_keeps_no_other_back() {
    let world = World::start(1).await;
    let mut failing = world.transfer(0, 1);
    failing.to = venus_core::Address::id(666);
    for number in [5, 4, 3, 2, 1] {
        match number {
            2 => world.push_message("2", failing.clone()).await,
            _ => world.push(&number.to_string(), 0).await,
        }
    }
    let over = Message { gas_limit: 10_000_000_010, ..world.transfer(0, 1) };
    world.push_message("over", over).await;
    world.round().await;
    for (id, nonce) in [("1", 0), ("3", 1), ("4", 2), ("5", 3)] {
        let message = world.get(id).await;
        assert_eq!((message.state, message.nonce), (MessageState::Fill, nonce), "{id}");
    }
    let message = world.get("2").await;
    assert_eq!(message.state, MessageState::UnFill);
    assert!(
        message
            .error_msg
            .starts_with("gas estimate: estimating gas limit: message execution failed")
    );
    let message = world.get("over").await;
    assert_eq!(message.state, MessageState::UnFill);
    let text = "gas estimate:  gas limit 10000000010 over limit 10000000000";
    assert_eq!(message.error_msg, text);
    assert_eq!(world.messager.list_failed_message().await.unwrap().unwrap().len(), 2);
}

/// Those that fail go to the end: with room for one, the others go on chain all the same.
#[tokio::test]
async fn failing_messages_do_not_fill_the_window() {
    let world = World::start(1).await;
    world.push("good", 0).await;
    world.messager.set_select_msg_num(world.senders[0], 1).await.unwrap();
    let failing = Message { to: venus_core::Address::id(666), ..world.transfer(0, 1) };
    world.push_message("bad", failing).await;
    world.round().await;
    assert_eq!(world.in_state(MessageState::Fill).await.len(), 0);
    world.round().await;
    assert_eq!(world.get("good").await.state, MessageState::Fill);
    assert_ne!(world.get("bad").await.error_msg, "");
}

/// Rows 24 and 27.
#[tokio::test]
async fn a_wallet_that_refuses_ends_the_round_of_its_sender() {
    let world = World::start(1).await;
    for number in [5, 4, 3, 2, 1] {
        world.push(&number.to_string(), 0).await;
    }
    world.wallet.sign_only(2);
    world.round().await;
    for (id, nonce) in [("1", 0), ("2", 1)] {
        let message = world.get(id).await;
        assert_eq!((message.state, message.nonce), (MessageState::Fill, nonce));
    }
    let refused = world.get("3").await;
    assert_eq!(refused.state, MessageState::UnFill);
    assert!(refused.error_msg.starts_with("sign message failed: "), "{}", refused.error_msg);
    for id in ["4", "5"] {
        let message = world.get(id).await;
        assert_eq!((message.state, message.error_msg.as_str()), (MessageState::UnFill, ""));
    }
    assert_eq!(world.sender(0).await.nonce, 2);

    world.wallet.sign_only(usize::MAX);
    world.round().await;
    let message = world.get("3").await;
    assert_eq!((message.state, message.error_msg.as_str()), (MessageState::Fill, ""));
    let nonces: BTreeSet<_> = world.all().await.into_iter().map(|m| m.nonce).collect();
    assert_eq!(nonces, (0..5).collect());
}

/// Row 26.
#[tokio::test]
async fn above_the_limit_of_the_base_fee_nothing_is_sent() {
    let world = World::start(10).await;
    world.node.set_base_fee(1000);
    let fees = FeeSpec { base_fee: atto(500), ..SharedSpec::default().fees };
    world.messager.set_shared_params(SharedSpec { fees, ..SharedSpec::default() }).await.unwrap();
    for sender in 0..10 {
        for number in 0..20 {
            world.push(&format!("{sender}-{number}"), sender).await;
        }
    }
    for sender in (1..10).step_by(2) {
        let limit = if sender == 9 { "1000" } else { "2000" };
        let fees = venus_core::api::messager::SenderFees {
            address: world.senders[sender],
            gas_over_estimation: 0.0,
            gas_over_premium: 0.0,
            max_fee_str: String::new(),
            gas_fee_cap_str: String::new(),
            base_fee_str: limit.to_owned(),
        };
        world.messager.set_fee_params(fees).await.unwrap();
    }
    world.round().await;
    world.until("100", async |w| w.in_state(MessageState::Fill).await.len() == 100).await;
    for message in world.all().await {
        let sender = world.senders.iter().position(|s| *s == message.from).unwrap();
        assert_eq!(message.state == MessageState::Fill, sender % 2 == 1);
        assert_eq!(message.error_msg, "");
    }
}

/// A message that its sender can never sign says so, and keeps no other back.
#[tokio::test]
async fn a_delegated_sender_sends_what_ethereum_knows_and_skips_the_rest() {
    use venus_core::{
        crypto::{KeyKind, PrivateKey},
        test_utils::MemSigner,
    };
    let key = PrivateKey::from_seed(KeyKind::Delegated, &[7; 32]).unwrap();
    let sender = key.address();
    let node = crate::node::ScriptedNode::new(&[sender]);
    let wallet = std::sync::Arc::new(crate::world::Wallet::new(MemSigner::with([key])));
    let home = tempfile::tempdir().unwrap();
    let builder = crate::world::builder(&node, &wallet).with_config(config());
    let messager = builder.open(home.path()).await.unwrap();
    let running = crate::world::Running::start(&messager);
    for (id, method) in [("good", 3_844_450_837), ("bad", 0)] {
        let message = Message { method, ..Message::transfer(sender, sender, atto(1)) };
        messager.push_message_with_id(id.to_owned(), message, None).await.unwrap();
    }
    node.advance(1, false);
    for _ in 0..1000 {
        if node.pending().len() == 1 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let get = |id: &str| messager.get_message_by_uid(id.to_owned());
    assert_eq!(get("good").await.unwrap().state, MessageState::Fill);
    let bad = get("bad").await.unwrap();
    assert_eq!(bad.state, MessageState::UnFill);
    assert!(bad.error_msg.starts_with("sign message failed: "), "{}", bad.error_msg);
    let pending = node.mpool_pending(venus_core::TipSetKey::head()).await.unwrap();
    let signed = pending.first().unwrap();
    let bytes = venus_core::crypto::signing_bytes(&signed.message, 31_415_926).unwrap();
    venus_core::crypto::verify(&signed.signature, &bytes, sender).unwrap();
    running.stop().await;
}

#[tokio::test]
async fn the_first_may_go_first() {
    let order = MessagerConfig { order: Order::OldestFirst, ..config() };
    let world = World::with(1, order).await;
    for number in 0..3 {
        world.push(&number.to_string(), 0).await;
    }
    world.round().await;
    for number in 0..3 {
        assert_eq!(world.get(&number.to_string()).await.nonce, number);
    }
}

/// Against Lotus, which has no batch call.
#[tokio::test]
async fn a_node_without_the_batch_call_is_asked_one_by_one() {
    let world = World::start(1).await;
    world.node.fail("GasBatchEstimateMessageGas", "unknown");
    for number in 0..3 {
        world.push(&number.to_string(), 0).await;
    }
    world.round().await;
    assert_eq!(world.in_state(MessageState::Fill).await.len(), 3);
    assert_eq!(world.node.calls("GasEstimateMessageGas"), 3);
}

/// What the node cannot estimate now, it estimates at a later head; what is in flight is published.
#[tokio::test]
async fn a_failing_estimation_changes_nothing() {
    let world = World::start(1).await;
    world.push("old", 0).await;
    world.round().await;
    world.node.fail("GasBatchEstimateMessageGas", "busy");
    world.push("new", 0).await;
    world.node.forget_pending();
    world.round().await;
    let new = world.get("new").await;
    assert_eq!((new.state, new.error_msg.as_str()), (MessageState::UnFill, ""));
    assert_eq!(world.node.pending(), [(world.senders[0], 0)]);
    world.node.heal("GasBatchEstimateMessageGas");
    world.round().await;
    assert_eq!(world.get("new").await.nonce, 1);
}
