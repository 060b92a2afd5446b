//! A process may die at any point: no message is lost, none gets two nonces.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use async_trait::async_trait;
use venus_core::{
    Address, Message,
    api::messager::{
        ActorConfig, DirectWallet, MessageState, MessagerApi, QueuedMessage, Sender, SharedSpec,
    },
    test_utils::MemSigner,
};
use venus_messager::{
    Batch, Filter, Key, MessageStore, Messager, MessagerConfig, MessagerError, SenderChange,
    Tracked,
};

use crate::{
    node::ScriptedNode,
    store::{Dsn, Place},
    world::{Running, Wallet, atto, builder, key},
};

/// A store of a process that dies at one of its writes: just before or just after it.
#[derive(Debug)]
struct Mortal {
    store: Box<dyn MessageStore>,
    writes_left: AtomicUsize,
    after: bool,
}

impl Mortal {
    fn dead(&self) -> bool {
        self.writes_left.load(SeqCst) == 0
    }

    fn alive(&self) -> Result<(), MessagerError> {
        if self.dead() { Err(MessagerError::Stopped) } else { Ok(()) }
    }

    /// Runs a write, unless the process dies before, or died long ago.
    async fn write<T>(
        &self,
        work: impl Future<Output = Result<T, MessagerError>>,
    ) -> Result<T, MessagerError> {
        let left = self.writes_left.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1));
        match left {
            Err(_) => Err(MessagerError::Stopped),
            Ok(1) if self.after => work.await.and(Err(MessagerError::Stopped)),
            Ok(1) => Err(MessagerError::Stopped),
            Ok(_) => work.await,
        }
    }
}

#[async_trait]
impl MessageStore for Mortal {
    async fn insert(&self, message: QueuedMessage) -> Result<(), MessagerError> {
        self.write(self.store.insert(message)).await
    }
    async fn find(&self, key: &Key) -> Result<Option<QueuedMessage>, MessagerError> {
        self.alive()?;
        self.store.find(key).await
    }
    async fn list(&self, filter: &Filter) -> Result<Vec<QueuedMessage>, MessagerError> {
        self.alive()?;
        self.store.list(filter).await
    }
    async fn sender(&self, address: Address) -> Result<Option<Sender>, MessagerError> {
        self.alive()?;
        self.store.sender(address).await
    }
    async fn senders(&self) -> Result<Vec<Sender>, MessagerError> {
        self.alive()?;
        self.store.senders().await
    }
    async fn change_sender(&self, a: Address, c: SenderChange) -> Result<bool, MessagerError> {
        self.write(self.store.change_sender(a, c)).await
    }
    async fn shared(&self) -> Result<SharedSpec, MessagerError> {
        self.alive()?;
        self.store.shared().await
    }
    async fn remove_sender(&self, address: Address) -> Result<bool, MessagerError> {
        self.write(self.store.remove_sender(address)).await
    }
    async fn set_shared(&self, params: SharedSpec) -> Result<(), MessagerError> {
        self.write(self.store.set_shared(params)).await
    }
    async fn actor_configs(&self) -> Result<Vec<ActorConfig>, MessagerError> {
        self.alive()?;
        self.store.actor_configs().await
    }
    async fn save_actor_config(&self, config: ActorConfig) -> Result<(), MessagerError> {
        self.write(self.store.save_actor_config(config)).await
    }
    async fn ensure_sender(&self, address: Address) -> Result<(), MessagerError> {
        self.write(self.store.ensure_sender(address)).await
    }
    async fn wallets(&self) -> Result<Vec<DirectWallet>, MessagerError> {
        self.alive()?;
        self.store.wallets().await
    }
    async fn put_wallet(&self, wallet: DirectWallet) -> Result<(), MessagerError> {
        self.write(self.store.put_wallet(wallet)).await
    }
    async fn remove_wallet(&self, id: &str) -> Result<(), MessagerError> {
        self.write(self.store.remove_wallet(id)).await
    }
    async fn tracked(&self) -> Result<Option<Tracked>, MessagerError> {
        self.alive()?;
        self.store.tracked().await
    }
    async fn apply(&self, batch: Batch) -> Result<(), MessagerError> {
        self.write(self.store.apply(batch)).await
    }
}

struct Life {
    node: ScriptedNode,
    wallet: Arc<Wallet>,
    from: Address,
    store: Arc<Mortal>,
    messager: Messager,
}

impl Life {
    /// One process until it dies, or has nothing left to do, or so many heads came. The ids that it
    /// acknowledged.
    async fn live(&self, ids: &[&str], heads: usize) -> Vec<String> {
        let running = Running::start(&self.messager);
        let mut acknowledged = Vec::new();
        for (id, value) in ids.iter().zip(1..) {
            let message = Message::transfer(self.from, self.from, atto(value));
            match self.messager.push_message_with_id((*id).to_owned(), message, None).await {
                Ok(id) => acknowledged.push(id),
                Err(error) => assert!(self.store.dead(), "{id}: {error}"),
            }
        }
        for round in 0..heads {
            let rows = self.messager.list_message(None).await;
            let landed = |rows: Vec<QueuedMessage>| rows.iter().all(|r| r.state.has_landed());
            if round > 1 && rows.map_or(true, |rows| landed(rows.unwrap_or_default())) {
                break;
            }
            self.node.advance(1, round % 2 == 1);
            for _ in 0..15 {
                if self.store.dead() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(4)).await;
            }
        }
        running.stop().await;
        acknowledged
    }
}

async fn life(
    place: &dyn Place,
    node: &ScriptedNode,
    wallet: &Arc<Wallet>,
    dies: (usize, bool),
) -> Life {
    let store = place.open().await;
    let (writes, after) = dies;
    let config = MessagerConfig { stable: Duration::from_millis(5), ..MessagerConfig::default() };
    let store = Arc::new(Mortal { store, writes_left: AtomicUsize::new(writes), after });
    let messager = builder(node, wallet).with_config(config).with_store(store.clone());
    Life { node: node.clone(), wallet: wallet.clone(), from: key(1).address(), store, messager }
}

const IDS: [&str; 3] = ["a", "b", "c"];

/// Dies at one write, then lives on. Whether it died.
async fn scenario(place: &dyn Place, write: usize, after: bool, pool_is_closed: bool) -> bool {
    let what = format!("write {write}, after: {after}, pool closed: {pool_is_closed}");
    let node = ScriptedNode::new(&[key(1).address()]);
    let wallet = Arc::new(Wallet::new(MemSigner::with([key(1)])));
    if pool_is_closed {
        node.fail("MpoolBatchPushUntrusted", "closed");
    }
    let first = life(place, &node, &wallet, (write, after)).await;
    let acknowledged: HashSet<_> = first.live(&IDS, 6).await.into_iter().collect();
    let died = first.store.dead();
    drop(first);
    node.heal("MpoolBatchPushUntrusted");

    let second = life(place, &node, &wallet, (usize::MAX, false)).await;
    second.live(&[], 200).await;
    assert!(!second.store.dead() && Arc::strong_count(&second.wallet) > 0);
    let rows = second.messager.list_message(None).await.unwrap().unwrap();
    let ids: HashSet<_> = rows.iter().map(|row| row.id.clone()).collect();
    assert!(acknowledged.is_subset(&ids), "{what}: lost {acknowledged:?} of {ids:?}");
    let mut nonces = BTreeMap::new();
    for row in &rows {
        assert_eq!(row.state, MessageState::OnChain, "{what}: {} with {}", row.id, row.error_msg);
        let executed = node.executed(row.from, row.nonce).map(|(cid, ..)| cid);
        assert_eq!(row.signed_cid, executed, "{what}");
        assert!(nonces.insert(row.nonce, row.id.clone()).is_none(), "{what}: a nonce twice");
    }
    assert!(nonces.into_keys().eq(0..rows.len() as u64), "{what}: a hole");
    // The pool never saw two messages of a nonce: nothing was signed twice and published twice.
    assert!(node.given().values().all(|cids| cids.len() == 1), "{what}");
    assert_eq!(node.given().len(), rows.len(), "{what}");
    died
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn death_at_any_write_loses_nothing_and_uses_each_nonce_once() {
    let mut points = 0;
    for write in 1.. {
        let mut died = false;
        for (after, pool_is_closed) in [(false, false), (true, false), (true, true)] {
            let home = tempfile::tempdir().unwrap();
            died |= scenario(&home, write, after, pool_is_closed).await;
        }
        if !died {
            break;
        }
        points += 1;
    }
    // Three messages taken, one head after the other, one selection.
    assert!(points >= 8, "{points}");
}

/// Each write is one transaction: before it or after it is all there is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn death_of_a_messager_over_a_database_loses_nothing_either() {
    for write in 1..=10 {
        scenario(&Dsn::empty(), write, write % 2 == 0, write % 4 == 0).await;
    }
}
