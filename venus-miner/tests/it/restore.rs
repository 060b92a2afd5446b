//! A lost record of blocks: nothing is signed beside what the chain has.

use venus_core::{BlockHeader, api::miner::MinerApi};

use crate::{
    node::{DELAY, header, origin, tipset},
    world::{Running, World, calm},
};

/// Lets the first block be made and sent, and loses the record of it.
async fn made_and_lost(world: &mut World) -> BlockHeader {
    world.node.script().takes_blocks = false;
    let running = world.start().await;
    world.at(12);
    world.wallet.until_signed(1).await;
    world.at(DELAY);
    world.node.until(|script| script.submitted.len() == 1).await;
    running.stop().await;
    world.home = tempfile::tempdir().unwrap();
    world.node.script().submitted[0].header.clone()
}

async fn first_error(running: &Running) -> String {
    let wait = async {
        loop {
            let states = running.miner.states_for_mining(None).await.unwrap();
            if let Some(errors) = &states[0].err {
                return errors[0].clone();
            }
            calm().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), wait).await.unwrap()
}

#[tokio::test]
async fn no_second_block_of_a_height_that_the_chain_has() {
    let mut world = World::new(&[1000]);
    let ours = made_and_lost(&mut world).await;
    // The chain goes on with our block, and back while it is drawn again: on the old base.
    let base = world.node.script().head.clone();
    world.node.script().state = 1;
    world.prover.hold(1000);
    world.prover.asked.lock().unwrap().clear();
    let running = world.start().await;
    world.prover.until_asked(1000).await;
    world.node.set_head(tipset(vec![ours.clone()]));
    world.prover.release(1000);
    let error = first_error(&running).await;
    assert!(error.contains("created a block at the same height"), "{error}");
    assert_eq!(world.wallet.blocks.lock().unwrap().len(), 1);
    let rows = running.miner.list_blocks(None).await.unwrap();
    let row = rows.iter().find(|row| row.epoch == 101).unwrap();
    assert_eq!(
        (row.cid.clone(), row.parent_key.clone()),
        (ours.cid().to_string(), base.key().to_string())
    );
    running.stop().await;
}

#[tokio::test]
async fn no_block_on_a_base_that_lacks_ours_of_its_height() {
    let mut world = World::new(&[1000]);
    let ours = made_and_lost(&mut world).await;
    let parents = ours.parents.clone();
    let other = tipset(vec![header(9000, 101, parents, 3)]);
    world.prover.hold(1000);
    world.prover.asked.lock().unwrap().clear();
    world.node.set_head(other);
    let running = world.start().await;
    world.at(DELAY + 12);
    world.prover.until_asked(1000).await;
    // By the time that it is proven, the chain has taken ours and one more on it.
    let with_ours = tipset(vec![ours]);
    world.node.set_head(with_ours.clone());
    world.node.set_head(tipset(vec![header(9000, 102, with_ours.key().cids().to_vec(), 4)]));
    world.prover.release(1000);
    let error = first_error(&running).await;
    assert!(error.contains("parent-grinding fault"), "{error}");
    assert_eq!(world.wallet.blocks.lock().unwrap().len(), 1);
    running.stop().await;
}

#[tokio::test]
async fn nothing_is_signed_before_the_chain_was_looked_at() {
    let world = World::new(&[1000]);
    world.node.script().known.clear();
    let head = tipset(vec![header(9000, 100, origin(), 1)]);
    world.node.set_head(head);
    let running = world.start().await;
    world.at(12);
    let error = first_error(&running).await;
    assert!(
        error.ends_with("failed to look for own blocks in the chain: tipset not found"),
        "{error}"
    );
    assert!(world.wallet.blocks.lock().unwrap().is_empty());
    running.stop().await;
}
