//! The contract suites on the signers of this crate.

use std::sync::Arc;

use async_trait::async_trait;
use venus_core::{
    Address, FanOut, MsgMeta, Purpose, SignError, Signature, Signer,
    crypto::{KeyKind, PrivateKey},
    test_utils::{MemSigner, signer_contract},
};

fn key(kind: KeyKind, seed: u8) -> PrivateKey {
    PrivateKey::from_seed(kind, &[seed; 32]).unwrap()
}

#[tokio::test]
async fn the_signer_in_memory_keeps_the_contract() {
    let keys = [KeyKind::Bls, KeyKind::Secp256k1].map(|kind| key(kind, 7));
    signer_contract(&MemSigner::with(keys)).await;
}

/// A holder that is away.
#[derive(Debug)]
struct Away;

#[async_trait]
impl Signer for Away {
    async fn addresses(&self) -> Result<Vec<Address>, SignError> {
        Err(SignError::Holder { holder: "device", reason: "unplugged".to_owned() })
    }

    async fn sign(&self, _: Address, _: &[u8], _: MsgMeta) -> Result<Signature, SignError> {
        Err(SignError::Holder { holder: "device", reason: "unplugged".to_owned() })
    }
}

#[tokio::test]
async fn several_signers_are_as_one() {
    let [bls, secp] = [key(KeyKind::Bls, 7), key(KeyKind::Secp256k1, 8)];
    let (a, b) = (bls.address(), secp.address());
    let holder = |key| Arc::new(MemSigner::with([key])) as Arc<dyn Signer>;
    let all = FanOut::new([Arc::new(Away) as Arc<dyn Signer>, holder(bls), holder(secp)]);
    let mut addresses = all.addresses().await.unwrap();
    addresses.sort();
    let mut expected = [a, b];
    expected.sort();
    assert_eq!(addresses, expected);
    for by in [a, b] {
        assert!(all.has(by).await.unwrap());
        let signature = all.sign(by, b"data", MsgMeta::new(Purpose::Unknown)).await.unwrap();
        venus_core::crypto::verify(&signature, b"data", by).unwrap();
    }
    // Nobody that answers has it, and one did not answer: that is no "no".
    let stranger = key(KeyKind::Bls, 9).address();
    let error = all.has(stranger).await.unwrap_err();
    assert!(error.is_retryable() && error.to_string().contains("unplugged"), "{error}");

    let all = FanOut::new([holder(key(KeyKind::Bls, 7)), holder(key(KeyKind::Secp256k1, 8))]);
    signer_contract(&all).await;
}
