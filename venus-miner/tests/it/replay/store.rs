//! A record of blocks that can be wiped, as the recordings wipe that of the original.

use std::sync::Mutex;

use async_trait::async_trait;
use tempfile::TempDir;
use venus_core::{
    BlockHeader, BlockMsg, ChainEpoch, TipSet,
    api::miner::{BlockQuery, MineState, MinedBlock},
    store::{Store, StoreError},
};
use venus_miner::{BlockStore, EmbeddedStore, Intent, Verdict};

#[derive(Debug)]
pub(crate) struct Wiped(Mutex<(EmbeddedStore, TempDir)>);

impl Default for Wiped {
    fn default() -> Self {
        Self(Mutex::new(fresh()))
    }
}

fn fresh() -> (EmbeddedStore, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    (EmbeddedStore::new(Store::open(dir.path()).unwrap()).unwrap(), dir)
}

impl Wiped {
    pub(crate) fn wipe(&self) {
        *self.0.lock().unwrap() = fresh();
    }

    fn now(&self) -> EmbeddedStore {
        self.0.lock().unwrap().0.clone()
    }
}

#[async_trait]
impl BlockStore for Wiped {
    async fn won(&self, m: u64, e: ChainEpoch, base: &TipSet, at: i64) -> Result<(), StoreError> {
        self.now().won(m, e, base, at).await
    }

    async fn check_and_record(&self, intent: &Intent, strict: bool) -> Result<Verdict, StoreError> {
        self.now().check_and_record(intent, strict).await
    }

    async fn signed(&self, miner: u64, block: &BlockMsg) -> Result<(), StoreError> {
        self.now().signed(miner, block).await
    }

    async fn restore(&self, block: &BlockHeader, base: &TipSet) -> Result<(), StoreError> {
        self.now().restore(block, base).await
    }

    async fn kept(&self) -> Result<Vec<BlockMsg>, StoreError> {
        self.now().kept().await
    }

    async fn set_state(&self, m: u64, e: ChainEpoch, state: MineState) -> Result<(), StoreError> {
        self.now().set_state(m, e, state).await
    }

    async fn unpublished(&self, miner: u64, epoch: ChainEpoch) -> Result<(), StoreError> {
        self.now().unpublished(miner, epoch).await
    }

    async fn list(&self, query: &BlockQuery) -> Result<Vec<MinedBlock>, StoreError> {
        self.now().list(query).await
    }
}
