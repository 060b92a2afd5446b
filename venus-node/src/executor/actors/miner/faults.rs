//! Declaring faults and recoveries.

use fil_actor_miner_state::v18::{
    DeadlineInfo, DeadlineSectorMap, DeclareFaultsParams, DeclareFaultsRecoveredParams, PowerPair,
    Sectors, State, new_deadline_info,
};
use fil_actors_shared::v18::ActorError;
use fil_actors_shared::v18::runtime::Policy;
use fvm_ipld_bitfield::BitField;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::error::ExitCode;

use super::super::runtime::Rt;
use super::shared::{
    broken, burn, check_balance, consensus_fault_active, info, only_control, repay_debts,
    update_power,
};
use crate::executor::machine::fail;

/// Collects declared sectors by deadline and partition, within the limits.
pub(super) fn collect(
    policy: &Policy,
    declared: impl IntoIterator<Item = (u64, u64, BitField)>,
) -> Result<DeadlineSectorMap, ActorError> {
    let mut map = DeadlineSectorMap::new();
    for (deadline, partition, sectors) in declared {
        map.add(policy, deadline, partition, sectors).map_err(|e| {
            ActorError::illegal_argument(format!(
                "failed to process deadline {deadline}, partition {partition}: {e}"
            ))
        })?;
    }
    map.check(policy.addressed_partitions_max, policy.addressed_sectors_max).map_err(|e| {
        ActorError::illegal_argument(format!("cannot process requested parameters: {e}"))
    })?;
    Ok(map)
}

/// The deadline that a declaration made now is for; refused when its cutoff has passed.
fn declaration_deadline(
    policy: &Policy,
    state: &State,
    index: u64,
    now: ChainEpoch,
) -> Result<DeadlineInfo, ActorError> {
    if index >= policy.wpost_period_deadlines {
        return fail(
            ExitCode::USR_ILLEGAL_ARGUMENT,
            format!("invalid deadline {index}, must be < {}", policy.wpost_period_deadlines),
        );
    }
    let start = state.current_proving_period_start(policy, now);
    let deadline = new_deadline_info(policy, start, index, now).next_not_elapsed();
    if deadline.fault_cutoff_passed() {
        return fail(
            ExitCode::USR_ILLEGAL_ARGUMENT,
            format!("late fault or recovery declaration at deadline {index}"),
        );
    }
    Ok(deadline)
}

pub(super) fn declare_faults(
    rt: &mut Rt<'_, '_>,
    params: DeclareFaultsParams,
) -> Result<(), ActorError> {
    let (policy, store, now) = (rt.policy(), rt.store(), rt.epoch());
    let mut declared =
        collect(policy, params.faults.into_iter().map(|f| (f.deadline, f.partition, f.sectors)))?;
    let mut state: State = rt.load()?;
    let info = info(rt, &state)?;
    only_control(rt, &info)?;
    let mut deadlines = state.load_deadlines(store)?;
    let sectors = Sectors::load(store, &state.sectors).map_err(broken("failed to load sectors"))?;
    let mut lost = PowerPair::zero();
    for (index, partitions) in declared.iter() {
        let target = declaration_deadline(policy, &state, index, now)?;
        let mut deadline = deadlines.load_deadline(store, index)?;
        lost += &deadline
            .record_faults(
                store,
                &sectors,
                info.sector_size,
                target.quant_spec(),
                target.last() + policy.fault_max_age,
                partitions,
            )
            .map_err(broken("failed to declare faults"))?;
        deadlines
            .update_deadline(policy, store, index, &deadline)
            .map_err(broken("failed to store deadline"))?;
    }
    state.save_deadlines(store, deadlines).map_err(broken("failed to save deadlines"))?;
    rt.save(&state)?;
    // The fee is a matter of the deadline's cron.
    update_power(rt, lost)
}

pub(super) fn declare_faults_recovered(
    rt: &mut Rt<'_, '_>,
    params: DeclareFaultsRecoveredParams,
) -> Result<(), ActorError> {
    let (policy, store, now) = (rt.policy(), rt.store(), rt.epoch());
    let mut declared = collect(
        policy,
        params.recoveries.into_iter().map(|r| (r.deadline, r.partition, r.sectors)),
    )?;
    let mut state: State = rt.load()?;
    let debt = repay_debts(rt, &mut state)?;
    let info = info(rt, &state)?;
    only_control(rt, &info)?;
    if consensus_fault_active(&info, now) {
        return fail(ExitCode::USR_FORBIDDEN, "recovery not allowed during active consensus fault");
    }
    let mut deadlines = state.load_deadlines(store)?;
    let sectors = Sectors::load(store, &state.sectors).map_err(broken("failed to load sectors"))?;
    for (index, partitions) in declared.iter() {
        declaration_deadline(policy, &state, index, now)?;
        let mut deadline = deadlines.load_deadline(store, index)?;
        deadline
            .declare_faults_recovered(store, &sectors, info.sector_size, partitions)
            .map_err(broken("failed to declare recoveries"))?;
        deadlines
            .update_deadline(policy, store, index, &deadline)
            .map_err(broken("failed to store deadline"))?;
    }
    state.save_deadlines(store, deadlines).map_err(broken("failed to save deadlines"))?;
    rt.save(&state)?;
    burn(rt, &debt)?;
    // Power returns with the next valid proof.
    check_balance(rt)
}
