//! What of the canonical chain concerns the pool.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use venus_core::{Address, ChainEpoch, Cid, TipSet, TipSetKey};

/// A window PoSt that was executed without error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Post {
    pub(crate) miner: Address,
    pub(crate) deadline: u64,
    /// Height of the tipset with the message.
    pub(crate) epoch: ChainEpoch,
}

/// A tipset of the canonical chain.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) key: TipSetKey,
    pub(crate) blocks: Vec<(Cid, Address)>,
    /// Those that this tipset executed.
    pub(crate) posts: Vec<Post>,
}

impl Entry {
    pub(crate) fn new(tipset: &TipSet, posts: Vec<Post>) -> Self {
        let cids = tipset.key().cids().iter().copied();
        let blocks = cids.zip(tipset.blocks().iter().map(|block| block.miner)).collect();
        Self { key: tipset.key().clone(), blocks, posts }
    }
}

/// How a miner fared in this run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Fared {
    faults: u64,
    /// How often there were more faults than before.
    missed: u64,
}

/// The canonical chain as far as it concerns the pool. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ledger(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    chain: BTreeMap<ChainEpoch, Entry>,
    fared: BTreeMap<Address, Fared>,
}

impl Ledger {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn has(&self, height: ChainEpoch, key: &TipSetKey) -> bool {
        self.lock().chain.get(&height).is_some_and(|entry| entry.key == *key)
    }

    /// Removes what lies above a height.
    pub(crate) fn cut(&self, height: ChainEpoch) -> Vec<(ChainEpoch, Entry)> {
        let left = self.lock().chain.split_off(&(height + 1));
        left.into_iter().collect()
    }

    pub(crate) fn add(&self, height: ChainEpoch, entry: Entry) {
        self.lock().chain.insert(height, entry);
    }

    /// Blocks of a miner on the chain.
    pub(crate) fn wins(&self, miner: Address) -> u64 {
        self.count(|entry| entry.blocks.iter().filter(|(_, by)| *by == miner).count())
    }

    /// Accepted window PoSts of a miner.
    pub(crate) fn posts(&self, miner: Address) -> Vec<Post> {
        let inner = self.lock();
        let posts = inner.chain.values().flat_map(|entry| &entry.posts);
        posts.filter(|post| post.miner == miner).copied().collect()
    }

    pub(crate) fn wins_of(&self, miners: &BTreeSet<Address>) -> u64 {
        self.count(|entry| entry.blocks.iter().filter(|(_, by)| miners.contains(by)).count())
    }

    fn count(&self, of: impl Fn(&Entry) -> usize) -> u64 {
        self.lock().chain.values().map(|entry| of(entry) as u64).sum()
    }

    /// Notes the faults of a miner; true if there are more than before.
    pub(crate) fn note_faults(&self, miner: Address, faults: u64) -> bool {
        let mut inner = self.lock();
        let fared = inner.fared.entry(miner).or_default();
        let more = faults > fared.faults;
        fared.faults = faults;
        fared.missed += u64::from(more);
        more
    }

    /// How often a miner had more faults than before.
    pub(crate) fn missed(&self, miner: Address) -> u64 {
        self.lock().fared.get(&miner).map_or(0, |fared| fared.missed)
    }
}
