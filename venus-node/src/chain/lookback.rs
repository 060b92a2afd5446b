//! What decides who may make a block: power, sectors and keys of some time ago.

use std::sync::Arc;

use filecoin_proofs_api::{RegisteredPoStProof as ApiPoSt, post};
use fvm_shared::sector::RegisteredPoStProof;
use venus_core::{
    Address, BeaconEntry, ChainEpoch, Cid, ExtendedSectorInfo, MiningBaseInfo, TipSet,
    consensus::winning_post_randomness,
};

use super::{Chain, Null};
use crate::{
    error::{NodeError, Result},
    executor::{ExecutorError, StateView},
};

/// The tipset of the lookback and the state after it.
pub(crate) struct Lookback {
    pub(crate) tipset: Arc<TipSet>,
    pub(crate) state: Cid,
}

impl Chain {
    /// The lookback of a block for `round` on `base`. After more null rounds than the lookback is
    /// long, it is the base itself.
    pub(crate) fn lookback(&self, base: &Arc<TipSet>, round: ChainEpoch) -> Result<Lookback> {
        let height = (round - self.executor.config().winning_lookback).max(0);
        if height >= base.height() {
            let state = self.compute(base)?.state;
            return Ok(Lookback { tipset: Arc::clone(base), state });
        }
        let child = self.ancestor(base, height + 1, Null::After)?;
        Ok(Lookback { tipset: self.parent(&child)?, state: child.parent_state() })
    }

    /// Whether a miner may make a block for `round` on `base`.
    pub(crate) fn is_eligible(
        &self,
        miner: Address,
        base: &Arc<TipSet>,
        lookback: &Lookback,
    ) -> Result<bool> {
        let now = self.view(&self.compute(base)?.state)?;
        let before = self.view(&lookback.tipset.parent_state())?;
        Ok(now.eligibility(&miner, base.height(), &before)?.is_eligible())
    }

    /// What a miner needs to draw for `round` on `base`; none if it was not there or had no sector
    /// at the lookback.
    pub(crate) fn base_info(
        &self,
        miner: Address,
        round: ChainEpoch,
        base: &Arc<TipSet>,
    ) -> Result<Option<MiningBaseInfo>> {
        if round <= base.height() {
            return Err(NodeError::Input(format!(
                "round {round} is not after its base at height {}",
                base.height()
            )));
        }
        let prev_beacon_entry = self.latest_beacon(base)?;
        let beacon_entries = self
            .beacon
            .entries(base.height(), round, prev_beacon_entry.round)
            .map_err(|e| NodeError::Input(format!("cannot get the beacon entries: {e}")))?;
        let now = self.view(&self.compute(base)?.state)?;
        now.need_actor(&miner).map_err(|error| match error {
            ExecutorError::NoActor(address) => NodeError::Input(format!(
                "loading miner in current state: address is :{address}: actor not found"
            )),
            other => other.into(),
        })?;
        let lookback = self.lookback(base, round)?;
        let then = self.view(&lookback.state)?;
        if then.actor(&miner)?.is_none() {
            return Ok(None);
        }
        let rbase = beacon_entries.last().unwrap_or(&prev_beacon_entry);
        let sectors = winning_sectors(&then, miner, round, rbase)?;
        if sectors.is_empty() {
            return Ok(None);
        }
        let power = then.miner_power(&miner)?;
        let info = then.miner_info(&miner)?;
        Ok(Some(MiningBaseInfo {
            miner_power: power.quality_adjusted.into(),
            network_power: power.total_quality_adjusted.into(),
            sectors,
            worker_key: now.account_key(&info.worker)?.into(),
            sector_size: info.sector_size as u64,
            eligible_for_mining: self.is_eligible(miner, base, &lookback)?,
            prev_beacon_entry,
            beacon_entries,
        }))
    }
}

/// The sectors that a winning PoSt must prove, drawn from the active ones.
pub(crate) fn winning_sectors(
    state: &StateView<'_>,
    miner: Address,
    round: ChainEpoch,
    rbase: &BeaconEntry,
) -> Result<Vec<ExtendedSectorInfo>> {
    let failed = |e: String| NodeError::Input(format!("cannot draw the sectors to prove: {e}"));
    let active = state.active_sectors(&miner)?;
    if active.is_empty() {
        return Ok(Vec::new());
    }
    let kind = winning_kind(state.miner_info(&miner)?.window_post_proof_type)
        .ok_or_else(|| failed("unknown proof type".into()))?;
    let seed = winning_post_randomness(&rbase.data, round, miner);
    let id = miner.as_id().ok_or_else(|| failed(format!("{miner} is no ID address")))?;
    let indices = post::generate_winning_post_sector_challenge(
        kind,
        &venus_proofs::mask_post_randomness(seed),
        active.len() as u64,
        venus_proofs::prover_id(id),
    )
    .map_err(|e| failed(e.to_string()))?;
    let sector = |index: u64| {
        let sector = usize::try_from(index).ok().and_then(|i| active.get(i));
        let sector = sector.ok_or_else(|| failed(format!("there is no sector {index}")))?;
        Ok(ExtendedSectorInfo {
            seal_proof: sector.seal_proof,
            sector_number: sector.sector_number,
            sector_key: sector.sector_key_cid.map(Cid),
            sealed_cid: sector.sealed_cid.into(),
        })
    };
    indices.into_iter().map(sector).collect()
}

fn winning_kind(window: RegisteredPoStProof) -> Option<ApiPoSt> {
    use fvm_shared::sector::SectorSize as Size;
    Some(match window.sector_size().ok()? {
        Size::_2KiB => ApiPoSt::StackedDrgWinning2KiBV1,
        Size::_8MiB => ApiPoSt::StackedDrgWinning8MiBV1,
        Size::_512MiB => ApiPoSt::StackedDrgWinning512MiBV1,
        Size::_32GiB => ApiPoSt::StackedDrgWinning32GiBV1,
        Size::_64GiB => ApiPoSt::StackedDrgWinning64GiBV1,
    })
}
