//! The gateway as a [`Signer`].

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;
use venus_core::{
    Address, MsgMeta, SignError, Signature, Signer,
    api::gateway::GatewayCalls,
    auth::{AuthApiError, SignerBindings},
    rpc::RpcError,
};

/// Signs through whichever connected wallet has the key, for the accounts that venus-auth binds
/// the key to.
#[derive(Debug, Clone)]
pub struct GatewaySigner {
    gateway: Arc<dyn GatewayCalls>,
    accounts: Arc<dyn SignerBindings>,
}

impl GatewaySigner {
    /// Signs through `gateway`, asking `accounts` whose a key is.
    pub fn new(gateway: Arc<dyn GatewayCalls>, accounts: Arc<dyn SignerBindings>) -> Self {
        Self { gateway, accounts }
    }

    async fn accounts_of(&self, address: Address) -> Result<Vec<String>, SignError> {
        match self.accounts.users_by_signer(address).await {
            Ok(users) if users.is_empty() => Err(SignError::UnknownKey(address)),
            Ok(users) => Ok(users.into_iter().map(|user| user.name).collect()),
            Err(AuthApiError::NotFound(_)) => Err(SignError::UnknownKey(address)),
            Err(error) => {
                Err(SignError::Holder { holder: "venus-auth", reason: error.to_string() })
            }
        }
    }
}

fn remote(source: RpcError) -> SignError {
    SignError::Remote { holder: "the gateway".into(), source }
}

#[async_trait]
impl Signer for GatewaySigner {
    async fn addresses(&self) -> Result<Vec<Address>, SignError> {
        let wallets = self.gateway.list_wallet_info().await.map_err(remote)?;
        let addresses: BTreeSet<_> = wallets
            .into_iter()
            .flat_map(|wallet| wallet.connect_states)
            .flat_map(|state| state.addrs.unwrap_or_default())
            .collect();
        Ok(addresses.into_iter().collect())
    }

    async fn sign(&self, by: Address, bytes: &[u8], meta: MsgMeta) -> Result<Signature, SignError> {
        let accounts = self.accounts_of(by).await?;
        self.gateway.wallet_sign(by, accounts, bytes.into(), meta).await.map_err(remote)
    }

    async fn has(&self, address: Address) -> Result<bool, SignError> {
        match self.accounts_of(address).await {
            Ok(accounts) => self.gateway.wallet_has(address, accounts).await.map_err(remote),
            Err(SignError::UnknownKey(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }
}
