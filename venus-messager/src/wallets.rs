//! Wallets that are called without a gateway between, and their addresses, followed.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use chrono::Utc;
use tokio_util::sync::CancellationToken;
use venus_core::{
    Address, FanOut, MsgMeta, SignError, Signature, Signer, WalletSigner,
    api::{
        messager::{DirectWallet, DirectWallets},
        wallet::WalletClient,
    },
    rpc::{Client, Endpoint, RpcError},
};

use crate::{
    MessageStore, Messager,
    error::{MessagerError, Result},
};

/// Between two looks at the addresses of the wallets.
const LOOK: Duration = Duration::from_secs(10);
/// For each question to a wallet.
const ANSWER: Duration = Duration::from_secs(5);

/// The wallets of the store as one signer.
#[derive(Debug)]
pub(crate) struct Wallets {
    store: Arc<dyn MessageStore>,
    /// Clients by id, each with what it was made for.
    clients: Mutex<BTreeMap<String, (DirectWallet, Arc<WalletSigner>)>>,
}

/// A client of a wallet.
fn client(wallet: &DirectWallet) -> Result<WalletSigner> {
    let endpoint = Endpoint::parse(&wallet.url, 0)
        .map_err(|error| MessagerError::WalletAddress(error.to_string()))?;
    let client = Client::connect(&endpoint, Some(wallet.token.clone())).with_timeout(Some(ANSWER));
    Ok(WalletSigner::new(wallet.name.clone(), Arc::new(WalletClient::new(client))))
}

impl Wallets {
    pub(crate) fn new(store: Arc<dyn MessageStore>) -> Self {
        Self { store, clients: Mutex::default() }
    }

    /// The wallets of the store with their clients, which are kept as long as the wallet is as it
    /// was.
    async fn all(&self) -> Result<Vec<(String, Arc<WalletSigner>)>> {
        let wallets = self.store.wallets().await?;
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let mut kept = BTreeMap::new();
        for wallet in wallets {
            let client = match clients.remove(&wallet.id) {
                Some((there, client)) if there == wallet => client,
                _ => Arc::new(client(&wallet)?),
            };
            kept.insert(wallet.id.clone(), (wallet, client));
        }
        *clients = kept;
        let all = clients.values();
        Ok(all.map(|(wallet, client)| (wallet.name.clone(), Arc::clone(client))).collect())
    }

    async fn signer(&self) -> Result<FanOut, SignError> {
        let failed = |error: MessagerError| SignError::Holder {
            holder: "the messager's list of wallets",
            reason: error.to_string(),
        };
        let all = self.all().await.map_err(failed)?;
        Ok(FanOut::new(all.into_iter().map(|(_, signer)| signer as Arc<dyn Signer>)))
    }

    /// Follows the addresses of all wallets until `stop`: new ones become senders.
    pub(crate) async fn follow(&self, stop: &CancellationToken) {
        let mut known = BTreeMap::<String, BTreeSet<Address>>::new();
        loop {
            match self.all().await {
                Ok(all) => {
                    known.retain(|name, _| all.iter().any(|(there, _)| there == name));
                    for (name, signer) in all {
                        self.look(&name, &signer, known.entry(name.clone()).or_default()).await;
                    }
                }
                Err(error) => tracing::error!(%error, "wallets not followed"),
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    async fn look(&self, name: &str, signer: &WalletSigner, known: &mut BTreeSet<Address>) {
        let now: BTreeSet<_> = match signer.addresses().await {
            Ok(addresses) => addresses.into_iter().collect(),
            Err(error) => {
                tracing::warn!(wallet = name, %error, "wallet not reached; trying again");
                return;
            }
        };
        for gone in known.difference(&now) {
            tracing::warn!(wallet = name, address = %gone, "the wallet has this key no more");
        }
        for new in now.difference(known) {
            tracing::info!(wallet = name, address = %new, "the wallet has a new key");
            if let Err(error) = self.store.ensure_sender(*new).await {
                tracing::error!(address = %new, %error, "sender not stored");
                return;
            }
        }
        *known = now;
    }
}

#[async_trait]
impl Signer for Wallets {
    async fn addresses(&self) -> Result<Vec<Address>, SignError> {
        self.signer().await?.addresses().await
    }

    async fn sign(&self, by: Address, bytes: &[u8], meta: MsgMeta) -> Result<Signature, SignError> {
        self.signer().await?.sign(by, bytes, meta).await
    }

    async fn has(&self, address: Address) -> Result<bool, SignError> {
        self.signer().await?.has(address).await
    }
}

impl Messager {
    async fn wallet(&self, name: &str) -> Result<DirectWallet> {
        let found = self.0.store.wallets().await?.into_iter().find(|wallet| wallet.name == name);
        found.ok_or_else(|| MessagerError::NoWalletOfName(name.to_owned()))
    }
}

/// A wallet as it is shown.
fn shown(wallet: DirectWallet) -> DirectWallet {
    DirectWallet { token: String::new(), ..wallet }
}

#[async_trait]
impl DirectWallets for Messager {
    async fn save_wallet(&self, wallet: DirectWallet) -> Result<String, RpcError> {
        let others = self.0.store.wallets().await?;
        let now = Utc::now();
        let old = others.iter().find(|other| !wallet.id.is_empty() && other.id == wallet.id);
        let mut new = DirectWallet {
            created_at: old.map_or(now, |old| old.created_at),
            updated_at: now,
            ..wallet
        };
        if new.name.trim().is_empty() {
            return Err(MessagerError::NamelessWallet.into());
        }
        if new.id.is_empty() {
            new.id = uuid::Uuid::new_v4().to_string();
        }
        if others.iter().any(|other| other.name == new.name && other.id != new.id) {
            return Err(MessagerError::WalletExists(new.name).into());
        }
        // One that does not answer, or refuses the token, would only fail later.
        let addresses = client(&new)?.addresses().await;
        let addresses = addresses.map_err(|error| RpcError::from_error(&error))?;
        let id = new.id.clone();
        self.0.store.put_wallet(new).await?;
        for address in addresses {
            self.0.store.ensure_sender(address).await?;
        }
        Ok(id)
    }

    async fn get_wallet_by_name(&self, name: String) -> Result<DirectWallet, RpcError> {
        Ok(shown(self.wallet(&name).await?))
    }

    async fn has_wallet(&self, name: String) -> Result<bool, RpcError> {
        Ok(self.0.store.wallets().await?.iter().any(|wallet| wallet.name == name))
    }

    async fn list_wallet(&self) -> Result<Vec<DirectWallet>, RpcError> {
        Ok(self.0.store.wallets().await?.into_iter().map(shown).collect())
    }

    async fn list_remote_wallet_address(&self, name: String) -> Result<Vec<Address>, RpcError> {
        let signer = client(&self.wallet(&name).await?)?;
        signer.addresses().await.map_err(|error| RpcError::from_error(&error))
    }

    async fn delete_wallet(&self, name: String) -> Result<(), RpcError> {
        let wallet = self.wallet(&name).await?;
        Ok(self.0.store.remove_wallet(&wallet.id).await?)
    }
}
