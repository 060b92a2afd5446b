//! The loop: pace, null rounds, forks, slow provers, restarts.

use venus_core::{
    Address, Message, Signature, SignedMessage, TokenAmount,
    api::miner::{BlockQuery, MineState, MinerApi},
    consensus::{MockBeacon, ticket_params, verify_vrf},
    crypto::{self, KeyKind},
    rpc::RpcError,
};

use crate::{
    node::{DELAY, START, header, origin, tipset},
    world::{World, calm},
};

#[tokio::test]
async fn a_block_is_made_in_the_second_half_and_sent_when_it_is_due() {
    let world = World::new(&[1000]);
    let running = world.start().await;
    world.at(11);
    calm().await;
    assert!(world.node.rounds().is_empty(), "blocks of the base may still come");

    world.at(12);
    world.wallet.until_signed(1).await;
    assert_eq!(world.node.rounds(), [101]);
    world.at(DELAY - 1);
    calm().await;
    assert!(world.node.script().submitted.is_empty(), "it is not due");

    world.at(DELAY);
    world.node.until(|script| script.submitted.len() == 1).await;
    let block = world.node.script().submitted[0].header.clone();
    assert_eq!((block.height, block.timestamp, block.fork_signaling), (101, START + DELAY, 1));
    let signature = block.block_sig.clone().unwrap();
    crypto::verify(&signature, &block.signing_bytes(), world.wallet.worker).unwrap();
    let template = world.node.script().templates[0].clone();
    let rbase = MockBeacon.entry(201).data;
    let parent = header(9000, 100, origin(), 1).ticket;
    let drawn = ticket_params(&rbase, 101, Address::id(1000), parent.as_ref()).digest();
    verify_vrf(world.wallet.worker, &drawn, &template.ticket.vrf_proof).unwrap();

    world.at(DELAY + 12);
    world.wallet.until_signed(2).await;
    let listed = running.miner.list_blocks(None).await.unwrap();
    let states: Vec<_> = listed.iter().map(|b| (b.epoch, b.mine_state)).collect();
    assert_eq!(states, [(102, MineState::Mining), (101, MineState::Success)]);
    assert_eq!(listed[1].cid, block.cid().to_string());
    assert_eq!(listed[1].parent_epoch, 100);
    assert_eq!(listed[1].winning_at, "2023-11-14T22:13:32Z");
    world.at(2 * DELAY);
    running.stop().await;
}

#[tokio::test]
async fn rounds_without_winner_are_null() {
    let world = World::new(&[1000]);
    world.node.script().wins_from = 103;
    let running = world.start().await;
    for (secs, round) in [(12, 101), (42, 102), (72, 103)] {
        world.at(secs - 1);
        calm().await;
        assert_eq!(world.node.rounds().last().copied().unwrap_or(100), round - 1);
        world.at(secs);
        world.node.until(|s| s.calls.iter().any(|(_, note)| *note == round)).await;
    }
    world.at(3 * DELAY);
    world.node.until(|script| script.submitted.len() == 1).await;
    let block = world.node.script().submitted[0].header.clone();
    assert_eq!((block.height, block.timestamp), (103, START + 3 * DELAY));
    let rounds: Vec<_> = block.beacon_entries.iter().map(|entry| entry.round).collect();
    assert_eq!(rounds, [201, 202, 203]);
    running.stop().await;
}

#[tokio::test]
async fn a_chain_behind_the_clock_catches_up_round_by_round_and_skips_what_is_too_much() {
    let mut world = World::new(&[1000]);
    world.node.script().wins_from = i64::MAX;
    world.at(10 * DELAY + 12);
    let running = world.start().await;
    world.node.until(|s| s.calls.iter().any(|(_, note)| *note == 111)).await;
    calm().await;
    assert_eq!(world.node.rounds(), (101..=111).collect::<Vec<_>>());
    running.stop().await;

    world.home = tempfile::tempdir().unwrap();
    world.node.script().calls.clear();
    world.at(500 * DELAY + 12);
    let running = world.start().await;
    world.node.until(|s| s.calls.iter().any(|(_, note)| *note == 601)).await;
    assert_eq!(world.node.rounds(), [601]);
    running.stop().await;
}

#[tokio::test]
async fn a_base_that_grew_is_taken_with_the_ticket_that_belongs_to_it() {
    // The first block has the smallest ticket before, or has not.
    let digest = |ticket: u8| header(0, 0, origin(), ticket).ticket.unwrap().digest();
    let first = digest(1);
    let (larger, smaller) = (
        (2..).find(|ticket| digest(*ticket) > first).unwrap(),
        (2..).find(|ticket| digest(*ticket) < first).unwrap(),
    );
    for (other, same_ticket) in [(larger, true), (smaller, false)] {
        let world = World::new(&[1000]);
        world.prover.hold(1000);
        let running = world.start().await;
        world.at(12);
        world.prover.until_asked(1000).await;
        let old = world.node.script().head.clone();
        let grown =
            tipset(vec![header(9000, 100, origin(), 1), header(9001, 100, origin(), other)]);
        assert_eq!(old.min_ticket() == grown.min_ticket(), same_ticket);
        world.node.set_head(grown.clone());
        world.prover.release(1000);
        world.wallet.until_signed(1).await;
        world.at(DELAY);
        world.node.until(|script| script.submitted.len() == 1).await;

        let template = world.node.script().templates[0].clone();
        assert_eq!(template.parents, *grown.key());
        let rbase = MockBeacon.entry(201).data;
        let params = ticket_params(&rbase, 101, Address::id(1000), grown.min_ticket());
        let proof = &template.ticket.vrf_proof;
        verify_vrf(world.wallet.worker, &params.digest(), proof).unwrap();
        running.stop().await;
    }
}

#[tokio::test]
async fn a_slow_miner_delays_nobody_and_still_sends_its_block_if_it_can() {
    let mut world = World::new(&[1000, 1001, 1002]);
    world.node.script().takes_blocks = false;
    world.config.miner_once_timeout_secs = 60;
    world.prover.hold(1001);
    let running = world.start().await;
    world.at(12);
    world.prover.until_asked(1001).await;
    // Five seconds before the block is due those that are ready go.
    world.at(DELAY - 5);
    world.wallet.until_signed(2).await;
    world.at(DELAY);
    world.node.until(|script| script.submitted.len() == 2).await;
    // While it is busy on this base it does not draw on it again; the others may.
    world.at(DELAY + 12);
    calm().await;
    let asked = world.prover.asked.lock().unwrap().clone();
    assert_eq!(asked.iter().filter(|(miner, _)| *miner == 1001).count(), 1, "{asked:?}");
    world.prover.release(1001);
    world.node.until(|script| script.submitted.len() == 3).await;
    let miners: Vec<_> =
        world.node.script().submitted.iter().map(|block| block.header.miner).collect();
    assert_eq!(miners[2], Address::id(1001));
    running.stop().await;
}

#[tokio::test]
async fn a_prover_that_hangs_is_given_up() {
    let mut world = World::new(&[1000, 1001]);
    world.config.miner_once_timeout_secs = 1;
    world.prover.hold(1001);
    let running = world.start().await;
    world.at(12);
    world.wallet.until_signed(1).await;
    world.at(DELAY);
    world.node.until(|script| script.submitted.len() == 1).await;
    let states = running.miner.states_for_mining(None).await.unwrap();
    assert_eq!(states[0].err, None);
    assert!(states[1].err.as_ref().unwrap()[0].ends_with(" mining timeout!"), "{states:?}");
    let query = BlockQuery { miners: vec![Address::id(1001)], ..BlockQuery::default() };
    let listed = running.miner.list_blocks(Some(query)).await.unwrap();
    assert_eq!((listed.len(), listed[0].mine_state), (1, MineState::Timeout));
    assert_eq!(listed[0].cid, "");
    running.stop().await;
}

#[tokio::test]
async fn no_second_block_is_signed_for_an_epoch_or_a_base_after_a_restart() {
    let world = World::new(&[1000]);
    world.node.script().takes_blocks = false;
    let running = world.start().await;
    world.at(12);
    world.wallet.until_signed(1).await;
    world.at(DELAY);
    world.node.until(|script| script.submitted.len() == 1).await;
    running.stop().await;
    assert_eq!(world.wallet.blocks.lock().unwrap().len(), 1);

    // The node makes another block of the same draw now.
    world.node.script().state = 1;
    let running = world.start().await;
    world.at(DELAY + 12);
    world.node.until(|script| script.templates.len() >= 3).await;
    calm().await;
    assert_eq!(world.wallet.blocks.lock().unwrap().len(), 1, "neither 101 again nor 102 on it");
    let errors = running.miner.states_for_mining(None).await.unwrap()[0].err.clone().unwrap();
    assert!(errors[0].contains("created a block at the same height"), "{errors:?}");
    assert!(errors[1].contains("time-offset"), "{errors:?}");
    let listed = running.miner.list_blocks(None).await.unwrap();
    assert_eq!(listed[1].mine_state, MineState::Success, "what was sent stays sent");
    running.stop().await;
}

#[tokio::test]
async fn the_very_same_block_may_be_sent_again_after_a_restart() {
    let world = World::new(&[1000]);
    world.node.script().submit_error = Some(RpcError::method("sync to submitted block failed"));
    let running = world.start().await;
    world.at(12);
    world.wallet.until_signed(1).await;
    world.at(DELAY);
    world.node.until(|script| script.submitted.len() == 1).await;
    running.stop().await;

    world.node.script().submit_error = None;
    let running = world.start().await;
    world.node.until(|script| script.submitted.len() == 2).await;
    let submitted = world.node.script().submitted.clone();
    assert_eq!(submitted[0], submitted[1]);
    running.stop().await;
}

#[tokio::test]
async fn a_base_without_our_block_is_not_mined_on() {
    let world = World::new(&[1000]);
    world.node.script().takes_blocks = false;
    let running = world.start().await;
    world.at(12);
    world.wallet.until_signed(1).await;
    world.at(DELAY);
    world.node.until(|script| script.submitted.len() == 1).await;
    let base = world.node.script().head.key().cids().to_vec();
    world.node.set_head(tipset(vec![header(9000, 101, base, 3)]));
    world.at(DELAY + 12);
    world.node.until(|script| script.templates.len() == 2).await;
    calm().await;
    let errors = running.miner.states_for_mining(None).await.unwrap()[0].err.clone().unwrap();
    assert!(errors[0].contains("parent-grinding fault"), "{errors:?}");
    assert_eq!(world.wallet.blocks.lock().unwrap().len(), 1);
    running.stop().await;
}

fn message(from: u64, nonce: u64) -> SignedMessage {
    let mut message =
        Message::transfer(Address::id(from), Address::id(99), TokenAmount::from_atto(1));
    message.nonce = nonce;
    SignedMessage { message, signature: Signature::bls(vec![1; 96]) }
}

#[tokio::test]
async fn a_node_that_chooses_for_one_block_at_a_time_is_asked_for_each() {
    let world = World::new(&[1000, 1001]);
    let pool = vec![message(100, 0), message(100, 1), message(101, 0)];
    world.node.script().pool.clone_from(&pool);
    world.node.script().without.insert("MpoolSelects");
    let running = world.start().await;
    world.at(12);
    world.wallet.until_signed(2).await;
    let templates = world.node.script().templates.clone();
    let counts: std::collections::BTreeSet<_> =
        templates.iter().map(|template| template.messages.len()).collect();
    assert_eq!(counts.into_iter().collect::<Vec<_>>(), [0, 3], "a sender is in one block only");
    world.at(DELAY);
    running.stop().await;
}

#[tokio::test]
async fn a_block_that_was_not_asked_for_is_not_signed() {
    let world = World::new(&[1000]);
    world.node.script().lies = true;
    let running = world.start().await;
    world.at(12);
    world.node.until(|script| script.templates.len() == 1).await;
    calm().await;
    let errors = running.miner.states_for_mining(None).await.unwrap()[0].err.clone().unwrap();
    assert!(errors[0].contains("another timestamp than asked for"), "{errors:?}");
    assert!(world.wallet.blocks.lock().unwrap().is_empty());
    running.stop().await;
}

#[tokio::test]
async fn a_worker_without_bls_key_gets_no_proof() {
    let world = World::with_key(KeyKind::Secp256k1, &[1000]);
    let running = world.start().await;
    world.at(12);
    world.node.until(|s| s.calls.iter().any(|(_, note)| *note == 101)).await;
    calm().await;
    let errors = running.miner.states_for_mining(None).await.unwrap()[0].err.clone().unwrap();
    assert!(errors[0].ends_with("miner worker address was not a BLS key"), "{errors:?}");
    assert!(world.prover.asked.lock().unwrap().is_empty());
    running.stop().await;
}
