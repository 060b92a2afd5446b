//! Taking blocks in and choosing the head.

use std::{
    collections::HashSet,
    sync::{Arc, PoisonError},
};

use venus_core::{BlockHeader, BlockMsg, TipSet, TipSetKey, consensus::is_heavier};

use super::{Chain, lock, walk};
use crate::error::{NodeError, Result};

/// Epochs beyond which the chain is never changed.
const FINALITY: i64 = 900;

impl Chain {
    /// Takes a signed block in, whoever made it. Returns when it is judged, durable, and the head
    /// is what it is with it. The same block again is no error.
    pub(crate) fn submit(&self, block: &BlockMsg) -> Result<()> {
        let result = self.take(block);
        self.gauges.judged(&result);
        result
    }

    fn take(&self, block: &BlockMsg) -> Result<()> {
        let header = &block.header;
        let cid = header.cid();
        if header.height <= 0 {
            return Err(NodeError::InvalidBlock(format!(
                "block {cid} has height {}",
                header.height
            )));
        }
        let _guard = lock(&self.ingest);
        if self.store.is_known(header.height, &cid)? {
            return self.choose(self.with_siblings(header)?);
        }
        let head = self.head();
        if header.height < head.height() - FINALITY {
            return Err(NodeError::InvalidBlock(format!(
                "block {cid} at height {} would change what is final",
                header.height
            )));
        }
        self.store.tipset(&header.parent_key()).map_err(|error| match error {
            NodeError::NotFound { .. } | NodeError::WrongKind { .. } | NodeError::Input(_) => {
                NodeError::InvalidBlock(format!("loading parent block: {error}"))
            }
            other => other,
        })?;
        self.check_slashable(header, &cid)?;
        let content = self.store.content_of(&block.bls_messages, &block.secpk_messages)?;
        let root = self.store.message_root(&block.bls_messages, &block.secpk_messages)?;
        if root != header.messages {
            return Err(NodeError::InvalidBlock("provided messages did not match block".into()));
        }
        self.validate(header, &content)?;
        self.store.add_block(header)?;
        self.store.commit()?;
        tracing::info!(
            height = header.height, miner = %header.miner, %cid,
            messages = block.bls_messages.len() + block.secpk_messages.len(), "block accepted"
        );
        self.choose(self.with_siblings(header)?)
    }

    /// Goes on where a crash came between a block and the head that it makes.
    pub(crate) fn recover(&self) -> Result<()> {
        let _guard = lock(&self.ingest);
        for height in self.store.known_heights(self.head().height())? {
            for block in self.store.blocks_at(height)? {
                if let Err(error) = self.with_siblings(&block).and_then(|t| self.choose(t)) {
                    tracing::warn!(height, cid = %block.cid(), %error, "a block stays outside");
                }
            }
        }
        Ok(())
    }

    /// The tipset that a block makes with the other blocks of its height and parents. A miner with
    /// two blocks there is left out.
    fn with_siblings(&self, header: &BlockHeader) -> Result<Arc<TipSet>> {
        let mut blocks = self.store.blocks_at(header.height)?;
        blocks.retain(|block| block.parents == header.parents);
        let (mut seen, mut twice) = (HashSet::new(), HashSet::new());
        for block in &blocks {
            if !seen.insert(block.miner) {
                twice.insert(block.miner);
            }
        }
        blocks.retain(|block| !twice.contains(&block.miner) || block == header);
        let tipset = TipSet::new(blocks).map_err(|e| NodeError::InvalidBlock(e.to_string()))?;
        self.store.tipset(tipset.key())
    }

    /// Makes a tipset the head if it is heavier.
    fn choose(&self, candidate: Arc<TipSet>) -> Result<()> {
        let head = self.head();
        let weights = (self.weight(&candidate)?, self.weight(&head)?);
        if candidate.key() == head.key()
            || !is_heavier((&candidate, &weights.0), (&head, &weights.1))
        {
            return Ok(());
        }
        // What cannot be executed never becomes the head.
        self.compute(&candidate)?;
        self.move_head(&head, candidate)
    }

    /// Makes a tipset the head because an administrator says so.
    pub(crate) fn set_head(&self, key: &TipSetKey) -> Result<()> {
        let _guard = lock(&self.ingest);
        let target = self.store.tipset(key)?;
        self.compute(&target)?;
        self.move_head(&self.head(), target)
    }

    fn move_head(&self, from: &Arc<TipSet>, to: Arc<TipSet>) -> Result<()> {
        let way = self.way(from, &to)?;
        let (revert, apply) = &way;
        self.store.switch(revert, apply)?;
        self.store.commit()?;
        self.pool.head_changed(self, revert, apply, &to)?;
        if !revert.is_empty() {
            tracing::info!(
                reverted = revert.len(),
                applied = apply.len(),
                height = to.height(),
                "head switched to another branch"
            );
        }
        self.notifier.publish(|| {
            *self.head.write().unwrap_or_else(PoisonError::into_inner) = to;
            Ok::<_, NodeError>(walk::changes(&way))
        })?;
        self.measure();
        Ok(())
    }
}
