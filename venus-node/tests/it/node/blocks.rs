//! Blocks that break a rule.

use venus_core::{
    BlockMsg, TokenAmount,
    chain_api::{ChainReader, MiningApi},
};

use super::world::*;

type Change = fn(&mut BlockMsg);

#[tokio::test(flavor = "multi_thread")]
async fn every_rule_is_checked() {
    let world = World::new().await;
    let node = &world.node;
    let base = world.mine().await;
    let messages = vec![transfer(&rich_bls(), venus_core::Address::id(99), 1, 0)];
    let good = block_on(node, &base, 1000, base.height() + 1, messages).await;
    node.skip_to(good.header.height);
    let cases: &[(&str, Change)] = &[
        ("block cannot have nil election proof", |b| b.header.election_proof = None),
        ("block cannot have nil ticket", |b| b.header.ticket = None),
        ("block had nil bls aggregate signature", |b| b.header.bls_aggregate = None),
        ("loading parent block", |b| b.header.parents[0] = b.header.messages),
        ("block has wrong timestamp", |b| b.header.timestamp += 1),
        ("parent weight different", |b| b.header.parent_weight = 5.into()),
        ("base fee doesn't match", |b| b.header.parent_base_fee = TokenAmount::from_atto(7)),
        ("parent state root did not match", |b| b.header.parent_state_root = b.header.messages),
        ("parent receipts root did not", |b| b.header.parent_message_receipts = b.header.messages),
        ("wrong number of wins", |b| b.header.election_proof.as_mut().unwrap().win_count += 1),
        ("not claiming to be a winner", |b| {
            b.header.election_proof.as_mut().unwrap().win_count = 0
        }),
        ("validating block election proof failed", |b| {
            let ticket = b.header.ticket.clone().unwrap().vrf_proof;
            b.header.election_proof.as_mut().unwrap().vrf_proof = ticket;
        }),
        ("validating block tickets failed", |b| {
            let election = b.header.election_proof.clone().unwrap().vrf_proof;
            b.header.ticket.as_mut().unwrap().vrf_proof = election;
        }),
        ("beacon entries in block", |b| b.header.beacon_entries.clear()),
        ("not what the beacon published", |b| b.header.beacon_entries[0].data = vec![1; 32].into()),
        ("winning post was invalid", |b| b.header.win_post_proof[0].proof_bytes.0[3] = 0),
        ("winning post was invalid", |b| b.header.win_post_proof.clear()),
        ("bls aggregate signature was invalid", |b| {
            b.header.bls_aggregate = Some(worker(1000).sign(b"else").unwrap());
        }),
        ("provided messages did not match block", |b| b.bls_messages.clear()),
        ("failed to load bls messages", |b| b.bls_messages[0] = b.header.parents[0]),
    ];
    for (text, change) in cases {
        let mut block = good.clone();
        change(&mut block);
        sign_block(&mut block, &worker(1000));
        let error = node.sync_submit_block(block).await.unwrap_err();
        assert!(error.to_string().contains(text), "{text}: {error}");
    }
    // And with the header as it should be:
    for (text, sign) in
        [("block had nil signature", None), ("check block signature failed", Some(worker(1001)))]
    {
        let mut block = good.clone();
        block.header.block_sig = None;
        if let Some(key) = sign {
            sign_block(&mut block, &key);
        }
        let error = node.sync_submit_block(block).await.unwrap_err();
        assert!(error.to_string().contains(text), "{text}: {error}");
    }
    assert_eq!(node.chain_head().await.unwrap(), base);
    node.sync_submit_block(good.clone()).await.unwrap();
    assert_eq!(node.chain_head().await.unwrap().blocks(), [good.header]);
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_from_the_future_wait() {
    let world = World::new().await;
    let base = world.mine().await;
    let block = block_on(&world.node, &base, 1000, base.height() + 5, vec![]).await;
    let error = world.node.sync_submit_block(block.clone()).await.unwrap_err();
    assert!(error.to_string().contains("block was from the future"), "{error}");
    world.node.skip_to(block.header.height);
    world.node.sync_submit_block(block).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_block_of_a_miner_is_refused() {
    let world = World::new().await;
    let node = &world.node;
    let base = world.mine().await;
    let first = block_on(node, &base, 1000, base.height() + 1, vec![]).await;
    let messages = vec![transfer(&rich(), venus_core::Address::id(99), 1, 0)];
    let fork = block_on(node, &base, 1000, base.height() + 1, messages).await;
    let offset = block_on(node, &base, 1000, first.header.height + 1, vec![]).await;
    node.skip_to(offset.header.height);
    node.sync_submit_block(first.clone()).await.unwrap();
    for second in [fork, offset] {
        let error = node.sync_submit_block(second).await.unwrap_err();
        let text =
            format!("<!!> SLASH FILTER DETECTED FAULT due to witness {}", first.header.cid());
        assert_eq!(error.to_string(), text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_a_block_must_be_in_order() {
    let world = World::new().await;
    let node = &world.node;
    let base = world.mine().await;
    let to = venus_core::Address::id(99);
    let mut big = transfer(&rich(), to, 1, 0).message;
    big.gas_limit = 6_000_000_000;
    let mut bigger = big.clone();
    bigger.nonce = 1;
    let stranger = key(venus_core::crypto::KeyKind::Secp256k1, 55);
    let mut forged = transfer(&rich(), to, 1, 0);
    forged.message.value = TokenAmount::from_fil(2);
    for (text, messages) in [
        ("wrong nonce (exp: 0, got: 1)", vec![transfer(&rich(), to, 1, 1)]),
        (
            "wrong nonce (exp: 1, got: 0)",
            vec![transfer(&rich(), to, 1, 0), transfer(&rich(), to, 2, 0)],
        ),
        ("block gas limit exceeded", vec![sign(&rich(), big), sign(&rich(), bigger)]),
        ("must be an account actor", vec![transfer(&stranger, to, 1, 0)]),
        ("has invalid signature", vec![forged]),
    ] {
        let block = block_on(node, &base, 1000, base.height() + 1, messages).await;
        node.skip_to(block.header.height);
        let error = node.sync_submit_block(block).await.unwrap_err();
        assert!(error.to_string().contains(text), "{text}: {error}");
    }
}
