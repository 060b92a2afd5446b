//! Wallets: registration with proof of possession, and who signs for whom.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use sha2::{Digest, Sha256};
use uuid::Uuid;
use venus_core::{
    Address, Bytes, MsgMeta, Purpose, Signature,
    api::gateway::{
        ConnectedCompleted, RequestEvent, ResponseEvent, WalletDetail, WalletRegisterPolicy,
        WalletSignRequest,
    },
    auth::{AuthApi, AuthApiError},
    crypto,
    rpc::{RpcError, RpcStream},
};

use crate::switch::{Connection, Switch};

/// One wallet connection.
#[derive(Debug, Clone)]
struct WalletConnection {
    connection: Connection,
    addresses: BTreeSet<Address>,
    sign_bytes: Bytes,
}

/// The connections of one account.
#[derive(Debug, Default)]
struct Wallet {
    supports: BTreeSet<String>,
    connections: BTreeMap<Uuid, WalletConnection>,
}

impl Wallet {
    /// The connections that are alive: one that broke may not have been removed yet.
    fn alive(&self) -> impl Iterator<Item = &WalletConnection> {
        self.connections.values().filter(|entry| !entry.connection.is_closed())
    }

    fn is_alive(&self) -> bool {
        self.alive().next().is_some()
    }
}

/// All connected wallets.
#[derive(Debug, Clone)]
pub(crate) struct WalletHub {
    wallets: Arc<Mutex<BTreeMap<String, Wallet>>>,
    switch: Switch,
    auth: Arc<dyn AuthApi>,
    /// Ours in the proof of possession. Never logged.
    secret: Arc<[u8; 32]>,
}

impl WalletHub {
    pub(crate) fn new(switch: Switch, auth: Arc<dyn AuthApi>, secret: [u8; 32]) -> Self {
        Self { wallets: Arc::default(), switch, auth, secret: Arc::new(secret) }
    }

    fn wallets(&self) -> MutexGuard<'_, BTreeMap<String, Wallet>> {
        self.wallets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) async fn listen(
        &self,
        account: String,
        policy: WalletRegisterPolicy,
    ) -> Result<RpcStream<RequestEvent>, RpcError> {
        let mut accounts = policy.support_accounts.clone();
        accounts.push(account.clone());
        self.auth.verify_users(&accounts).await.map_err(|e| {
            let reason = match e {
                // venus-auth names the account itself.
                AuthApiError::NotFound(reason) => reason,
                other => other.to_string(),
            };
            RpcError::method(format!("verify user [{}] failed: {reason}", accounts.join(" ")))
        })?;
        let (connection, stream) = self.switch.connect();
        let hub = self.clone();
        tokio::spawn(async move {
            let id = connection.id;
            match hub.register(&account, accounts, policy.sign_bytes, &connection).await {
                Ok(()) => {
                    connection.closed().await;
                    hub.remove(&account, id);
                    tracing::info!(account, channel = %id, "wallet disconnected");
                }
                Err(error) => {
                    hub.remove(&account, id);
                    connection.close();
                    tracing::warn!(account, %error, "wallet not registered");
                }
            }
        });
        Ok(stream)
    }

    async fn register(
        &self,
        account: &str,
        accounts: Vec<String>,
        sign_bytes: Bytes,
        connection: &Connection,
    ) -> Result<(), RpcError> {
        let addresses: Option<Vec<Address>> =
            self.switch.request(vec![connection.clone()], "WalletList", None::<&()>).await?;
        let addresses: BTreeSet<_> = addresses.unwrap_or_default().into_iter().collect();
        for address in &addresses {
            self.prove_possession(account, *address, &sign_bytes, connection).await?;
        }
        {
            let mut wallets = self.wallets();
            let wallet = wallets.entry(account.to_owned()).or_default();
            wallet.supports.extend(accounts.iter().cloned());
            let entry = WalletConnection {
                connection: connection.clone(),
                addresses: addresses.clone(),
                sign_bytes,
            };
            wallet.connections.insert(connection.id, entry);
        }
        for supported in &accounts {
            self.bind(supported, &addresses).await;
        }
        let completed = ConnectedCompleted { channel_id: connection.id };
        self.switch.notify(connection, "InitConnect", &completed).await?;
        let channel = connection.id;
        tracing::info!(account, %channel, addresses = addresses.len(), "wallet registered");
        Ok(())
    }

    /// Tells auth whose signers the addresses are. The wallet serves without it too.
    async fn bind(&self, account: &str, addresses: &BTreeSet<Address>) {
        let signers: Vec<_> = addresses.iter().copied().collect();
        if signers.is_empty() {
            return;
        }
        if let Err(error) = self.auth.register_signers(account, &signers).await {
            tracing::warn!(account, %error, "signers not registered at venus-auth");
        }
    }

    /// Has the wallet sign a challenge that neither side chose alone.
    async fn prove_possession(
        &self,
        account: &str,
        address: Address,
        sign_bytes: &[u8],
        connection: &Connection,
    ) -> Result<(), RpcError> {
        let failed = |what: &str, error: &dyn std::fmt::Display| {
            RpcError::method(format!(
                "wallet {account} verify address {address} failed{what} {error}"
            ))
        };
        let challenge =
            Sha256::new().chain_update(*self.secret).chain_update(sign_bytes).finalize();
        let request = WalletSignRequest {
            signer: address,
            to_sign: challenge.to_vec().into(),
            meta: MsgMeta { r#type: Purpose::VerifyAddress, extra: self.secret.to_vec().into() },
        };
        let signature: Signature = self
            .switch
            .request(vec![connection.clone()], "WalletSign", Some(&request))
            .await
            .map_err(|e| failed(", signed error", &e))?;
        crypto::verify(&signature, &challenge, address).map_err(|e| failed(":", &e))
    }

    fn remove(&self, account: &str, id: Uuid) {
        let mut wallets = self.wallets();
        if let Some(wallet) = wallets.get_mut(account) {
            wallet.connections.remove(&id);
            if wallet.connections.is_empty() {
                wallets.remove(account);
            }
        }
    }

    pub(crate) fn respond(&self, response: ResponseEvent) -> Result<(), RpcError> {
        self.switch.respond(response)
    }

    pub(crate) async fn support(
        &self,
        account: &str,
        channel: Uuid,
        supported: String,
    ) -> Result<(), RpcError> {
        let addresses = {
            let mut wallets = self.wallets();
            let wallet = wallets
                .get_mut(account)
                .filter(|wallet| wallet.is_alive())
                .ok_or_else(|| RpcError::method(format!("wallet {account} not exit")))?;
            wallet.supports.insert(supported.clone());
            wallet.connections.get(&channel).map(|c| c.addresses.clone()).unwrap_or_default()
        };
        self.bind(&supported, &addresses).await;
        Ok(())
    }

    pub(crate) async fn add_addresses(
        &self,
        account: &str,
        channel: Uuid,
        addresses: Vec<Address>,
    ) -> Result<(), RpcError> {
        let absent = || {
            RpcError::method(format!(
                "no connect found for wallet {account} and channelID {channel}"
            ))
        };
        let entry = {
            let wallets = self.wallets();
            let entry = wallets.get(account).and_then(|w| w.connections.get(&channel));
            entry.cloned().ok_or_else(absent)?
        };
        for address in &addresses {
            self.prove_possession(account, *address, &entry.sign_bytes, &entry.connection).await?;
        }
        let new: BTreeSet<_> = addresses.into_iter().collect();
        let supports = {
            let mut wallets = self.wallets();
            let wallet = wallets.get_mut(account).ok_or_else(absent)?;
            let entry = wallet.connections.get_mut(&channel).ok_or_else(absent)?;
            entry.addresses.extend(new.iter().copied());
            wallet.supports.clone()
        };
        for supported in &supports {
            self.bind(supported, &new).await;
        }
        Ok(())
    }

    pub(crate) fn remove_addresses(
        &self,
        account: &str,
        channel: Uuid,
        addresses: &[Address],
    ) -> Result<(), RpcError> {
        let mut wallets = self.wallets();
        let Some(wallet) = wallets.get_mut(account) else { return Ok(()) };
        let entry = wallet
            .connections
            .get_mut(&channel)
            .ok_or_else(|| RpcError::method(format!("channel {channel} not found ")))?;
        entry.addresses.retain(|address| !addresses.contains(address));
        Ok(())
    }

    /// The connections that may sign with `address` for one of the accounts.
    fn candidates(&self, address: Address, accounts: &[String]) -> Vec<Connection> {
        let wallets = self.wallets();
        let mut found = BTreeMap::new();
        for wallet in wallets.values() {
            if accounts.iter().any(|account| wallet.supports.contains(account)) {
                let with_key = wallet.alive().filter(|c| c.addresses.contains(&address));
                found.extend(with_key.map(|c| (c.connection.id, c.connection.clone())));
            }
        }
        found.into_values().collect()
    }

    pub(crate) fn has(&self, address: Address, accounts: &[String]) -> bool {
        !self.candidates(address, accounts).is_empty()
    }

    pub(crate) async fn sign(
        &self,
        address: Address,
        accounts: &[String],
        to_sign: Bytes,
        meta: MsgMeta,
    ) -> Result<Signature, RpcError> {
        let candidates = self.candidates(address, accounts);
        let request = WalletSignRequest { signer: address, to_sign, meta };
        let signature: Option<Signature> =
            self.switch.request(candidates, "WalletSign", Some(&request)).await?;
        // Go passes on a signature of type 0 without bytes, which fails wherever it is used.
        signature.ok_or_else(|| {
            RpcError::method(format!(
                "the wallet answered null instead of a signature of {address}"
            ))
        })
    }

    pub(crate) fn list(&self) -> Vec<WalletDetail> {
        let wallets = self.wallets();
        let alive = wallets.iter().filter(|(_, wallet)| wallet.is_alive());
        alive.map(|(account, wallet)| detail(account, wallet)).collect()
    }

    pub(crate) fn get(&self, account: &str) -> Result<WalletDetail, RpcError> {
        self.wallets()
            .get(account)
            .filter(|wallet| wallet.is_alive())
            .map(|wallet| detail(account, wallet))
            .ok_or_else(|| RpcError::method(format!("wallet {account} not exit")))
    }
}

fn detail(account: &str, wallet: &Wallet) -> WalletDetail {
    let state = |c: &WalletConnection| {
        let mut state = c.connection.state();
        state.addrs = Some(c.addresses.clone()).filter(|addresses| !addresses.is_empty());
        state
    };
    WalletDetail {
        account: account.to_owned(),
        support_accounts: wallet.supports.clone(),
        connect_states: wallet.alive().map(state).collect(),
    }
}
