//! Finding tipsets.

use std::sync::Arc;

use venus_core::{ChainEpoch, HeadChange, HeadChangeType, TipSet, TipSetKey};

use super::Chain;
use crate::error::{NodeError, Result};

/// Which tipset stands for a null round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Null {
    /// The one before it.
    Before,
    /// The one after it.
    After,
}

/// Tipsets to leave and to enter, in the order in which that happens.
pub(crate) type Way = (Vec<Arc<TipSet>>, Vec<Arc<TipSet>>);

impl Chain {
    /// The tipset with this key; the head for the empty one.
    pub(crate) fn tipset(&self, key: &TipSetKey) -> Result<Arc<TipSet>> {
        if key.is_empty() { Ok(self.head()) } else { self.store.tipset(key) }
    }

    pub(crate) fn parent(&self, tipset: &TipSet) -> Result<Arc<TipSet>> {
        self.store.tipset(&tipset.parents())
    }

    /// Whether a tipset is part of the chain that counts.
    pub(crate) fn is_canonical(&self, tipset: &TipSet) -> Result<bool> {
        Ok(self.store.key_at(tipset.height())?.as_ref() == Some(tipset.key()))
    }

    /// The ancestor (or self) of `from` at a height.
    pub(crate) fn ancestor(
        &self,
        from: &Arc<TipSet>,
        height: ChainEpoch,
        null: Null,
    ) -> Result<Arc<TipSet>> {
        if height < 0 {
            return Err(NodeError::Input(format!("height {height} is negative")));
        }
        if height > from.height() {
            return Err(NodeError::Input(format!(
                "looking for tipset with height greater than start point, req: {height}, head: {}",
                from.height()
            )));
        }
        let mut child = Arc::clone(from);
        let mut at = Arc::clone(from);
        loop {
            if at.height() <= height {
                let exact = at.height() == height || null == Null::Before;
                return Ok(if exact { at } else { child });
            }
            if self.is_canonical(&at)? {
                let found = match null {
                    Null::Before => self.store.key_at_or_below(height)?,
                    Null::After => self.store.key_at_or_above(height)?,
                };
                // The index may have moved since the check: then walk on.
                if let Some(found) = found {
                    let found = self.store.tipset(&found)?;
                    let fits = match null {
                        Null::Before => found.height() <= height,
                        Null::After => found.height() >= height && found.height() <= at.height(),
                    };
                    if fits && self.is_canonical(&at)? {
                        return Ok(found);
                    }
                }
            }
            let parent = self.parent(&at)?;
            child = std::mem::replace(&mut at, parent);
        }
    }

    /// The way from one tipset to another: what to leave from the top down, what to enter from the
    /// bottom up.
    pub(crate) fn way(&self, from: &Arc<TipSet>, to: &Arc<TipSet>) -> Result<Way> {
        let (mut left, mut right) = (Arc::clone(from), Arc::clone(to));
        let (mut revert, mut apply) = (Vec::new(), Vec::new());
        while left.key() != right.key() {
            if left.height() > right.height() {
                let parent = self.parent(&left)?;
                revert.push(std::mem::replace(&mut left, parent));
            } else if right.height() > left.height() || right.height() > 0 {
                let parent = self.parent(&right)?;
                apply.push(std::mem::replace(&mut right, parent));
            } else {
                return Err(NodeError::Input("the two tipsets have no ancestor in common".into()));
            }
        }
        apply.reverse();
        Ok((revert, apply))
    }
}

/// A way as it is told to subscribers.
pub(crate) fn changes((revert, apply): &Way) -> Vec<HeadChange> {
    let step =
        |r#type| move |tipset: &Arc<TipSet>| HeadChange { r#type, val: TipSet::clone(tipset) };
    let reverts = revert.iter().map(step(HeadChangeType::Revert));
    reverts.chain(apply.iter().map(step(HeadChangeType::Apply))).collect()
}
