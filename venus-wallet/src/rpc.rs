//! The wallet's methods.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use axum::Router;
use venus_core::{
    Address, Bytes, MsgMeta, NodeVersion, Signature,
    api::wallet::WalletApi,
    auth::{Guard, Permission},
    crypto::{KeyInfo, KeyKind},
    rpc::{Methods, RpcError, Server},
};

use crate::{Wallet, WalletTokens, params, register::Registrations};

/// Serves a wallet over RPC.
#[derive(Debug, Clone)]
pub struct WalletService {
    wallet: Wallet,
    registrations: Registrations,
    tokens: WalletTokens,
    book: Option<Arc<dyn SupportBook>>,
}

/// Remembers beyond the end of the process for whom the wallet signs.
pub trait SupportBook: fmt::Debug + Send + Sync {
    /// Remembers an account, or says why not. One that is remembered already is no error.
    fn add(&self, account: &str) -> Result<(), String>;
}

impl WalletService {
    /// Serves `wallet`; `tokens` are this wallet's.
    pub fn new(wallet: Wallet, registrations: Registrations, tokens: WalletTokens) -> Self {
        Self { wallet, registrations, tokens, book: None }
    }

    /// Sets what remembers the accounts that are added by RPC; by default nothing does.
    #[must_use]
    pub fn with_support_book(mut self, book: Arc<dyn SupportBook>) -> Self {
        self.book = Some(book);
        self
    }

    /// All methods.
    pub fn methods(&self) -> Methods {
        <dyn WalletApi>::methods(Arc::new(self.clone())).merge(params::lenient(self))
    }

    /// What to serve, behind `guard`.
    pub fn router(&self, guard: impl Guard + 'static) -> Router {
        Server::new(guard)
            .with_info("venus-wallet", env!("CARGO_PKG_VERSION"))
            .route("/rpc/v0", self.methods())
            .into_router()
    }
}

#[async_trait]
impl WalletApi for WalletService {
    async fn wallet_new(&self, kind: String) -> Result<Address, RpcError> {
        // The words of the Go wallet, whatever the name.
        let kind: KeyKind =
            kind.parse().map_err(|_| RpcError::method("invalid signature type: 255"))?;
        self.wallet.new_key(kind).await.map_err(RpcError::from_display)
    }

    async fn wallet_has(&self, address: Address) -> Result<bool, RpcError> {
        self.wallet.has_key(address).map_err(RpcError::from_display)
    }

    async fn wallet_list(&self) -> Result<Vec<Address>, RpcError> {
        self.wallet.list().map_err(RpcError::from_display)
    }

    async fn wallet_sign(
        &self,
        signer: Address,
        to_sign: Bytes,
        meta: MsgMeta,
    ) -> Result<Signature, RpcError> {
        let signed = self.wallet.sign_checked(signer, &to_sign, &meta).await;
        signed.map_err(RpcError::from_display)
    }

    async fn wallet_export(&self, address: Address) -> Result<KeyInfo, RpcError> {
        self.wallet.export(address).await.map_err(RpcError::from_display)
    }

    async fn wallet_import(&self, key: KeyInfo) -> Result<Address, RpcError> {
        self.wallet.import(&key).await.map_err(params::import_error)
    }

    async fn wallet_delete(&self, address: Address) -> Result<(), RpcError> {
        self.wallet.delete(address).await.map_err(RpcError::from_display)
    }

    async fn unlock(&self, password: String) -> Result<(), RpcError> {
        self.wallet.unlock(&password).await.map_err(RpcError::from_display)
    }

    async fn lock(&self, password: String) -> Result<(), RpcError> {
        self.wallet.lock(&password).map_err(RpcError::from_display)
    }

    async fn set_password(&self, password: String) -> Result<(), RpcError> {
        self.wallet.set_password(&password).await.map_err(RpcError::from_display)
    }

    async fn verify_password(&self, password: String) -> Result<(), RpcError> {
        self.wallet.verify_password(&password).map_err(RpcError::from_display)
    }

    async fn add_support_account(&self, account: String) -> Result<(), RpcError> {
        self.registrations.support(account.clone()).await?;
        let Some(book) = &self.book else { return Ok(()) };
        book.add(&account).map_err(|reason| {
            RpcError::method(format!(
                "account {account} is supported until the wallet stops, but not remembered: {reason}"
            ))
        })
    }

    async fn add_new_address(&self, addresses: Vec<Address>) -> Result<(), RpcError> {
        self.registrations.announce(addresses).await
    }

    async fn lock_state(&self) -> Result<bool, RpcError> {
        Ok(self.wallet.is_locked())
    }

    async fn auth_new(&self, permissions: Vec<String>) -> Result<Bytes, RpcError> {
        let permissions = permissions
            .iter()
            .map(|text| text.parse())
            .collect::<Result<Vec<Permission>, _>>()
            .map_err(RpcError::from_display)?;
        Ok(self.tokens.make(&permissions).into_bytes().into())
    }

    async fn auth_verify(&self, token: String) -> Result<Vec<String>, RpcError> {
        self.tokens.names(&token).map_err(RpcError::method)
    }

    async fn version(&self) -> Result<NodeVersion, RpcError> {
        // API version 1.1.0.
        Ok(NodeVersion { version: env!("CARGO_PKG_VERSION").into(), api_version: 65792 })
    }
}
