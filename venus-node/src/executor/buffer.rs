//! Blocks written while a tipset is executed, held back until the final state is known.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use cid::Cid;
use fvm_ipld_blockstore::Blockstore;

use super::error::{ExecutorError, Result};
use crate::blockstore::{SharedStore, links};

/// Block operations of actor code, which gas is charged for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct IoStats {
    pub(crate) reads: u64,
    pub(crate) writes: u64,
    pub(crate) written: u64,
}

/// A write buffer over the shared store, used by one thread.
#[derive(Debug)]
pub(crate) struct Buffer {
    base: SharedStore,
    fresh: RefCell<HashMap<Cid, Vec<u8>>>,
    stats: Cell<IoStats>,
    fault: RefCell<Option<ExecutorError>>,
}

impl Buffer {
    pub(crate) fn new(base: SharedStore) -> Self {
        Self { base, fresh: RefCell::default(), stats: Cell::default(), fault: RefCell::default() }
    }

    pub(crate) fn stats(&self) -> IoStats {
        self.stats.get()
    }

    /// Notes a fault of this node: what is computed from here on must not become a state, for
    /// another node would come to something else.
    pub(crate) fn note_fault(&self, fault: ExecutorError) {
        tracing::error!(error = %fault, "execution cannot go on");
        self.fault.borrow_mut().get_or_insert(fault);
    }

    /// Fails if a fault was noted.
    pub(crate) fn check_fault(&self) -> Result<()> {
        self.fault.take().map_or(Ok(()), Err)
    }

    /// Runs what the virtual machine does on its own account, so that nobody pays for its blocks.
    pub(crate) fn unmetered<R>(&self, f: impl FnOnce() -> R) -> R {
        let before = self.stats.get();
        let result = f();
        self.stats.set(before);
        result
    }

    /// Hands all fresh blocks that `root` reaches to the store, children before parents, so that
    /// a kill in between leaves no block without its children.
    pub(crate) fn flush(&self, root: &Cid) -> Result<()> {
        let mut fresh = self.fresh.borrow_mut();
        let mut stack = vec![(*root, false)];
        while let Some((cid, expanded)) = stack.pop() {
            if expanded {
                if let Some(block) = fresh.remove(&cid) {
                    self.base
                        .put_keyed(&cid, &block)
                        .map_err(ExecutorError::store("the new state"))?;
                }
            } else if let Some(block) = fresh.get(&cid) {
                stack.push((cid, true));
                stack.extend(links(block).into_iter().map(|c| (c, false)));
            }
        }
        Ok(())
    }
}

impl Blockstore for Buffer {
    fn get(&self, k: &Cid) -> anyhow::Result<Option<Vec<u8>>> {
        let mut stats = self.stats.get();
        stats.reads += 1;
        self.stats.set(stats);
        if let Some(block) = self.fresh.borrow().get(k) {
            return Ok(Some(block.clone()));
        }
        match self.base.get(k) {
            Ok(None) => {
                self.note_fault(ExecutorError::Missing { what: "a state", cid: *k });
                Ok(None)
            }
            Ok(found) => Ok(found),
            Err(e) => {
                let reason = e.to_string();
                self.note_fault(ExecutorError::Store { what: "a state", source: e });
                Err(anyhow::anyhow!(reason))
            }
        }
    }

    fn put_keyed(&self, k: &Cid, block: &[u8]) -> anyhow::Result<()> {
        let mut stats = self.stats.get();
        stats.writes += 1;
        stats.written += block.len() as u64;
        self.stats.set(stats);
        self.fresh.borrow_mut().insert(*k, block.to_vec());
        Ok(())
    }
}
