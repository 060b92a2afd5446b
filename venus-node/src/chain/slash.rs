//! Refusing blocks that would cost their miner a consensus fault (miner.md 4.14).

use venus_core::{BlockHeader, Cid};

use super::Chain;
use crate::error::{NodeError, Result};

impl Chain {
    /// Refuses a block that, together with another one of its miner, is a consensus fault.
    pub(super) fn check_slashable(&self, block: &BlockHeader, cid: &Cid) -> Result<()> {
        let fault = |witness: Cid| {
            NodeError::InvalidBlock(format!(
                "<!!> SLASH FILTER DETECTED FAULT due to witness {witness}"
            ))
        };
        // Double fork: two blocks of a height.
        if let Some(other) = self.store.mined_at(block.miner, block.height)?
            && other != *cid
        {
            return Err(fault(other));
        }
        let base = self.store.tipset(&block.parent_key())?;
        // Time offset: two blocks on the same parents, at different heights.
        let mut at = base.height() + 1;
        let last = self.head().height().max(block.height);
        while at <= last {
            if at != block.height
                && let Some(other) = self.store.mined_at(block.miner, at)?
                && same_parents(&self.store.header(&other)?, block)
            {
                return Err(fault(other));
            }
            at += 1;
        }
        // Parent grinding: the own block is left out of a base that it would be part of.
        if let Some(own) = self.store.mined_at(block.miner, base.height())?
            && !block.parents.contains(&own)
            && self.store.header(&own)?.parent_key() == base.parents()
        {
            return Err(fault(own));
        }
        Ok(())
    }
}

fn same_parents(a: &BlockHeader, b: &BlockHeader) -> bool {
    let set = |block: &BlockHeader| {
        let mut parents = block.parents.clone();
        parents.sort_unstable();
        parents
    };
    set(a) == set(b)
}
