//! Blocks, messages and their receipts, branches.

use futures::StreamExt;
use venus_core::{
    Address, HeadChangeType, TipSetKey, TokenAmount,
    chain_api::{
        ChainReader, HeadStream, MessagePool, MinerState, MiningApi, NetworkApi, StateReader,
    },
};

use super::world::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_starts_with_power_and_grows() {
    let world = World::new().await;
    let node = &world.node;
    let genesis = node.chain_get_genesis().await.unwrap();
    assert_eq!(node.chain_head().await.unwrap(), genesis);
    assert_eq!(genesis.height(), 0);
    assert_eq!(genesis.min_timestamp(), GENESIS_TIME);
    let power = node
        .state_miner_power(venus_core::MaybeAddress(Some(Address::id(1000))), HEAD)
        .await
        .unwrap();
    assert_eq!(power.miner_power.raw_byte_power, 4096.into());
    assert_eq!(power.total_power.raw_byte_power, 8192.into());
    assert!(power.has_min_power);
    assert_eq!(node.state_list_miners(HEAD).await.unwrap(), [1000, 1001].map(Address::id));

    let mut before = genesis;
    for _ in 0..5 {
        let head = world.mine().await;
        assert!(head.height() > before.height());
        assert_eq!(head.parents(), *before.key());
        let weight = node.chain_tipset_weight(head.key().clone()).await.unwrap();
        assert!(weight > *head.parent_weight());
        assert_eq!(head.min_timestamp(), GENESIS_TIME + head.height().unsigned_abs());
        before = head;
    }
    let params = node.state_get_network_params().await.unwrap();
    assert_eq!((params.block_delay_secs, params.pre_commit_challenge_delay), (1, 5));
    assert_eq!(params.fork_upgrade_params.len(), 33);
    assert_eq!(node.version().await.unwrap().api_version, 131_840);
    assert_eq!(node.state_actor_code_cids(28).await.unwrap().len(), 16);
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_executed_and_found() {
    let world = World::new().await;
    let node = &world.node;
    world.mine().await;
    let stranger = key(venus_core::crypto::KeyKind::Secp256k1, 77).address();
    let sent = [
        transfer(&rich(), stranger, 5, 0),
        transfer(&rich(), stranger, 1, 1),
        transfer(&rich_bls(), Address::id(99), 2, 0),
        // Of a method that does not exist.
        call(&rich_bls(), Address::id(4), 99, 1),
    ];
    let accepted = node.mpool_batch_push(sent.to_vec()).await.unwrap();
    assert_eq!(accepted, cids(&sent));
    assert_eq!(node.mpool_get_nonce(rich().address()).await.unwrap(), 2);

    let wait = tokio::spawn({
        let (node, cid) = (node.clone(), accepted[0]);
        async move { node.state_wait_msg(cid, 2, -1, true).await.unwrap() }
    });
    let including = world.mine().await;
    let block = including.blocks()[0].cid();
    let content = node.chain_get_block_messages(block).await.unwrap();
    assert_eq!((content.bls_messages.len(), content.secpk_messages.len()), (2, 2));
    assert!(node.mpool_pending(HEAD).await.unwrap().is_empty());
    assert_eq!(node.mpool_get_nonce(rich().address()).await.unwrap(), 2);
    // State is that before the messages of the head.
    assert_eq!(node.wallet_balance(stranger).await.unwrap(), TokenAmount::zero());

    let executing = world.mine().await;
    assert_eq!(node.wallet_balance(stranger).await.unwrap(), TokenAmount::from_fil(6));
    let child = executing.blocks()[0].cid();
    let messages = node.chain_get_parent_messages(child).await.unwrap();
    let receipts = node.chain_get_parent_receipts(child).await.unwrap();
    let order: Vec<_> = messages.iter().map(|m| m.cid).collect();
    assert_eq!(order, [accepted[2], accepted[3], accepted[0], accepted[1]]);
    let codes: Vec<_> = receipts.iter().map(|r| r.exit_code).collect();
    assert_eq!(codes, [0, 22, 0, 0]);
    let key = including.key().clone();
    assert_eq!(node.chain_get_messages_in_tipset(key).await.unwrap(), messages);

    let found = node.state_search_msg(HEAD, accepted[1], -1, true).await.unwrap().unwrap();
    assert_eq!((found.message, found.height), (accepted[1], executing.height()));
    assert_eq!(found.tip_set, *executing.key());
    assert_eq!(found.receipt, receipts[3]);
    assert_eq!(node.chain_get_message(accepted[0]).await.unwrap(), sent[0].message);
    let nowhere = transfer(&rich(), stranger, 5, 2);
    node.state_search_msg(HEAD, nowhere.cid(), -1, true).await.unwrap_err();
    node.mpool_push(nowhere.clone()).await.unwrap();

    world.mine().await;
    world.mine().await;
    let waited = tokio::time::timeout(std::time::Duration::from_secs(20), wait).await;
    assert_eq!(waited.unwrap().unwrap().receipt.exit_code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn null_rounds_have_neighbours() {
    let world = World::new().await;
    let node = &world.node;
    let first = world.mine().await;
    let second = mine_on(node, &first, 1000, first.height() + 4, vec![]).await;
    let gap = first.height() + 2;
    assert_eq!(node.chain_get_tipset_by_height(gap, HEAD).await.unwrap(), first);
    assert_eq!(node.chain_get_tipset_after_height(gap, HEAD).await.unwrap(), second);
    for (height, text) in [(second.height() + 1, "greater than start point"), (-1, "is negative")] {
        let error = node.chain_get_tipset_by_height(height, HEAD).await.unwrap_err();
        assert!(error.to_string().contains(text), "{error}");
    }
    let error = node.chain_get_tipset(TipSetKey::head()).await.unwrap_err();
    assert_eq!(error.to_string(), "NewTipSet called with zero length array of blocks");
    // One beacon entry for each epoch.
    let entries = second.blocks()[0].beacon_entries.len() as i64;
    assert_eq!(entries, second.height() - first.height());
    // The randomness of a null round is that of the next tipset.
    let draw = |height| node.state_get_randomness_from_tickets(5, height, vec![1].into(), HEAD);
    assert_eq!(draw(gap).await.unwrap().len(), 32);
    draw(second.height() + 1).await.unwrap_err();
    draw(-5).await.unwrap();
    let beacon = node.state_get_randomness_from_beacon(6, gap, vec![1].into(), HEAD);
    assert_eq!(beacon.await.unwrap().len(), 32);
}

#[tokio::test(flavor = "multi_thread")]
async fn more_null_rounds_than_the_lookback_do_not_stop_the_chain() {
    let world = World::new().await;
    let first = world.mine().await;
    let far = mine_on(&world.node, &first, 1000, first.height() + 60, vec![]).await;
    assert!(far.height() > first.height() + 59);
    world.mine().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_of_one_height_join_one_tipset() {
    let world = World::new().await;
    let node = &world.node;
    let mut base = node.chain_head().await.unwrap();
    // A round that both miners win.
    let (a, b) = loop {
        let round = base.height() + 1;
        let a =
            draw(node, &base, 1000, round, vec![transfer(&rich(), Address::id(99), 1, 0)]).await;
        let b =
            draw(node, &base, 1001, round, vec![transfer(&rich(), Address::id(99), 1, 0)]).await;
        match (a, b) {
            (Some(a), Some(b)) => break (a, b),
            _ => base = mine_on(node, &base, 1000, base.height() + 1, vec![]).await,
        }
    };
    let mut notify = node.chain_notify().await.unwrap();
    assert_eq!(notify.next().await.unwrap()[0].r#type, HeadChangeType::Current);
    let mut heads = Vec::new();
    for (draw, miner) in [(a, 1000), (b, 1001)] {
        let mut block = node.miner_create_block(draw.template).await.unwrap();
        sign_block(&mut block, &worker(miner));
        node.skip_to(block.header.height);
        node.sync_submit_block(block.clone()).await.unwrap();
        // The same again is no error.
        node.sync_submit_block(block).await.unwrap();
        heads.push(node.chain_head().await.unwrap());
    }
    assert_eq!(heads[1].blocks().len(), 2);
    let batch = notify.next().await.unwrap();
    assert_eq!((batch.len(), &batch[0].val), (1, &heads[0]));
    let batch = notify.next().await.unwrap();
    assert_eq!(batch.iter().map(|c| &c.val).collect::<Vec<_>>(), [&heads[0], &heads[1]]);
    assert_eq!(
        batch.iter().map(|c| c.r#type).collect::<Vec<_>>(),
        [HeadChangeType::Revert, HeadChangeType::Apply]
    );
    // The message in both blocks is executed once.
    let head = world.mine().await;
    let receipts = node.chain_get_parent_receipts(head.blocks()[0].cid()).await.unwrap();
    assert_eq!(receipts.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_heavier_branch_wins_and_messages_come_back() {
    let world = World::new().await;
    let node = &world.node;
    let base = world.mine().await;
    let sent =
        [transfer(&rich(), Address::id(99), 1, 0), transfer(&rich_bls(), Address::id(99), 1, 0)];
    node.mpool_batch_push(sent.to_vec()).await.unwrap();
    let left = world.mine().await;
    assert!(node.mpool_pending(HEAD).await.unwrap().is_empty());
    let mut notify = node.chain_notify().await.unwrap();
    notify.next().await.unwrap();

    // The other miner builds on the base until its branch is heavier.
    let mut right = base.clone();
    let mut branch = Vec::new();
    while node.chain_head().await.unwrap() == left {
        let block = block_on(node, &right, 1001, right.height() + 1, vec![]).await;
        node.skip_to(block.header.height);
        node.sync_submit_block(block.clone()).await.unwrap();
        right = venus_core::TipSet::new(vec![block.header]).unwrap();
        branch.push(right.clone());
    }
    assert_eq!(node.chain_head().await.unwrap(), right);
    let batch = notify.next().await.unwrap();
    assert_eq!((batch[0].r#type, &batch[0].val), (HeadChangeType::Revert, &left));
    assert_eq!(batch[1..].iter().map(|c| c.val.clone()).collect::<Vec<_>>(), branch);
    let path = node.chain_get_path(left.key().clone(), right.key().clone()).await.unwrap();
    assert_eq!(path, batch);

    let mut pending = cids(&node.mpool_pending(HEAD).await.unwrap());
    let mut expected = cids(&sent);
    pending.sort_unstable();
    expected.sort_unstable();
    assert_eq!(pending, expected);
    let lookup = node.state_search_msg(HEAD, sent[0].cid(), -1, true).await.unwrap();
    assert_eq!(lookup, None);

    world.mine().await;
    world.mine().await;
    for message in &sent {
        let found = node.state_search_msg(HEAD, message.cid(), -1, true).await.unwrap().unwrap();
        assert_eq!(found.receipt.exit_code, 0);
    }
    // The old branch can still be asked about.
    assert_eq!(node.chain_get_tipset(left.key().clone()).await.unwrap(), left);
    let at = node.chain_get_tipset_by_height(base.height(), left.key().clone()).await.unwrap();
    assert_eq!(at, base);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_never_reads_is_cut_off_alone() {
    let world = World::new().await;
    let slow = world.node.chain_notify().await.unwrap();
    let mut quick = world.node.chain_notify().await.unwrap();
    quick.next().await.unwrap();
    for _ in 0..18 {
        world.mine().await;
        assert_eq!(quick.next().await.unwrap().len(), 1);
    }
    assert_eq!(slow.count().await, 17);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_order_in_which_blocks_come_does_not_matter() {
    let (a, b) = (World::new().await, World::new().await);
    assert_eq!(a.node.head(), b.node.head());
    // Two branches of three blocks, from one genesis.
    let genesis = a.node.chain_head().await.unwrap();
    let mut branches = [Vec::new(), Vec::new()];
    for (branch, miner) in branches.iter_mut().zip([1000, 1001]) {
        let mut base = genesis.clone();
        for _ in 0..3 {
            let block = block_on(&a.node, &base, miner, base.height() + 1, vec![]).await;
            for node in [&a.node, &b.node] {
                node.skip_to(block.header.height);
            }
            a.node.sync_submit_block(block.clone()).await.unwrap();
            base = venus_core::TipSet::new(vec![block.header.clone()]).unwrap();
            branch.push(block);
        }
    }
    let [left, right] = branches;
    for block in right.into_iter().chain(left) {
        b.node.sync_submit_block(block).await.unwrap();
    }
    assert_eq!(a.node.head(), b.node.head());
    let next = block_on(&a.node, &a.node.head(), 1000, a.node.head().height() + 1, vec![]).await;
    b.node.skip_to(next.header.height);
    // It is valid only if both computed the same state.
    b.node.sync_submit_block(next).await.unwrap();
}
