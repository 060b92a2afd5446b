//! A wallet elsewhere as a [`Signer`].

use std::sync::Arc;

use async_trait::async_trait;

use super::{MsgMeta, SignError, Signer};
use crate::{Address, Signature, api::wallet::WalletApi, rpc::RpcError};

/// Signs through the RPC of a wallet, without a gateway between.
#[derive(Debug, Clone)]
pub struct WalletSigner {
    wallet: Arc<dyn WalletApi>,
    /// What errors call it.
    name: String,
}

impl WalletSigner {
    /// Signs through `wallet`, which errors call by `name`.
    pub fn new(name: impl Into<String>, wallet: Arc<dyn WalletApi>) -> Self {
        Self { wallet, name: name.into() }
    }

    fn failed(&self, source: RpcError) -> SignError {
        match &source {
            RpcError::Remote { message, .. } if message.contains("wallet locked") => {
                SignError::Locked
            }
            _ => SignError::Remote { holder: format!("wallet {}", self.name), source },
        }
    }
}

#[async_trait]
impl Signer for WalletSigner {
    async fn addresses(&self) -> Result<Vec<Address>, SignError> {
        self.wallet.wallet_list().await.map_err(|error| self.failed(error))
    }

    async fn sign(&self, by: Address, bytes: &[u8], meta: MsgMeta) -> Result<Signature, SignError> {
        if !self.has(by).await? {
            return Err(SignError::UnknownKey(by));
        }
        let signed = self.wallet.wallet_sign(by, bytes.into(), meta).await;
        signed.map_err(|error| self.failed(error))
    }

    async fn has(&self, address: Address) -> Result<bool, SignError> {
        self.wallet.wallet_has(address).await.map_err(|error| self.failed(error))
    }
}
