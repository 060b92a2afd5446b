//! The contract suites on the doubles of this crate.

use venus_core::{
    crypto::{KeyKind, PrivateKey},
    test_utils::{MemSigner, signer_contract},
};

#[tokio::test]
async fn the_signer_in_memory_keeps_the_contract() {
    let keys = [KeyKind::Bls, KeyKind::Secp256k1]
        .map(|kind| PrivateKey::from_seed(kind, &[7; 32]).unwrap());
    signer_contract(&MemSigner::with(keys)).await;
}
