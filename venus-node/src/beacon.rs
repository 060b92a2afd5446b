//! Where the randomness of a chain comes from.

use std::{fmt, sync::Arc};

use venus_core::{
    BeaconEntry, ChainEpoch,
    consensus::{BeaconError, MockBeacon, Rounds, check_rounds, rounds_since},
};

/// The random beacon of a chain: the mock of development chains, or a drand network.
pub trait Beacon: Rounds + fmt::Debug + Send + Sync {
    /// What tells it from other beacons; a chain stays with its own.
    fn name(&self) -> String;

    /// The entry of a round.
    ///
    /// # Errors
    ///
    /// Why it cannot be had, for instance because the round is not out.
    fn entry(&self, round: u64) -> Result<BeaconEntry, String>;

    /// Whether an entry is what the beacon published.
    fn is_published(&self, entry: &BeaconEntry) -> bool {
        self.entry(entry.round).is_ok_and(|own| own == *entry)
    }
}

impl Beacon for MockBeacon {
    fn name(&self) -> String {
        "mock".into()
    }

    fn entry(&self, round: u64) -> Result<BeaconEntry, String> {
        Ok(Self::entry(self, round))
    }
}

/// The beacon as the chain uses it.
#[derive(Debug, Clone)]
pub(crate) struct ChainBeacon(pub(crate) Arc<dyn Beacon>);

impl Rounds for ChainBeacon {
    fn round_at(&self, epoch: ChainEpoch) -> u64 {
        self.0.round_at(epoch)
    }
}

impl ChainBeacon {
    /// The entries of a block at `epoch` on a base at `parent`, whose last entry has `last_round`.
    pub(crate) fn entries(
        &self,
        parent: ChainEpoch,
        epoch: ChainEpoch,
        last_round: u64,
    ) -> Result<Vec<BeaconEntry>, String> {
        let rounds = rounds_since(self, parent, epoch, last_round);
        rounds.into_iter().map(|round| self.0.entry(round)).collect()
    }

    /// Checks the entries of a block at `epoch` on a base at `parent`.
    pub(crate) fn check(
        &self,
        parent: ChainEpoch,
        epoch: ChainEpoch,
        last_round: u64,
        entries: &[BeaconEntry],
    ) -> Result<(), BeaconError> {
        check_rounds(self, parent, epoch, last_round, entries)?;
        match entries.iter().find(|entry| !self.0.is_published(entry)) {
            Some(entry) => Err(BeaconError::Data { round: entry.round }),
            None => Ok(()),
        }
    }
}
