//! The store over sled: embedded, nothing to install.

use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Serialize, de::DeserializeOwned};
use sled::Batch;
use venus_core::auth::{
    MinerBinding, Page, RateLimit, SignerBinding, User, UserState, UserUpdate, format_address,
};
use venus_core::chain::Address;
use venus_core::store::{Store, StoreError as CoreError};

use super::{AuthStore, Bound, StoreError, TokenRow, UserRow};

/// The tree that sled itself makes: there is no need for another.
const TREE: &str = "__sled__default";
const VERSION: u32 = 1;
const VERSION_KEY: &[u8] = &[0];

// All records lie in one tree, so that one batch is one transaction. The first byte of a key
// says what it is; `*_BY_USER` are indexes without values.
const TOKEN: u8 = 1;
const TOKEN_BY_USER: u8 = 2;
const USER: u8 = 3;
const MINER: u8 = 4;
const MINER_BY_USER: u8 = 5;
const SIGNER: u8 = 6;
const SIGNER_BY_USER: u8 = 7;
const LIMIT: u8 = 8;
const LIMIT_BY_USER: u8 = 9;

/// A miner, bound or unbound: an unbound one remembers when it was first bound.
#[derive(Serialize, serde::Deserialize)]
struct MinerRow {
    #[serde(flatten)]
    binding: MinerBinding,
    deleted: bool,
}

/// Keeps everything in one directory. A second process that opens it is turned away.
#[derive(Debug, Clone)]
pub struct SledStore(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    db: sled::Tree,
    /// Writers read, decide and write; one at a time makes that a transaction.
    writer: Mutex<()>,
}

impl SledStore {
    /// Opens or creates the store in a directory that only its owner can enter.
    ///
    /// # Errors
    ///
    /// [`StoreError::Locked`] if another process has it, else what the disk says.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        use std::os::unix::fs::DirBuilderExt;

        let failed = |source: std::io::Error| StoreError::Open {
            path: path.to_owned(),
            source: source.into(),
        };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)?;
        if path.join("MANIFEST").exists() {
            return Err(StoreError::Foreign { path: path.to_owned() });
        }
        let store = Store::open(path).map_err(|error| match error {
            CoreError::InUse(path) => StoreError::Locked { path },
            CoreError::Open { path, source } => StoreError::Open { path, source: source.into() },
            other => StoreError::Open { path: path.to_owned(), source: other.into() },
        })?;
        let tree = store
            .tree(TREE)
            .map_err(|error| StoreError::Open { path: path.to_owned(), source: error.into() })?;
        let store = Self(Arc::new(Inner { store, db: tree, writer: Mutex::new(()) }));
        match store.0.get::<u32>(VERSION_KEY)? {
            None => {
                let mut batch = Batch::default();
                put(&mut batch, VERSION_KEY, &VERSION)?;
                store.0.commit(batch, None)?;
            }
            Some(VERSION) => {}
            Some(found) => return Err(StoreError::Version { found, known: VERSION }),
        }
        Ok(store)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let inner = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || work(&inner)).await.unwrap_or_else(|error| {
            Err(StoreError::Backend { what: "finish its work", source: error.into() })
        })
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, ()> {
        // The guarded value is empty, so a panicked writer leaves nothing half-done behind.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, StoreError> {
        let value = self.db.get(key).map_err(backend("read"))?;
        value.map(|bytes| serde_json::from_slice(&bytes).map_err(StoreError::Corrupt)).transpose()
    }

    /// The keys that begin so, without the beginning.
    fn suffixes(&self, prefix: &[u8]) -> Result<Vec<Vec<u8>>, StoreError> {
        self.db
            .scan_prefix(prefix)
            .keys()
            .map(|key| key.map(|key| key[prefix.len()..].to_vec()).map_err(backend("read")))
            .collect()
    }

    /// The records that an index names.
    fn indexed<T: DeserializeOwned>(
        &self,
        index: &[u8],
        key: impl Fn(&[u8]) -> Vec<u8>,
    ) -> Result<Vec<T>, StoreError> {
        let suffixes = self.suffixes(index)?;
        suffixes.iter().filter_map(|suffix| self.get(&key(suffix)).transpose()).collect()
    }

    /// The records of a kind, in the order of their keys.
    fn all<T: DeserializeOwned>(
        &self,
        tag: u8,
    ) -> impl Iterator<Item = Result<T, StoreError>> + use<T> {
        self.db.scan_prefix([tag]).values().map(|value| {
            let value = value.map_err(backend("read"))?;
            serde_json::from_slice(&value).map_err(StoreError::Corrupt)
        })
    }

    fn live_user(&self, name: &str) -> Result<Option<UserRow>, StoreError> {
        Ok(self.get::<UserRow>(&key(USER, name))?.filter(|row| !row.deleted))
    }

    /// Writes all or nothing, and returns when it is on the disk. The lock is given up before
    /// the wait, so that several writers share one flush.
    fn commit(&self, batch: Batch, lock: Option<MutexGuard<'_, ()>>) -> Result<(), StoreError> {
        self.db.apply_batch(batch).map_err(backend("write"))?;
        drop(lock);
        self.store
            .commit_blocking()
            .map_err(|error| StoreError::Backend { what: "flush", source: error.into() })
    }
}

fn backend(what: &'static str) -> impl Fn(sled::Error) -> StoreError {
    move |error| StoreError::Backend { what, source: error.into() }
}

fn put<T: Serialize>(batch: &mut Batch, key: &[u8], value: &T) -> Result<(), StoreError> {
    batch.insert(key, serde_json::to_vec(value).map_err(StoreError::Corrupt)?);
    Ok(())
}

fn key(tag: u8, name: &str) -> Vec<u8> {
    [&[tag], name.as_bytes()].concat()
}

/// A prefix that no other name's prefix begins with: the length comes first.
fn of_user(tag: u8, user: &str) -> Vec<u8> {
    let length = u32::try_from(user.len()).unwrap_or(u32::MAX);
    [&[tag], &length.to_be_bytes()[..], user.as_bytes()].concat()
}

fn pair(tag: u8, first: &str, second: &str) -> Vec<u8> {
    [of_user(tag, first), second.as_bytes().to_vec()].concat()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[async_trait]
impl AuthStore for SledStore {
    async fn put_token(&self, row: TokenRow) -> Result<(), StoreError> {
        self.run(move |db| {
            let mut batch = Batch::default();
            put(&mut batch, &key(TOKEN, &row.token), &row)?;
            batch.insert(pair(TOKEN_BY_USER, &row.name, &row.token), &[]);
            db.commit(batch, None)
        })
        .await
    }

    async fn token(&self, token: &str) -> Result<Option<TokenRow>, StoreError> {
        let key = key(TOKEN, token);
        self.run(move |db| db.get(&key)).await
    }

    async fn tokens(&self, page: Page) -> Result<Vec<TokenRow>, StoreError> {
        self.run(move |db| {
            let live = db.all::<TokenRow>(TOKEN).filter(|row| match row {
                Ok(row) => row.removed_by.is_none(),
                Err(_) => true,
            });
            page.of(live).collect()
        })
        .await
    }

    async fn tokens_by_name(&self, name: &str) -> Result<Vec<TokenRow>, StoreError> {
        let index = of_user(TOKEN_BY_USER, name);
        self.run(move |db| {
            let mut rows: Vec<TokenRow> = db.indexed(&index, |token| [&[TOKEN], token].concat())?;
            rows.retain(|row| row.removed_by.is_none());
            Ok(rows)
        })
        .await
    }

    async fn set_token_removed(&self, token: &str, by: Option<&str>) -> Result<bool, StoreError> {
        let (key, by) = (key(TOKEN, token), by.map(str::to_owned));
        self.run(move |db| {
            let lock = db.lock();
            let Some(mut row) = db.get::<TokenRow>(&key)? else { return Ok(false) };
            if row.removed_by.is_some() == by.is_some() {
                return Ok(false);
            }
            row.removed_by = by;
            let mut batch = Batch::default();
            put(&mut batch, &key, &row)?;
            db.commit(batch, Some(lock)).map(|()| true)
        })
        .await
    }

    async fn insert_user(&self, user: User) -> Result<bool, StoreError> {
        self.run(move |db| {
            let lock = db.lock();
            if db.live_user(&user.name)?.is_some() {
                return Ok(false);
            }
            let mut batch = Batch::default();
            put(&mut batch, &key(USER, &user.name.clone()), &UserRow { user, deleted: false })?;
            db.commit(batch, Some(lock)).map(|()| true)
        })
        .await
    }

    async fn user(&self, name: &str) -> Result<Option<UserRow>, StoreError> {
        let key = key(USER, name);
        self.run(move |db| db.get(&key)).await
    }

    async fn users(&self, page: Page, state: UserState) -> Result<Vec<User>, StoreError> {
        self.run(move |db| {
            let wanted = db.all::<UserRow>(USER).filter(|row| match row {
                Ok(row) => {
                    !row.deleted && (state == UserState::UNDEFINED || row.user.state == state)
                }
                Err(_) => true,
            });
            page.of(wanted).map(|row| row.map(|row| row.user)).collect()
        })
        .await
    }

    async fn update_user(
        &self,
        update: &UserUpdate,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let update = update.clone();
        self.run(move |db| {
            let lock = db.lock();
            let Some(mut row) = db.live_user(&update.name)? else { return Ok(false) };
            if let Some(comment) = update.comment {
                row.user.comment = comment;
            }
            if update.state != UserState::UNDEFINED {
                row.user.state = update.state;
            }
            row.user.update_time = now.timestamp();
            let mut batch = Batch::default();
            put(&mut batch, &key(USER, &update.name), &row)?;
            db.commit(batch, Some(lock)).map(|()| true)
        })
        .await
    }

    async fn delete_user(&self, name: &str, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let name = name.to_owned();
        self.run(move |db| {
            let lock = db.lock();
            let Some(mut row) = db.live_user(&name)? else { return Ok(false) };
            row.deleted = true;
            row.user.update_time = now.timestamp();
            let mut batch = Batch::default();
            put(&mut batch, &key(USER, &name), &row)?;
            for miner in db.suffixes(&of_user(MINER_BY_USER, &name))? {
                drop_miner(db, &mut batch, &text(&miner), now)?;
            }
            for signer in db.suffixes(&of_user(SIGNER_BY_USER, &name))? {
                drop_signer(&mut batch, &text(&signer), &name);
            }
            db.commit(batch, Some(lock)).map(|()| true)
        })
        .await
    }

    async fn recover_user(&self, name: &str, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let key = key(USER, name);
        self.run(move |db| {
            let lock = db.lock();
            let Some(mut row) = db.get::<UserRow>(&key)?.filter(|row| row.deleted) else {
                return Ok(false);
            };
            row.deleted = false;
            row.user.update_time = now.timestamp();
            let mut batch = Batch::default();
            put(&mut batch, &key, &row)?;
            db.commit(batch, Some(lock)).map(|()| true)
        })
        .await
    }

    async fn bind_miner(
        &self,
        user: &str,
        miner: Address,
        open_mining: bool,
        now: DateTime<Utc>,
    ) -> Result<Bound, StoreError> {
        let user = user.to_owned();
        self.run(move |db| {
            let lock = db.lock();
            if db.live_user(&user)?.is_none() {
                return Ok(Bound::NoUser);
            }
            let address = format_address(&miner);
            let before = db.get::<MinerRow>(&key(MINER, &address))?;
            let was_bound = before.as_ref().is_some_and(|row| !row.deleted);
            let mut batch = Batch::default();
            if let Some(before) = &before {
                batch.remove(pair(MINER_BY_USER, &before.binding.user, &address));
            }
            batch.insert(pair(MINER_BY_USER, &user, &address), &[]);
            let created_at = before.map_or(now, |row| row.binding.created_at);
            let binding = MinerBinding { miner, user, open_mining, created_at, updated_at: now };
            put(&mut batch, &key(MINER, &address), &MinerRow { binding, deleted: false })?;
            db.commit(batch, Some(lock))?;
            Ok(if was_bound { Bound::Updated } else { Bound::Created })
        })
        .await
    }

    async fn unbind_miner(&self, miner: Address, now: DateTime<Utc>) -> Result<bool, StoreError> {
        self.run(move |db| {
            let lock = db.lock();
            let mut batch = Batch::default();
            if !drop_miner(db, &mut batch, &format_address(&miner), now)? {
                return Ok(false);
            }
            db.commit(batch, Some(lock)).map(|()| true)
        })
        .await
    }

    async fn miner(&self, miner: Address) -> Result<Option<MinerBinding>, StoreError> {
        let key = key(MINER, &format_address(&miner));
        self.run(move |db| {
            let row = db.get::<MinerRow>(&key)?.filter(|row| !row.deleted);
            Ok(row.map(|row| row.binding))
        })
        .await
    }

    async fn miners(&self, user: &str) -> Result<Vec<MinerBinding>, StoreError> {
        let index = of_user(MINER_BY_USER, user);
        self.run(move |db| db.indexed(&index, |miner| [&[MINER], miner].concat())).await
    }

    async fn bind_signer(
        &self,
        user: &str,
        signer: Address,
        now: DateTime<Utc>,
    ) -> Result<Bound, StoreError> {
        let user = user.to_owned();
        self.run(move |db| {
            let lock = db.lock();
            if db.live_user(&user)?.is_none() {
                return Ok(Bound::NoUser);
            }
            let address = format_address(&signer);
            let record = pair(SIGNER, &address, &user);
            let before = db.get::<SignerBinding>(&record)?;
            let bound = if before.is_some() { Bound::Updated } else { Bound::Created };
            let created_at = before.map_or(now, |binding| binding.created_at);
            let mut batch = Batch::default();
            batch.insert(pair(SIGNER_BY_USER, &user, &address), &[]);
            put(&mut batch, &record, &SignerBinding { signer, user, created_at, updated_at: now })?;
            db.commit(batch, Some(lock)).map(|()| bound)
        })
        .await
    }

    async fn unbind_signer(
        &self,
        user: Option<&str>,
        signer: Address,
        _now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let (user, address) = (user.map(str::to_owned), format_address(&signer));
        self.run(move |db| {
            let lock = db.lock();
            let mut users = db.suffixes(&of_user(SIGNER, &address))?;
            users.retain(|bound| user.as_ref().is_none_or(|user| user.as_bytes() == bound));
            if users.is_empty() {
                return Ok(false);
            }
            let mut batch = Batch::default();
            for user in users {
                drop_signer(&mut batch, &address, &text(&user));
            }
            db.commit(batch, Some(lock)).map(|()| true)
        })
        .await
    }

    async fn users_of_signer(&self, signer: Address) -> Result<Vec<String>, StoreError> {
        let index = of_user(SIGNER, &format_address(&signer));
        self.run(move |db| Ok(db.suffixes(&index)?.iter().map(|user| text(user)).collect())).await
    }

    async fn signers(&self, user: &str) -> Result<Vec<SignerBinding>, StoreError> {
        let (index, user) = (of_user(SIGNER_BY_USER, user), user.to_owned());
        self.run(move |db| db.indexed(&index, |signer| pair(SIGNER, &text(signer), &user))).await
    }

    async fn limits(&self, user: &str) -> Result<Vec<RateLimit>, StoreError> {
        let index = of_user(LIMIT_BY_USER, user);
        self.run(move |db| db.indexed(&index, |id| [&[LIMIT], id].concat())).await
    }

    async fn put_limit(&self, limit: RateLimit) -> Result<bool, StoreError> {
        self.run(move |db| {
            let lock = db.lock();
            let record = key(LIMIT, &limit.id);
            if db.get::<RateLimit>(&record)?.is_some_and(|before| before.name != limit.name) {
                return Ok(false);
            }
            let mut batch = Batch::default();
            put(&mut batch, &record, &limit)?;
            batch.insert(pair(LIMIT_BY_USER, &limit.name, &limit.id), &[]);
            db.commit(batch, Some(lock)).map(|()| true)
        })
        .await
    }

    async fn remove_limit(&self, user: &str, id: &str) -> Result<bool, StoreError> {
        let (index, record) = (pair(LIMIT_BY_USER, user, id), key(LIMIT, id));
        self.run(move |db| {
            let lock = db.lock();
            if !db.db.contains_key(&index).map_err(backend("read"))? {
                return Ok(false);
            }
            let mut batch = Batch::default();
            batch.remove(index);
            batch.remove(record);
            db.commit(batch, Some(lock)).map(|()| true)
        })
        .await
    }
}

/// Marks a miner as unbound. `false`: it was not bound.
fn drop_miner(
    db: &Inner,
    batch: &mut Batch,
    address: &str,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let record = key(MINER, address);
    let Some(mut row) = db.get::<MinerRow>(&record)?.filter(|row| !row.deleted) else {
        return Ok(false);
    };
    row.deleted = true;
    row.binding.updated_at = now;
    batch.remove(pair(MINER_BY_USER, &row.binding.user, address));
    put(batch, &record, &row)?;
    Ok(true)
}

fn drop_signer(batch: &mut Batch, address: &str, user: &str) {
    batch.remove(pair(SIGNER, address, user));
    batch.remove(pair(SIGNER_BY_USER, user, address));
}
