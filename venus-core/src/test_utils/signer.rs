//! A signer in memory, and what every signer must do.

use std::collections::BTreeMap;

use async_trait::async_trait;

use crate::{
    Address, Message, MsgMeta, Purpose, SignError, Signature, Signer, TokenAmount,
    crypto::{self, KeyError, KeyKind, PrivateKey},
};

/// Keys in memory, for tests.
#[derive(Debug, Clone, Default)]
pub struct MemSigner(BTreeMap<Address, PrivateKey>);

impl MemSigner {
    /// Signs with these keys.
    pub fn with(keys: impl IntoIterator<Item = PrivateKey>) -> Self {
        Self(keys.into_iter().map(|key| (key.address(), key)).collect())
    }

    /// Signs with one BLS key made of `seed`.
    pub fn from_seed(seed: u8) -> Result<Self, KeyError> {
        Ok(Self::with([PrivateKey::from_seed(KeyKind::Bls, &[seed; 32])?]))
    }
}

#[async_trait]
impl Signer for MemSigner {
    async fn addresses(&self) -> Result<Vec<Address>, SignError> {
        Ok(self.0.keys().copied().collect())
    }

    async fn sign(&self, by: Address, bytes: &[u8], meta: MsgMeta) -> Result<Signature, SignError> {
        let key = self.0.get(&by).ok_or(SignError::UnknownKey(by))?;
        let drawn;
        let bytes = match meta.r#type {
            Purpose::DrawRandomParam => {
                let params = crate::consensus::DrawRandomParams::decode(bytes);
                let denied = |e: crate::consensus::DrawParamsError| SignError::Denied {
                    address: by,
                    purpose: Purpose::DrawRandomParam,
                    reason: e.to_string(),
                };
                drawn = params.map_err(denied)?.digest();
                drawn.as_slice()
            }
            _ => bytes,
        };
        let failed = |e: KeyError| SignError::Holder { holder: "memory", reason: e.to_string() };
        key.sign(bytes).map_err(failed)
    }
}

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
