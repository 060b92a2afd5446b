//! The random beacon: which rounds belong to which epochs, and the mock of development chains.

use crate::{BeaconEntry, ChainEpoch, blake2b_256};

/// Maps epochs to rounds of a beacon.
pub trait Rounds {
    /// The newest round that a block of this epoch may use.
    fn round_at(&self, epoch: ChainEpoch) -> u64;
}

/// A beacon that anybody can compute: for development chains.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MockBeacon;

impl Rounds for MockBeacon {
    fn round_at(&self, epoch: ChainEpoch) -> u64 {
        u64::try_from(epoch.saturating_add(100)).unwrap_or(0)
    }
}

impl MockBeacon {
    /// The entry of a round.
    pub fn entry(&self, round: u64) -> BeaconEntry {
        BeaconEntry { round, data: blake2b_256(&round.to_be_bytes())[..].into() }
    }

    /// The entries of a block at `epoch` on a base at `parent`, whose last entry has `last_round`.
    pub fn entries(
        &self,
        parent: ChainEpoch,
        epoch: ChainEpoch,
        last_round: u64,
    ) -> Vec<BeaconEntry> {
        rounds_since(self, parent, epoch, last_round).into_iter().map(|r| self.entry(r)).collect()
    }

    /// Checks the entries of a block at `epoch` on a base at `parent`.
    pub fn check(
        &self,
        parent: ChainEpoch,
        epoch: ChainEpoch,
        last_round: u64,
        entries: &[BeaconEntry],
    ) -> Result<(), BeaconError> {
        check_rounds(self, parent, epoch, last_round, entries)?;
        match entries.iter().find(|entry| **entry != self.entry(entry.round)) {
            Some(entry) => Err(BeaconError::Data { round: entry.round }),
            None => Ok(()),
        }
    }
}

/// The rounds of a drand network as a Filecoin chain counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DrandRounds {
    /// Unix seconds of drand's genesis.
    pub genesis: u64,
    /// Seconds a round.
    pub period: u64,
    /// Unix seconds of the chain's genesis.
    pub chain_genesis: u64,
    /// Seconds an epoch.
    pub block_delay: u64,
    /// The first rule (networks up to version 15), which used the round before.
    pub before_v16: bool,
}

impl DrandRounds {
    /// The first network of Filecoin, until height 51000.
    pub const INCENTINET: (u64, u64) = (1_595_873_820, 30);
    /// drand's chained main network, until quicknet.
    pub const MAINNET: (u64, u64) = (1_595_431_050, 30);
    /// drand quicknet, in use today.
    pub const QUICKNET: (u64, u64) = (1_692_803_367, 3);

    /// The rounds of `network` (genesis and period) for a chain, by the rule of version 16 on.
    pub const fn new(network: (u64, u64), chain_genesis: u64, block_delay: u64) -> Self {
        Self {
            genesis: network.0,
            period: network.1,
            chain_genesis,
            block_delay,
            before_v16: false,
        }
    }
}

impl Rounds for DrandRounds {
    fn round_at(&self, epoch: ChainEpoch) -> u64 {
        // The time of the epoch before: its round is published when mining begins.
        let time = i128::from(epoch) * i128::from(self.block_delay)
            + i128::from(self.chain_genesis)
            - i128::from(self.block_delay);
        let since = time - i128::from(self.genesis);
        let rounds = since.div_euclid(i128::from(self.period.max(1)));
        let round = match self.before_v16 {
            true => rounds,
            false if since < 0 => 1,
            false => rounds + 1,
        };
        u64::try_from(round).unwrap_or(0)
    }
}

/// The rounds that a block at `epoch` on a base at `parent` carries: one for each epoch since, null
/// rounds included; none if the beacon has not moved since `last_round`.
pub fn rounds_since(
    beacon: &impl Rounds,
    parent: ChainEpoch,
    epoch: ChainEpoch,
    last_round: u64,
) -> Vec<u64> {
    if beacon.round_at(epoch) == last_round {
        return Vec::new();
    }
    (parent.saturating_add(1)..=epoch).map(|e| beacon.round_at(e)).collect()
}

/// Checks that the entries of a block are of the rounds that it must carry, in order.
pub fn check_rounds(
    beacon: &impl Rounds,
    parent: ChainEpoch,
    epoch: ChainEpoch,
    last_round: u64,
    entries: &[BeaconEntry],
) -> Result<(), BeaconError> {
    let expected = rounds_since(beacon, parent, epoch, last_round);
    if expected.len() != entries.len() {
        return Err(BeaconError::Count { expected: expected.len(), found: entries.len() });
    }
    for (expected, entry) in expected.into_iter().zip(entries) {
        if expected != entry.round {
            return Err(BeaconError::Round { expected, found: entry.round });
        }
    }
    Ok(())
}

/// Beacon entries that do not belong in a block.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BeaconError {
    /// There are too many or too few.
    #[error("expected {expected} beacon entries in block, got {found}")]
    Count {
        /// How many there must be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// One is of another round.
    #[error("expected beacon entry in block to be at round {expected}, got {found}")]
    Round {
        /// The right round.
        expected: u64,
        /// The one found.
        found: u64,
    },
    /// One is not what the beacon published.
    #[error("beacon entry of round {round} is not what the beacon published")]
    Data {
        /// Which.
        round: u64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Address, consensus::election_params};

    const MAINNET_GENESIS: u64 = 1_598_306_400;

    #[test]
    fn mock_entries_are_those_of_lotus() {
        for (round, data) in [
            (1, "12dd0a6a7d0e222a97926da03adb5a7768d31cc7c5c2bd6828e14a7d25fa3a60"),
            (100, "512142f42a91998094dcf07b4bb4e80bfb86ef39361579acd1e1e9b4170ba5f2"),
            (101, "ae7c4c7d705110eaefdb503901312a77ae785192332484ce74032eb3b08fb35c"),
        ] {
            assert_eq!(hex::encode(&MockBeacon.entry(round).data.0), data);
        }
        let rbase = MockBeacon.entry(105).data;
        assert_eq!(
            hex::encode(election_params(&rbase, 5, Address::id(1000)).digest()),
            "eb4d854f856a5412f92916ec99609b38f9b631d5799a5863b4d36772588a75ec"
        );
    }

    #[test]
    fn a_block_carries_one_entry_for_each_epoch_since_its_base() {
        let rounds = |parent, epoch, last| -> Vec<u64> {
            MockBeacon.entries(parent, epoch, last).iter().map(|e| e.round).collect()
        };
        assert_eq!(rounds(1, 4, 101), [102, 103, 104]);
        assert_eq!(rounds(0, 1, 0), [101]);
        assert_eq!(rounds(3, 4, 104), [0; 0]);

        let mut entries = MockBeacon.entries(1, 4, 101);
        MockBeacon.check(1, 4, 101, &entries).unwrap();
        MockBeacon.check(2, 4, 101, &entries).unwrap_err();
        entries[1].data.0[0] ^= 1;
        assert_eq!(MockBeacon.check(1, 4, 101, &entries), Err(BeaconError::Data { round: 103 }));
        entries.swap(0, 1);
        assert_eq!(
            MockBeacon.check(1, 4, 101, &entries),
            Err(BeaconError::Round { expected: 102, found: 103 })
        );
    }

    #[test]
    fn drand_rounds_are_those_of_mainnet() {
        let now = DrandRounds::new(DrandRounds::MAINNET, MAINNET_GENESIS, 30);
        let old = DrandRounds { before_v16: true, ..now };
        assert_eq!([old, now].map(|rounds| rounds.round_at(0)), [95844, 95845]);
        assert_eq!([old, now].map(|rounds| rounds.round_at(100)), [95944, 95945]);

        let quicknet = DrandRounds::new(DrandRounds::QUICKNET, MAINNET_GENESIS, 30);
        for (epoch, round) in [
            (0, 1),
            (3_149_899, 1),
            (3_149_900, 2),
            (3_149_901, 12),
            (3_547_000, 3_971_002),
            (6_216_200, 30_663_002),
        ] {
            assert_eq!(quicknet.round_at(epoch), round, "{epoch}");
        }
        assert_eq!(rounds_since(&quicknet, 6_216_198, 6_216_200, 0), [30_662_992, 30_663_002]);
        assert_eq!(rounds_since(&quicknet, 6_216_199, 6_216_200, 0), [30_663_002]);

        let first = DrandRounds::new(DrandRounds::INCENTINET, MAINNET_GENESIS, 30);
        assert_eq!(DrandRounds { before_v16: true, ..first }.round_at(1), 81086);
    }
}
