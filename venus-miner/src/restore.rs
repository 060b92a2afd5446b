//! After a loss of the record of blocks: what the chain still knows of it.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use venus_core::{Address, ChainEpoch, TipSet, TipSetKey, api::miner::BlockQuery, rpc::RpcError};

use crate::{
    error::{MinerError, Result, ask},
    service::Inner,
};

/// How many epochs before a base it is looked for blocks: faults can be reported that long.
const EPOCHS: ChainEpoch = 900;
/// The last of these epochs, which every node has: nothing is signed before they were looked at.
const NEAR: ChainEpoch = 20;
/// Calls to the node from one line in the log to the next.
const PROGRESS: usize = 100;

/// The parents that the node has told, by key.
type Told = HashMap<TipSetKey, Arc<TipSet>>;

/// What is known of the records that may be lost.
#[derive(Debug, Default)]
pub(crate) struct Recorded {
    /// The miners whose record is known to be there.
    miners: Mutex<HashSet<u64>>,
    /// Kept from one walk to the next, so that a second try or a second miner asks for nothing
    /// again. Held over a walk: one at a time. Empty as long as no record is missing.
    told: tokio::sync::Mutex<Told>,
}

impl Recorded {
    fn has(&self, miner: u64) -> bool {
        self.miners.lock().unwrap_or_else(PoisonError::into_inner).contains(&miner)
    }

    fn add(&self, miner: u64) {
        self.miners.lock().unwrap_or_else(PoisonError::into_inner).insert(miner);
    }
}

impl Inner {
    /// If the record has no block of `miner`, takes its last ones from the chain, so that none is
    /// signed beside them. Nothing may be signed if that fails.
    pub(crate) async fn restore(&self, miner: u64, base: &TipSet) -> Result<()> {
        if self.recorded.has(miner) {
            return Ok(());
        }
        if self.has_no_block(miner).await? {
            self.take_from_chain(miner, base).await?;
        }
        self.recorded.add(miner);
        Ok(())
    }

    /// Walks back at the start if the record of any miner is missing: by the time of its first
    /// block that would take too long.
    pub(crate) async fn walk_early(&self) {
        let done: Result<()> = async {
            for miner in self.registry.list() {
                let Some(id) = miner.addr.as_id() else { continue };
                if self.has_no_block(id).await? {
                    let head = self.head().await?;
                    let mut told = self.recorded.told.lock().await;
                    self.line(&head, &mut told).await?;
                    break;
                }
            }
            Ok(())
        }
        .await;
        if let Err(error) = done {
            tracing::warn!(%error, "own blocks not looked for yet; tried again before a signature");
        }
    }

    async fn has_no_block(&self, miner: u64) -> Result<bool> {
        let query = BlockQuery { miners: vec![Address::id(miner)], ..BlockQuery::default() };
        Ok(self.store.list(&query).await?.iter().all(|row| row.cid.is_empty()))
    }

    async fn head(&self) -> Result<TipSet> {
        ask(self.config.request_timeout(), "get the head", self.chain.chain_head()).await
    }

    async fn take_from_chain(&self, miner: u64, base: &TipSet) -> Result<()> {
        let mut told = self.recorded.told.lock().await;
        // The head may already stand on the base, or beside it.
        let lines =
            [self.line(&self.head().await?, &mut told).await?, self.line(base, &mut told).await?];
        told.retain(|_, tipset| tipset.height() >= base.height() - EPOCHS);
        let mut own = BTreeMap::new();
        for (tipset, parent) in lines.iter().flat_map(|line| line.iter().zip(line.iter().skip(1))) {
            let blocks = tipset.blocks().iter().filter(|block| block.miner == Address::id(miner));
            own.extend(blocks.map(|block| ((Reverse(block.height), block.cid()), (block, parent))));
        }
        // All at once and the newest first: a record with any block passes for whole.
        for ((Reverse(height), cid), (block, parent)) in own {
            tracing::warn!(miner, height, %cid, "a block that the record lacks; it is added");
            self.store.restore(block, parent).await?;
        }
        Ok(())
    }

    /// The tipsets of the epochs up to `from`, each followed by its parents. Ends earlier at the
    /// first of the chain, or of those that the node has.
    async fn line(&self, from: &TipSet, told: &mut Told) -> Result<Vec<Arc<TipSet>>> {
        let lowest = (from.height() - EPOCHS).max(0);
        let (limit, what) = (self.config.request_timeout(), "look for own blocks in the chain");
        let mut tipset = Arc::new(from.clone());
        let mut line = vec![Arc::clone(&tipset)];
        let mut asked = 0;
        // No more steps than epochs, whatever heights the node tells.
        for _ in 0..EPOCHS {
            let key = tipset.parents();
            if tipset.height() <= lowest || key.is_empty() {
                break;
            }
            if !told.contains_key(&key) {
                if asked % PROGRESS == 0 {
                    let height = tipset.height();
                    tracing::info!(
                        height,
                        lowest,
                        "no record of a miner's blocks; looking for them"
                    );
                }
                asked += 1;
                match ask(limit, what, self.chain.chain_get_tipset(key.clone())).await {
                    Ok(parent) => told.insert(key.clone(), Arc::new(parent)),
                    Err(error) if tipset.height() <= from.height() - NEAR && is_lack(&error) => {
                        let height = tipset.height();
                        tracing::warn!(
                            height, lowest, %error,
                            "the node lacks older tipsets; own blocks before them stay unknown"
                        );
                        break;
                    }
                    Err(error) => return Err(error),
                };
            }
            let Some(parent) = told.get(&key) else { break };
            tipset = Arc::clone(parent);
            line.push(Arc::clone(&tipset));
        }
        Ok(line)
    }
}

/// Whether the node answered and has no such tipset, as opposed to one that gave no answer.
fn is_lack(error: &MinerError) -> bool {
    let MinerError::Node { source, .. } = error else { return false };
    matches!(source, RpcError::Remote { .. } | RpcError::Decode { .. }) && !source.is_retryable()
}
