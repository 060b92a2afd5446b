//! The miners in memory: which take part, and how they fare.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use chrono::Utc;
use venus_core::{
    Address, TipSetKey,
    api::miner::{MiningStatus, PoolMiner},
};

use crate::source::Listing;

/// How many errors of a miner are kept, the newest.
const MAX_ERRORS: usize = 20;

#[derive(Debug)]
struct Entry {
    miner: PoolMiner,
    errors: VecDeque<String>,
    /// The bases on which it is drawing or proving.
    busy: Vec<TipSetKey>,
}

/// The miners by address.
#[derive(Debug, Default)]
pub(crate) struct Registry(Mutex<BTreeMap<Address, Entry>>);

impl Registry {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Address, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a reading: what it lacks goes, except what could not be read.
    pub(crate) fn update(&self, listing: Listing) {
        let mut map = self.lock();
        map.retain(|addr, entry| {
            listing.unread.contains(&entry.miner.name)
                || listing.miners.iter().any(|miner| miner.addr == *addr)
        });
        for miner in listing.miners {
            match map.get_mut(&miner.addr) {
                Some(entry) => entry.miner = miner,
                None => {
                    let entry =
                        Entry { miner: miner.clone(), errors: VecDeque::new(), busy: Vec::new() };
                    map.insert(miner.addr, entry);
                }
            }
        }
    }

    pub(crate) fn list(&self) -> Vec<PoolMiner> {
        self.lock().values().map(|entry| entry.miner.clone()).collect()
    }

    pub(crate) fn get(&self, miner: Address) -> Option<PoolMiner> {
        self.lock().get(&miner).map(|entry| entry.miner.clone())
    }

    pub(crate) fn is_mining(&self, miner: Address) -> bool {
        self.get(miner).is_some_and(|miner| miner.open_mining)
    }

    pub(crate) fn set_mining(&self, miner: Address, on: bool) {
        if let Some(entry) = self.lock().get_mut(&miner) {
            entry.miner.open_mining = on;
        }
    }

    pub(crate) fn status(&self, miner: Address) -> MiningStatus {
        let map = self.lock();
        let entry = map.get(&miner);
        let errors = entry.map(|entry| entry.errors.iter().cloned().collect::<Vec<_>>());
        MiningStatus {
            addr: miner,
            is_mining: entry.is_some_and(|entry| entry.miner.open_mining),
            err: errors.filter(|errors| !errors.is_empty()),
        }
    }

    pub(crate) fn error(&self, miner: Address, error: &dyn std::fmt::Display) {
        if let Some(entry) = self.lock().get_mut(&miner) {
            let time = Utc::now().format("%Y-%m-%d %H:%M:%S");
            entry.errors.push_back(format!("{time} {error}"));
            while entry.errors.len() > MAX_ERRORS {
                entry.errors.pop_front();
            }
        }
    }

    /// The miners that take part in a round on `base`, each marked as busy with it. One that is
    /// still busy there is left out: its block would be on the same parents, and two such are a
    /// fault.
    pub(crate) fn draw_on(&self, base: &TipSetKey) -> Vec<Address> {
        let mut chosen = Vec::new();
        for (addr, entry) in self.lock().iter_mut() {
            if entry.miner.open_mining && !entry.busy.contains(base) {
                entry.busy.push(base.clone());
                chosen.push(*addr);
            }
        }
        chosen
    }

    /// The miner is done with `base`.
    pub(crate) fn release(&self, miner: Address, base: &TipSetKey) {
        if let Some(entry) = self.lock().get_mut(&miner) {
            entry.busy.retain(|busy| busy != base);
        }
    }

    pub(crate) fn any_mining(&self) -> bool {
        self.lock().values().any(|entry| entry.miner.open_mining)
    }
}
