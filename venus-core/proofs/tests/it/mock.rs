//! The mock's proofs are for the mock's verifier alone.

use venus_core::proof::{SealProver, WindowProver, WinningProver};
use venus_proofs::{MockProver, MockVerifier, ProofVerifier, Verifier};

use crate::support::{
    MINER, RANDOMNESS, SEAL, SEED, TICKET, WINDOW, param_set, seal, window_info, winning_info,
};

#[tokio::test]
async fn mock_proofs_pass_the_mock_verifier_and_no_other() {
    param_set();
    let sector = seal(&MockProver, 1, SEAL).await;
    let other = seal(&MockProver, 2, SEAL).await;
    assert_ne!(sector.cids.sealed, other.cids.sealed);
    assert!(!sector.job.sealed.exists());

    let proof =
        MockProver.commit(&sector.job, TICKET, SEED, &sector.pieces, &sector.cids).await.unwrap();
    let mut info = sector.verify_info(proof.0);
    assert_eq!(MockVerifier.verify_seal(&info), Ok(()));
    assert!(Verifier.verify_seal(&info).unwrap_err().is_invalid_proof());
    info.proof[7] ^= 1;
    assert!(MockVerifier.verify_seal(&info).unwrap_err().is_invalid_proof());
    info.proof.clear();
    assert!(MockVerifier.verify_seal(&info).unwrap_err().is_invalid_proof());

    let sectors = [sector.post_sector(), other.post_sector()];
    let window = MockProver.window_post(MINER, WINDOW, RANDOMNESS, &sectors).await.unwrap();
    let info = window_info(&[&sector, &other], &window.proofs);
    assert_eq!(MockVerifier.verify_window_post(&info), Ok(()));
    assert!(Verifier.verify_window_post(&info).unwrap_err().is_invalid_proof());

    let challenged = [sector.extended_info()];
    let winning = MockProver.winning_post(MINER, &challenged, RANDOMNESS, 1, 28).await.unwrap();
    let mut info = winning_info(&sector, &winning);
    assert_eq!(MockVerifier.verify_winning_post(&info), Ok(()));
    assert!(Verifier.verify_winning_post(&info).unwrap_err().is_invalid_proof());
    info.proofs[0].proof_bytes = b"valid proof".to_vec();
    assert_eq!(MockVerifier.verify_winning_post(&info), Ok(()));
    assert!(Verifier.verify_winning_post(&info).unwrap_err().is_invalid_proof());
}
