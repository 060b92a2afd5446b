//! Registration at gateways: the wallet dials in, and answers what it is asked.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::{StreamExt, future::join_all};
use serde::{Serialize, de::DeserializeOwned};
use tokio::{
    sync::{Mutex as Turn, watch},
    task::JoinSet,
    time::sleep,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use venus_core::{
    Address,
    api::gateway::{
        ConnectedCompleted, GatewayProviders, RequestEvent, ResponseEvent, WalletRegisterPolicy,
        WalletSignRequest,
    },
    rpc::RpcError,
};

use crate::Wallet;

/// Between the end of a stream and the next attempt.
const PAUSE: Duration = Duration::from_secs(1);

/// The same when attempts keep being refused.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The gateways that a wallet serves. Clones share it.
#[derive(Debug, Clone)]
pub struct Registrations(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    gateways: Vec<Arc<Registration>>,
    accounts: watch::Sender<BTreeSet<String>>,
}

/// One gateway, and what it knows of us.
#[derive(Debug)]
struct Registration {
    gateway: Arc<dyn GatewayProviders>,
    state: Mutex<State>,
    /// Held while the gateway is told something, so that what it is told keeps its order.
    turn: Turn<()>,
}

#[derive(Debug, Default)]
struct State {
    /// Set while the registration is complete.
    channel: Option<Uuid>,
    /// The keys that the gateway was told of in this registration.
    addresses: BTreeSet<Address>,
    /// The same of accounts.
    accounts: BTreeSet<String>,
}

impl Registrations {
    /// Registers at these gateways for these accounts, besides the token's own, once it runs.
    pub fn new(
        gateways: Vec<Arc<dyn GatewayProviders>>,
        accounts: impl IntoIterator<Item = String>,
    ) -> Self {
        let registration = |gateway| {
            Arc::new(Registration { gateway, state: Mutex::default(), turn: Turn::default() })
        };
        Self(Arc::new(Inner {
            gateways: gateways.into_iter().map(registration).collect(),
            accounts: watch::Sender::new(accounts.into_iter().collect()),
        }))
    }

    /// Whether the wallet is registered at each gateway.
    pub fn is_complete(&self) -> bool {
        self.0.gateways.iter().all(|at| at.state().channel.is_some())
    }

    /// Signs for one more account, at every gateway.
    ///
    /// # Errors
    ///
    /// If it is there already, or with what each gateway said that did not take it; those are told
    /// again until they do.
    pub async fn support(&self, account: String) -> Result<(), RpcError> {
        let is_new = self.0.accounts.send_if_modified(|all| all.insert(account.clone()));
        if !is_new {
            return Err(RpcError::method(format!("account {account} has exit")));
        }
        self.at_every_gateway(|at| async move { at.tell_accounts(&self.0.accounts).await }).await
    }

    /// Announces addresses to every gateway again.
    ///
    /// # Errors
    ///
    /// With what each gateway said that did not take them.
    pub async fn announce(&self, addresses: Vec<Address>) -> Result<(), RpcError> {
        let addresses = &addresses;
        self.at_every_gateway(|at| async move { at.announce(addresses.clone()).await }).await
    }

    /// At all of them at the same time: one that fails does not keep the others from it.
    async fn at_every_gateway<'a, F: Future<Output = Result<(), RpcError>>>(
        &'a self,
        act: impl Fn(&'a Registration) -> F,
    ) -> Result<(), RpcError> {
        let outcomes = join_all(self.0.gateways.iter().map(|at| act(at))).await;
        let count = outcomes.len();
        let failed = |(at, outcome): (usize, Result<(), RpcError>)| {
            outcome.err().map(|error| format!("gateway {} of {count}: {error}", at + 1))
        };
        let failures: Vec<_> = outcomes.into_iter().enumerate().filter_map(failed).collect();
        match failures.is_empty() {
            true => Ok(()),
            false => Err(RpcError::method(failures.join("; "))),
        }
    }

    /// Serves all gateways until `stop`; each is dialled again when it goes away.
    pub async fn run(self, wallet: Wallet, stop: CancellationToken) {
        let mut tasks = JoinSet::new();
        for at in &self.0.gateways {
            let (this, at) = (self.clone(), Arc::clone(at));
            let (wallet, stop) = (wallet.clone(), stop.clone());
            tasks.spawn(async move { stop.run_until_cancelled(this.serve(&at, &wallet)).await });
        }
        tasks.join_all().await;
    }

    async fn serve(&self, at: &Arc<Registration>, wallet: &Wallet) {
        let mut pause = PAUSE;
        loop {
            until_usable(wallet).await;
            let ended = self.listen(at, wallet).await;
            let was_complete = std::mem::take(&mut *at.state()).channel.is_some();
            match &ended {
                Ok(()) if was_complete => tracing::warn!("the gateway ended the stream"),
                Ok(()) => tracing::warn!("the gateway refused the registration; its log says why"),
                Err(error) => tracing::warn!(%error, "cannot listen at the gateway"),
            }
            if was_complete || ended.is_err_and(|error| error.is_retryable()) {
                pause = PAUSE;
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn listen(&self, at: &Arc<Registration>, wallet: &Wallet) -> Result<(), RpcError> {
        let accounts = self.0.accounts.borrow().clone();
        at.state().accounts.clone_from(&accounts);
        let policy = WalletRegisterPolicy {
            support_accounts: accounts.into_iter().collect(),
            sign_bytes: wallet.sign_secret().to_vec().into(),
        };
        let mut events = at.gateway.listen_wallet_event(policy).await?;
        // Answers still under way end with the stream.
        let mut answers = JoinSet::new();
        loop {
            let event = tokio::select! {
                Some(_) = answers.join_next(), if !answers.is_empty() => continue,
                event = events.next() => event,
            };
            match event {
                None => return Ok(()),
                Some(event) if event.method == "InitConnect" => {
                    let completed: ConnectedCompleted = decode(&event)?;
                    tracing::info!(channel = %completed.channel_id, "registered at the gateway");
                    at.state().channel = Some(completed.channel_id);
                    let (this, at, wallet) = (self.clone(), Arc::clone(at), wallet.clone());
                    answers.spawn(async move { this.keep_told(&at, &wallet).await });
                }
                Some(event) => {
                    let (at, wallet) = (Arc::clone(at), wallet.clone());
                    answers.spawn(async move { answer(&at, &wallet, event).await });
                }
            }
        }
    }

    /// Tells the gateway of each change, beginning with those since it was told everything.
    async fn keep_told(&self, at: &Registration, wallet: &Wallet) {
        let (mut keys, mut accounts) = (wallet.changes(), self.0.accounts.subscribe());
        let mut pause = PAUSE;
        loop {
            let outcomes = [at.tell_accounts(&self.0.accounts).await, at.tell_keys(wallet).await];
            let mut told = true;
            for error in outcomes.into_iter().filter_map(Result::err) {
                tracing::warn!(%error, "the gateway does not know of all keys and accounts");
                told = false;
            }
            let again = async {
                if told {
                    std::future::pending::<()>().await;
                }
                sleep(pause).await;
            };
            let changed = tokio::select! {
                changed = keys.changed() => changed,
                changed = accounts.changed() => changed,
                () = again => Ok(()),
            };
            if changed.is_err() {
                return;
            }
            pause = if told { PAUSE } else { (pause * 2).min(LONGEST_PAUSE) };
        }
    }
}

impl Registration {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what the gateway was told, unless that registration is over.
    fn told(&self, channel: Uuid, note: impl FnOnce(&mut State)) {
        let mut state = self.state();
        if state.channel == Some(channel) {
            note(&mut state);
        }
    }

    async fn tell_accounts(
        &self,
        accounts: &watch::Sender<BTreeSet<String>>,
    ) -> Result<(), RpcError> {
        let _turn = self.turn.lock().await;
        let (channel, new): (_, Vec<_>) = {
            let state = self.state();
            (state.channel, accounts.borrow().difference(&state.accounts).cloned().collect())
        };
        // What is not registered hears of all of them when it is.
        let Some(channel) = channel else { return Ok(()) };
        for account in new {
            self.gateway.support_new_account(channel, account.clone()).await?;
            self.told(channel, |state| state.accounts.extend([account]));
        }
        Ok(())
    }

    async fn tell_keys(&self, wallet: &Wallet) -> Result<(), RpcError> {
        let _turn = self.turn.lock().await;
        let now = keys_of(wallet)?;
        let (channel, added, removed): (_, Vec<_>, Vec<_>) = {
            let state = self.state();
            let added = now.difference(&state.addresses).copied().collect();
            let removed = state.addresses.difference(&now).copied().collect();
            (state.channel, added, removed)
        };
        let Some(channel) = channel else { return Ok(()) };
        // These first: to forget a key needs no signature, so it works in a locked wallet too.
        if !removed.is_empty() {
            self.gateway.remove_address(channel, removed).await?;
            self.told(channel, |state| state.addresses.retain(|key| now.contains(key)));
        }
        self.add(channel, added).await
    }

    /// Announces keys, whether or not the gateway was told of them before.
    async fn announce(&self, addresses: Vec<Address>) -> Result<(), RpcError> {
        let _turn = self.turn.lock().await;
        let channel = self.state().channel;
        match channel {
            Some(channel) => self.add(channel, addresses).await,
            None => Ok(()),
        }
    }

    async fn add(&self, channel: Uuid, addresses: Vec<Address>) -> Result<(), RpcError> {
        if addresses.is_empty() {
            return Ok(());
        }
        self.gateway.add_new_address(channel, addresses.clone()).await?;
        self.told(channel, |state| state.addresses.extend(addresses));
        Ok(())
    }
}

/// Waits while the wallet has keys that it cannot prove to have: a gateway would refuse it.
async fn until_usable(wallet: &Wallet) {
    let mut told = false;
    while wallet.is_locked() && keys_of(wallet).is_ok_and(|keys| !keys.is_empty()) {
        if !told {
            tracing::warn!(
                "the wallet is locked, so it cannot register at gateways; run `venus-wallet unlock`"
            );
            told = true;
        }
        sleep(PAUSE).await;
    }
}

fn keys_of(wallet: &Wallet) -> Result<BTreeSet<Address>, RpcError> {
    Ok(wallet.list().map_err(RpcError::from_display)?.into_iter().collect())
}
async fn answer(at: &Registration, wallet: &Wallet, event: RequestEvent) {
    let outcome = match event.method.as_str() {
        "WalletList" => list(at, wallet),
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

fn list(at: &Registration, wallet: &Wallet) -> Result<Vec<u8>, RpcError> {
    let keys = keys_of(wallet)?;
    let payload = encode(&keys)?;
    at.state().addresses = keys;
    Ok(payload)
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
