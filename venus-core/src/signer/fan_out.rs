//! Several key holders as one.

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;

use super::{MsgMeta, SignError, Signer};
use crate::{Address, Signature};

/// Signs with the first of several holders that has the key.
///
/// One that cannot be asked hides no other: its failure is told only if nobody has the key.
///
/// ```
/// use std::sync::Arc;
/// use venus_core::{Signer, signer::FanOut};
///
/// fn pool_signer(gateway: Arc<dyn Signer>, own_wallet: Arc<dyn Signer>) -> impl Signer {
///     FanOut::new([gateway, own_wallet])
/// }
/// ```
#[derive(Debug, Clone)]
pub struct FanOut(Vec<Arc<dyn Signer>>);

impl FanOut {
    /// Asks `holders` in this order.
    pub fn new(holders: impl IntoIterator<Item = Arc<dyn Signer>>) -> Self {
        Self(holders.into_iter().collect())
    }

    /// The first holder that has the key.
    async fn holder(&self, address: Address) -> Result<&Arc<dyn Signer>, SignError> {
        let mut failure = None;
        for holder in &self.0 {
            match holder.has(address).await {
                Ok(true) => return Ok(holder),
                Ok(false) => {}
                Err(error) => failure = Some(error),
            }
        }
        Err(failure.unwrap_or(SignError::UnknownKey(address)))
    }
}

#[async_trait]
impl Signer for FanOut {
    async fn addresses(&self) -> Result<Vec<Address>, SignError> {
        let (mut all, mut failure) = (BTreeSet::new(), None);
        for holder in &self.0 {
            match holder.addresses().await {
                Ok(addresses) => all.extend(addresses),
                Err(error) => failure = Some(error),
            }
        }
        match failure {
            Some(error) if all.is_empty() => Err(error),
            _ => Ok(all.into_iter().collect()),
        }
    }

    async fn sign(&self, by: Address, bytes: &[u8], meta: MsgMeta) -> Result<Signature, SignError> {
        self.holder(by).await?.sign(by, bytes, meta).await
    }

    async fn has(&self, address: Address) -> Result<bool, SignError> {
        match self.holder(address).await {
            Ok(_) => Ok(true),
            Err(SignError::UnknownKey(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }
}
