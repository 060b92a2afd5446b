//! The contract of `ProofProvider` on the provers of this crate.

use venus_core::test_utils::prover_contract;
use venus_proofs::{DevNetwork, LocalProver, MockProver};

use crate::support::param_set;

#[tokio::test]
async fn the_simulated_prover_keeps_the_contract() {
    let network = DevNetwork::named("localnet-1").unwrap();
    let prover = LocalProver::simulated(&network, param_set()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(prover_contract(&prover, dir.path()).await.seal_proof.len(), 192);
}

#[tokio::test]
async fn the_mock_prover_keeps_the_contract() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(prover_contract(&MockProver, dir.path()).await.seal_proof.len(), 192);
}
