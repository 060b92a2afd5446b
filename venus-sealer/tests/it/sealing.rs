//! From pledge to proving, with everything that can come between.

use std::{path::Path, time::Duration};

use tokio_util::sync::CancellationToken;
use venus_core::TokenAmount;
use venus_sealer::{Sealer, fsm::SectorState as S};

use crate::world::World;

/// Runs a sealer until a sector is in a state.
async fn run_until(sealer: &Sealer, number: u64, state: S) {
    let watch = async {
        loop {
            if sealer.sector(number, false).await.unwrap().state == state {
                return;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        () = watch => {}
        ended = sealer.run(CancellationToken::new()) => panic!("{ended:?}"),
        () = tokio::time::sleep(Duration::from_secs(20)) => {
            panic!("{:#?}", sealer.sector(number, false).await.unwrap().log)
        }
    }
}

fn files(home: &Path, kind: &str) -> Vec<String> {
    let read = std::fs::read_dir(home.join(kind));
    read.map(|d| d.map(|e| e.unwrap().file_name().into_string().unwrap()).collect())
        .unwrap_or_default()
}

fn states(sealer: &venus_sealer::view::SectorStatus) -> Vec<&str> {
    sealer.log.iter().map(|entry| entry.message.as_str()).collect()
}

#[tokio::test]
async fn a_pledged_sector_ends_in_proving_with_its_files_in_place() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::at(2000);
    let _clock = world.tick();
    let sealer = world.sealer(dir.path()).await;
    let id = sealer.pledge().await.unwrap();
    assert_eq!((id.miner, id.number), (1000, 0));
    run_until(&sealer, 0, S::Proving).await;

    let sector = sealer.sector(0, true).await.unwrap();
    assert_eq!(
        states(&sector),
        [
            "GetTicket",
            "PreCommit1",
            "PreCommit2",
            "PreCommitting",
            "PreCommitWait",
            "WaitSeed",
            "Committing",
            "SubmitCommit",
            "CommitWait",
            "FinalizeSector",
            "Proving"
        ]
    );
    let on_chain = sector.on_chain.unwrap();
    assert_eq!(Some(on_chain.sealed_cid), sector.comm_r);
    let ticket = sector.ticket.unwrap();
    assert!((1100..1400).contains(&ticket.epoch), "{}", ticket.epoch);

    {
        let state = world.state();
        let value = |id| state.messages[id].0.value.clone();
        let values: Vec<_> = state.pushed.iter().map(value).collect();
        assert_eq!(values, [TokenAmount::from_fil(10), TokenAmount::from_fil(15)]);
        let from: Vec<_> = state.messages.values().map(|(m, _)| m.from).collect();
        assert_eq!(from, [crate::world::worker_key(); 2]);
    }

    assert_eq!(files(dir.path(), "store/sealed"), ["s-t01000-0"]);
    assert_eq!(files(dir.path(), "store/cache/s-t01000-0"), ["p_aux"]);
    for empty in ["seal/sealed", "seal/cache", "seal/unsealed", "store/unsealed"] {
        assert_eq!(files(dir.path(), empty), [""; 0], "{empty}");
    }
    let line = &sealer.sectors(false).await.unwrap()[0];
    assert!(line.on_chain && line.active && line.state == S::Proving);
    let info = sealer.info().await.unwrap();
    assert_eq!(info.states[&S::Proving], 1);
    assert!((info.win_rate().1 - 0.713_495).abs() < 1e-5, "{:?}", info.win_rate());
}

#[tokio::test]
async fn killed_in_any_call_a_sector_goes_on_and_nothing_is_sent_twice() {
    let mut completed = false;
    for nth in 1..200 {
        let dir = tempfile::tempdir().unwrap();
        let world = World::at(2000);
        let _clock = world.tick();
        let sealer = world.sealer(dir.path()).await;
        sealer.pledge().await.unwrap();
        world.kill_in(nth);
        let ended = tokio::select! {
            () = world.killed() => false,
            () = run_until(&sealer, 0, S::Proving) => true,
        };
        drop(sealer);
        world.kill_in(u64::MAX / 2);
        let sealer = world.reopen(dir.path()).await;
        run_until(&sealer, 0, S::Proving).await;
        let state = world.state();
        let methods: Vec<_> = state.pushed.iter().map(|id| state.messages[id].0.method).collect();
        assert_eq!(methods.iter().filter(|m| **m == 28).count(), 1, "killed in call {nth}");
        assert_eq!(methods.iter().filter(|m| **m == 34).count(), 1, "killed in call {nth}");
        assert!(state.messages.values().all(|(_, lookup)| lookup.receipt.exit_code == 0));
        assert_eq!(files(dir.path(), "store/sealed"), ["s-t01000-0"], "killed in call {nth}");
        if ended {
            completed = true;
            assert!(nth > 15, "only {nth} calls");
            break;
        }
    }
    assert!(completed);
}

#[tokio::test]
async fn refused_messages_and_failed_proofs_are_tried_again_as_the_rules_say() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::at(2000);
    let _clock = world.tick();
    {
        let mut state = world.state();
        // Insufficient funds; then refused for good; then the proof is called invalid.
        state.exits = [(28, 19), (28, 20), (34, 7), (34, 16)].into();
        state.commit_failures = 1;
    }
    let sealer = world.sealer(dir.path()).await;
    sealer.pledge().await.unwrap();
    run_until(&sealer, 0, S::Proving).await;
    let sector = sealer.sector(0, false).await.unwrap();
    assert_eq!(
        states(&sector)[3..],
        [
            "PreCommitting",
            "PreCommitWait",
            "PreCommitting",
            "PreCommitWait",
            "PreCommitFailed",
            "PreCommitting",
            "PreCommitWait",
            "WaitSeed",
            "Committing",
            "ComputeProofFailed",
            "Committing",
            "SubmitCommit",
            "CommitWait",
            "SubmitCommit",
            "CommitWait",
            "CommitFailed",
            // One proof was made again already, so the replica is suspect.
            "SealPreCommit1Failed",
            "PreCommit1",
            "PreCommit2",
            "PreCommitting",
            "WaitSeed",
            "Committing",
            "SubmitCommit",
            "CommitWait",
            "FinalizeSector",
            "Proving"
        ]
    );
    assert_eq!(sector.retries, 4);
    assert!(sector.last_err.is_empty());
}

#[tokio::test]
async fn numbers_that_the_chain_knows_are_not_given_out() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::at(2000);
    world.state().allocated.extend([0, 1, 3]);
    let sealer = world.sealer(dir.path()).await;
    assert_eq!(sealer.pledge().await.unwrap().number, 2);
    assert_eq!(sealer.pledge().await.unwrap().number, 4);
    drop(sealer);
    let sealer = world.reopen(dir.path()).await;
    assert_eq!(sealer.pledge().await.unwrap().number, 5);
}

#[tokio::test]
async fn a_number_used_up_without_a_pre_commit_needs_an_operator() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::at(2000);
    let _clock = world.tick();
    let sealer = world.sealer(dir.path()).await;
    sealer.pledge().await.unwrap();
    world.state().allocated.insert(0);
    run_until(&sealer, 0, S::FailedUnrecoverable).await;
    let sector = sealer.sector(0, false).await.unwrap();
    assert!(sector.last_err.contains("number 0 is used up"), "{}", sector.last_err);
}

#[tokio::test]
async fn a_home_is_opened_once() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::at(10);
    let _sealer = world.sealer(dir.path()).await;
    let again = venus_sealer::identity(dir.path()).unwrap_err();
    assert!(again.to_string().contains("store"), "{again}");
    let source = std::error::Error::source(&again).unwrap().to_string();
    assert!(source.contains("in use by another process"), "{source}");
}
