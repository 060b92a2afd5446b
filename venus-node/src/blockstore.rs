//! Block stores of state and chain data, and the links between blocks.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use cid::Cid;
use fvm_ipld_blockstore::Blockstore;

/// A block store that threads may share. Cloning is cheap.
#[derive(Clone)]
pub struct SharedStore(Arc<dyn Blockstore + Send + Sync>);

impl SharedStore {
    /// Wraps a block store.
    pub fn new(store: impl Blockstore + Send + Sync + 'static) -> Self {
        Self(Arc::new(store))
    }

    /// An empty store in memory.
    pub fn memory() -> Self {
        Self::new(MemoryStore::default())
    }
}

impl fmt::Debug for SharedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedStore")
    }
}

impl Blockstore for SharedStore {
    fn get(&self, k: &Cid) -> anyhow::Result<Option<Vec<u8>>> {
        self.0.get(k)
    }

    fn put_keyed(&self, k: &Cid, block: &[u8]) -> anyhow::Result<()> {
        self.0.put_keyed(k, block)
    }

    fn has(&self, k: &Cid) -> anyhow::Result<bool> {
        self.0.has(k)
    }
}

/// Blocks in memory.
#[derive(Debug, Default)]
pub struct MemoryStore(RwLock<HashMap<Cid, Vec<u8>>>);

impl Blockstore for MemoryStore {
    fn get(&self, k: &Cid) -> anyhow::Result<Option<Vec<u8>>> {
        // A map of immutable blocks is whole even after a panic of another thread.
        Ok(self.0.read().unwrap_or_else(PoisonError::into_inner).get(k).cloned())
    }

    fn put_keyed(&self, k: &Cid, block: &[u8]) -> anyhow::Result<()> {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(*k, block.to_vec());
        Ok(())
    }
}

/// Blocks in a tree of a sled database.
#[derive(Clone, Debug)]
pub struct SledStore(sled::Tree);

impl SledStore {
    /// Uses `tree` for blocks, keyed by the bytes of their CIDs.
    pub fn new(tree: sled::Tree) -> Self {
        Self(tree)
    }
}

impl Blockstore for SledStore {
    fn get(&self, k: &Cid) -> anyhow::Result<Option<Vec<u8>>> {
        Ok(self.0.get(k.to_bytes())?.map(|v| v.to_vec()))
    }

    fn put_keyed(&self, k: &Cid, block: &[u8]) -> anyhow::Result<()> {
        self.0.insert(k.to_bytes(), block)?;
        Ok(())
    }

    fn has(&self, k: &Cid) -> anyhow::Result<bool> {
        Ok(self.0.contains_key(k.to_bytes())?)
    }
}

/// The CIDs that a DAG-CBOR block refers to, in order.
///
/// A malformed block has the links before its fault.
pub fn links(block: &[u8]) -> Vec<Cid> {
    let mut found = Vec::new();
    let mut rest = block;
    let mut after_link_tag = false;
    while let Some((major, value, tail)) = head(rest) {
        rest = tail;
        let is_link = std::mem::take(&mut after_link_tag);
        match major {
            2 | 3 => {
                let Some((bytes, tail)) =
                    usize::try_from(value).ok().and_then(|n| rest.split_at_checked(n))
                else {
                    break;
                };
                rest = tail;
                // A link is a byte string with a leading zero (identity multibase).
                if is_link && let Some(cid) = bytes.get(1..).and_then(|b| Cid::try_from(b).ok()) {
                    found.push(cid);
                }
            }
            6 => after_link_tag = value == 42,
            _ => {}
        }
    }
    found
}

/// Splits off the head of a CBOR item: major type, value, rest.
fn head(bytes: &[u8]) -> Option<(u8, u64, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    let width = match first & 0x1f {
        n @ 0..=23 => return Some((first >> 5, u64::from(n), rest)),
        24 => 1,
        25 => 2,
        26 => 4,
        27 => 8,
        _ => return None,
    };
    let (value, rest) = rest.split_at_checked(width)?;
    Some((first >> 5, value.iter().fold(0, |n, &b| n << 8 | u64::from(b)), rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use fvm_ipld_encoding::CborStore;
    use multihash_codetable::Code::Blake2b256;

    #[test]
    fn finds_links() {
        let store = MemoryStore::default();
        let a = store.put_cbor(&vec![1u8, 2], Blake2b256).unwrap();
        let b = store.put_cbor(&"text", Blake2b256).unwrap();
        let block = fvm_ipld_encoding::to_vec(&(7u64, a, "x", vec![b, a], -300_000i64)).unwrap();
        assert_eq!(links(&block), [a, b, a]);
        assert!(links(&block[..20]).is_empty());
    }
}
