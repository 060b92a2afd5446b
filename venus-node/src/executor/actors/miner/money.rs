//! Rewards, withdrawals, debts.

use fil_actor_miner_state::v18::{
    ApplyRewardParams, State, WithdrawBalanceParams, WithdrawBalanceReturn,
    locked_reward_from_reward,
};
use fil_actors_shared::v18::{ActorError, REWARD_ACTOR_ID};
use fvm_ipld_encoding::RawBytes;
use fvm_shared::METHOD_SEND;
use fvm_shared::error::ExitCode;

use super::super::runtime::Rt;
use super::shared::{
    broken, burn, check_balance, check_balance_of, info, only_control, pledge_changed, repay_debts,
};
use crate::executor::machine::fail;

pub(super) fn apply_rewards(
    rt: &mut Rt<'_, '_>,
    params: ApplyRewardParams,
) -> Result<(), ActorError> {
    if params.reward.is_negative() || params.penalty.is_negative() {
        return fail(ExitCode::USR_ILLEGAL_ARGUMENT, "reward and penalty cannot be negative");
    }
    rt.only_id(REWARD_ACTOR_ID)?;
    let mut state: State = rt.load()?;
    let balance = rt.balance()?;
    let (to_lock, spec) = locked_reward_from_reward(params.reward);
    let unlocked = state
        .get_unlocked_balance(&balance)
        .map_err(broken("failed to calculate unlocked balance"))?;
    if unlocked < to_lock {
        return fail(
            ExitCode::USR_INSUFFICIENT_FUNDS,
            format!("insufficient funds to lock, available: {unlocked}, requested: {to_lock}"),
        );
    }
    let vested = state
        .add_locked_funds(rt.store(), rt.epoch(), &to_lock, spec)
        .map_err(broken("failed to lock funds in vesting table"))?;
    state.apply_penalty(&params.penalty).map_err(broken("failed to apply penalty"))?;
    let (to_burn, from_vesting) = state
        .repay_partial_debt_in_priority_order(rt.store(), rt.epoch(), &balance)
        .map_err(broken("failed to repay penalty"))?;
    rt.save(&state)?;

    pledge_changed(rt, &(to_lock - vested - from_vesting))?;
    burn(rt, &to_burn)?;
    check_balance(rt)
}

pub(super) fn withdraw_balance(
    rt: &mut Rt<'_, '_>,
    params: WithdrawBalanceParams,
) -> Result<WithdrawBalanceReturn, ActorError> {
    if params.amount_requested.is_negative() {
        return fail(
            ExitCode::USR_ILLEGAL_ARGUMENT,
            format!("negative fund requested for withdrawal: {}", params.amount_requested),
        );
    }
    let mut state: State = rt.load()?;
    let mut info = info(rt, &state)?;
    rt.only(&[info.owner, info.beneficiary])?;
    if !state.early_terminations.is_empty() {
        return fail(
            ExitCode::USR_FORBIDDEN,
            format!(
                "cannot withdraw funds while {} deadlines have terminated sectors with \
                 outstanding fees",
                state.early_terminations.len()
            ),
        );
    }
    let balance = rt.balance()?;
    let vested = state
        .unlock_vested_funds(rt.store(), rt.epoch())
        .map_err(broken("failed to vest funds"))?;
    // The available balance counts fee debt already, so it is read before that is paid.
    let available = state
        .get_available_balance(&balance)
        .map_err(broken("failed to calculate available balance"))?;
    let debt = repay_debts(rt, &mut state)?;
    let mut amount = available.min(params.amount_requested);
    if amount.is_negative() {
        return fail(ExitCode::USR_ILLEGAL_STATE, format!("negative amount to withdraw: {amount}"));
    }
    if info.beneficiary != info.owner {
        let quota = info.beneficiary_term.available(rt.epoch());
        if quota.is_zero() {
            return fail(
                ExitCode::USR_FORBIDDEN,
                format!(
                    "beneficiary expiration of epoch {} passed or quota of {} depleted",
                    info.beneficiary_term.expiration, info.beneficiary_term.quota
                ),
            );
        }
        amount = amount.min(quota);
        if amount.is_positive() {
            info.beneficiary_term.used_quota += &amount;
            state.save_info(rt.store(), &info).map_err(broken("failed to save miner info"))?;
        }
    }
    rt.save(&state)?;

    if amount.is_positive() {
        let Ok(beneficiary) = info.beneficiary.id() else {
            return fail(ExitCode::USR_ILLEGAL_STATE, "beneficiary is no ID address");
        };
        rt.send(beneficiary, METHOD_SEND, RawBytes::default(), &amount)?;
    }
    burn(rt, &debt)?;
    pledge_changed(rt, &-vested)?;
    check_balance_of(rt, &state)?;
    Ok(WithdrawBalanceReturn { amount_withdrawn: amount })
}

pub(super) fn repay_debt(rt: &mut Rt<'_, '_>) -> Result<(), ActorError> {
    let mut state: State = rt.load()?;
    let info = info(rt, &state)?;
    only_control(rt, &info)?;
    let balance = rt.balance()?;
    let (to_burn, from_vesting) = state
        .repay_partial_debt_in_priority_order(rt.store(), rt.epoch(), &balance)
        .map_err(broken("failed to unlock fee debt"))?;
    rt.save(&state)?;
    pledge_changed(rt, &-from_vesting)?;
    burn(rt, &to_burn)?;
    check_balance_of(rt, &state)
}
