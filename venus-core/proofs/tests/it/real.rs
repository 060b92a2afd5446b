//! Real SNARKs. The PoSts take seconds; C2 takes a minute and 2.7 GB, so it runs on request.

use fvm_shared::sector::{RegisteredPoStProof, RegisteredSealProof, SectorSize};
use venus_core::proof::WindowProver;
use venus_proofs::params::{CircuitKind, library_dir};
use venus_proofs::{LocalProver, ParamSet, ProofVerifier, Verifier};

use crate::support::{MINER, RANDOMNESS, SEAL, WINDOW, param_set, seal, window_info, winning_info};

#[tokio::test]
async fn real_posts_verify() {
    let set = param_set();
    set.ensure(CircuitKind::Winning, &|_| {}).unwrap();
    set.ensure(CircuitKind::Window, &|_| {}).unwrap();
    let prover = LocalProver::real("localnet-1").unwrap();
    let sector = seal(&prover, 1, SEAL).await;

    let window =
        prover.window_post(MINER, WINDOW, RANDOMNESS, &[sector.post_sector()]).await.unwrap();
    assert!(window.faulty.is_empty());
    let mut info = window_info(&[&sector], &window.proofs);
    assert_eq!(Verifier.verify_window_post(&info), Ok(()));
    info.prover = MINER;
    info.proofs[0].proof_bytes[0] ^= 1;
    assert!(Verifier.verify_window_post(&info).unwrap_err().is_invalid_proof());

    let winning = prover.winning_post_of(MINER, RANDOMNESS, sector.post_sector()).await.unwrap();
    let mut info = winning_info(&sector, &[winning]);
    assert_eq!(Verifier.verify_winning_post(&info), Ok(()));
    info.randomness.0[0] ^= 1;
    assert!(Verifier.verify_winning_post(&info).unwrap_err().is_invalid_proof());
}

#[tokio::test]
#[ignore = "a minute, 2.7 GB; makes the PoRep parameters if they are absent"]
async fn a_real_seal_verifies() {
    param_set().ensure(CircuitKind::Porep, &|_| {}).unwrap();
    let prover = LocalProver::real("localnet-1").unwrap();
    let sector = seal(&prover, 1, SEAL).await;
    let mut info = sector.verify_info(sector.commit(&prover).await.unwrap());
    assert_eq!(Verifier.verify_seal(&info), Ok(()));
    info.sector_id.number = 2;
    assert!(Verifier.verify_seal(&info).unwrap_err().is_invalid_proof());
}

/// The largest sectors of a development network.
#[tokio::test]
#[ignore = "half an hour on two cores, 6 GB of memory, 5 GB of disk; makes the parameters if absent"]
async fn a_real_sector_of_512_mib_is_sealed_and_proven() {
    let set = ParamSet::open_sized(library_dir(), SectorSize::_512MiB).unwrap();
    for kind in CircuitKind::ALL {
        set.ensure(kind, &|_| {}).unwrap();
    }
    let prover = LocalProver::real("localnet-1").unwrap();
    let sector = seal(&prover, 1, RegisteredSealProof::StackedDRG512MiBV1P1).await;
    let info = sector.verify_info(sector.commit(&prover).await.unwrap());
    assert_eq!(Verifier.verify_seal(&info), Ok(()));

    let window = RegisteredPoStProof::StackedDRGWindow512MiBV1P1;
    let sectors = [sector.post_sector()];
    let window = prover.window_post(MINER, window, RANDOMNESS, &sectors).await.unwrap();
    assert!(window.faulty.is_empty());
    let info = window_info(&[&sector], &window.proofs);
    assert_eq!(Verifier.verify_window_post(&info), Ok(()));

    let winning = prover.winning_post_of(MINER, RANDOMNESS, sector.post_sector()).await.unwrap();
    let mut info = winning_info(&sector, &[winning]);
    assert_eq!(Verifier.verify_winning_post(&info), Ok(()));
    info.randomness.0[0] ^= 1;
    assert!(Verifier.verify_winning_post(&info).unwrap_err().is_invalid_proof());
}
