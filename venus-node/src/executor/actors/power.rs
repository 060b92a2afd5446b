//! The power actor: claims of miners, total power, cron of miners.

use fil_actor_init_state::v18::{ExecParams, ExecReturn};
use fil_actor_miner_state::v18::{DeferredCronEventParams, MinerConstructorParams};
use fil_actor_power_state::v18::{
    CRON_QUEUE_AMT_BITWIDTH, CRON_QUEUE_HAMT_BITWIDTH, Claim, ClaimsMap, CreateMinerParams,
    CreateMinerReturn, CronEvent, CurrentTotalPowerReturn, EnrollCronEventParams, State,
    UpdateClaimedPowerParams, UpdatePledgeTotalParams, consensus_miner_min_power, epoch_key,
    set_claim,
};
use fil_actors_shared::v18::reward::ThisEpochRewardReturn;
use fil_actors_shared::v18::reward::smooth::{AlphaBetaFilter, DEFAULT_ALPHA, DEFAULT_BETA};
use fil_actors_shared::v18::{
    ActorDowncast, ActorError, CRON_ACTOR_ID, INIT_ACTOR_ID, Multimap, REWARD_ACTOR_ID,
};
use fvm_ipld_encoding::RawBytes;
use fvm_shared::address::Address;
use fvm_shared::bigint::bigint_ser::BigIntSer;
use fvm_shared::error::ExitCode;
use fvm_shared::sector::StoragePower;
use num_traits::{Signed, Zero};

use super::runtime::{Rt, decode, done, encode, no_params, reply, returned};
use super::{init, miner, reward, unhandled};
use crate::executor::buffer::Buffer;
use crate::executor::codes::ActorKind;
use crate::executor::machine::{MethodResult, fail};

/// Methods that other actors call.
pub(super) const UPDATE_CLAIMED_POWER: u64 = 3;
pub(super) const ENROLL_CRON_EVENT: u64 = 4;
pub(super) const UPDATE_PLEDGE_TOTAL: u64 = 6;
pub(super) const CURRENT_TOTAL_POWER: u64 = 9;

pub(super) fn invoke(rt: &mut Rt<'_, '_>, method: u64, params: &RawBytes) -> MethodResult {
    match method {
        2 => {
            let params = decode(params)?;
            reply(create_miner(rt, params))
        }
        UPDATE_CLAIMED_POWER => {
            let params = decode(params)?;
            done(update_claimed_power(rt, &params))
        }
        ENROLL_CRON_EVENT => {
            let params = decode(params)?;
            done(enroll_cron_event(rt, params))
        }
        5 => {
            no_params(params)?;
            done(on_epoch_tick_end(rt))
        }
        UPDATE_PLEDGE_TOTAL => {
            let params = decode(params)?;
            done(update_pledge_total(rt, params))
        }
        CURRENT_TOTAL_POWER => {
            no_params(params)?;
            reply(current_total_power(rt))
        }
        _ => unhandled(ActorKind::Power, method),
    }
}

fn create_miner(
    rt: &mut Rt<'_, '_>,
    params: CreateMinerParams,
) -> Result<CreateMinerReturn, ActorError> {
    let window_post_proof_type = params.window_post_proof_type;
    let constructor_params = encode(&MinerConstructorParams {
        owner: params.owner,
        worker: params.worker,
        control_addresses: Vec::new(),
        window_post_proof_type,
        peer_id: params.peer,
        multi_addresses: params.multiaddrs,
    })?;
    let exec = encode(&ExecParams { code_cid: ActorKind::Miner.code(), constructor_params })?;
    let value = rt.value.clone();
    let created = rt.send(INIT_ACTOR_ID, init::EXEC, exec, &value)?;
    let ExecReturn { id_address, robust_address } = returned(&created)?;

    let mut state: State = rt.load()?;
    let mut claims = state.load_claims(rt.store())?;
    let claim = Claim {
        window_post_proof_type,
        raw_byte_power: Zero::zero(),
        quality_adj_power: Zero::zero(),
    };
    set_claim(&mut claims, &id_address, claim)?;
    state.miner_count += 1;
    if !min_power(rt, window_post_proof_type)?.is_positive() {
        state.miner_above_min_power_count += 1;
    }
    state.save_claims(&mut claims)?;
    rt.save(&state)?;
    Ok(CreateMinerReturn { id_address, robust_address })
}

fn min_power(
    rt: &Rt<'_, '_>,
    proof: fvm_shared::sector::RegisteredPoStProof,
) -> Result<StoragePower, ActorError> {
    consensus_miner_min_power(rt.policy(), proof)
        .map_err(|e| e.downcast_default(ExitCode::USR_ILLEGAL_STATE, "minimum power"))
}

fn update_claimed_power(
    rt: &mut Rt<'_, '_>,
    params: &UpdateClaimedPowerParams,
) -> Result<(), ActorError> {
    rt.only_kind(ActorKind::Miner)?;
    let mut state: State = rt.load()?;
    let mut claims = state.load_claims(rt.store())?;
    let miner = Address::new_id(rt.caller);
    add_to_claim(
        rt,
        &mut state,
        &mut claims,
        &miner,
        &params.raw_byte_delta,
        &params.quality_adjusted_delta,
    )?;
    state.save_claims(&mut claims)?;
    rt.save(&state)
}

/// Changes a claim and the totals; only miners above the minimum count in the totals.
fn add_to_claim(
    rt: &Rt<'_, '_>,
    state: &mut State,
    claims: &mut ClaimsMap<&Buffer>,
    miner: &Address,
    raw: &StoragePower,
    qa: &StoragePower,
) -> Result<(), ActorError> {
    let Some(old) = claims.get(miner)?.cloned() else {
        return fail(ExitCode::USR_NOT_FOUND, format!("no claim for actor {miner}"));
    };
    state.total_bytes_committed += raw;
    state.total_qa_bytes_committed += qa;
    let new = Claim {
        window_post_proof_type: old.window_post_proof_type,
        raw_byte_power: &old.raw_byte_power + raw,
        quality_adj_power: &old.quality_adj_power + qa,
    };
    let least = min_power(rt, old.window_post_proof_type)?;
    match (old.raw_byte_power >= least, new.raw_byte_power >= least) {
        (false, true) => {
            state.miner_above_min_power_count += 1;
            state.total_raw_byte_power += &new.raw_byte_power;
            state.total_quality_adj_power += &new.quality_adj_power;
        }
        (true, false) => {
            state.miner_above_min_power_count -= 1;
            state.total_raw_byte_power -= &old.raw_byte_power;
            state.total_quality_adj_power -= &old.quality_adj_power;
        }
        (true, true) => {
            state.total_raw_byte_power += raw;
            state.total_quality_adj_power += qa;
        }
        (false, false) => {}
    }
    if new.raw_byte_power.is_negative()
        || new.quality_adj_power.is_negative()
        || state.miner_above_min_power_count < 0
    {
        return fail(ExitCode::USR_ILLEGAL_STATE, format!("claim of {miner} became negative"));
    }
    set_claim(claims, miner, new)
}

fn enroll_cron_event(rt: &mut Rt<'_, '_>, params: EnrollCronEventParams) -> Result<(), ActorError> {
    rt.only_kind(ActorKind::Miner)?;
    let epoch = params.event_epoch;
    if epoch < 0 {
        return fail(
            ExitCode::USR_ILLEGAL_ARGUMENT,
            format!("cron event epoch {epoch} cannot be less than zero"),
        );
    }
    let event =
        CronEvent { miner_addr: Address::new_id(rt.caller), callback_payload: params.payload };
    let mut state: State = rt.load()?;
    let store = rt.store();
    let mut events = load_queue(&state, &store)?;
    state.first_cron_epoch = state.first_cron_epoch.min(epoch);
    events.add(epoch_key(epoch), event).map_err(queue_error)?;
    state.cron_event_queue = events.root().map_err(queue_error)?;
    rt.save(&state)
}

fn queue_error(e: impl std::fmt::Display) -> ActorError {
    ActorError::illegal_state(format!("cron queue: {e}"))
}

fn load_queue<'s, 'b>(
    state: &State,
    store: &'s &'b Buffer,
) -> Result<Multimap<'s, &'b Buffer>, ActorError> {
    Multimap::from_root(
        store,
        &state.cron_event_queue,
        CRON_QUEUE_HAMT_BITWIDTH,
        CRON_QUEUE_AMT_BITWIDTH,
    )
    .map_err(queue_error)
}

fn on_epoch_tick_end(rt: &mut Rt<'_, '_>) -> Result<(), ActorError> {
    rt.only_id(CRON_ACTOR_ID)?;
    let stats =
        rt.send(REWARD_ACTOR_ID, reward::THIS_EPOCH_REWARD, RawBytes::default(), &Zero::zero())?;
    process_cron_events(rt, returned(&stats)?)?;

    let mut state: State = rt.load()?;
    let (raw, qa) = state.current_total_power();
    state.this_epoch_pledge_collateral = state.total_pledge_collateral.clone();
    state.this_epoch_quality_adj_power = qa;
    state.this_epoch_raw_byte_power = raw;
    // Cron runs every epoch, so one has passed.
    let observed = rt.m.env.config.priced_power(&state.this_epoch_quality_adj_power);
    state.this_epoch_qa_power_smoothed =
        AlphaBetaFilter::load(&state.this_epoch_qa_power_smoothed, &DEFAULT_ALPHA, &DEFAULT_BETA)
            .next_estimate(&observed, 1);
    rt.save(&state)?;
    rt.request(
        REWARD_ACTOR_ID,
        reward::UPDATE_NETWORK_KPI,
        &BigIntSer(&state.this_epoch_raw_byte_power),
    )?;
    Ok(())
}

/// Wakes the miners whose time has come.
fn process_cron_events(
    rt: &mut Rt<'_, '_>,
    reward: ThisEpochRewardReturn,
) -> Result<(), ActorError> {
    let now = rt.epoch();
    let mut state: State = rt.load()?;
    let quality_adj_power_smoothed = state.this_epoch_qa_power_smoothed.clone();
    let store = rt.store();
    let mut queue = load_queue(&state, &store)?;
    let claims = state.load_claims(store)?;
    let mut due = Vec::new();
    for epoch in state.first_cron_epoch..=now {
        let key = epoch_key(epoch);
        let mut events: Vec<CronEvent> = Vec::new();
        queue
            .for_each(&key, |_, event: &CronEvent| {
                events.push(event.clone());
                Ok(())
            })
            .map_err(queue_error)?;
        if events.is_empty() {
            continue;
        }
        for event in events {
            if claims.contains_key(&event.miner_addr)? {
                due.push(event);
            }
        }
        queue.remove_all(&key).map_err(queue_error)?;
    }
    state.first_cron_epoch = now + 1;
    state.cron_event_queue = queue.root().map_err(queue_error)?;
    rt.save(&state)?;

    let mut failed = Vec::new();
    for event in due {
        let params = DeferredCronEventParams {
            event_payload: event.callback_payload.to_vec(),
            reward_smoothed: reward.this_epoch_reward_smoothed.clone(),
            quality_adj_power_smoothed: quality_adj_power_smoothed.clone(),
        };
        let Ok(id) = event.miner_addr.id() else { continue };
        if let Err(e) = rt.request(id, miner::ON_DEFERRED_CRON_EVENT, &params) {
            tracing::error!(miner = id, error = %e, "cron of the miner failed; it loses its power");
            failed.push(event.miner_addr);
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    let mut state: State = rt.load()?;
    let mut claims = state.load_claims(store)?;
    for miner in failed {
        let Some(claim) = claims.get(&miner)?.cloned() else { continue };
        let (raw, qa) = (-claim.raw_byte_power, -claim.quality_adj_power);
        add_to_claim(rt, &mut state, &mut claims, &miner, &raw, &qa)?;
        claims.delete(&miner)?;
        state.miner_count -= 1;
    }
    state.save_claims(&mut claims)?;
    rt.save(&state)
}

fn update_pledge_total(
    rt: &mut Rt<'_, '_>,
    params: UpdatePledgeTotalParams,
) -> Result<(), ActorError> {
    rt.only_kind(ActorKind::Miner)?;
    let mut state: State = rt.load()?;
    if !state.load_claims(rt.store())?.contains_key(&Address::new_id(rt.caller))? {
        return fail(
            ExitCode::USR_FORBIDDEN,
            format!("unknown miner f0{} forbidden to interact with power actor", rt.caller),
        );
    }
    state.total_pledge_collateral += params.pledge_delta;
    if state.total_pledge_collateral.is_negative() {
        return fail(ExitCode::USR_ILLEGAL_STATE, "negative total pledge collateral");
    }
    rt.save(&state)
}

fn current_total_power(rt: &mut Rt<'_, '_>) -> Result<CurrentTotalPowerReturn, ActorError> {
    let state: State = rt.load()?;
    Ok(CurrentTotalPowerReturn {
        raw_byte_power: state.this_epoch_raw_byte_power,
        quality_adj_power: state.this_epoch_quality_adj_power,
        pledge_collateral: state.this_epoch_pledge_collateral,
        quality_adj_power_smoothed: state.this_epoch_qa_power_smoothed,
        ramp_start_epoch: state.ramp_start_epoch,
        ramp_duration_epochs: state.ramp_duration_epochs,
    })
}
