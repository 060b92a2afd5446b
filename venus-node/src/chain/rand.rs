//! Randomness of the chain as seen from a tipset.

use std::sync::Arc;

use venus_core::{BeaconEntry, ChainEpoch, TipSet, blake2b_256, consensus::Rounds};

use super::{Chain, Null};
use crate::{
    error::{NodeError, Result},
    executor::ChainRand,
};

/// Tipsets to walk back for a beacon entry.
const BEACON_WALK: usize = 20;

/// The randomness that `tipset` and its ancestors give.
#[derive(Debug)]
pub(crate) struct Randomness<'a> {
    pub(crate) chain: &'a Chain,
    pub(crate) tipset: Arc<TipSet>,
}

impl Randomness<'_> {
    fn source(&self, epoch: ChainEpoch) -> Result<Arc<TipSet>> {
        if epoch > self.tipset.height() {
            return Err(NodeError::Input("cannot draw randomness from the future".into()));
        }
        self.chain.ancestor(&self.tipset, epoch.max(0), Null::After)
    }

    pub(crate) fn ticket_digest(&self, epoch: ChainEpoch) -> Result<[u8; 32]> {
        let tipset = self.source(epoch)?;
        Ok(tipset.min_ticket().map_or_else(|| blake2b_256(&[]), |ticket| ticket.digest()))
    }

    pub(crate) fn beacon_digest(&self, epoch: ChainEpoch) -> Result<[u8; 32]> {
        Ok(blake2b_256(&self.beacon_entry(epoch)?.data))
    }

    /// The beacon entry that the chain has for an epoch.
    pub(crate) fn beacon_entry(&self, epoch: ChainEpoch) -> Result<BeaconEntry> {
        let round = self.chain.beacon.round_at(epoch.max(0));
        let mut tipset = self.source(epoch)?;
        for _ in 0..BEACON_WALK {
            let entries = &tipset.min_ticket_block().beacon_entries;
            if let Some(entry) = entries.iter().find(|entry| entry.round == round) {
                return Ok(entry.clone());
            }
            if tipset.height() == 0 {
                // The genesis block carries no entry of its epoch, only a stand-in.
                return Ok(entries.last().cloned().unwrap_or_default());
            }
            tipset = self.chain.parent(&tipset)?;
        }
        Err(NodeError::Input(format!("didn't find beacon for round {round} (epoch {epoch})")))
    }
}

impl ChainRand for Randomness<'_> {
    fn ticket(&self, epoch: ChainEpoch) -> Result<[u8; 32], String> {
        self.ticket_digest(epoch).map_err(|e| e.to_string())
    }

    fn beacon(&self, epoch: ChainEpoch) -> Result<[u8; 32], String> {
        self.beacon_digest(epoch).map_err(|e| e.to_string())
    }
}

impl Chain {
    pub(crate) const fn randomness(&self, tipset: Arc<TipSet>) -> Randomness<'_> {
        Randomness { chain: self, tipset }
    }

    /// The last beacon entry of a tipset or its ancestors.
    pub(crate) fn latest_beacon(&self, tipset: &Arc<TipSet>) -> Result<BeaconEntry> {
        let mut tipset = Arc::clone(tipset);
        for _ in 0..BEACON_WALK {
            if let Some(entry) = tipset.min_ticket_block().beacon_entries.last() {
                return Ok(entry.clone());
            }
            if tipset.height() == 0 {
                break;
            }
            tipset = self.parent(&tipset)?;
        }
        Err(NodeError::Input("found no beacon entry in the last 20 tipsets".into()))
    }
}
