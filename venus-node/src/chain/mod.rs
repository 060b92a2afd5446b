//! The chain: walking it, executing it, making and judging blocks, choosing the head.

mod assemble;
mod lookback;
mod messages;
pub(crate) mod notify;
mod rand;
mod slash;
mod state;
mod sync;
mod validate;
mod walk;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use venus_core::{
    TipSet,
    clock::{Clock, SharedClock},
};
use venus_proofs::ProofVerifier;

pub(crate) use messages::{CHAIN_ID, MAX_MESSAGES, MAX_OF_KIND, key_of};
pub(crate) use state::{NETWORK_VERSION, chain_message};
pub(crate) use walk::{Null, changes};

use crate::{
    beacon::ChainBeacon,
    config::NodeConfig,
    executor::{Executor, StateView},
    gauges::Gauges,
    pool::Pool,
    store::ChainStore,
};

/// What the node is made of. Its methods block: call them off the runtime's threads.
pub(crate) struct Chain {
    pub(crate) config: NodeConfig,
    pub(crate) network: String,
    pub(crate) store: ChainStore,
    pub(crate) executor: Arc<dyn Executor>,
    pub(crate) verifier: Arc<dyn ProofVerifier>,
    pub(crate) clock: Arc<SharedClock>,
    pub(crate) genesis: Arc<TipSet>,
    pub(crate) beacon: ChainBeacon,
    pub(crate) head: RwLock<Arc<TipSet>>,
    /// Held while a block is judged and the head moves.
    pub(crate) ingest: Mutex<()>,
    /// Held while states are computed, so that none is computed twice.
    pub(crate) computing: Mutex<()>,
    pub(crate) notifier: notify::Notifier,
    pub(crate) pool: Pool,
    pub(crate) gauges: Arc<Gauges>,
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chain").field("network", &self.network).finish_non_exhaustive()
    }
}

/// Takes a lock; what it guards is whole even after a panic elsewhere.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Chain {
    pub(crate) fn head(&self) -> Arc<TipSet> {
        Arc::clone(&self.head.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn view(&self, root: &venus_core::Cid) -> crate::error::Result<StateView<'_>> {
        Ok(StateView::load(self.store.blocks(), self.executor.config(), &root.0)?)
    }

    /// Seconds between epochs.
    pub(crate) fn delay(&self) -> u64 {
        self.config.delay().as_secs()
    }

    /// Seconds since 1970 on the chain's clock.
    pub(crate) fn now(&self) -> u64 {
        self.clock.now().as_secs()
    }

    /// When an epoch begins, seconds since 1970.
    pub(crate) fn time_of(&self, epoch: venus_core::ChainEpoch) -> u64 {
        self.genesis.min_timestamp() + self.delay() * epoch.max(0).unsigned_abs()
    }
}
