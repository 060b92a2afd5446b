//! Beginning from a snapshot of a chain: a CAR file whose roots are the blocks of its head.

use std::{collections::HashMap, io::Read, sync::Arc};

use cid::Cid as RawCid;
use fvm_ipld_blockstore::Blockstore;
use fvm_ipld_car::CarReader;
use venus_core::{Address, Cid, TipSet, TipSetKey};

use crate::{
    error::{NodeError, Result},
    executor::{ExecutorConfig, StateView},
    store::{ChainStore, Computed},
};

/// What a snapshot held.
pub(crate) struct Imported {
    pub(crate) genesis: TipSetKey,
    pub(crate) network: String,
}

fn broken(reason: impl ToString) -> NodeError {
    NodeError::Snapshot(reason.to_string())
}

/// Takes a snapshot in. Nothing is executed: what the states are is read from the blocks above
/// them. Checked are the CID of every block, the links down to genesis, heights and times, and
/// that receipts and messages fit.
pub(crate) fn import(
    store: &ChainStore,
    config: &ExecutorConfig,
    delay: u64,
    reader: &mut dyn Read,
) -> Result<Imported> {
    let car = CarReader::new(reader).map_err(broken)?;
    let roots: Vec<RawCid> = car.header.roots.clone();
    let mut blocks = 0u64;
    // The reader checks that each block is what its CID says.
    for block in car {
        let block = block.map_err(broken)?;
        store.blocks().put_keyed(&block.cid, &block.data).map_err(broken)?;
        blocks += 1;
    }
    let head = TipSetKey::new(roots.into_iter().map(Cid).collect());
    let head = store.tipset(&head).map_err(broken)?;
    let chain = line(store, &head, delay)?;
    let network =
        StateView::load(store.blocks(), config, &head.parent_state().0)?.network_name()?;
    let mut known = 0usize;
    for pair in chain.windows(2) {
        let [child, tipset] = pair else { continue };
        known += usize::from(take_result(store, config, tipset, child)?);
    }
    for block in chain.iter().flat_map(|tipset| tipset.blocks()) {
        store.add_block(block)?;
    }
    store.switch(&[], &chain)?;
    let genesis = chain.last().map_or_else(|| head.key().clone(), |first| first.key().clone());
    tracing::info!(
        blocks, tipsets = chain.len(), states = known, height = head.height(), head = %head.key(),
        "snapshot imported"
    );
    Ok(Imported { genesis, network })
}

/// The tipsets from the head down to genesis.
fn line(store: &ChainStore, head: &Arc<TipSet>, delay: u64) -> Result<Vec<Arc<TipSet>>> {
    let mut chain = vec![Arc::clone(head)];
    let mut child = Arc::clone(head);
    while child.height() > 0 {
        let parent = store.tipset(&child.parents()).map_err(broken)?;
        let (low, high) = (parent.height(), child.height());
        if low >= high {
            return Err(broken(format!("the tipset at height {high} has parents at {low}")));
        }
        let time = parent.min_timestamp().saturating_add(delay * (high - low).unsigned_abs());
        if child.blocks().iter().any(|block| block.timestamp != time) {
            return Err(broken(format!(
                "the time of height {high} is not that of a chain with {delay} seconds an epoch; \
                 set the block delay of the chain"
            )));
        }
        if parent.parent_weight() > child.parent_weight() {
            return Err(broken(format!("the chain loses weight at height {high}")));
        }
        chain.push(Arc::clone(&parent));
        child = parent;
    }
    Ok(chain)
}

/// Remembers what `child` says that the execution of `tipset` gave; false if the snapshot leaves
/// it out.
fn take_result(
    store: &ChainStore,
    config: &ExecutorConfig,
    tipset: &Arc<TipSet>,
    child: &TipSet,
) -> Result<bool> {
    let first = child.min_ticket_block();
    let (state, receipts) = (first.parent_state_root, first.parent_message_receipts);
    for cid in [&state, &receipts, &tipset.parent_state()] {
        if !store.blocks().has(&cid.0).map_err(broken)? {
            return Ok(false);
        }
    }
    let messages = executed(store, config, tipset)?;
    let count = store.receipts(&receipts)?.len();
    if messages.len() != count {
        return Err(broken(format!(
            "the tipset at height {} has {} messages and {count} receipts",
            tipset.height(),
            messages.len()
        )));
    }
    store.set_computed(tipset.key(), &Computed { state, receipts, messages })?;
    Ok(true)
}

/// CIDs of the messages that the execution of a tipset takes: each once, and only with the next
/// nonce of its sender.
fn executed(store: &ChainStore, config: &ExecutorConfig, tipset: &Arc<TipSet>) -> Result<Vec<Cid>> {
    if tipset.height() == 0 {
        return Ok(Vec::new());
    }
    let state = StateView::load(store.blocks(), config, &tipset.parent_state().0)?;
    let mut nonces: HashMap<Address, u64> = HashMap::new();
    let mut taken = Vec::new();
    for block in tipset.blocks() {
        for (cid, message, _) in store.content(block)?.all() {
            let sender = state.lookup_id(&message.from)?.map_or(message.from, Address::from);
            let next = match nonces.get(&sender) {
                Some(nonce) => *nonce,
                None => state.actor(&message.from)?.map_or(0, |actor| actor.nonce),
            };
            if message.nonce == next {
                nonces.insert(sender, next + 1);
                taken.push(cid);
            }
        }
    }
    Ok(taken)
}
