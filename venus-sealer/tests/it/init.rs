//! Making homes.

use std::sync::Arc;

use venus_core::{Address, ChainApi, MessageSink, TokenAmount};
use venus_sealer::{InitOptions, NewMiner, SealerError, identity, init_existing, init_new};

use crate::world::{MINER, World, worker_key};

fn new_miner() -> NewMiner {
    NewMiner {
        owner: None,
        worker: worker_key(),
        from: None,
        sector_size: 2048,
        peer_id: Default::default(),
        multiaddrs: Vec::new(),
    }
}

fn dependencies(world: &World) -> (Arc<dyn ChainApi>, Arc<dyn MessageSink>) {
    (Arc::new(world.clone()), Arc::new(world.clone()))
}

#[tokio::test]
async fn a_miner_is_created_with_a_deposit_and_a_margin() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::at(100);
    let _clock = world.tick();
    let (chain, sink) = dependencies(&world);
    let made = init_new(dir.path(), &chain, &sink, &new_miner(), InitOptions::default()).await;
    assert_eq!(made.unwrap().miner, MINER);
    let kept = identity(dir.path()).unwrap().unwrap();
    assert_eq!((kept.miner, kept.sector_size), (MINER, 2048));
    {
        let state = world.state();
        let (message, _) = &state.messages[&state.pushed[0]];
        assert_eq!(message.to, Address::id(4));
        assert_eq!(message.value, TokenAmount::from_fil(110));
    }
    assert!(dir.path().join("token").exists());
    let again = init_new(dir.path(), &chain, &sink, &new_miner(), InitOptions::default()).await;
    assert!(matches!(again, Err(SealerError::AlreadyInitialized { miner: MINER, .. })));
}

#[tokio::test]
async fn killed_in_any_call_init_makes_one_miner() {
    for nth in 1..20 {
        let dir = tempfile::tempdir().unwrap();
        let world = World::at(100);
        let _clock = world.tick();
        let (chain, sink) = dependencies(&world);
        world.kill_in(nth);
        let miner = new_miner();
        let ended = tokio::select! {
            () = world.killed() => false,
            made = init_new(dir.path(), &chain, &sink, &miner, InitOptions::default()) => {
                made.unwrap();
                true
            }
        };
        if !ended {
            world.kill_in(u64::MAX / 2);
            let made = init_new(dir.path(), &chain, &sink, &miner, InitOptions::default()).await;
            assert_eq!(made.unwrap().miner, MINER);
        }
        assert_eq!(world.state().miners, 1, "killed in call {nth}");
        if ended {
            assert!(nth > 3);
            return;
        }
    }
    panic!("init never ended");
}

#[tokio::test]
async fn a_refused_creation_leaves_nothing_and_can_be_repeated() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::at(100);
    let _clock = world.tick();
    let (chain, sink) = dependencies(&world);
    world.state().exits = [(2, 19)].into();
    let refused = init_new(dir.path(), &chain, &sink, &new_miner(), InitOptions::default()).await;
    let Err(SealerError::NotCreated(reason)) = refused else { panic!("{refused:?}") };
    assert!(reason.contains("exit code 19"), "{reason}");
    assert_eq!(identity(dir.path()).unwrap(), None);
    init_new(dir.path(), &chain, &sink, &new_miner(), InitOptions::default()).await.unwrap();
    assert_eq!(world.state().miners, 1);
}

#[tokio::test]
async fn an_owner_unknown_on_chain_is_activated_first() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::at(100);
    let _clock = world.tick();
    let (chain, sink) = dependencies(&world);
    let owner = Address::from_bytes(&[[1].as_slice(), &[6; 20]].concat()).unwrap();
    let miner = NewMiner { owner: Some(owner), ..new_miner() };
    init_new(dir.path(), &chain, &sink, &miner, InitOptions::default()).await.unwrap();
    let state = world.state();
    let sent: Vec<_> = state.pushed.iter().map(|id| &state.messages[id].0).collect();
    assert_eq!((sent[0].method, sent[0].to), (0, owner));
    assert_eq!((sent[1].method, sent[1].to), (2, Address::id(4)));
}

#[tokio::test]
async fn an_existing_miner_is_taken_from_the_chain() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::at(100);
    let (chain, _) = dependencies(&world);
    let made = init_existing(dir.path(), &chain, MINER, InitOptions::default()).await.unwrap();
    assert_eq!((made.miner, made.sector_size), (MINER, 2048));
    assert!(world.state().pushed.is_empty());
}
