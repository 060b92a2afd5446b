//! Keys in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::{MsgMeta, Purpose, SignError, Signer};
use crate::{
    Address, Signature, consensus,
    crypto::{KeyError, KeyKind, PrivateKey},
};

/// Keys in memory: of development chains and of tests, for they lie there open.
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
                let params = consensus::DrawRandomParams::decode(bytes);
                let denied = |e: consensus::DrawParamsError| SignError::Denied {
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
