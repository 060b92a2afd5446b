//! After a loss of the record of blocks: what the chain still knows of it.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

use venus_core::{Address, ChainEpoch, TipSet, api::miner::BlockQuery};

use crate::{
    error::{Result, ask},
    service::Inner,
};

/// How many epochs before a base it is looked for blocks.
const EPOCHS: ChainEpoch = 20;

/// The miners whose record is known to be there.
#[derive(Debug, Default)]
pub(crate) struct Recorded(Mutex<HashSet<u64>>);

impl Recorded {
    fn has(&self, miner: u64) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&miner)
    }

    fn add(&self, miner: u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(miner);
    }
}

impl Inner {
    /// If the record has no block of `miner`, takes its last ones from the chain, so that none is
    /// signed beside them. Nothing may be signed if that fails.
    pub(crate) async fn restore(&self, miner: u64, base: &TipSet) -> Result<()> {
        if self.recorded.has(miner) {
            return Ok(());
        }
        let query = BlockQuery { miners: vec![Address::id(miner)], ..BlockQuery::default() };
        let rows = self.store.list(&query).await?;
        if rows.iter().all(|row| row.cid.is_empty()) {
            let limit = self.config.request_timeout();
            let head = ask(limit, "get the head", self.chain.chain_head()).await?;
            let lowest = (base.height() - EPOCHS).max(0);
            let mut seen = HashSet::new();
            // The head may already stand on the base, or beside it.
            for from in [&head, base] {
                self.restore_from(miner, from, lowest, &mut seen).await?;
            }
        }
        self.recorded.add(miner);
        Ok(())
    }

    async fn restore_from(
        &self,
        miner: u64,
        from: &TipSet,
        lowest: ChainEpoch,
        seen: &mut HashSet<Vec<u8>>,
    ) -> Result<()> {
        let limit = self.config.request_timeout();
        let mut tipset = from.clone();
        while tipset.height() > lowest && seen.insert(tipset.key().to_bytes()) {
            let parent = self.chain.chain_get_tipset(tipset.parents());
            let parent = ask(limit, "look for own blocks in the chain", parent).await?;
            let own = tipset.blocks().iter().filter(|block| block.miner == Address::id(miner));
            for block in own {
                let (height, cid) = (block.height, block.cid());
                tracing::warn!(miner, height, %cid, "a block that the record lacks; it is added");
                self.store.restore(block, &parent).await?;
            }
            tipset = parent;
        }
        Ok(())
    }
}
