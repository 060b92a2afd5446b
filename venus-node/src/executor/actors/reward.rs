//! The reward actor: how much a block earns, and who gets it.

use std::sync::LazyLock;

use fil_actor_miner_state::v18::ApplyRewardParams;
use fil_actor_reward_state::v18::{
    AwardBlockRewardParams, PENALTY_MULTIPLIER, State, UpdateNetworkKPIParams,
};
use fil_actors_shared::v18::reward::ThisEpochRewardReturn;
use fil_actors_shared::v18::reward::math::PRECISION;
use fil_actors_shared::v18::reward::smooth::{AlphaBetaFilter, DEFAULT_ALPHA, DEFAULT_BETA};
use fil_actors_shared::v18::{
    ActorError, BURNT_FUNDS_ACTOR_ID, EXPECTED_LEADERS_PER_EPOCH, STORAGE_POWER_ACTOR_ID,
    SYSTEM_ACTOR_ID,
};
use fvm_ipld_encoding::RawBytes;
use fvm_shared::METHOD_SEND;
use fvm_shared::bigint::{BigInt, Integer};
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use fvm_shared::error::ExitCode;
use fvm_shared::sector::StoragePower;
use num_traits::Zero;
use venus_core::consensus::exp_neg;

use super::runtime::{Rt, decode, done, encode, no_params, reply};
use super::{miner, unhandled};
use crate::executor::codes::ActorKind;
use crate::executor::machine::{MethodResult, fail};

/// AwardBlockReward, called by the system for each block.
pub(crate) const AWARD_BLOCK_REWARD: u64 = 2;
/// ThisEpochReward.
pub(super) const THIS_EPOCH_REWARD: u64 = 3;
/// UpdateNetworkKPI.
pub(super) const UPDATE_NETWORK_KPI: u64 = 4;

pub(super) fn invoke(rt: &mut Rt<'_, '_>, method: u64, params: &RawBytes) -> MethodResult {
    match method {
        AWARD_BLOCK_REWARD => {
            let params = decode(params)?;
            done(award_block_reward(rt, &params))
        }
        THIS_EPOCH_REWARD => {
            no_params(params)?;
            reply(this_epoch_reward(rt))
        }
        UPDATE_NETWORK_KPI => {
            let params = decode(params)?;
            done(update_network_kpi(rt, params))
        }
        _ => unhandled(ActorKind::Reward, method),
    }
}

fn award_block_reward(
    rt: &mut Rt<'_, '_>,
    params: &AwardBlockRewardParams,
) -> Result<(), ActorError> {
    rt.only_id(SYSTEM_ACTOR_ID)?;
    let balance = rt.balance()?;
    if params.penalty.is_negative() || params.gas_reward.is_negative() || params.win_count <= 0 {
        return fail(
            ExitCode::USR_ILLEGAL_ARGUMENT,
            format!(
                "negative penalty {} or gas reward {}, or win count {} below 1",
                params.penalty, params.gas_reward, params.win_count
            ),
        );
    }
    if balance < params.gas_reward {
        return fail(
            ExitCode::USR_ILLEGAL_STATE,
            format!("balance {balance} does not cover the gas reward {}", params.gas_reward),
        );
    }
    let Some(miner) = rt.resolve(&params.miner)? else {
        return fail(ExitCode::USR_NOT_FOUND, format!("no miner {}", params.miner));
    };
    let penalty = &params.penalty * PENALTY_MULTIPLIER;

    let mut state: State = rt.load()?;
    let block_reward =
        (&state.this_epoch_reward * params.win_count).div_floor(EXPECTED_LEADERS_PER_EPOCH);
    // When the mint is empty it pays what it has.
    let total = (&params.gas_reward + block_reward).min(balance);
    state.total_storage_power_reward += &total - &params.gas_reward;
    rt.save(&state)?;

    let apply = encode(&ApplyRewardParams { reward: total.clone(), penalty })?;
    if let Err(e) = rt.send(miner, miner::APPLY_REWARDS, apply, &total) {
        tracing::error!(miner, error = %e, "the miner cannot take its reward, which is burnt");
        rt.send(BURNT_FUNDS_ACTOR_ID, METHOD_SEND, RawBytes::default(), &total)?;
    }
    Ok(())
}

fn this_epoch_reward(rt: &mut Rt<'_, '_>) -> Result<ThisEpochRewardReturn, ActorError> {
    let state: State = rt.load()?;
    Ok(ThisEpochRewardReturn {
        this_epoch_reward_smoothed: state.this_epoch_reward_smoothed,
        this_epoch_baseline_power: state.this_epoch_baseline_power,
    })
}

fn update_network_kpi(
    rt: &mut Rt<'_, '_>,
    params: UpdateNetworkKPIParams,
) -> Result<(), ActorError> {
    rt.only_id(STORAGE_POWER_ACTOR_ID)?;
    let Some(power) = params.curr_realized_power else {
        return fail(ExitCode::USR_ILLEGAL_ARGUMENT, "argument cannot be nil");
    };
    let mut state: State = rt.load()?;
    let before = state.epoch;
    while state.epoch < rt.epoch() {
        next_epoch(&mut state, &power.0);
    }
    next_epoch_with_reward(&mut state, &power.0);
    state.this_epoch_reward_smoothed =
        AlphaBetaFilter::load(&state.this_epoch_reward_smoothed, &DEFAULT_ALPHA, &DEFAULT_BETA)
            .next_estimate(state.this_epoch_reward.atto(), state.epoch - before);
    rt.save(&state)
}

fn big(digits: &str) -> BigInt {
    digits.parse().unwrap_or_default()
}

/// Growth of the baseline in an epoch, Q.128.
static BASELINE_STEP: LazyLock<BigInt> =
    LazyLock::new(|| big("340282591298641078465964189926313473653"));
/// Decay of the reward in an epoch, Q.128.
static LAMBDA: LazyLock<BigInt> = LazyLock::new(|| big("37396271439864487274534522888786"));
/// e^lambda - 1, Q.128.
static EXP_LAM_SUB_ONE: LazyLock<BigInt> =
    LazyLock::new(|| big("37396273494747879394193016954629"));

/// e^-x, Q.128.
fn expneg(x: &BigInt) -> BigInt {
    exp_neg(x, PRECISION)
}

fn next_baseline(power: &StoragePower) -> StoragePower {
    (power * &*BASELINE_STEP) >> PRECISION
}

/// Moves on by an epoch, a null round included.
fn next_epoch(state: &mut State, power: &StoragePower) {
    state.epoch += 1;
    state.this_epoch_baseline_power = next_baseline(&state.this_epoch_baseline_power);
    state.cumsum_realized += (&state.this_epoch_baseline_power).min(power);
    while state.cumsum_realized > state.cumsum_baseline {
        state.effective_network_time += 1;
        state.effective_baseline_power = next_baseline(&state.effective_baseline_power);
        state.cumsum_baseline += &state.effective_baseline_power;
    }
}

fn next_epoch_with_reward(state: &mut State, power: &StoragePower) {
    let before = theta(state);
    next_epoch(state, power);
    let now = theta(state);
    state.this_epoch_reward = epoch_reward(
        state.epoch,
        before,
        now,
        state.simple_total.atto(),
        state.baseline_total.atto(),
    );
}

/// Effective network time with its fraction, Q.128.
fn theta(state: &State) -> BigInt {
    if state.effective_network_time == 0 {
        return BigInt::zero();
    }
    let missing = (&state.cumsum_baseline - &state.cumsum_realized) << PRECISION;
    (BigInt::from(state.effective_network_time) << PRECISION)
        - missing.div_floor(&state.effective_baseline_power)
}

/// What all expected leaders of an epoch earn together.
fn epoch_reward(
    epoch: ChainEpoch,
    theta_before: BigInt,
    theta_now: BigInt,
    simple_total: &BigInt,
    baseline_total: &BigInt,
) -> TokenAmount {
    let simple = (simple_total * &*EXP_LAM_SUB_ONE * expneg(&(&*LAMBDA * epoch))) >> PRECISION;
    let supply = |theta: BigInt| {
        let decayed = expneg(&((theta * &*LAMBDA) >> PRECISION));
        ((BigInt::from(1) << PRECISION) - decayed) * baseline_total
    };
    let baseline = supply(theta_now) - supply(theta_before);
    TokenAmount::from_atto((simple + baseline) >> PRECISION)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// node.md 29.3.
    #[test]
    fn rewards_are_those_of_the_vectors() {
        let mut state = State::new(Zero::zero());
        assert_eq!(state.this_epoch_reward, TokenAmount::from_atto(36266264293777134739u128));
        assert_eq!(state.this_epoch_baseline_power, big("2888888879999999999"));
        let smooth = |state: &mut State, power: u64| {
            next_epoch_with_reward(state, &power.into());
            state.this_epoch_reward_smoothed = AlphaBetaFilter::load(
                &state.this_epoch_reward_smoothed,
                &DEFAULT_ALPHA,
                &DEFAULT_BETA,
            )
            .next_estimate(state.this_epoch_reward.atto(), 1);
        };
        smooth(&mut state, 0);
        assert_eq!(state.epoch, 1);
        assert_eq!(state.this_epoch_reward, TokenAmount::from_atto(36266260308195979333u128));
        assert_eq!(state.this_epoch_reward_smoothed.estimate(), big("36266260198399875866"));
        smooth(&mut state, 4096);
        assert_eq!(state.epoch, 2);
        assert_eq!(state.this_epoch_reward, TokenAmount::from_atto(36266256322615381913u128));
        assert_eq!(state.this_epoch_reward_smoothed.estimate(), big("36266260085018716472"));
        assert_eq!(state.cumsum_realized, big("4096"));
        assert_eq!(state.effective_network_time, 1);
        assert_eq!(state.cumsum_baseline, big("2888890784895207676"));
        for (epoch, reward) in [
            (5000, "36246341860983438171"),
            (10000, "36226430372336764970"),
            (15000, "36206529821825080595"),
        ] {
            let got = epoch_reward(
                epoch,
                Zero::zero(),
                Zero::zero(),
                state.simple_total.atto(),
                state.baseline_total.atto(),
            );
            assert_eq!(got.atto(), &big(reward));
        }
    }
}
