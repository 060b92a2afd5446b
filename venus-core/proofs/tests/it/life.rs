//! A sector's whole life with simulated SNARKs, judged by the real verifier.

use fvm_shared::sector::{RegisteredPoStProof, RegisteredSealProof};
use venus_core::proof::{SealProver, WindowProver, WinningProver};
use venus_proofs::{
    DevNetwork, InvalidProof, LocalProver, ProofError, ProofVerifier, Verifier, post_sector,
    preseal, zero_unsealed_cid,
};

use crate::support::{
    MINER, OneSector, RANDOMNESS, SEAL, Sealed, WINDOW, param_set, seal, window_info, winning_info,
};

const REJECTED: Result<(), ProofError> = Err(ProofError::Invalid(InvalidProof::Rejected));

fn prover() -> LocalProver {
    LocalProver::simulated(&DevNetwork::named("localnet-1").unwrap(), param_set()).unwrap()
}

#[tokio::test]
async fn a_sector_lives_from_sealing_to_posts() {
    let prover = prover();
    let sector = seal(&prover, 1, SEAL).await;
    let proof = sector.commit(&prover).await.unwrap();
    assert_eq!(proof.len(), 192);
    assert_eq!(Verifier.verify_seal(&sector.verify_info(proof)), Ok(()));

    prover.finalize(&sector.job).await.unwrap();
    let window =
        prover.window_post(MINER, WINDOW, RANDOMNESS, &[sector.post_sector()]).await.unwrap();
    assert!(window.faulty.is_empty());
    assert_eq!(window.proofs[0].post_proof, WINDOW);
    assert_eq!(Verifier.verify_window_post(&window_info(&[&sector], &window.proofs)), Ok(()));

    let prover = prover.with_locator(OneSector::of(&sector));
    let winning =
        prover.winning_post(MINER, &[sector.extended_info()], RANDOMNESS, 1, 28).await.unwrap();
    assert_eq!(winning[0].post_proof, RegisteredPoStProof::StackedDRGWinning2KiBV1);
    assert_eq!(Verifier.verify_winning_post(&winning_info(&sector, &winning)), Ok(()));
}

#[tokio::test]
async fn a_seal_proof_is_bound_to_its_public_inputs() {
    let prover = prover();
    let sector = seal(&prover, 1, SEAL).await;
    let good = sector.verify_info(sector.commit(&prover).await.unwrap());

    let mut info = good.clone();
    info.sector_id.number = 2;
    assert_eq!(Verifier.verify_seal(&info), REJECTED);
    let mut info = good.clone();
    info.sector_id.miner = 1001;
    assert_eq!(Verifier.verify_seal(&info), REJECTED);
    let mut info = good.clone();
    info.randomness.0[0] ^= 1;
    assert_eq!(Verifier.verify_seal(&info), REJECTED);
    let mut info = good.clone();
    info.interactive_randomness.0[0] ^= 1;
    assert_eq!(Verifier.verify_seal(&info), REJECTED);

    for (at, bit) in [(0, 1), (100, 0x10), (191, 0x80)] {
        let mut info = good.clone();
        info.proof[at] ^= bit;
        assert!(Verifier.verify_seal(&info).unwrap_err().is_invalid_proof(), "byte {at}");
    }
    for bytes in [vec![], vec![0; 192], vec![1; 100]] {
        let mut info = good.clone();
        info.proof = bytes;
        let refused = Verifier.verify_seal(&info).unwrap_err();
        assert!(matches!(refused, ProofError::Invalid(InvalidProof::Malformed(_))), "{refused}");
    }
    let mut info = good.clone();
    info.sealed_cid = info.unsealed_cid;
    let refused = Verifier.verify_seal(&info).unwrap_err();
    assert!(matches!(refused, ProofError::Invalid(InvalidProof::Input(_))), "{refused}");
    let mut info = good.clone();
    info.randomness.0.pop();
    let refused = Verifier.verify_seal(&info).unwrap_err();
    assert!(matches!(refused, ProofError::Invalid(InvalidProof::Input(_))), "{refused}");
}

#[tokio::test]
async fn a_batch_answers_for_each_seal() {
    let prover = prover();
    let mut infos = Vec::new();
    for number in 1..=3 {
        let sector = seal(&prover, number, SEAL).await;
        infos.push(sector.verify_info(sector.commit(&prover).await.unwrap()));
    }
    assert_eq!(Verifier.verify_seals(&infos), [const { Ok(()) }; 3]);
    infos[1].sector_id.number = 9;
    assert_eq!(Verifier.verify_seals(&infos), [Ok(()), REJECTED, Ok(())]);
    assert!(Verifier.verify_seals(&[]).is_empty());
}

#[tokio::test]
async fn a_window_post_over_two_partitions_is_one_proof_of_two_parts() {
    let prover = prover();
    let mut sealed = Vec::new();
    for number in [3, 5, 8] {
        sealed.push(seal(&prover, number, SEAL).await);
    }
    let sectors: Vec<_> = sealed.iter().map(Sealed::post_sector).collect();
    let made = prover.window_post(MINER, WINDOW, RANDOMNESS, &sectors).await.unwrap();
    assert_eq!(made.proofs[0].proof_bytes.len(), 384);

    let all: Vec<_> = sealed.iter().collect();
    assert_eq!(Verifier.verify_window_post(&window_info(&all, &made.proofs)), Ok(()));
    assert!(Verifier.verify_window_post(&window_info(&all[..2], &made.proofs)).is_err());
    let mut info = window_info(&all, &made.proofs);
    info.randomness.0[0] ^= 1;
    assert_eq!(Verifier.verify_window_post(&info), REJECTED);
    let mut info = window_info(&all, &made.proofs);
    info.randomness.0[31] ^= 0xc0; // the bits that are masked
    assert_eq!(Verifier.verify_window_post(&info), Ok(()));
    info.challenged_sectors.clear();
    assert!(Verifier.verify_window_post(&info).unwrap_err().is_invalid_proof());
    info.proofs.clear();
    assert!(Verifier.verify_window_post(&info).unwrap_err().is_invalid_proof());

    // As a miner actor lists them when sector 5 is skipped: the first good one in its place.
    let listed = [&sectors[2], &sectors[0], &sectors[0]].map(Clone::clone);
    let made = prover.window_post(MINER, WINDOW, RANDOMNESS, &listed).await.unwrap();
    let challenged = [all[2], all[0], all[0]];
    assert_eq!(Verifier.verify_window_post(&window_info(&challenged, &made.proofs)), Ok(()));

    let mut twice = [sectors[0].clone(), sectors[0].clone()];
    twice[1].sealed_cid = sectors[1].sealed_cid;
    prover.window_post(MINER, WINDOW, RANDOMNESS, &twice).await.unwrap_err();
}

#[tokio::test]
async fn damaged_and_missing_replicas_are_named_and_the_others_can_be_proven() {
    let prover = prover();
    let good = seal(&prover, 1, SEAL).await;
    let zeroed = seal(&prover, 2, SEAL).await;
    let gone = seal(&prover, 3, SEAL).await;
    std::fs::write(&zeroed.job.sealed, [0; 2048]).unwrap();
    std::fs::remove_dir_all(&gone.job.cache).unwrap();

    let sectors = [&good, &zeroed, &gone].map(Sealed::post_sector);
    let made = prover.window_post(MINER, WINDOW, RANDOMNESS, &sectors).await.unwrap();
    assert_eq!(made.faulty, [2, 3]);
    assert!(made.proofs.is_empty());

    let made = prover.window_post(MINER, WINDOW, RANDOMNESS, &sectors[..1]).await.unwrap();
    assert_eq!(Verifier.verify_window_post(&window_info(&[&good], &made.proofs)), Ok(()));
}

#[tokio::test]
async fn nothing_false_is_simulated() {
    let prover = prover();
    let sector = seal(&prover, 1, SEAL).await;
    let other = seal(&prover, 2, SEAL).await;

    // Another sector's CommR: the vanilla proof itself looks fine, the check finds it.
    let mut lie = sector.post_sector();
    lie.sealed_cid = other.cids.sealed;
    prover.window_post(MINER, WINDOW, RANDOMNESS, &[lie.clone()]).await.unwrap_err();
    prover.winning_post_of(MINER, RANDOMNESS, lie).await.unwrap_err();

    // A replica damaged after PC2.
    std::fs::write(&sector.job.sealed, [0; 2048]).unwrap();
    sector.commit(&prover).await.unwrap_err();

    // C1 would swallow this seed.
    let zero = [0; 32];
    let refused =
        prover.commit(&other.job, zero, zero, &other.pieces, &other.cids).await.unwrap_err();
    assert!(refused.to_string().contains("all zero"), "{refused}");
}

#[tokio::test]
async fn pre_commit_can_be_repeated_over_what_an_interrupted_one_left() {
    let prover = prover();
    let sector = seal(&prover, 1, SEAL).await;
    std::fs::write(&sector.job.sealed, b"half").unwrap();
    let again =
        prover.pre_commit(&sector.job, crate::support::TICKET, &sector.pieces).await.unwrap();
    assert_eq!(again, sector.cids);
    assert!(sector.commit(&prover).await.is_ok());
}

#[tokio::test]
async fn sectors_of_another_size_than_the_set_are_refused() {
    let prover = prover();
    let large = RegisteredSealProof::StackedDRG8MiBV1P1;
    let sector = seal(&prover, 1, SEAL).await;
    let mut job = sector.job.clone();
    job.proof = large;
    let ticket = crate::support::TICKET;
    let refused = prover
        .commit(&job, ticket, crate::support::SEED, &sector.pieces, &sector.cids)
        .await
        .unwrap_err();
    assert!(refused.to_string().contains("unsupported"), "{refused}");
}

#[tokio::test]
async fn presealed_sectors_are_real_ones() {
    let dir = tempfile::tempdir().unwrap();
    let made = preseal(dir.path(), MINER, &[0, 1], SEAL).unwrap();
    assert_eq!(made, preseal(dir.path(), MINER, &[0, 1], SEAL).unwrap());
    assert_ne!(made[0].comm_r, made[1].comm_r);
    let zero = "fc7e928296e516faade986b28f92d44a4f24b935485223376a799027bc18f833";
    assert_eq!(hex(&made[0].comm_d), zero);
    assert_eq!(made[0].unsealed_cid, zero_unsealed_cid(SEAL).unwrap());
    assert!(dir.path().join("sealed/s-t01000-0").is_file());
    assert!(dir.path().join("cache/s-t01000-1/p_aux").is_file());
    assert!(!dir.path().join("cache/s-t01000-1/sc-02-data-tree-d.dat").exists());

    let sectors: Vec<_> = made
        .iter()
        .map(|sector| {
            let id = venus_core::SectorId { miner: MINER, number: sector.sector };
            post_sector(dir.path(), id, SEAL, sector.sealed_cid)
        })
        .collect();
    let proof = prover().window_post(MINER, WINDOW, RANDOMNESS, &sectors).await.unwrap();
    assert!(proof.faulty.is_empty());
}

#[test]
fn simulation_is_for_development_networks() {
    for public in ["mainnet", "testnetnet", "calibrationnet", "butterflynet", "", "other"] {
        let refused = DevNetwork::named(public).unwrap_err();
        assert!(matches!(refused, ProofError::NotDevelopment { .. }), "{public}");
    }
    let set = param_set();
    assert_eq!(set.dir(), venus_proofs::params::library_dir());
    let refused = LocalProver::real("calibrationnet").unwrap_err();
    assert!(refused.to_string().contains("calibrationnet"), "{refused}");
    assert!(!LocalProver::real("localnet-1").unwrap().is_simulated());
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
