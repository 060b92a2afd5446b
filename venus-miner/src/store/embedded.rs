//! The record of blocks in an embedded store.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, SecondsFormat};
use sled::Tree;
use venus_core::{
    Address, BlockHeader, BlockMsg, ChainEpoch, TipSet, TipSetKey,
    api::miner::{BlockQuery, MineState, MinedBlock},
    blake2b_256,
    store::{Store, StoreError},
};

use super::{BlockStore, Fault, Intent, Row, Verdict, sorted};

const BLOCKS: &str = "blocks";
const PARENTS: &str = "parents";
const KEPT: &str = "kept";

/// The record of blocks in an embedded store, which one process has open at a time.
#[derive(Debug, Clone)]
pub struct EmbeddedStore {
    store: Store,
    /// Miner and epoch to row.
    blocks: Tree,
    /// Miner and hash of the parents to the epochs of blocks on them.
    parents: Tree,
    /// Miner and epoch to the signed block, while it is not known what became of it.
    kept: Tree,
    /// Held over check and record: one transaction at a time.
    writing: Arc<Mutex<()>>,
}

impl EmbeddedStore {
    /// The record in `store`.
    pub fn new(store: Store) -> Result<Self, StoreError> {
        let (blocks, parents) = (store.tree(BLOCKS)?, store.tree(PARENTS)?);
        let kept = store.tree(KEPT)?;
        Ok(Self { store, blocks, parents, kept, writing: Arc::default() })
    }

    /// Runs a transaction off the runtime's threads; what it wrote is durable when it is over.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let this = self.clone();
        let done = tokio::task::spawn_blocking(move || {
            let _one = this.writing.lock().unwrap_or_else(PoisonError::into_inner);
            let result = work(&this)?;
            this.store.commit_blocking()?;
            Ok(result)
        });
        match done.await {
            Ok(result) => result,
            Err(e) => Err(StoreError::Io(sled::Error::Io(std::io::Error::other(e)))),
        }
    }

    fn row(&self, miner: u64, epoch: ChainEpoch) -> Result<Option<Row>, StoreError> {
        self.blocks.get(block_key(miner, epoch))?.map(|bytes| decode(&bytes, BLOCKS)).transpose()
    }

    fn put(&self, miner: u64, epoch: ChainEpoch, row: &Row) -> Result<(), StoreError> {
        self.blocks.insert(block_key(miner, epoch), encode(row, BLOCKS)?)?;
        Ok(())
    }

    /// Changes a row that is there.
    async fn change(
        &self,
        miner: u64,
        epoch: ChainEpoch,
        change: impl FnOnce(&mut Row) + Send + 'static,
    ) -> Result<(), StoreError> {
        self.run(move |this| {
            let Some(mut row) = this.row(miner, epoch)? else { return Ok(()) };
            change(&mut row);
            this.put(miner, epoch, &row)
        })
        .await
    }

    fn fault(&self, intent: &Intent, strict: bool) -> Result<Option<Fault>, StoreError> {
        let (miner, height) = (Address::id(intent.miner), intent.epoch);
        if self.row(intent.miner, height)?.is_some_and(|row| row.forks(intent)) {
            return Ok(Some(Fault::DoubleFork { miner, height }));
        }
        for epoch in self.epochs_on(&parents_key(intent.miner, intent.base.key()))? {
            let row = self.row(intent.miner, epoch)?.filter(|_| epoch != height);
            if let Some(other) = row.and_then(|row| row.witness()) {
                return Ok(Some(Fault::TimeOffset { miner, height, other }));
            }
        }
        let own = self.row(intent.miner, intent.base.height())?;
        Ok(own.and_then(|row| row.ground(intent, strict)).map(|expected| Fault::ParentGrinding {
            miner,
            height,
            expected,
        }))
    }

    /// Writes a row as one of the block with this digest on `base`.
    fn reserve(
        &self,
        miner: u64,
        epoch: ChainEpoch,
        mut row: Row,
        base: &TipSet,
        digest: [u8; 32],
    ) -> Result<(), StoreError> {
        row.base = base.key().clone();
        row.base_epoch = base.height();
        row.digest = Some(digest);
        row.unpublished = false;
        let key = parents_key(miner, &row.base);
        let mut epochs = self.epochs_on(&key)?;
        if !epochs.contains(&epoch) {
            epochs.push(epoch);
            // Before the row: an entry too many here is harmless, one too few is not.
            self.parents.insert(key, encode(&epochs, PARENTS)?)?;
        }
        self.put(miner, epoch, &row)
    }

    fn epochs_on(&self, key: &[u8]) -> Result<Vec<ChainEpoch>, StoreError> {
        let found = self.parents.get(key)?;
        Ok(found.map(|bytes| decode(&bytes, PARENTS)).transpose()?.unwrap_or_default())
    }
}

#[async_trait]
impl BlockStore for EmbeddedStore {
    async fn won(
        &self,
        miner: u64,
        epoch: ChainEpoch,
        base: &TipSet,
        winning_at: i64,
    ) -> Result<(), StoreError> {
        let new = Row::new(base, winning_at);
        self.run(move |this| match this.row(miner, epoch)? {
            Some(_) => Ok(()),
            None => this.put(miner, epoch, &new),
        })
        .await
    }

    async fn check_and_record(&self, intent: &Intent, strict: bool) -> Result<Verdict, StoreError> {
        let intent = intent.clone();
        self.run(move |this| {
            if let Some(fault) = this.fault(&intent, strict)? {
                return Ok(Verdict::NotSafe(fault));
            }
            let (miner, epoch) = (intent.miner, intent.epoch);
            let row = this.row(miner, epoch)?.unwrap_or_else(|| Row::new(&intent.base, 0));
            this.reserve(miner, epoch, row, &intent.base, intent.digest)?;
            Ok(Verdict::Safe)
        })
        .await
    }

    async fn signed(&self, miner: u64, block: &BlockMsg) -> Result<(), StoreError> {
        let (epoch, cid) = (block.header.height, block.header.cid());
        let kept = encode(block, KEPT)?;
        self.run(move |this| {
            // First: with the block kept and no witness of it, another one would pass for safe.
            if let Some(mut row) = this.row(miner, epoch)? {
                row.cid = Some(cid);
                this.put(miner, epoch, &row)?;
            }
            this.kept.insert(block_key(miner, epoch), kept)?;
            Ok(())
        })
        .await
    }

    async fn restore(&self, block: &BlockHeader, base: &TipSet) -> Result<(), StoreError> {
        let Some(Intent { miner, epoch, digest, base }) = Intent::new(block, base) else {
            return Ok(());
        };
        let cid = block.cid();
        self.run(move |this| {
            let there = this.row(miner, epoch)?;
            if there.as_ref().is_some_and(|row| row.cid.is_some()) {
                return Ok(());
            }
            let mut row = there.unwrap_or_else(|| Row::new(&base, 0));
            row.state = MineState::Success;
            row.cid = Some(cid);
            this.reserve(miner, epoch, row, &base, digest)
        })
        .await
    }

    async fn kept(&self) -> Result<Vec<BlockMsg>, StoreError> {
        self.run(|this| {
            let all = this.kept.iter().values();
            let mut blocks: Vec<BlockMsg> =
                all.map(|value| decode(&value?, KEPT)).collect::<Result<_, StoreError>>()?;
            blocks.sort_by_key(|block| block.header.height);
            Ok(blocks)
        })
        .await
    }

    async fn set_state(
        &self,
        miner: u64,
        epoch: ChainEpoch,
        state: MineState,
    ) -> Result<(), StoreError> {
        self.run(move |this| {
            if state != MineState::Mining {
                this.kept.remove(block_key(miner, epoch))?;
            }
            let Some(mut row) = this.row(miner, epoch)? else { return Ok(()) };
            if row.state != MineState::Success {
                row.state = state;
            }
            this.put(miner, epoch, &row)
        })
        .await
    }

    async fn unpublished(&self, miner: u64, epoch: ChainEpoch) -> Result<(), StoreError> {
        self.change(miner, epoch, |row| row.unpublished = true).await
    }

    async fn list(&self, query: &BlockQuery) -> Result<Vec<MinedBlock>, StoreError> {
        let query = query.clone();
        self.run(move |this| {
            let mut found = Vec::new();
            for entry in this.blocks.iter() {
                let (key, value) = entry?;
                let (miner, epoch) = read_block_key(&key)?;
                if query.miners.is_empty() || query.miners.contains(&Address::id(miner)) {
                    found.push((epoch, miner, decode::<Row>(&value, BLOCKS)?));
                }
            }
            found.sort_by_key(|(epoch, miner, _)| (std::cmp::Reverse(*epoch), *miner));
            let at = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
            let limit = if query.limit == 0 { usize::MAX } else { at(query.limit) };
            let page = found.into_iter().skip(at(query.offset)).take(limit);
            Ok(page.map(|(epoch, miner, row)| show(epoch, miner, &row)).collect())
        })
        .await
    }
}

fn show(epoch: ChainEpoch, miner: u64, row: &Row) -> MinedBlock {
    let time = DateTime::from_timestamp(row.winning_at, 0).filter(|_| row.winning_at != 0);
    MinedBlock {
        parent_epoch: row.base_epoch,
        parent_key: row.base.to_string(),
        epoch,
        miner: Address::id(miner),
        cid: row.cid.map(|cid| cid.to_string()).unwrap_or_default(),
        winning_at: match time {
            Some(time) => time.to_rfc3339_opts(SecondsFormat::Secs, true),
            None => "0001-01-01T00:00:00Z".into(),
        },
        mine_state: row.state,
        consuming: 0,
    }
}

fn block_key(miner: u64, epoch: ChainEpoch) -> [u8; 16] {
    (u128::from(miner) << 64 | u128::from(epoch as u64)).to_be_bytes()
}

fn read_block_key(key: &[u8]) -> Result<(u64, ChainEpoch), StoreError> {
    let number = <[u8; 16]>::try_from(key).map(u128::from_be_bytes).map_err(|_| {
        StoreError::Damaged { tree: BLOCKS, reason: format!("a key of {} bytes", key.len()) }
    })?;
    Ok(((number >> 64) as u64, number as u64 as ChainEpoch))
}

fn parents_key(miner: u64, base: &TipSetKey) -> Vec<u8> {
    [&miner.to_be_bytes()[..], &blake2b_256(&sorted(base).concat())].concat()
}

fn encode(value: &impl serde::Serialize, tree: &'static str) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(value)
        .map_err(|e| StoreError::Damaged { tree, reason: format!("cannot be written: {e}") })
}

fn decode<T: serde::de::DeserializeOwned>(
    bytes: &[u8],
    tree: &'static str,
) -> Result<T, StoreError> {
    serde_json::from_slice(bytes).map_err(|e| StoreError::Damaged { tree, reason: e.to_string() })
}
