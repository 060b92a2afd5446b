//! The store in a directory, for one process.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use chrono::Utc;
use serde::{Serialize, de::DeserializeOwned};
use sled::Tree;
use venus_core::{
    Address,
    api::messager::{
        ActorConfig, DirectWallet, MessageState, QueuedMessage, Sender, SenderState, SharedSpec,
    },
    store::{Store, StoreError},
};

use super::{Batch, Filter, Key, MessageStore, SenderChange, Tracked, keys};
use crate::error::{MessagerError, Result};

const TREE: &str = "messager";

/// Messages and senders in an embedded store, which one process has open at a time.
#[derive(Debug, Clone)]
pub struct EmbeddedStore {
    store: Store,
    /// One tree, so that one batch is one transaction.
    tree: Tree,
    /// Held over read and write.
    writing: Arc<Mutex<()>>,
}

impl EmbeddedStore {
    /// Messages and senders in `store`.
    pub fn new(store: Store) -> Result<Self> {
        let tree = store.tree(TREE)?;
        Ok(Self { store, tree, writing: Arc::default() })
    }

    /// Reads off the runtime's threads.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let this = self.clone();
        tokio::task::spawn_blocking(move || work(&this)).await.map_err(lost)?
    }

    /// Writes what `work` gathers, all or nothing; it is durable when this is over.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self, &mut sled::Batch) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.read(move |this| {
            let _one = this.writing.lock().unwrap_or_else(PoisonError::into_inner);
            let mut batch = sled::Batch::default();
            let result = work(this, &mut batch)?;
            this.tree.apply_batch(batch).map_err(StoreError::from)?;
            this.store.commit_blocking()?;
            Ok(result)
        })
        .await
    }

    fn get<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>> {
        let found = self.tree.get(key).map_err(StoreError::from)?;
        found.map(|bytes| decode(&bytes)).transpose()
    }

    fn all<T: DeserializeOwned>(&self, prefix: &[u8]) -> Result<Vec<T>> {
        let entries = self.tree.scan_prefix(prefix).values();
        entries.map(|entry| decode(&entry.map_err(StoreError::from)?)).collect()
    }

    fn by_id(&self, id: &[u8]) -> Result<Option<QueuedMessage>> {
        self.get(&[b"m", id].concat())
    }

    /// Replaces `old`, if there is one, by `new`.
    fn put(
        batch: &mut sled::Batch,
        old: Option<&QueuedMessage>,
        new: &QueuedMessage,
    ) -> Result<()> {
        for key in old.map(keys::leading_to).unwrap_or_default() {
            batch.remove(key);
        }
        for key in keys::leading_to(new) {
            batch.insert(key, new.id.as_bytes());
        }
        batch.insert(keys::message(&new.id), encode(new)?);
        Ok(())
    }

    fn matching(&self, filter: &Filter) -> Result<Vec<QueuedMessage>> {
        let query = &filter.query;
        let states: &[MessageState] =
            if query.state.is_empty() { &MessageState::ALL } else { &query.state };
        let senders: Vec<_> = match query.from.as_slice() {
            [] => vec![None],
            named => named.iter().copied().map(Some).collect(),
        };
        let mut found = Vec::new();
        for (state, sender) in
            states.iter().flat_map(|state| senders.iter().map(move |sender| (*state, *sender)))
        {
            for entry in self.tree.scan_prefix(keys::in_state(state, sender)) {
                let (_, id) = entry.map_err(StoreError::from)?;
                let Some(message) = self.by_id(&id)? else { continue };
                // A writer may have been between the two reads.
                if message.state == state && filter.accepts(&message) {
                    found.push(message);
                }
            }
        }
        Ok(filter.page(found))
    }
}

impl Filter {
    fn accepts(&self, message: &QueuedMessage) -> bool {
        self.query.by_update_at.is_none_or(|since| message.updated_at >= since)
            && self.created_before.is_none_or(|before| message.created_at < before)
            && (!self.failing || !message.error_msg.is_empty())
    }

    fn page(&self, mut messages: Vec<QueuedMessage>) -> Vec<QueuedMessage> {
        messages.sort_by(|a, b| match (self.newest_first, self.query.asc) {
            (true, _) => b.created_at.cmp(&a.created_at),
            (false, true) => a.created_at.cmp(&b.created_at),
            (false, false) => b.updated_at.cmp(&a.updated_at),
        });
        let limit = match self.query.limit {
            0 => usize::MAX,
            limit => usize::try_from(limit).unwrap_or(usize::MAX),
        };
        let offset = usize::try_from(self.query.offset).unwrap_or(usize::MAX);
        messages.into_iter().skip(offset).take(limit).collect()
    }
}

#[async_trait]
impl MessageStore for EmbeddedStore {
    async fn insert(&self, message: QueuedMessage) -> Result<()> {
        self.write(move |this, batch| {
            if this.by_id(message.id.as_bytes())?.is_some() {
                return Err(MessagerError::Duplicate(message.id));
            }
            let key = keys::sender(message.from);
            match this.get::<Sender>(&key)? {
                Some(sender) if sender.state == SenderState::Forbidden => {
                    return Err(MessagerError::Forbidden(message.from));
                }
                Some(_) => {}
                None => batch.insert(key, encode(&Sender::new(message.from, Utc::now()))?),
            }
            Self::put(batch, None, &message)
        })
        .await
    }

    async fn find(&self, key: &Key) -> Result<Option<QueuedMessage>> {
        let key = key.clone();
        self.read(move |this| {
            let entry = match key {
                Key::Id(id) => return this.by_id(id.as_bytes()),
                Key::Signed(cid) => keys::signed(cid),
                Key::Unsigned(cid) => keys::unsigned(cid),
                Key::Nonce(from, nonce) => keys::nonce(from, nonce),
            };
            match this.tree.get(entry).map_err(StoreError::from)? {
                Some(id) => this.by_id(&id),
                None => Ok(None),
            }
        })
        .await
    }

    async fn list(&self, filter: &Filter) -> Result<Vec<QueuedMessage>> {
        let filter = filter.clone();
        self.read(move |this| this.matching(&filter)).await
    }

    async fn sender(&self, address: Address) -> Result<Option<Sender>> {
        self.read(move |this| this.get(&keys::sender(address))).await
    }

    async fn senders(&self) -> Result<Vec<Sender>> {
        self.read(|this| this.all(keys::SENDERS)).await
    }

    async fn change_sender(&self, address: Address, change: SenderChange) -> Result<bool> {
        self.write(move |this, batch| {
            let key = keys::sender(address);
            let Some(mut sender) = this.get::<Sender>(&key)? else { return Ok(false) };
            match change {
                SenderChange::State(state) => sender.state = state,
                SenderChange::SelMsgNum(number) => sender.sel_msg_num = number,
                SenderChange::Fees(fees) => sender.fees = fees,
                SenderChange::Nonce(nonce) => sender.nonce = nonce,
            }
            sender.updated_at = Utc::now();
            batch.insert(key, encode(&sender)?);
            Ok(true)
        })
        .await
    }

    async fn remove_sender(&self, address: Address) -> Result<bool> {
        self.write(move |this, batch| {
            let in_flight = keys::in_state(MessageState::Fill, Some(address));
            let count = this.tree.scan_prefix(in_flight).count();
            if count > 0 {
                return Err(MessagerError::InFlight { sender: address, count });
            }
            let key = keys::sender(address);
            let there = this.get::<Sender>(&key)?.is_some();
            batch.remove(key);
            Ok(there)
        })
        .await
    }

    async fn ensure_sender(&self, address: Address) -> Result<()> {
        self.write(move |this, batch| {
            let key = keys::sender(address);
            if this.get::<Sender>(&key)?.is_none() {
                batch.insert(key, encode(&Sender::new(address, Utc::now()))?);
            }
            Ok(())
        })
        .await
    }

    async fn shared(&self) -> Result<SharedSpec> {
        self.read(|this| Ok(this.get(keys::SHARED)?.unwrap_or_default())).await
    }

    async fn set_shared(&self, params: SharedSpec) -> Result<()> {
        self.write(move |_, batch| {
            batch.insert(keys::SHARED, encode(&SharedSpec { id: 1, ..params })?);
            Ok(())
        })
        .await
    }

    async fn actor_configs(&self) -> Result<Vec<ActorConfig>> {
        self.read(|this| this.all(keys::ACTOR_CONFIGS)).await
    }

    async fn save_actor_config(&self, config: ActorConfig) -> Result<()> {
        self.write(move |this, batch| {
            let same_call = |other: &ActorConfig| {
                (other.code, other.method) == (config.code, config.method) && other.id != config.id
            };
            let others: Vec<ActorConfig> = this.all(keys::ACTOR_CONFIGS)?;
            if let Some(other) = others.into_iter().find(same_call) {
                return Err(MessagerError::PricedTwice(other.id));
            }
            let key = [keys::ACTOR_CONFIGS, config.id.as_bytes()].concat();
            batch.insert(key, encode(&config)?);
            Ok(())
        })
        .await
    }

    async fn wallets(&self) -> Result<Vec<DirectWallet>> {
        let mut wallets: Vec<DirectWallet> = self.read(|this| this.all(keys::WALLETS)).await?;
        wallets.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(wallets)
    }

    async fn put_wallet(&self, wallet: DirectWallet) -> Result<()> {
        self.write(move |_, batch| {
            let key = [keys::WALLETS, wallet.id.as_bytes()].concat();
            batch.insert(key, encode(&wallet)?);
            Ok(())
        })
        .await
    }

    async fn remove_wallet(&self, id: &str) -> Result<()> {
        let key = [keys::WALLETS, id.as_bytes()].concat();
        self.write(move |_, batch| {
            batch.remove(key);
            Ok(())
        })
        .await
    }

    async fn tracked(&self) -> Result<Option<Tracked>> {
        self.read(|this| this.get(keys::TRACKED)).await
    }

    async fn apply(&self, changes: Batch) -> Result<()> {
        self.write(move |this, batch| {
            if let Some(key) = &changes.only_at {
                let tracked = this.get::<Tracked>(keys::TRACKED)?;
                if tracked.is_none_or(|tracked| tracked.key != *key) {
                    return Err(MessagerError::Moved);
                }
            }
            for (state, new) in &changes.messages {
                let old = this.by_id(new.id.as_bytes())?;
                match old.filter(|old| old.state == *state) {
                    Some(old) => Self::put(batch, Some(&old), new)?,
                    None => return Err(MessagerError::Changed(new.id.clone())),
                }
            }
            for (id, error) in changes.errors {
                let Some(old) = this.by_id(id.as_bytes())? else { continue };
                if old.state.has_landed() {
                    continue;
                }
                let new = QueuedMessage { error_msg: error, updated_at: Utc::now(), ..old.clone() };
                Self::put(batch, Some(&old), &new)?;
            }
            if let Some((address, nonce)) = changes.nonce {
                let key = keys::sender(address);
                let sender = this.get::<Sender>(&key)?;
                let sender = sender.unwrap_or_else(|| Sender::new(address, Utc::now()));
                let sender = Sender { nonce, updated_at: Utc::now(), ..sender };
                batch.insert(key, encode(&sender)?);
            }
            if let Some(tracked) = &changes.tracked {
                batch.insert(keys::TRACKED, encode(tracked)?);
            }
            Ok(())
        })
        .await
    }
}

fn lost(error: tokio::task::JoinError) -> MessagerError {
    StoreError::Io(sled::Error::Io(io::Error::other(error))).into()
}

fn damaged(error: serde_json::Error) -> MessagerError {
    StoreError::Damaged { tree: TREE, reason: error.to_string() }.into()
}

fn encode(value: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(damaged)
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(damaged)
}
