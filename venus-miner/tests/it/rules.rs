//! Scenarios of `miner.md` 16.8 that the other modules do not have.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use venus_core::{
    Address,
    api::miner::{MinerApi, PoolMiner},
    auth::{AuthApiError, Page},
    consensus::{MockBeacon, election_params, verify_vrf},
    crypto::{KeyKind, PrivateKey},
};
use venus_miner::{Listing, Miner, MinerSource};

use crate::{
    node::DELAY,
    world::{World, calm},
};

/// Row 15.
#[tokio::test]
async fn null_is_an_empty_list() {
    let world = World::new(&[1000]);
    world.node.script().nulls = true;
    let running = world.start().await;
    world.at(12);
    world.wallet.until_signed(1).await;
    let template = world.node.script().templates[0].clone();
    assert!(template.messages.is_empty() && template.beacon_values.is_empty());
    // Without an entry of its own the block draws from the last one before it.
    let drawn = election_params(&MockBeacon.entry(200).data, 101, Address::id(1000)).digest();
    verify_vrf(world.wallet.worker, &drawn, &template.eproof.vrf_proof).unwrap();
    world.at(DELAY);
    world.node.until(|script| script.submitted.len() == 1).await;
    running.stop().await;
}

/// Row 26.
#[tokio::test]
async fn a_block_that_fails_is_a_null_round_and_the_chain_goes_on() {
    let world = World::new(&[1000]);
    world.node.script().lies = true;
    let running = world.start().await;
    world.at(12);
    world.node.until(|script| script.templates.len() == 1).await;
    calm().await;
    world.node.script().lies = false;
    world.at(DELAY + 12);
    world.wallet.until_signed(1).await;
    world.at(2 * DELAY);
    world.node.until(|script| script.submitted.len() == 1).await;
    let block = world.node.script().submitted[0].header.clone();
    assert_eq!((block.height, block.beacon_entries.len()), (102, 2));
    running.stop().await;
}

/// Row 27.
#[tokio::test]
async fn fork_signaling_is_set_by_who_signs() {
    let key = PrivateKey::from_seed(KeyKind::Bls, &[7; 32]).unwrap();
    for (signaling, by_node, expected) in [(true, false, 1), (false, false, 0), (true, true, 0)] {
        let mut world = World::new(&[1000]);
        world.config.fork_signaling = signaling;
        world.node.script().signs = by_node.then(|| key.clone());
        let running = world.start().await;
        world.at(12);
        world.node.until(|script| script.templates.len() == 1).await;
        calm().await;
        world.at(DELAY);
        world.node.until(|script| script.submitted.len() == 1).await;
        let header = world.node.script().submitted[0].header.clone();
        assert_eq!(header.fork_signaling, expected);
        assert_eq!(world.wallet.blocks.lock().unwrap().is_empty(), by_node);
        running.stop().await;
    }
}

/// Row 13.
#[tokio::test]
async fn one_of_ten_that_hangs_costs_nobody_else_a_block() {
    let miners: Vec<u64> = (1000..1010).collect();
    let mut world = World::new(&miners);
    world.node.script().takes_blocks = false;
    world.config.miner_once_timeout_secs = 2;
    world.prover.hold(1004);
    let running = world.start().await;
    world.at(12);
    world.wallet.until_signed(9).await;
    world.at(DELAY);
    world.node.until(|script| script.submitted.len() == 9).await;
    let wait = async {
        while running.miner.states_for_mining(None).await.unwrap()[4].err.is_none() {
            calm().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), wait).await.unwrap();
    let states = running.miner.states_for_mining(None).await.unwrap();
    assert_eq!(states.iter().filter(|state| state.err.is_some()).count(), 1, "{states:?}");
    // Nothing waits for the prover any more.
    let stopped = tokio::time::timeout(std::time::Duration::from_secs(2), running.stop());
    stopped.await.unwrap();
}

/// Two users; the second cannot be read at times.
#[derive(Debug, Clone, Default)]
struct Flaky(Arc<AtomicBool>);

#[async_trait]
impl MinerSource for Flaky {
    async fn list(&self, _: Page) -> Result<Listing, AuthApiError> {
        let miner = |id, name: &str| PoolMiner {
            addr: Address::id(id),
            id: name.into(),
            name: name.into(),
            open_mining: true,
        };
        let mut listing = Listing { miners: vec![miner(1000, "w1")], unread: Vec::new() };
        match self.0.load(Ordering::SeqCst) {
            true => listing.unread.push("w2".into()),
            false => listing.miners.push(miner(2000, "w2")),
        }
        Ok(listing)
    }

    async fn set_mining(&self, _: &PoolMiner, _: bool) -> Result<(), AuthApiError> {
        Ok(())
    }
}

/// Row 23.
#[tokio::test]
async fn miners_of_a_user_that_cannot_be_read_stay() {
    let world = World::new(&[]);
    let served = world.node.serve().await;
    let source = Flaky::default();
    let miner = Miner::builder(
        served.client(),
        Arc::clone(&world.wallet) as _,
        Arc::clone(&world.prover) as _,
        Arc::clone(&world.clock) as _,
    )
    .with_miners(source.clone())
    .open(world.home.path())
    .await
    .unwrap();
    source.0.store(true, Ordering::SeqCst);
    miner.update_address(0, 0).await.unwrap();
    let known = miner.list_address().await.unwrap();
    assert_eq!(known.len(), 2, "{known:?}");
}
