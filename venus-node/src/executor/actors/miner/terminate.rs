//! Ending sectors before their time.

use fil_actor_miner_state::v18::{
    CRON_EVENT_PROCESS_EARLY_TERMINATIONS, PowerPair, Sectors, State, TerminateSectorsParams,
    TerminateSectorsReturn, deadline_is_mutable, pledge_penalty_for_continued_fault,
    pledge_penalty_for_termination, qa_power_for_sector,
};
use fil_actors_shared::v18::ActorError;
use fil_actors_shared::v18::reward::FilterEstimate;
use fvm_shared::econ::TokenAmount;
use fvm_shared::error::ExitCode;
use num_traits::{Signed, Zero};

use super::super::runtime::Rt;
use super::faults::collect;
use super::shared::{
    broken, burn, check_balance, enroll_cron, epoch_reward, info, only_control, pledge_changed,
    total_power, update_power,
};
use crate::executor::machine::fail;

pub(super) fn terminate_sectors(
    rt: &mut Rt<'_, '_>,
    params: TerminateSectorsParams,
) -> Result<TerminateSectorsReturn, ActorError> {
    let (policy, store, now) = (rt.policy(), rt.store(), rt.epoch());
    let mut declared = collect(
        policy,
        params.terminations.into_iter().map(|t| (t.deadline, t.partition, t.sectors)),
    )?;
    let mut state: State = rt.load()?;
    let had_terminations = !state.early_terminations.is_empty();
    let info = info(rt, &state)?;
    only_control(rt, &info)?;
    let mut deadlines = state.load_deadlines(store)?;
    let sectors = Sectors::load(store, &state.sectors).map_err(broken("failed to load sectors"))?;
    let mut delta = PowerPair::zero();
    for (index, partitions) in declared.iter() {
        let start = state.current_proving_period_start(policy, now);
        if !deadline_is_mutable(policy, start, index, now) {
            return fail(
                ExitCode::USR_ILLEGAL_ARGUMENT,
                format!("cannot terminate sectors in immutable deadline {index}"),
            );
        }
        let quant = state.quant_spec_for_deadline(policy, index);
        let mut deadline = deadlines.load_deadline(store, index)?;
        let removed = deadline
            .terminate_sectors(policy, store, &sectors, now, partitions, info.sector_size, quant)
            .map_err(broken("failed to terminate sectors"))?;
        state.early_terminations.set(index);
        delta -= &removed;
        deadlines
            .update_deadline(policy, store, index, &deadline)
            .map_err(broken("failed to update deadline"))?;
    }
    state.save_deadlines(store, deadlines).map_err(broken("failed to save deadlines"))?;
    rt.save(&state)?;

    let reward = epoch_reward(rt)?;
    let power = total_power(rt)?;
    let more = process_early_terminations(
        rt,
        &reward.this_epoch_reward_smoothed,
        &power.quality_adj_power_smoothed,
    )?;
    if more && !had_terminations {
        schedule_early_terminations(rt)?;
    }
    check_balance(rt)?;
    update_power(rt, delta)?;
    Ok(TerminateSectorsReturn { done: !more })
}

pub(super) fn schedule_early_terminations(rt: &mut Rt<'_, '_>) -> Result<(), ActorError> {
    let next = rt.epoch() + 1;
    enroll_cron(rt, next, CRON_EVENT_PROCESS_EARLY_TERMINATIONS)
}

/// Charges for queued terminations, as many as one call may; answers whether more are left.
pub(super) fn process_early_terminations(
    rt: &mut Rt<'_, '_>,
    reward: &FilterEstimate,
    power: &FilterEstimate,
) -> Result<bool, ActorError> {
    let (policy, store, now) = (rt.policy(), rt.store(), rt.epoch());
    let mut state: State = rt.load()?;
    let (result, more) = state
        .pop_early_terminations(
            policy,
            store,
            policy.addressed_partitions_max,
            policy.addressed_sectors_max,
        )
        .map_err(broken("failed to pop early terminations"))?;
    if result.is_empty() {
        rt.save(&state)?;
        return Ok(more);
    }
    let balance = rt.balance()?;
    let info = info(rt, &state)?;
    let sectors = Sectors::load(store, &state.sectors).map_err(broken("failed to load sectors"))?;
    let mut pledge = TokenAmount::zero();
    let mut fee = TokenAmount::zero();
    let mut with_data = 0u64;
    for (epoch, numbers) in result.iter() {
        for sector in sectors.load_sectors(numbers)? {
            pledge += &sector.initial_pledge;
            let qa = qa_power_for_sector(info.sector_size, &sector);
            let fault_fee = pledge_penalty_for_continued_fault(reward, power, &qa);
            let age = epoch - sector.activation;
            fee += pledge_penalty_for_termination(&sector.initial_pledge, age, &fault_fee);
            if sector.deal_weight.is_positive() || sector.verified_deal_weight.is_positive() {
                with_data += 1;
            }
        }
    }
    state.apply_penalty(&fee).map_err(broken("failed to apply penalty"))?;
    let released = -pledge;
    state.add_initial_pledge(&released).map_err(broken("failed to release initial pledge"))?;
    let (to_burn, from_vesting) = state
        .repay_partial_debt_in_priority_order(store, now, &balance)
        .map_err(broken("failed to repay penalty"))?;
    rt.save(&state)?;
    burn(rt, &to_burn)?;
    pledge_changed(rt, &(released - from_vesting))?;
    if with_data > 0 {
        tracing::warn!(sectors = with_data, "deals of terminated sectors are not served");
    }
    Ok(more)
}
