//! A messager on a scripted node, with its keys in memory.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use async_trait::async_trait;
use tempfile::TempDir;
use tokio::{task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;
use venus_core::{
    Address, Message, MsgMeta, SignError, Signature, Signer, TokenAmount,
    api::messager::{MessageState, MessagerApi, QueuedMessage, SendSpec, Sender},
    crypto::{KeyKind, PrivateKey},
    test_utils::MemSigner,
};
use venus_messager::{Messager, MessagerBuilder, MessagerConfig};

use crate::node::ScriptedNode;

/// Signs as long as it likes to.
#[derive(Debug)]
pub(crate) struct Wallet {
    keys: MemSigner,
    left: AtomicUsize,
}

impl Wallet {
    pub(crate) fn new(keys: MemSigner) -> Self {
        Self { keys, left: AtomicUsize::new(usize::MAX) }
    }

    /// Signs so many times from now on.
    pub(crate) fn sign_only(&self, count: usize) {
        self.left.store(count, SeqCst);
    }
}

#[async_trait]
impl Signer for Wallet {
    async fn addresses(&self) -> Result<Vec<Address>, SignError> {
        self.keys.addresses().await
    }

    async fn sign(&self, by: Address, bytes: &[u8], meta: MsgMeta) -> Result<Signature, SignError> {
        if self.left.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_err() {
            return Err(SignError::Holder { holder: "wallet", reason: "enough".to_owned() });
        }
        self.keys.sign(by, bytes, meta).await
    }
}

pub(crate) struct World {
    pub(crate) home: TempDir,
    pub(crate) node: ScriptedNode,
    pub(crate) wallet: Arc<Wallet>,
    pub(crate) senders: Vec<Address>,
    pub(crate) messager: Messager,
    running: Running,
}

/// A messager at work.
pub(crate) struct Running(CancellationToken, JoinHandle<()>);

impl Running {
    pub(crate) fn start(messager: &Messager) -> Self {
        let (stop, messager) = (CancellationToken::new(), messager.clone());
        let stopped = stop.clone();
        Self(stop, tokio::spawn(async move { messager.run(stopped).await }))
    }

    pub(crate) async fn stop(self) {
        self.0.cancel();
        self.1.await.unwrap();
    }
}

/// A short time until messages are selected; the rest as always.
pub(crate) fn config() -> MessagerConfig {
    MessagerConfig { stable: Duration::from_millis(20), ..MessagerConfig::default() }
}

pub(crate) fn key(seed: u8) -> PrivateKey {
    PrivateKey::from_seed(KeyKind::Bls, &[seed; 32]).unwrap()
}

pub(crate) fn atto(n: u64) -> TokenAmount {
    TokenAmount::from_atto(n)
}

impl World {
    /// So many senders, f0101 and on.
    pub(crate) async fn start(senders: u8) -> Self {
        Self::with(senders, config()).await
    }

    pub(crate) async fn with(senders: u8, config: MessagerConfig) -> Self {
        let keys: Vec<_> = (1..=senders).map(key).collect();
        let addresses: Vec<_> = keys.iter().map(PrivateKey::address).collect();
        let node = ScriptedNode::new(&addresses);
        let wallet = Arc::new(Wallet::new(MemSigner::with(keys)));
        let home = tempfile::tempdir().unwrap();
        let messager = builder(&node, &wallet).with_config(config).open(home.path()).await.unwrap();
        let running = Running::start(&messager);
        let world = Self { home, node, wallet, senders: addresses, messager, running };
        // The head that is there already is over before there is anything to choose.
        let rounds = |w: &Self| w.node.calls("ChainGetMessagesInTipset");
        world.until("the first head", async |w| rounds(w) > 0).await;
        world
    }

    /// Ends the process, so to speak, and starts another.
    pub(crate) async fn restart(self) -> Self {
        let Self { home, node, wallet, senders, messager, running } = self;
        running.stop().await;
        drop(messager);
        let messager = open(&node, &wallet, &home).await;
        let running = Running::start(&messager);
        Self { home, node, wallet, senders, messager, running }
    }

    /// Stops, and gives what is left.
    pub(crate) async fn stop(self) -> (TempDir, ScriptedNode, Arc<Wallet>, Vec<Address>) {
        self.running.stop().await;
        (self.home, self.node, self.wallet, self.senders)
    }

    /// A transfer of `value` between the first sender and that one.
    pub(crate) fn transfer(&self, sender: usize, value: u64) -> Message {
        Message::transfer(self.senders[sender], self.senders[0], atto(value))
    }

    pub(crate) async fn push(&self, id: &str, sender: usize) {
        self.push_message(id, self.transfer(sender, 1)).await;
    }

    pub(crate) async fn push_message(&self, id: &str, message: Message) {
        self.push_with(id, message, None).await;
    }

    pub(crate) async fn push_with(&self, id: &str, message: Message, meta: Option<SendSpec>) {
        self.messager.push_message_with_id(id.to_owned(), message, meta).await.unwrap();
    }

    pub(crate) async fn get(&self, id: &str) -> QueuedMessage {
        self.messager.get_message_by_uid(id.to_owned()).await.unwrap()
    }

    pub(crate) async fn sender(&self, sender: usize) -> Sender {
        self.messager.get_address(self.senders[sender]).await.unwrap()
    }

    pub(crate) async fn all(&self) -> Vec<QueuedMessage> {
        self.messager.list_message(None).await.unwrap().unwrap_or_default()
    }

    pub(crate) async fn in_state(&self, state: MessageState) -> Vec<QueuedMessage> {
        self.all().await.into_iter().filter(|message| message.state == state).collect()
    }

    pub(crate) async fn until_state(&self, id: &str, state: MessageState) -> QueuedMessage {
        self.until(&format!("{id} in {state}"), async |w| w.get(id).await.state == state).await;
        self.get(id).await
    }

    /// Waits for something, but not for ever.
    pub(crate) async fn until(&self, what: &str, mut holds: impl AsyncFnMut(&Self) -> bool) {
        let latest = Instant::now() + Duration::from_secs(20);
        while !holds(self).await {
            assert!(Instant::now() < latest, "waited in vain for {what}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// A new head without messages, and time until all that is selected on it is selected.
    pub(crate) async fn round(&self) {
        let before = self.node.calls("ChainGetMessagesInTipset");
        self.node.advance(1, false);
        self.until("a round", async |w| w.node.calls("ChainGetMessagesInTipset") > before).await;
        self.quiet().await;
    }

    /// A head with what waits, and one that executes it.
    pub(crate) async fn land(&self) {
        self.node.advance(1, true);
        self.node.advance(1, false);
        self.quiet().await;
    }

    /// Until the node was asked nothing for a while.
    pub(crate) async fn quiet(&self) {
        let (mut last, mut same) = (self.node.all_calls(), 0);
        while same < 6 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let calls = self.node.all_calls();
            same = if calls == last { same + 1 } else { 0 };
            last = calls;
        }
    }
}

/// Opens a store that was closed a moment ago: a read or write may still be under way in it.
pub(crate) async fn open(node: &ScriptedNode, wallet: &Arc<Wallet>, home: &TempDir) -> Messager {
    for _ in 0..200 {
        match builder(node, wallet).with_config(config()).open(home.path()).await {
            Ok(messager) => return messager,
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
    builder(node, wallet).open(home.path()).await.unwrap()
}

pub(crate) fn builder(node: &ScriptedNode, wallet: &Arc<Wallet>) -> MessagerBuilder {
    Messager::builder(Arc::new(node.clone()), Arc::clone(wallet) as Arc<dyn Signer>)
}
