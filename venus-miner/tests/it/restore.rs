//! A lost record of blocks: nothing is signed beside what the chain has.

use venus_core::{BlockHeader, ChainEpoch, TipSet, api::miner::MinerApi};

use crate::{
    node::{DELAY, Node, header, origin, tipset},
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

/// The head of a long chain.
const HEAD: ChainEpoch = 1100;

/// Goes on to [`HEAD`], epoch by epoch; the blocks at the heights of `own` are of miner 1000.
fn long_chain(node: &Node, own: &[ChainEpoch]) -> Vec<TipSet> {
    let mut chain = vec![node.script().head.clone()];
    for height in 101..=HEAD {
        let parents = chain.last().unwrap().key().cids().to_vec();
        let miner = if own.contains(&height) { 1000 } else { 9000 };
        chain.push(tipset(vec![header(miner, height, parents, 1)]));
        node.set_head(chain.last().unwrap().clone());
    }
    chain
}

/// Moves the clock to where the round so many epochs after [`HEAD`] is drawn.
fn at_round(world: &World, after: ChainEpoch) {
    world.at(DELAY * (HEAD + after - 101).unsigned_abs() + 12);
}

fn asked_for_tipsets(node: &Node) -> usize {
    node.script().calls.iter().filter(|(name, _)| name == "ChainGetTipSet").count()
}

async fn epochs_and_cids(running: &Running) -> Vec<(ChainEpoch, String)> {
    let rows = running.miner.list_blocks(None).await.unwrap();
    let of_1000 = rows.into_iter().filter(|row| row.miner.as_id() == Some(1000));
    of_1000.map(|row| (row.epoch, row.cid)).filter(|(epoch, _)| *epoch <= HEAD).collect()
}

fn cids(chain: &[TipSet], epochs: &[ChainEpoch]) -> Vec<(ChainEpoch, String)> {
    let at = |epoch: ChainEpoch| chain.iter().find(|tipset| tipset.height() == epoch).unwrap();
    epochs.iter().map(|epoch| (*epoch, at(*epoch).blocks()[0].cid().to_string())).collect()
}

#[tokio::test]
async fn blocks_of_the_last_900_epochs_are_found_with_one_walk_for_all_miners() {
    let world = World::new(&[1000, 1001]);
    let chain = long_chain(&world.node, &[HEAD - 900, HEAD - 899, HEAD - 300, HEAD - 1]);
    at_round(&world, 1);
    let running = world.start().await;
    world.wallet.until_signed(2).await;
    let found = [HEAD - 1, HEAD - 300, HEAD - 899];
    assert_eq!(epochs_and_cids(&running).await, cids(&chain, &found));
    assert_eq!(asked_for_tipsets(&world.node), 900);
    at_round(&world, 2);
    running.stop().await;
}

#[tokio::test]
async fn a_node_without_old_tipsets_ends_the_walk_and_not_the_mining() {
    let world = World::new(&[1000]);
    let chain = long_chain(&world.node, &[HEAD - 300, HEAD - 100]);
    world.node.script().known.retain(|_, tipset| tipset.height() > HEAD - 200);
    at_round(&world, 1);
    let running = world.start().await;
    world.wallet.until_signed(1).await;
    assert_eq!(epochs_and_cids(&running).await, cids(&chain, &[HEAD - 100]));
    at_round(&world, 2);
    running.stop().await;
}

#[tokio::test]
async fn a_walk_that_fails_halfway_leaves_no_half_of_a_record() {
    let world = World::new(&[1000]);
    let chain = long_chain(&world.node, &[HEAD - 300, HEAD - 5]);
    let lost = chain.iter().find(|tipset| tipset.height() == HEAD - 10).unwrap();
    world.node.script().known.remove(lost.key()).unwrap();
    at_round(&world, 1);
    let running = world.start().await;
    let error = first_error(&running).await;
    assert!(error.ends_with("tipset not found"), "{error}");
    assert_eq!(epochs_and_cids(&running).await, []);
    // The node has it after all; the next round is another try, from where the first ended.
    world.node.script().known.insert(lost.key().clone(), lost.clone());
    at_round(&world, 2);
    world.wallet.until_signed(1).await;
    assert_eq!(epochs_and_cids(&running).await, cids(&chain, &[HEAD - 5, HEAD - 300]));
    at_round(&world, 3);
    running.stop().await;
}
