//! What happens at the end of a deadline: missed proofs, fees, expiries (node.md 19.7).

use fil_actor_miner_state::v18::{
    CRON_EVENT_PROCESS_EARLY_TERMINATIONS, CRON_EVENT_PROVING_DEADLINE, CronEventPayload,
    DeferredCronEventParams, State, daily_proof_fee_payable, expected_reward_for_power,
    pledge_penalty_for_continued_fault,
};
use fil_actors_shared::v18::reward::FilterEstimate;
use fil_actors_shared::v18::{ActorError, EPOCHS_IN_DAY, STORAGE_POWER_ACTOR_ID};
use fvm_ipld_encoding::from_slice;

use super::super::runtime::Rt;
use super::info::apply_pending_worker;
use super::shared::{broken, burn, check_balance, enroll_cron, info, pledge_changed, update_power};
use super::terminate::{process_early_terminations, schedule_early_terminations};

pub(super) fn on_deferred_cron_event(
    rt: &mut Rt<'_, '_>,
    params: DeferredCronEventParams,
) -> Result<(), ActorError> {
    rt.only_id(STORAGE_POWER_ACTOR_ID)?;
    let payload: CronEventPayload = from_slice(&params.event_payload)
        .map_err(|e| ActorError::illegal_state(format!("cron payload: {e}")))?;
    let (reward, power) = (&params.reward_smoothed, &params.quality_adj_power_smoothed);
    match payload.event_type {
        CRON_EVENT_PROVING_DEADLINE => end_deadline(rt, reward, power)?,
        CRON_EVENT_PROCESS_EARLY_TERMINATIONS => {
            if process_early_terminations(rt, reward, power)? {
                schedule_early_terminations(rt)?;
            }
        }
        other => tracing::error!(event = other, "unknown cron event of a miner"),
    }
    check_balance(rt)
}

fn end_deadline(
    rt: &mut Rt<'_, '_>,
    reward: &FilterEstimate,
    power: &FilterEstimate,
) -> Result<(), ActorError> {
    let (policy, store, now) = (rt.policy(), rt.store(), rt.epoch());
    let mut state: State = rt.load()?;
    let balance = rt.balance()?;
    let info = info(rt, &state)?;
    apply_pending_worker(rt, &mut state, info)?;

    let expired = state
        .cleanup_expired_pre_commits(policy, store, now)
        .map_err(broken("failed to expire pre-committed sectors"))?;
    let penalize = |state: &mut State, amount| {
        state.apply_penalty(amount).map_err(broken("failed to apply penalty"))
    };
    penalize(&mut state, &expired)?;

    let had_terminations = !state.early_terminations.is_empty();
    let result =
        state.advance_deadline(policy, store, now).map_err(broken("failed to advance deadline"))?;
    // A proof missed now costs nothing yet; what was faulty before and still is pays.
    let fee = pledge_penalty_for_continued_fault(reward, power, &result.previously_faulty_power.qa);
    penalize(&mut state, &fee)?;
    if result.daily_fee.is_positive() {
        let day = expected_reward_for_power(reward, power, &result.live_power.qa, EPOCHS_IN_DAY);
        penalize(&mut state, &daily_proof_fee_payable(policy, &result.daily_fee, &day))?;
    }
    let (to_burn, from_vesting) = state
        .repay_partial_debt_in_priority_order(store, now, &balance)
        .map_err(broken("failed to unlock penalty"))?;
    let vested = state.unlock_vested_funds(store, now).map_err(broken("failed to vest funds"))?;
    let go_on = state.continue_deadline_cron();
    if !go_on {
        state.deadline_cron_active = false;
    }
    rt.save(&state)?;

    update_power(rt, result.power_delta)?;
    burn(rt, &to_burn)?;
    pledge_changed(rt, &(result.pledge_delta - from_vesting - vested))?;
    if go_on {
        let next = state.deadline_info(policy, now + 1);
        enroll_cron(rt, next.last(), CRON_EVENT_PROVING_DEADLINE)?;
    }
    // Terminations that were queued before have their own cron event.
    let terminations = !had_terminations && !state.early_terminations.is_empty();
    if terminations && process_early_terminations(rt, reward, power)? {
        schedule_early_terminations(rt)?;
    }
    Ok(())
}
