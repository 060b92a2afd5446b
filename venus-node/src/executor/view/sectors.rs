//! Sectors, deadlines, partitions of a miner.

use fil_actor_miner_state::v18::{
    Deadline, Partition, SectorOnChainInfo, SectorPreCommitOnChainInfo, State,
};
use fvm_ipld_bitfield::BitField;
use fvm_ipld_encoding::CborStore;
use fvm_shared::address::Address;
use fvm_shared::sector::SectorNumber;

use super::StateView;
use crate::executor::error::{ExecutorError, Result};

/// Where a sector is proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SectorLocation {
    /// Index of the deadline.
    pub deadline: u64,
    /// Index of the partition in it.
    pub partition: u64,
}

/// The sectors of a partition.
#[derive(Clone, Debug)]
pub struct PartitionView {
    /// All, with those that have been terminated.
    pub all: BitField,
    /// Faulty.
    pub faulty: BitField,
    /// Faulty, but declared to recover.
    pub recovering: BitField,
    /// Not terminated.
    pub live: BitField,
    /// Neither terminated nor faulty nor unproven.
    pub active: BitField,
    /// Not proven yet.
    pub unproven: BitField,
}

impl From<&Partition> for PartitionView {
    fn from(p: &Partition) -> Self {
        Self {
            all: p.sectors.clone(),
            faulty: p.faults.clone(),
            recovering: p.recoveries.clone(),
            live: p.live_sectors(),
            active: p.active_sectors(),
            unproven: p.unproven.clone(),
        }
    }
}

const DEADLINES: &str = "deadlines of a miner";

impl StateView<'_> {
    /// The deadlines of a miner, in order.
    pub fn deadlines(&self, miner: &Address) -> Result<Vec<Deadline>> {
        let state = self.miner(miner)?;
        let deadlines =
            state.load_deadlines(&self.store).map_err(ExecutorError::state(DEADLINES))?;
        (0..self.config.policy.wpost_period_deadlines)
            .map(|i| {
                deadlines.load_deadline(&self.store, i).map_err(ExecutorError::state(DEADLINES))
            })
            .collect()
    }

    /// The partitions of a deadline, in order.
    pub fn partitions(&self, miner: &Address, deadline: u64) -> Result<Vec<PartitionView>> {
        let state = self.miner(miner)?;
        if deadline >= self.config.policy.wpost_period_deadlines {
            let cause = format!("invalid deadline {deadline}");
            return Err(ExecutorError::State { what: "failed to load the deadline", cause });
        }
        let deadline = state
            .load_deadlines(&self.store)
            .and_then(|d| d.load_deadline(&self.store, deadline))
            .map_err(ExecutorError::state(DEADLINES))?;
        self.partitions_of(&deadline)
    }

    fn partitions_of(&self, deadline: &Deadline) -> Result<Vec<PartitionView>> {
        let mut found = Vec::new();
        deadline
            .for_each(&self.store, |_, partition| {
                found.push(PartitionView::from(partition));
                Ok(())
            })
            .map_err(ExecutorError::store(DEADLINES))?;
        Ok(found)
    }

    fn union(&self, miner: &Address, part: impl Fn(PartitionView) -> BitField) -> Result<BitField> {
        let mut all = Vec::new();
        for deadline in self.deadlines(miner)? {
            all.extend(self.partitions_of(&deadline)?.into_iter().map(&part));
        }
        Ok(BitField::union(&all))
    }

    /// Faulty sectors.
    pub fn faults(&self, miner: &Address) -> Result<BitField> {
        self.union(miner, |p| p.faulty)
    }

    /// Sectors declared to recover.
    pub fn recoveries(&self, miner: &Address) -> Result<BitField> {
        self.union(miner, |p| p.recovering)
    }

    /// Sectors on chain by number: all, or those in `filter`.
    pub fn sectors(
        &self,
        miner: &Address,
        filter: Option<&BitField>,
    ) -> Result<Vec<SectorOnChainInfo>> {
        let mut found = Vec::new();
        self.miner(miner)?
            .for_each_sector(&self.store, |sector| {
                if filter.is_none_or(|f| f.get(sector.sector_number)) {
                    found.push(sector.clone());
                }
                Ok(())
            })
            .map_err(ExecutorError::store("sectors of a miner"))?;
        Ok(found)
    }

    /// Sectors that give power.
    pub fn active_sectors(&self, miner: &Address) -> Result<Vec<SectorOnChainInfo>> {
        let active = self.union(miner, |p| p.active)?;
        self.sectors(miner, Some(&active))
    }

    /// Sectors that WinningPoSt challenges: live and not faulty, unproven ones among them.
    pub fn proving_sectors(&self, miner: &Address) -> Result<Vec<SectorOnChainInfo>> {
        let proving = self.union(miner, |p| &p.live - &p.faulty)?;
        self.sectors(miner, Some(&proving))
    }

    /// One sector; none if it is not on chain.
    pub fn sector(
        &self,
        miner: &Address,
        number: SectorNumber,
    ) -> Result<Option<SectorOnChainInfo>> {
        self.miner(miner)?
            .get_sector(&self.store, number)
            .map_err(ExecutorError::any("sector of a miner"))
    }

    /// A pre-commit that has not been proven.
    pub fn precommit(
        &self,
        miner: &Address,
        number: SectorNumber,
    ) -> Result<Option<SectorPreCommitOnChainInfo>> {
        self.miner(miner)?
            .get_precommitted_sector(&self.store, number)
            .map_err(ExecutorError::any("pre-commit of a miner"))
    }

    /// Sector numbers that have been used.
    pub fn allocated_sectors(&self, miner: &Address) -> Result<BitField> {
        let state: State = self.miner(miner)?;
        let what = "allocated sectors";
        self.store
            .get_cbor(&state.allocated_sectors)
            .map_err(ExecutorError::store(what))?
            .ok_or(ExecutorError::Missing { what, cid: state.allocated_sectors })
    }

    /// Where a sector is proven; none if in no partition.
    pub fn sector_location(
        &self,
        miner: &Address,
        number: SectorNumber,
    ) -> Result<Option<SectorLocation>> {
        for (deadline, state) in (0..).zip(self.deadlines(miner)?) {
            for (partition, view) in (0..).zip(self.partitions_of(&state)?) {
                if view.all.get(number) {
                    return Ok(Some(SectorLocation { deadline, partition }));
                }
            }
        }
        Ok(None)
    }
}
