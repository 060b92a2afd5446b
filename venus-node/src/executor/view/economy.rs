//! What things cost.

use fil_actor_miner_state::v18::{
    initial_pledge_for_power, pre_commit_deposit_for_power, qa_power_max,
};
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use fvm_shared::sector::{SectorSize, StoragePower};

use super::StateView;
use crate::executor::error::Result;
use crate::executor::supply::{self, Supply};

/// What a sector locks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SectorPledge {
    /// Between pre-commit and proof.
    pub pre_commit_deposit: TokenAmount,
    /// While in service.
    pub initial_pledge: TokenAmount,
}

impl StateView<'_> {
    /// Circulating supply at an epoch.
    pub fn supply(&self, epoch: ChainEpoch) -> Result<Supply> {
        supply::circulating(self.config, self.store.clone(), &self.tree, epoch)
    }

    /// Deposit of a pre-commit.
    pub fn pre_commit_deposit(&self, size: SectorSize) -> Result<TokenAmount> {
        Ok(pre_commit_deposit_for_power(
            &self.reward()?.this_epoch_reward_smoothed,
            &self.power()?.this_epoch_qa_power_smoothed,
            &qa_power_max(size),
        ))
    }

    /// Pledge of so much quality-adjusted power, if it came in at `epoch`.
    pub fn initial_pledge(&self, power: &StoragePower, epoch: ChainEpoch) -> Result<TokenAmount> {
        let (reward, network) = (self.reward()?, self.power()?);
        Ok(initial_pledge_for_power(
            power,
            &reward.this_epoch_baseline_power,
            &reward.this_epoch_reward_smoothed,
            &network.this_epoch_qa_power_smoothed,
            &self.supply(epoch)?.circulating,
            epoch - network.ramp_start_epoch,
            network.ramp_duration_epochs,
        ))
    }

    /// What a sector without verified data locks.
    pub fn sector_pledge(&self, size: SectorSize, epoch: ChainEpoch) -> Result<SectorPledge> {
        Ok(SectorPledge {
            pre_commit_deposit: self.pre_commit_deposit(size)?,
            initial_pledge: self.initial_pledge(&StoragePower::from(size as u64), epoch)?,
        })
    }

    /// What a new miner must bring along.
    pub fn create_miner_deposit(&self, epoch: ChainEpoch) -> Result<TokenAmount> {
        self.initial_pledge(&self.config.create_miner_deposit_power, epoch)
    }
}
