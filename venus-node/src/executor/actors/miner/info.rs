//! Who a miner is and how it is reached.

use fil_actor_miner_state::v18::{
    ChangeMultiaddrsParams, ChangePeerIDParams, ChangeWorkerAddressParams, CheckSectorProvenParams,
    GetControlAddressesReturn, MinerInfo, State, WorkerKeyChange,
};
use fil_actors_shared::v18::ActorError;
use fil_actors_shared::v18::runtime::policy_constants::MAX_SECTOR_NUMBER;
use fvm_shared::address::Address;
use fvm_shared::error::ExitCode;

use super::super::runtime::Rt;
use super::constructor::check_peer_info;
use super::shared::{broken, info, only_control, resolve_controls, resolve_worker};
use crate::executor::machine::fail;

pub(super) fn control_addresses(
    rt: &mut Rt<'_, '_>,
) -> Result<GetControlAddressesReturn, ActorError> {
    let state: State = rt.load()?;
    let info = info(rt, &state)?;
    Ok(GetControlAddressesReturn {
        owner: info.owner,
        worker: info.worker,
        control_addresses: info.control_addresses,
    })
}

fn save_info(rt: &mut Rt<'_, '_>, state: &mut State, info: &MinerInfo) -> Result<(), ActorError> {
    state.save_info(rt.store(), info).map_err(broken("could not save miner info"))?;
    rt.save(state)
}

pub(super) fn change_worker_address(
    rt: &mut Rt<'_, '_>,
    params: ChangeWorkerAddressParams,
) -> Result<(), ActorError> {
    let worker = Address::new_id(resolve_worker(rt, &params.new_worker)?);
    let controls = resolve_controls(rt, &params.new_control_addresses)?;
    let mut state: State = rt.load()?;
    let mut info = info(rt, &state)?;
    rt.only(&[info.owner])?;
    info.control_addresses = controls.into_iter().map(Address::new_id).collect();
    if worker != info.worker && info.pending_worker_key.is_none() {
        info.pending_worker_key = Some(WorkerKeyChange {
            new_worker: worker,
            effective_at: rt.epoch() + rt.policy().worker_key_change_delay,
        });
    }
    save_info(rt, &mut state, &info)
}

pub(super) fn confirm_change_worker_address(rt: &mut Rt<'_, '_>) -> Result<(), ActorError> {
    let mut state: State = rt.load()?;
    let info = info(rt, &state)?;
    rt.only(&[info.owner])?;
    apply_pending_worker(rt, &mut state, info)?;
    rt.save(&state)
}

/// Puts a new worker into office when its time has come.
pub(super) fn apply_pending_worker(
    rt: &Rt<'_, '_>,
    state: &mut State,
    mut info: MinerInfo,
) -> Result<(), ActorError> {
    match &info.pending_worker_key {
        Some(change) if rt.epoch() >= change.effective_at => {
            info.worker = change.new_worker;
            info.pending_worker_key = None;
            state.save_info(rt.store(), &info).map_err(broken("failed to save miner info"))
        }
        _ => Ok(()),
    }
}

pub(super) fn change_peer_id(
    rt: &mut Rt<'_, '_>,
    params: ChangePeerIDParams,
) -> Result<(), ActorError> {
    check_peer_info(rt.policy(), &params.new_id, &[])?;
    let mut state: State = rt.load()?;
    let mut info = info(rt, &state)?;
    only_control(rt, &info)?;
    info.peer_id = params.new_id;
    save_info(rt, &mut state, &info)
}

pub(super) fn change_multiaddrs(
    rt: &mut Rt<'_, '_>,
    params: ChangeMultiaddrsParams,
) -> Result<(), ActorError> {
    check_peer_info(rt.policy(), &[], &params.new_multi_addrs)?;
    let mut state: State = rt.load()?;
    let mut info = info(rt, &state)?;
    only_control(rt, &info)?;
    info.multi_address = params.new_multi_addrs;
    save_info(rt, &mut state, &info)
}

pub(super) fn check_sector_proven(
    rt: &mut Rt<'_, '_>,
    params: CheckSectorProvenParams,
) -> Result<(), ActorError> {
    if params.sector_number > MAX_SECTOR_NUMBER {
        return fail(ExitCode::USR_ILLEGAL_ARGUMENT, "sector number out of range");
    }
    let state: State = rt.load()?;
    let found = state
        .get_sector(rt.store(), params.sector_number)
        .map_err(|e| ActorError::illegal_state(e.msg().to_owned()))?;
    match found {
        Some(_) => Ok(()),
        None => {
            fail(ExitCode::USR_NOT_FOUND, format!("sector {} not proven", params.sector_number))
        }
    }
}
