//! Miners: who they are, what power they have, when they prove, whether they may mine.

use fil_actor_miner_state::v18::{DeadlineInfo, MinerInfo, State};
use fil_actor_power_state::v18::Claim;
use fvm_shared::ActorID;
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use fvm_shared::sector::StoragePower;
use num_traits::{Signed, Zero};

use super::StateView;
use crate::executor::codes::ActorKind;
use crate::executor::error::{ExecutorError, Result};

/// Power of a miner beside that of the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MinerPower {
    /// Raw bytes of the miner.
    pub raw: StoragePower,
    /// Quality-adjusted bytes of the miner.
    pub quality_adjusted: StoragePower,
    /// Raw bytes of the network.
    pub total_raw: StoragePower,
    /// Quality-adjusted bytes of the network.
    pub total_quality_adjusted: StoragePower,
    /// Whether the miner has the minimum power to mine.
    pub has_min_power: bool,
}

/// Why a miner may or may not make a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Eligibility {
    /// It may.
    Eligible,
    /// Its power at the lookback was below the minimum.
    BelowMinimumPower,
    /// It has no power now.
    NoPower,
    /// It owes fees.
    FeeDebt,
    /// It is suspended because of a consensus fault.
    ConsensusFault {
        /// Last epoch of the suspension.
        until: ChainEpoch,
    },
}

impl Eligibility {
    /// Whether it may mine.
    pub fn is_eligible(self) -> bool {
        self == Self::Eligible
    }
}

impl StateView<'_> {
    /// State of a miner.
    pub fn miner(&self, miner: &Address) -> Result<State> {
        let actor = self.need_actor(miner)?;
        if actor.kind() != Some(ActorKind::Miner) {
            let kind = actor.kind().map_or("unknown", ActorKind::name);
            return Err(ExecutorError::State {
                what: "failed to load miner actor state",
                cause: format!("actor code is not miner: {kind}"),
            });
        }
        self.block(&actor.head, "state of a miner")
    }

    /// Addresses and settings of a miner.
    pub fn miner_info(&self, miner: &Address) -> Result<MinerInfo> {
        self.miner(miner)?.get_info(&self.store).map_err(ExecutorError::store("miner info"))
    }

    /// The claim of a miner; none if it is unknown to the power actor.
    pub fn claim(&self, miner: &Address) -> Result<Option<Claim>> {
        let Some(id) = self.lookup_id(miner)? else { return Ok(None) };
        self.power()?.get_claim(&self.store, &id).map_err(ExecutorError::store("power claims"))
    }

    /// Total power of the network, raw and quality-adjusted, as elections count it.
    pub fn total_power(&self) -> Result<(StoragePower, StoragePower)> {
        Ok(self.power()?.current_total_power())
    }

    /// Power of a miner and of the network; a miner without a claim has none.
    pub fn miner_power(&self, miner: &Address) -> Result<MinerPower> {
        let (total_raw, total_quality_adjusted) = self.total_power()?;
        let claim = self.claim(miner)?;
        let has_min_power = match &claim {
            Some(_) => self.meets_minimum(miner)?,
            None => false,
        };
        let (raw, quality_adjusted) = claim.map_or_else(
            || (StoragePower::zero(), StoragePower::zero()),
            |c| (c.raw_byte_power, c.quality_adj_power),
        );
        Ok(MinerPower { raw, quality_adjusted, total_raw, total_quality_adjusted, has_min_power })
    }

    fn meets_minimum(&self, miner: &Address) -> Result<bool> {
        let id = self.miner_id(miner)?;
        self.power()?
            .miner_nominal_power_meets_consensus_minimum(&self.config.policy, &self.store, id)
            .map(|(_, meets)| meets)
            .map_err(ExecutorError::state("minimum power"))
    }

    fn miner_id(&self, miner: &Address) -> Result<ActorID> {
        self.tree.resolve(miner)?.ok_or_else(|| ExecutorError::NoActor(miner.to_string()))
    }

    /// All miners with a claim.
    pub fn list_miners(&self) -> Result<Vec<Address>> {
        let mut miners = Vec::new();
        let failed = "power claims";
        self.power()?
            .load_claims(&self.store)
            .and_then(|claims| {
                claims.for_each(|miner, _| {
                    miners.push(miner);
                    Ok(())
                })
            })
            .map_err(ExecutorError::state(failed))?;
        Ok(miners)
    }

    /// Whether a miner may make a block on a base of which this is the state and `base_epoch` the
    /// height. `lookback` is the state **before** the lookback tipset.
    pub fn eligibility(
        &self,
        miner: &Address,
        base_epoch: ChainEpoch,
        lookback: &StateView<'_>,
    ) -> Result<Eligibility> {
        if lookback.claim(miner)?.is_none() || !lookback.meets_minimum(miner)? {
            return Ok(Eligibility::BelowMinimumPower);
        }
        if !self.claim(miner)?.is_some_and(|c| c.quality_adj_power.is_positive()) {
            return Ok(Eligibility::NoPower);
        }
        if self.miner(miner)?.fee_debt.is_positive() {
            return Ok(Eligibility::FeeDebt);
        }
        let until = self.miner_info(miner)?.consensus_fault_elapsed;
        if base_epoch <= until {
            return Ok(Eligibility::ConsensusFault { until });
        }
        Ok(Eligibility::Eligible)
    }

    /// The deadline that is open or next, seen from `epoch`.
    pub fn proving_deadline(&self, miner: &Address, epoch: ChainEpoch) -> Result<DeadlineInfo> {
        let state = self.miner(miner)?;
        Ok(state.deadline_info(&self.config.policy, epoch).next_not_elapsed())
    }

    /// What a miner could withdraw or lock: with what has vested until `epoch`, without debts.
    pub fn available_balance(&self, miner: &Address, epoch: ChainEpoch) -> Result<TokenAmount> {
        let failed = "available balance";
        let balance = self.need_actor(miner)?.balance;
        let state = self.miner(miner)?;
        let vested =
            state.check_vested_funds(&self.store, epoch).map_err(ExecutorError::store(failed))?;
        let available =
            state.get_available_balance(&balance).map_err(ExecutorError::any(failed))?;
        Ok(vested + available)
    }
}
