//! The proving schedule.

use std::{path::Path, time::Duration};

use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use venus_core::{BitField, ChainEpoch, Partition, SectorNumber, from_cbor};
use venus_sealer::{Sealer, storage::SectorStorage};

use crate::world::{MINER, State, World, on_chain_sector, sealed_cid};

type Params =
    (u64, Vec<(u64, BitField)>, Vec<venus_core::PoStProof>, ChainEpoch, venus_core::Bytes);

/// Sectors of two partitions of deadline 3, which opens at 180; their files are there.
fn fill(world: &World, home: &Path) {
    let storage = SectorStorage::open(home).unwrap();
    let kept = storage.paths().into_iter().find(|path| path.meta.can_store).unwrap();
    let mut state = world.state();
    for number in 0..3 {
        let info = on_chain_sector(number, sealed_cid(number, b""));
        let id = venus_core::SectorId { miner: MINER.as_id().unwrap(), number };
        let job = kept.job(id, info.seal_proof);
        std::fs::create_dir_all(&job.cache).unwrap();
        std::fs::create_dir_all(job.sealed.parent().unwrap()).unwrap();
        std::fs::write(&job.sealed, [1; 2048]).unwrap();
        std::fs::write(job.cache.join("p_aux"), [1; 64]).unwrap();
        state.sectors.insert(number, info);
    }
    let partition = |numbers: &[SectorNumber]| {
        let all: BitField = numbers.iter().copied().collect();
        Partition {
            all_sectors: all.clone(),
            live_sectors: all.clone(),
            active_sectors: all,
            ..Partition::default()
        }
    };
    state.partitions.insert(3, vec![partition(&[0, 1]), partition(&[2])]);
}

fn start(sealer: &Sealer) -> AbortOnDropHandle<()> {
    let sealer = sealer.clone();
    AbortOnDropHandle::new(tokio::spawn(async move {
        sealer.run(CancellationToken::new()).await.unwrap();
    }))
}

/// Lets everything that is due happen.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(120)).await;
}

fn sent(state: &State, method: u64) -> Vec<(String, Params)> {
    state
        .pushed
        .iter()
        .map(|id| (id.clone(), &state.messages[id].0))
        .filter(|(_, message)| message.method == method)
        .map(|(id, message)| (id, from_cbor(&message.params).unwrap()))
        .collect()
}

async fn world() -> (tempfile::TempDir, World, Sealer) {
    let dir = tempfile::tempdir().unwrap();
    let world = World::at(150);
    let sealer = world.sealer(dir.path()).await;
    fill(&world, dir.path());
    (dir, world, sealer)
}

#[tokio::test]
async fn both_partitions_are_proven_and_submitted_when_it_is_time() {
    let (_dir, world, sealer) = world().await;
    let _run = start(&sealer);
    // Deadline 3: challenge 160, open 180, close 240.
    world.go_to(169);
    settle().await;
    assert!(world.state().proofs_made.is_empty());
    world.go_to(170);
    settle().await;
    let challenge = world.state().draw(b"beacon", 4, 160, &[0x43, 0x00, 0xe8, 0x07]);
    let made = world.state().proofs_made.clone();
    let challenge: [u8; 32] = challenge.as_slice().try_into().unwrap();
    assert_eq!(made, [(challenge, vec![0, 1]), (challenge, vec![2])]);
    world.go_to(183);
    settle().await;
    assert!(world.state().pushed.is_empty());
    world.go_to(184);
    settle().await;
    {
        let state = world.state();
        let mut posts = sent(&state, 5);
        posts.sort_by_key(|(_, params)| params.1[0].0);
        assert_eq!(posts.len(), 2);
        for (index, (id, (deadline, partitions, proofs, epoch, rand))) in (0..).zip(&posts) {
            assert!(id.starts_with(&format!("{MINER}-wdpost-180-3-{index}-")), "{id}");
            assert_eq!((*deadline, partitions[0].0, partitions[0].1.len()), (3, index, 0));
            assert_eq!((proofs.len(), *epoch), (1, 160));
            assert_eq!(*rand, state.draw(b"ticket", 9, 160, &[]));
        }
        assert_eq!(state.submissions.len(), 2);
    }
    for height in 185..260 {
        world.go_to(height);
        tokio::task::yield_now().await;
    }
    settle().await;
    assert_eq!(world.state().pushed.len(), 2);
    assert_eq!(world.state().proofs_made.len(), 2);
}

#[tokio::test]
async fn a_reorg_of_the_challenge_proves_anew_and_sends_only_the_new_proof() {
    let (_dir, world, sealer) = world().await;
    let _run = start(&sealer);
    world.go_to(175);
    settle().await;
    assert_eq!(world.state().proofs_made.len(), 2);
    world.reorg(155, 176);
    settle().await;
    let made = world.state().proofs_made.clone();
    assert_eq!(made.len(), 4);
    assert_ne!(made[0].0, made[2].0);
    // A reorg above the challenge changes nothing.
    world.reorg(170, 177);
    settle().await;
    assert_eq!(world.state().proofs_made.len(), 4);
    world.go_to(190);
    settle().await;
    let state = world.state();
    let posts = sent(&state, 5);
    assert_eq!(posts.len(), 2);
    let bytes: std::collections::BTreeSet<u8> =
        posts.iter().map(|(_, params)| params.2[0].proof_bytes[0]).collect();
    assert_eq!(bytes, [3, 4].into(), "proofs of the first challenge were sent");
}

#[tokio::test]
async fn sectors_that_cannot_be_proven_are_skipped_and_empty_partitions_left_out() {
    let (dir, world, sealer) = world().await;
    // One file is gone; another sector fails while it is proven.
    std::fs::remove_file(dir.path().join("store/sealed/s-t01000-0")).unwrap();
    world.state().faulty.insert(2);
    let _run = start(&sealer);
    world.go_to(170);
    settle().await;
    world.go_to(190);
    settle().await;
    let state = world.state();
    let posts = sent(&state, 5);
    assert_eq!(posts.len(), 1);
    let partitions = &posts[0].1.1;
    assert_eq!(partitions.len(), 1);
    assert_eq!(partitions[0].0, 0);
    assert_eq!(partitions[0].1.iter().collect::<Vec<_>>(), [0]);
    assert_eq!(state.proofs_made.last().unwrap().1, [1]);
}

#[tokio::test]
async fn a_refused_proof_is_made_again_while_the_deadline_is_open() {
    let (_dir, world, sealer) = world().await;
    world.state().exits = [(5, 16)].into();
    let _run = start(&sealer);
    world.go_to(184);
    settle().await;
    world.go_to(185);
    settle().await;
    world.go_to(192);
    settle().await;
    world.go_to(200);
    settle().await;
    let state = world.state();
    assert_eq!(state.submissions.len(), 2, "{:#?}", state.messages);
    assert_eq!(sent(&state, 5).len(), 3);
}

#[tokio::test]
async fn a_restart_between_push_and_landing_sends_nothing_twice() {
    for nth in 1..40 {
        let (dir, world, sealer) = world().await;
        world.go_to(184);
        world.kill_in(nth);
        let run = start(&sealer);
        let killed = tokio::time::timeout(Duration::from_millis(150), world.killed()).await.is_ok();
        drop(run);
        drop(sealer);
        world.kill_in(u64::MAX / 2);
        let sealer = world.reopen(dir.path()).await;
        let _run = start(&sealer);
        world.go_to(186);
        settle().await;
        world.go_to(195);
        settle().await;
        let state = world.state();
        assert_eq!(state.submissions.len(), 2, "killed in call {nth}");
        assert_eq!(sent(&state, 5).len(), 2, "killed in call {nth}: {:#?}", state.pushed);
        if !killed {
            assert!(nth > 5);
            return;
        }
    }
    panic!("the schedule never ended");
}

#[tokio::test]
async fn faults_whose_files_are_back_are_declared_recovered_two_deadlines_ahead() {
    let (dir, world, sealer) = world().await;
    {
        let mut state = world.state();
        let partitions = state.partitions.get_mut(&3).unwrap();
        partitions[0].faulty_sectors = [0, 1].into_iter().collect();
    }
    std::fs::remove_file(dir.path().join("store/sealed/s-t01000-1")).unwrap();
    // Deadline 1 is open until 120; deadline 3 takes declarations until 110.
    world.go_to(65);
    let _run = start(&sealer);
    settle().await;
    world.go_to(80);
    settle().await;
    {
        let state = world.state();
        assert_eq!(state.pushed.len(), 1, "{:?}", state.pushed);
        let (message, _) = &state.messages[&state.pushed[0]];
        assert_eq!(message.method, 11);
        let (declared,): (Vec<(u64, u64, BitField)>,) = from_cbor(&message.params).unwrap();
        assert_eq!((declared.len(), declared[0].0, declared[0].1), (1, 3, 0));
        assert_eq!(declared[0].2.iter().collect::<Vec<_>>(), [0]);
    }
    // The recovering sector is proven with the rest; the one still faulty is not mentioned.
    world.go_to(170);
    settle().await;
    world.go_to(184);
    settle().await;
    let state = world.state();
    let proven: Vec<_> = state.proofs_made.iter().map(|(_, numbers)| numbers.clone()).collect();
    assert_eq!(proven, [vec![0], vec![2]]);
    assert!(sent(&state, 5).iter().all(|(_, params)| params.1[0].1.is_empty()));
}
