//! The chain on disk: blocks, the chain that counts, and what was computed.
//!
//! The head is the last entry of the index of heights, so that a switch of heads is one atomic
//! batch. [`ChainStore::commit`] makes durable what was written before.

mod messages;

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use fvm_ipld_blockstore::Blockstore;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sled::{
    Transactional,
    transaction::{ConflictableTransactionError, TransactionError},
};
use venus_core::{
    Address, BlockHeader, ChainEpoch, Cid, TipSet, TipSetKey, cbor, from_cbor,
    store::{Store, StoreError},
};

pub(crate) use messages::{BlockContent, split};

use crate::{
    blockstore::{SharedStore, SledStore},
    error::{NodeError, Result},
};

/// Tipsets kept in memory.
const CACHED: usize = 4096;

#[derive(Debug)]
pub(crate) struct ChainStore {
    store: Store,
    blocks: SharedStore,
    /// Height to key of the chain that counts.
    heights: sled::Tree,
    /// Height and CID of every valid block.
    known: sled::Tree,
    /// Miner and height to the CID of its block.
    mined: sled::Tree,
    /// Tipset to what its execution gave.
    computed: sled::Tree,
    meta: sled::Tree,
    pub(crate) pool: sled::Tree,
    pub(crate) signatures: sled::Tree,
    cache: Mutex<HashMap<TipSetKey, Arc<TipSet>>>,
}

/// What the execution of a tipset gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Computed {
    pub(crate) state: Cid,
    pub(crate) receipts: Cid,
    /// CIDs on chain of the messages executed, in the order of the receipts.
    pub(crate) messages: Vec<Cid>,
}

fn height_key(height: ChainEpoch) -> [u8; 8] {
    // Heights are never negative here; one that were would sort first and be found by nobody.
    height.max(0).to_be_bytes()
}

fn damaged(tree: &'static str, reason: impl ToString) -> NodeError {
    StoreError::Damaged { tree, reason: reason.to_string() }.into()
}

impl ChainStore {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let store = Store::open(path)?;
        Ok(Self {
            blocks: SharedStore::new(SledStore::new(store.tree("blocks")?)),
            heights: store.tree("heights")?,
            known: store.tree("known")?,
            mined: store.tree("mined")?,
            computed: store.tree("computed")?,
            meta: store.tree("meta")?,
            pool: store.tree("pool")?,
            signatures: store.tree("signatures")?,
            cache: Mutex::default(),
            store,
        })
    }

    /// Makes everything written so far durable.
    pub(crate) fn commit(&self) -> Result<()> {
        Ok(self.store.commit_blocking()?)
    }

    pub(crate) const fn blocks(&self) -> &SharedStore {
        &self.blocks
    }

    pub(crate) fn meta<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>> {
        self.meta
            .get(key)?
            .map(|bytes| serde_json::from_slice(&bytes).map_err(|e| damaged("meta", e)))
            .transpose()
    }

    pub(crate) fn set_meta(&self, key: &str, value: &impl Serialize) -> Result<()> {
        let bytes = serde_json::to_vec(value).map_err(|e| damaged("meta", e))?;
        self.meta.insert(key, bytes)?;
        Ok(())
    }

    pub(crate) fn raw(&self, cid: &Cid) -> Result<Option<Vec<u8>>> {
        self.blocks.get(cid).map_err(|e| damaged("blocks", e))
    }

    pub(crate) fn object<T: DeserializeOwned>(&self, what: &'static str, cid: &Cid) -> Result<T> {
        let bytes = self.raw(cid)?.ok_or(NodeError::NotFound { what, cid: *cid })?;
        from_cbor(&bytes).map_err(|e| NodeError::WrongKind {
            what,
            cid: Box::new(*cid),
            reason: e.to_string(),
        })
    }

    pub(crate) fn put(&self, value: &impl Serialize) -> Result<Cid> {
        let bytes = cbor(value);
        let cid = Cid::of_cbor(&bytes);
        self.blocks.put_keyed(&cid, &bytes).map_err(|e| damaged("blocks", e))?;
        Ok(cid)
    }

    pub(crate) fn header(&self, cid: &Cid) -> Result<BlockHeader> {
        self.object("get block", cid)
    }

    pub(crate) fn tipset(&self, key: &TipSetKey) -> Result<Arc<TipSet>> {
        let cache = || self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = cache().get(key) {
            return Ok(Arc::clone(found));
        }
        if key.is_empty() {
            return Err(NodeError::Input(
                "NewTipSet called with zero length array of blocks".into(),
            ));
        }
        let headers = key.cids().iter().map(|cid| self.header(cid)).collect::<Result<_>>()?;
        let tipset = Arc::new(TipSet::new(headers).map_err(|e| NodeError::Input(e.to_string()))?);
        if tipset.key() != key {
            return Err(NodeError::Input(format!("the blocks of {key} are not in tipset order")));
        }
        let mut cache = cache();
        if cache.len() >= CACHED {
            cache.clear();
        }
        cache.insert(key.clone(), Arc::clone(&tipset));
        Ok(tipset)
    }

    /// The head; none before genesis.
    pub(crate) fn head(&self) -> Result<Option<TipSetKey>> {
        self.heights.last()?.map(|(_, key)| decode_key(&key)).transpose()
    }

    /// The key at a height of the chain that counts.
    pub(crate) fn key_at(&self, height: ChainEpoch) -> Result<Option<TipSetKey>> {
        self.heights.get(height_key(height))?.map(|key| decode_key(&key)).transpose()
    }

    /// The last key at or below a height.
    pub(crate) fn key_at_or_below(&self, height: ChainEpoch) -> Result<Option<TipSetKey>> {
        let found = self.heights.range(..=height_key(height)).next_back().transpose()?;
        found.map(|(_, key)| decode_key(&key)).transpose()
    }

    /// The first key at or above a height.
    pub(crate) fn key_at_or_above(&self, height: ChainEpoch) -> Result<Option<TipSetKey>> {
        let found = self.heights.range(height_key(height)..).next().transpose()?;
        found.map(|(_, key)| decode_key(&key)).transpose()
    }

    /// Moves the head: takes tipsets out of the chain that counts and puts others in, at once.
    pub(crate) fn switch(&self, revert: &[Arc<TipSet>], apply: &[Arc<TipSet>]) -> Result<()> {
        let mut batch = sled::Batch::default();
        for tipset in revert {
            batch.remove(&height_key(tipset.height()));
        }
        for tipset in apply {
            batch.insert(&height_key(tipset.height()), cbor(tipset.key()));
        }
        self.heights.apply_batch(batch)?;
        Ok(())
    }

    /// Remembers a valid block.
    pub(crate) fn add_block(&self, header: &BlockHeader) -> Result<Cid> {
        let cid = self.put(header)?;
        let mined = mined_key(header.miner, header.height);
        let mut known = height_key(header.height).to_vec();
        known.extend(cid.to_bytes());
        // Both or none, or a crash could leave a miner that may mine nothing any more.
        (&self.mined, &self.known)
            .transaction(|(mined_tree, known_tree)| {
                mined_tree.insert(&mined[..], cid.to_bytes())?;
                known_tree.insert(&known[..], &[])?;
                Ok::<_, ConflictableTransactionError<std::convert::Infallible>>(())
            })
            .map_err(|error| match error {
                TransactionError::Storage(error) => NodeError::from(error),
                TransactionError::Abort(never) => match never {},
            })?;
        Ok(cid)
    }

    /// Whether a block was found valid before.
    pub(crate) fn is_known(&self, height: ChainEpoch, cid: &Cid) -> Result<bool> {
        let mut key = height_key(height).to_vec();
        key.extend(cid.to_bytes());
        Ok(self.known.contains_key(key)?)
    }

    /// The heights of valid blocks from `height` on, in order.
    pub(crate) fn known_heights(&self, height: ChainEpoch) -> Result<Vec<ChainEpoch>> {
        let mut heights = Vec::new();
        for entry in self.known.range(height_key(height)..) {
            let (key, _) = entry?;
            let bytes: Option<[u8; 8]> = key.get(..8).and_then(|b| b.try_into().ok());
            let bytes = bytes.ok_or_else(|| damaged("known", "a key is too short"))?;
            heights.push(ChainEpoch::from_be_bytes(bytes));
        }
        heights.dedup();
        Ok(heights)
    }

    /// The valid blocks of a height.
    pub(crate) fn blocks_at(&self, height: ChainEpoch) -> Result<Vec<BlockHeader>> {
        let prefix = height_key(height);
        self.known
            .scan_prefix(prefix)
            .map(|entry| {
                let (key, _) = entry?;
                let cid = cid::Cid::try_from(key.get(prefix.len()..).unwrap_or_default());
                self.header(&cid.map_err(|e| damaged("known", e))?.into())
            })
            .collect()
    }

    /// The block that a miner made at a height.
    pub(crate) fn mined_at(&self, miner: Address, height: ChainEpoch) -> Result<Option<Cid>> {
        self.mined
            .get(mined_key(miner, height))?
            .map(|b| cid::Cid::try_from(&b[..]).map(Cid).map_err(|e| damaged("mined", e)))
            .transpose()
    }

    pub(crate) fn computed(&self, key: &TipSetKey) -> Result<Option<Computed>> {
        self.computed
            .get(key.to_bytes())?
            .map(|bytes| from_cbor(&bytes).map_err(|e| damaged("computed", e)))
            .transpose()
    }

    pub(crate) fn set_computed(&self, key: &TipSetKey, computed: &Computed) -> Result<()> {
        self.computed.insert(key.to_bytes(), cbor(computed))?;
        Ok(())
    }
}

fn mined_key(miner: Address, height: ChainEpoch) -> Vec<u8> {
    let mut key = miner.to_bytes();
    key.extend(height_key(height));
    key
}

fn decode_key(bytes: &[u8]) -> Result<TipSetKey> {
    from_cbor(bytes).map_err(|e| damaged("heights", e))
}
