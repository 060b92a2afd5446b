//! Registration at gateways: the wallet dials in, and answers what it is asked.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::StreamExt;
use serde::{Serialize, de::DeserializeOwned};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use venus_core::{
    api::gateway::{
        ConnectedCompleted, GatewayProviders, RequestEvent, ResponseEvent, WalletRegisterPolicy,
        WalletSignRequest,
    },
    rpc::RpcError,
};

use crate::Wallet;

/// Between the end of a stream and the next attempt.
const PAUSE: Duration = Duration::from_secs(1);

/// The gateways that a wallet serves. Clones share it.
#[derive(Debug, Clone)]
pub struct Registrations(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    gateways: Vec<Arc<Registration>>,
    accounts: Mutex<BTreeSet<String>>,
}

#[derive(Debug)]
struct Registration {
    gateway: Arc<dyn GatewayProviders>,
    /// Set while the registration is complete.
    channel: Mutex<Option<Uuid>>,
}

impl Registration {
    fn channel(&self) -> MutexGuard<'_, Option<Uuid>> {
        self.channel.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Registrations {
    /// Registers at these gateways for these accounts, besides the token's own, once it runs.
    pub fn new(
        gateways: Vec<Arc<dyn GatewayProviders>>,
        accounts: impl IntoIterator<Item = String>,
    ) -> Self {
        let registration = |gateway| Arc::new(Registration { gateway, channel: Mutex::default() });
        Self(Arc::new(Inner {
            gateways: gateways.into_iter().map(registration).collect(),
            accounts: Mutex::new(accounts.into_iter().collect()),
        }))
    }

    fn accounts(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.0.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the wallet is registered at each gateway.
    pub fn is_complete(&self) -> bool {
        self.0.gateways.iter().all(|registration| registration.channel().is_some())
    }

    /// Signs for one more account, at every gateway.
    pub async fn support(&self, account: String) -> Result<(), RpcError> {
        if self.accounts().contains(&account) {
            return Err(RpcError::method(format!("account {account} has exit")));
        }
        for registration in &self.0.gateways {
            let channel = *registration.channel();
            if let Some(channel) = channel {
                registration.gateway.support_new_account(channel, account.clone()).await?;
            }
        }
        self.accounts().insert(account);
        Ok(())
    }

    /// Announces addresses to every gateway again.
    pub async fn announce(&self, addresses: Vec<venus_core::Address>) -> Result<(), RpcError> {
        for registration in &self.0.gateways {
            let channel = *registration.channel();
            if let Some(channel) = channel {
                registration.gateway.add_new_address(channel, addresses.clone()).await?;
            }
        }
        Ok(())
    }

    /// Serves all gateways until `stop`; each is dialled again when it goes away.
    pub async fn run(self, wallet: Wallet, stop: CancellationToken) {
        let mut tasks = JoinSet::new();
        for registration in &self.0.gateways {
            let (this, registration) = (self.clone(), Arc::clone(registration));
            let (wallet, stop) = (wallet.clone(), stop.clone());
            tasks.spawn(async move {
                let serve = async {
                    loop {
                        let ended = this.listen(&registration, &wallet).await;
                        *registration.channel() = None;
                        match ended {
                            Ok(()) => {
                                tracing::warn!("the gateway ended the stream; dialling again")
                            }
                            Err(error) => tracing::warn!(%error, "cannot listen at the gateway"),
                        }
                        tokio::time::sleep(PAUSE).await;
                    }
                };
                stop.run_until_cancelled(serve).await;
            });
        }
        tasks.join_all().await;
    }

    async fn listen(&self, at: &Arc<Registration>, wallet: &Wallet) -> Result<(), RpcError> {
        let policy = WalletRegisterPolicy {
            support_accounts: self.accounts().iter().cloned().collect(),
            sign_bytes: wallet.sign_secret().to_vec().into(),
        };
        let mut known: BTreeSet<_> =
            wallet.list().map_err(RpcError::from_display)?.into_iter().collect();
        let mut changes = wallet.changes();
        let mut events = at.gateway.listen_wallet_event(policy).await?;
        // Answers still under way end with the stream.
        let mut answers = JoinSet::new();
        loop {
            tokio::select! {
                event = events.next() => match event {
                    Some(event) if event.method == "InitConnect" => {
                        let completed: ConnectedCompleted = decode(&event)?;
                        tracing::info!(channel = %completed.channel_id, "registered at the gateway");
                        *at.channel() = Some(completed.channel_id);
                    }
                    Some(event) => {
                        let (at, wallet) = (Arc::clone(at), wallet.clone());
                        answers.spawn(async move { answer(&at, &wallet, event).await });
                    }
                    None => return Ok(()),
                },
                changed = changes.changed() => {
                    if changed.is_err() {
                        return Ok(());
                    }
                    let now = wallet.list().map_err(RpcError::from_display)?.into_iter().collect();
                    let (at, before) = (Arc::clone(at), std::mem::replace(&mut known, now));
                    let now = known.clone();
                    answers.spawn(async move { announce(&at, &before, &now).await });
                }
                Some(_) = answers.join_next(), if !answers.is_empty() => {}
            }
        }
    }
}

/// Tells the gateway of new and removed keys.
async fn announce(
    at: &Registration,
    before: &BTreeSet<venus_core::Address>,
    now: &BTreeSet<venus_core::Address>,
) {
    let channel = *at.channel();
    let Some(channel) = channel else { return };
    let added: Vec<_> = now.difference(before).copied().collect();
    let removed: Vec<_> = before.difference(now).copied().collect();
    let mut outcomes = Vec::new();
    if !added.is_empty() {
        outcomes.push(at.gateway.add_new_address(channel, added).await);
    }
    if !removed.is_empty() {
        outcomes.push(at.gateway.remove_address(channel, removed).await);
    }
    for error in outcomes.into_iter().filter_map(Result::err) {
        tracing::warn!(%error, "the gateway does not know of the changed keys");
    }
}

async fn answer(at: &Registration, wallet: &Wallet, event: RequestEvent) {
    let outcome = match event.method.as_str() {
        "WalletList" => {
            wallet.list().map_err(RpcError::from_display).and_then(|list| encode(&list))
        }
        "WalletSign" => sign(wallet, &event).await,
        other => {
            tracing::warn!(method = other, "the gateway asks for something unknown");
            Err(RpcError::method(format!("a wallet cannot {other}")))
        }
    };
    let response = match outcome {
        Ok(payload) => {
            ResponseEvent { id: event.id, payload: payload.into(), error: String::new() }
        }
        Err(error) => {
            ResponseEvent { id: event.id, payload: Vec::new().into(), error: error.to_string() }
        }
    };
    if let Err(error) = at.gateway.response_wallet_event(response).await {
        tracing::warn!(method = event.method, %error, "the gateway did not take the answer");
    }
}

async fn sign(wallet: &Wallet, event: &RequestEvent) -> Result<Vec<u8>, RpcError> {
    let request: WalletSignRequest = decode(event)?;
    let signature = wallet
        .sign_checked(request.signer, &request.to_sign, &request.meta)
        .await
        .map_err(RpcError::from_display)?;
    encode(&signature)
}

fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, RpcError> {
    serde_json::to_vec(value).map_err(RpcError::from_display)
}

fn decode<T: DeserializeOwned>(event: &RequestEvent) -> Result<T, RpcError> {
    serde_json::from_slice(&event.payload).map_err(|e| {
        RpcError::method(format!("the payload of {} cannot be read: {e}", event.method))
    })
}
