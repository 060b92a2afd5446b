//! What every signer must do.

use crate::{
    Address, Message, MsgMeta, Purpose, SignError, Signer, TokenAmount,
    crypto::{self, KeyKind, PrivateKey},
};

/// Checks the contract of [`Signer`] on an implementation that has at least one f1 or f3 key.
///
/// # Panics
///
/// Where the contract is broken.
pub async fn signer_contract(signer: &dyn Signer) {
    let addresses = signer.addresses().await.expect("the addresses can be listed");
    assert!(!addresses.is_empty(), "the suite needs a signer with a key");
    for address in addresses {
        assert!(signer.has(address).await.expect("it can be asked"), "{address} is listed");

        let meta = MsgMeta::new(Purpose::Unknown);
        for _ in 0..2 {
            let signature = signer.sign(address, b"bytes", meta.clone()).await.expect("it signs");
            crypto::verify(&signature, b"bytes", address).expect("the signature is of the key");
            crypto::verify(&signature, b"other", address).expect_err("and of the bytes");
        }

        let message = Message::transfer(address, Address::id(99), TokenAmount::from_atto(1));
        let bytes = crypto::signing_bytes(&message, 1).expect("a transfer from f1 or f3");
        let signature = signer.sign(address, &bytes, MsgMeta::message(&message)).await;
        crypto::verify(&signature.expect("it signs messages"), &bytes, address).expect("of it");
    }
    let stranger = PrivateKey::generate(KeyKind::Secp256k1).expect("randomness").address();
    assert!(!signer.has(stranger).await.expect("it can be asked"), "a stranger's key is not there");
    let refusal = signer.sign(stranger, b"bytes", MsgMeta::new(Purpose::Unknown)).await;
    let refusal = refusal.expect_err("a key that is not there cannot sign");
    assert!(matches!(refusal, SignError::UnknownKey(a) if a == stranger), "{refusal}");
    assert!(!refusal.is_retryable(), "asking again does not help");
}
