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
        let mut failure = None;
        for holder in &self.0 {
            // Asking first whether it has the key would double the calls.
            match holder.sign(by, bytes, meta.clone()).await {
                Err(SignError::UnknownKey(_)) => {}
                Err(error) if error.is_retryable() => failure = Some(error),
                signed_or_refused => return signed_or_refused,
            }
        }
        Err(failure.unwrap_or(SignError::UnknownKey(by)))
    }

    async fn has(&self, address: Address) -> Result<bool, SignError> {
        let mut failure = None;
        for holder in &self.0 {
            match holder.has(address).await {
                Ok(true) => return Ok(true),
                Ok(false) => {}
                Err(error) => failure = Some(error),
            }
        }
        failure.map_or(Ok(false), Err)
    }
}
