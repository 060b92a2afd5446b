//! A gateway whose every step is the test's.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use serde::de::DeserializeOwned;
use tokio::{net::TcpListener, sync::mpsc, time::timeout};
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;
use venus_core::{
    Address,
    api::gateway::{
        ConnectedCompleted, GatewayClient, GatewayProviders, ProofRegisterPolicy, RequestEvent,
        ResponseEvent, WalletRegisterPolicy,
    },
    auth::{AllowAll, Caller, Permission},
    rpc::{self, Client, Endpoint, RpcError, RpcStream, Server},
};

const PATIENCE: Duration = Duration::from_secs(5);

/// A wallet that listens; dropping it ends its stream.
#[must_use]
pub(crate) struct Listener {
    pub(crate) policy: WalletRegisterPolicy,
    events: mpsc::UnboundedSender<RequestEvent>,
}

impl Listener {
    fn send(&self, method: &str, payload: Vec<u8>) -> Uuid {
        let id = Uuid::new_v4();
        let event = RequestEvent { id, method: method.into(), payload: payload.into() };
        self.events.send(event).unwrap();
        id
    }

    pub(crate) async fn complete(&self) {
        let completed = ConnectedCompleted { channel_id: Uuid::new_v4() };
        self.send("InitConnect", serde_json::to_vec(&completed).unwrap());
    }
}

#[derive(Debug, Default)]
struct Shared {
    told: Mutex<Vec<String>>,
    dialled: AtomicUsize,
    refuses: AtomicBool,
    delay_ms: AtomicU64,
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
}

#[derive(Debug, Clone)]
struct Service {
    shared: Arc<Shared>,
    listeners: mpsc::UnboundedSender<(WalletRegisterPolicy, mpsc::UnboundedSender<RequestEvent>)>,
    responses: mpsc::UnboundedSender<ResponseEvent>,
}

pub(crate) struct FakeGateway {
    url: String,
    shared: Arc<Shared>,
    listeners: mpsc::UnboundedReceiver<(WalletRegisterPolicy, mpsc::UnboundedSender<RequestEvent>)>,
    responses: mpsc::UnboundedReceiver<ResponseEvent>,
    _stop: DropGuard,
}

impl FakeGateway {
    pub(crate) async fn start() -> Self {
        let shared = Arc::new(Shared::default());
        let (listeners, new_listeners) = mpsc::unbounded_channel();
        let (responses, new_responses) = mpsc::unbounded_channel();
        let service = Service { shared: Arc::clone(&shared), listeners, responses };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}/rpc/v1", listener.local_addr().unwrap());
        let methods = <dyn GatewayProviders>::methods(Arc::new(service));
        let guard = AllowAll(Caller::new("w_acc", Permission::Read));
        let router = Server::new(guard).route("/rpc/v1", methods).into_router();
        let stop = CancellationToken::new();
        tokio::spawn(rpc::serve(listener, router, stop.clone()));
        Self {
            url,
            shared,
            listeners: new_listeners,
            responses: new_responses,
            _stop: stop.drop_guard(),
        }
    }

    pub(crate) fn client(&self) -> GatewayClient {
        Client::connect(&Endpoint::parse(&self.url, 1).unwrap(), Some("token".into())).into()
    }

    /// The next wallet that listens.
    pub(crate) async fn listener(&mut self) -> Listener {
        let (policy, events) = timeout(PATIENCE, self.listeners.recv()).await.unwrap().unwrap();
        Listener { policy, events }
    }

    /// Asks a wallet for something; an error is what it answered.
    pub(crate) async fn ask<T: DeserializeOwned>(
        &mut self,
        listener: &Listener,
        method: &str,
        payload: Option<Vec<u8>>,
    ) -> Result<T, String> {
        let id = listener.send(method, payload.unwrap_or_default());
        let response = timeout(PATIENCE, self.responses.recv()).await.unwrap().unwrap();
        assert_eq!(response.id, id);
        match response.error.is_empty() {
            true => Ok(serde_json::from_slice(&response.payload).unwrap()),
            false => Err(response.error),
        }
    }

    /// Registers the next wallet that listens, believing what it says.
    pub(crate) async fn register(&mut self) -> Listener {
        let listener = self.listener().await;
        let _: Vec<Address> = self.ask(&listener, "WalletList", None).await.unwrap();
        listener.complete().await;
        listener
    }

    /// What it was told so far, in order; nothing of what it refused.
    pub(crate) fn told(&self) -> Vec<String> {
        self.shared.told.lock().unwrap().clone()
    }

    pub(crate) fn dialled(&self) -> usize {
        self.shared.dialled.load(Ordering::SeqCst)
    }

    pub(crate) fn most_at_once(&self) -> usize {
        self.shared.most_at_once.load(Ordering::SeqCst)
    }

    pub(crate) fn refuse(&self, refuses: bool) {
        self.shared.refuses.store(refuses, Ordering::SeqCst);
    }

    pub(crate) fn answer_after(&self, delay: Duration) {
        self.shared.delay_ms.store(delay.as_millis().try_into().unwrap(), Ordering::SeqCst);
    }
}

impl Shared {
    fn admit(&self) -> Result<(), RpcError> {
        match self.refuses.load(Ordering::SeqCst) {
            true => Err(RpcError::method("out of order")),
            false => Ok(()),
        }
    }

    async fn tell(&self, what: &str, of: impl std::fmt::Display) -> Result<(), RpcError> {
        self.admit()?;
        let at_once = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_at_once.fetch_max(at_once, Ordering::SeqCst);
        self.told.lock().unwrap().push(format!("{what} {of}"));
        let delay = Duration::from_millis(self.delay_ms.load(Ordering::SeqCst));
        tokio::time::sleep(delay).await;
        self.at_once.fetch_sub(1, Ordering::SeqCst);
        Ok(())
    }
}

fn one(addresses: &[Address]) -> Address {
    assert_eq!(addresses.len(), 1);
    addresses[0]
}

#[async_trait]
impl GatewayProviders for Service {
    async fn listen_wallet_event(
        &self,
        policy: WalletRegisterPolicy,
    ) -> Result<RpcStream<RequestEvent>, RpcError> {
        self.shared.dialled.fetch_add(1, Ordering::SeqCst);
        self.shared.admit()?;
        let (events, receiver) = mpsc::unbounded_channel();
        self.listeners.send((policy, events)).unwrap();
        let next = |mut receiver: mpsc::UnboundedReceiver<RequestEvent>| async move {
            receiver.recv().await.map(|event| (event, receiver))
        };
        Ok(Box::pin(futures::stream::unfold(receiver, next)))
    }

    async fn response_wallet_event(&self, response: ResponseEvent) -> Result<(), RpcError> {
        self.responses.send(response).map_err(RpcError::from_display)
    }

    async fn support_new_account(&self, _: Uuid, account: String) -> Result<(), RpcError> {
        self.shared.tell("support", account).await
    }

    async fn add_new_address(&self, _: Uuid, addresses: Vec<Address>) -> Result<(), RpcError> {
        self.shared.tell("add", one(&addresses)).await
    }

    async fn remove_address(&self, _: Uuid, addresses: Vec<Address>) -> Result<(), RpcError> {
        self.shared.tell("remove", one(&addresses)).await
    }

    async fn listen_proof_event(
        &self,
        _: ProofRegisterPolicy,
    ) -> Result<RpcStream<RequestEvent>, RpcError> {
        Err(RpcError::method("not a prover's"))
    }

    async fn response_proof_event(&self, _: ResponseEvent) -> Result<(), RpcError> {
        Err(RpcError::method("not a prover's"))
    }
}
