//! What several methods of a miner need.

use fil_actor_miner_state::v18::ext::power::{CurrentTotalPowerReturn, UpdateClaimedPowerParams};
use fil_actor_miner_state::v18::{CronEventPayload, MinerInfo, PowerPair, State};
use fil_actor_power_state::v18::EnrollCronEventParams;
use fil_actors_shared::v18::reward::ThisEpochRewardReturn;
use fil_actors_shared::v18::{
    ActorDowncast, ActorError, BURNT_FUNDS_ACTOR_ID, REWARD_ACTOR_ID, STORAGE_POWER_ACTOR_ID,
};
use fvm_ipld_encoding::RawBytes;
use fvm_shared::ActorID;
use fvm_shared::METHOD_SEND;
use fvm_shared::address::{Address, Protocol};
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use fvm_shared::error::ExitCode;
use num_traits::Zero;

use super::super::account::{PUBKEY_ADDRESS, PubkeyAddressReturn};
use super::super::runtime::{Rt, encode, returned};
use super::super::{power, reward};
use crate::executor::codes::ActorKind;
use crate::executor::machine::fail;

/// Turns an error of state code into one of this exit code, unless it carries its own.
pub(super) fn or<E: ActorDowncast>(
    code: ExitCode,
    what: &'static str,
) -> impl FnOnce(E) -> ActorError {
    move |e| e.downcast_default(code, what)
}

/// [`or`] illegal state.
pub(super) fn broken<E: ActorDowncast>(what: &'static str) -> impl FnOnce(E) -> ActorError {
    or(ExitCode::USR_ILLEGAL_STATE, what)
}

pub(super) fn info(rt: &Rt<'_, '_>, state: &State) -> Result<MinerInfo, ActorError> {
    state.get_info(rt.store()).map_err(broken("could not read miner info"))
}

/// Lets owner, worker and control addresses pass.
pub(super) fn only_control(rt: &Rt<'_, '_>, info: &MinerInfo) -> Result<(), ActorError> {
    let mut allowed = info.control_addresses.clone();
    allowed.extend([info.worker, info.owner]);
    rt.only(&allowed)
}

/// During a consensus fault a miner may do little; the last epoch counts.
pub(super) fn consensus_fault_active(info: &MinerInfo, epoch: ChainEpoch) -> bool {
    epoch <= info.consensus_fault_elapsed
}

pub(super) fn check_balance(rt: &mut Rt<'_, '_>) -> Result<(), ActorError> {
    let state: State = rt.load()?;
    check_balance_of(rt, &state)
}

pub(super) fn check_balance_of(rt: &mut Rt<'_, '_>, state: &State) -> Result<(), ActorError> {
    /// ERR_BALANCE_INVARIANTS_BROKEN.
    const BROKEN: ExitCode = ExitCode::new(1000);
    let balance = rt.balance()?;
    state
        .check_balance_invariants(&balance)
        .map_err(|e| ActorError::unchecked(BROKEN, format!("balance invariants broken: {e}")))
}

/// Pays all fee debt from the unlocked balance, or refuses. Answers what must be burnt.
pub(super) fn repay_debts(
    rt: &mut Rt<'_, '_>,
    state: &mut State,
) -> Result<TokenAmount, ActorError> {
    let balance = rt.balance()?;
    state.repay_debts(&balance).map_err(broken("unlocked balance can not repay fee debt"))
}

pub(super) fn epoch_reward(rt: &mut Rt<'_, '_>) -> Result<ThisEpochRewardReturn, ActorError> {
    let value = rt.send(
        REWARD_ACTOR_ID,
        reward::THIS_EPOCH_REWARD,
        RawBytes::default(),
        &TokenAmount::zero(),
    )?;
    returned(&value)
}

pub(super) fn total_power(rt: &mut Rt<'_, '_>) -> Result<CurrentTotalPowerReturn, ActorError> {
    let value = rt.send(
        STORAGE_POWER_ACTOR_ID,
        power::CURRENT_TOTAL_POWER,
        RawBytes::default(),
        &TokenAmount::zero(),
    )?;
    returned(&value)
}

pub(super) fn update_power(rt: &mut Rt<'_, '_>, delta: PowerPair) -> Result<(), ActorError> {
    if delta.is_zero() {
        return Ok(());
    }
    let params =
        UpdateClaimedPowerParams { raw_byte_delta: delta.raw, quality_adjusted_delta: delta.qa };
    rt.request(STORAGE_POWER_ACTOR_ID, power::UPDATE_CLAIMED_POWER, &params).map(drop)
}

pub(super) fn pledge_changed(rt: &mut Rt<'_, '_>, delta: &TokenAmount) -> Result<(), ActorError> {
    if delta.is_zero() {
        return Ok(());
    }
    rt.request(STORAGE_POWER_ACTOR_ID, power::UPDATE_PLEDGE_TOTAL, delta).map(drop)
}

pub(super) fn burn(rt: &mut Rt<'_, '_>, amount: &TokenAmount) -> Result<(), ActorError> {
    if !amount.is_positive() {
        return Ok(());
    }
    rt.send(BURNT_FUNDS_ACTOR_ID, METHOD_SEND, RawBytes::default(), amount).map(drop)
}

pub(super) fn enroll_cron(
    rt: &mut Rt<'_, '_>,
    event_epoch: ChainEpoch,
    event_type: i64,
) -> Result<(), ActorError> {
    let payload = encode(&CronEventPayload { event_type })?;
    let params = EnrollCronEventParams { event_epoch, payload };
    rt.request(STORAGE_POWER_ACTOR_ID, power::ENROLL_CRON_EVENT, &params).map(drop)
}

/// Resolves control addresses to IDs.
pub(super) fn resolve_controls(
    rt: &mut Rt<'_, '_>,
    addresses: &[Address],
) -> Result<Vec<ActorID>, ActorError> {
    let most = rt.policy().max_control_addresses;
    if addresses.len() > most {
        return fail(
            ExitCode::USR_ILLEGAL_ARGUMENT,
            format!("control addresses length {} exceeds max {most}", addresses.len()),
        );
    }
    addresses
        .iter()
        .map(|address| match rt.resolve(address)? {
            Some(id) => Ok(id),
            None => fail(
                ExitCode::USR_ILLEGAL_ARGUMENT,
                format!("unable to resolve control address: {address}"),
            ),
        })
        .collect()
}

/// Resolves a worker, which must be an account with a BLS key: it makes the VRFs.
pub(super) fn resolve_worker(rt: &mut Rt<'_, '_>, raw: &Address) -> Result<ActorID, ActorError> {
    let illegal = |reason: String| fail(ExitCode::USR_ILLEGAL_ARGUMENT, reason);
    let Some(id) = rt.resolve(raw)? else {
        return illegal(format!("unable to resolve address: {raw}"));
    };
    if rt.kind_of(id)? != Some(ActorKind::Account) {
        return illegal(format!("worker actor type must be an account, f0{id} is not"));
    }
    if raw.protocol() != Protocol::BLS {
        let value = rt.send(id, PUBKEY_ADDRESS, RawBytes::default(), &TokenAmount::zero())?;
        let key: PubkeyAddressReturn = returned(&value)?;
        if key.address.protocol() != Protocol::BLS {
            return illegal(format!("worker account {id} must have BLS pubkey"));
        }
    }
    Ok(id)
}
