//! Pre-committing sectors.

use fil_actor_miner_state::v18::{
    CRON_EVENT_PROVING_DEADLINE, CollisionPolicy, PreCommitSectorBatchParams2, SectorPreCommitInfo,
    SectorPreCommitOnChainInfo, State, can_pre_commit_seal_proof, is_sealed_sector,
    is_unsealed_sector, max_prove_commit_duration, pre_commit_deposit_for_power, qa_power_max,
    seal_proof_sector_maximum_lifetime, sector_deals_max,
};
use fil_actors_shared::v18::ActorError;
use fil_actors_shared::v18::runtime::Policy;
use fil_actors_shared::v18::runtime::policy_constants::MAX_SECTOR_NUMBER;
use fvm_ipld_bitfield::BitField;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use fvm_shared::error::ExitCode;
use fvm_shared::sector::RegisteredSealProof;
use num_traits::Zero;

use super::super::runtime::Rt;
use super::shared::{
    broken, burn, check_balance, consensus_fault_active, enroll_cron, epoch_reward, info,
    only_control, repay_debts, total_power,
};
use crate::executor::machine::fail;

pub(super) fn pre_commit_sector_batch2(
    rt: &mut Rt<'_, '_>,
    params: PreCommitSectorBatchParams2,
) -> Result<(), ActorError> {
    let (policy, store, now) = (rt.policy(), rt.store(), rt.epoch());
    let illegal = |reason: String| fail(ExitCode::USR_ILLEGAL_ARGUMENT, reason);
    let numbers = check(policy, now, &params.sectors)?;
    let reward = epoch_reward(rt)?;
    let power = total_power(rt)?;
    if params.sectors.iter().any(|s| !s.deal_ids.is_empty()) {
        return illegal("sectors with deal IDs are not served; prove pieces instead".to_owned());
    }

    let mut state: State = rt.load()?;
    let balance = rt.balance()?;
    // The available balance counts fee debt already, so it is read before that is paid.
    let available = state
        .get_available_balance(&balance)
        .map_err(broken("failed to calculate available balance"))?;
    let debt = repay_debts(rt, &mut state)?;
    let info = info(rt, &state)?;
    only_control(rt, &info)?;
    if consensus_fault_active(&info, now) {
        return fail(
            ExitCode::USR_FORBIDDEN,
            "pre-commit not allowed during active consensus fault",
        );
    }
    let deposit = pre_commit_deposit_for_power(
        &reward.this_epoch_reward_smoothed,
        &power.quality_adj_power_smoothed,
        &qa_power_max(info.sector_size),
    );
    let mut total = TokenAmount::zero();
    let mut on_chain = Vec::with_capacity(params.sectors.len());
    let mut clean_ups = Vec::with_capacity(params.sectors.len());
    for sector in params.sectors {
        if sector.seal_proof.registered_window_post_proof() != Ok(info.window_post_proof_type) {
            return illegal(format!(
                "sector Window PoSt proof type of seal proof {} must match miner Window PoSt \
                 proof type {}",
                i64::from(sector.seal_proof),
                i64::from(info.window_post_proof_type)
            ));
        }
        if sector.deal_ids.len() as u64 > sector_deals_max(policy, info.sector_size) {
            return illegal(format!("too many deals for sector {}", sector.sector_number));
        }
        let due = now
            + prove_commit_duration(policy, sector.seal_proof)?
            + policy.expired_pre_commit_clean_up_delay;
        clean_ups.push((due, sector.sector_number));
        total += &deposit;
        on_chain.push(SectorPreCommitOnChainInfo {
            info: sector,
            pre_commit_deposit: deposit.clone(),
            pre_commit_epoch: now,
        });
    }
    if available < total {
        return fail(
            ExitCode::USR_INSUFFICIENT_FUNDS,
            format!("insufficient funds {available} for pre-commit deposit: {total}"),
        );
    }
    state.add_pre_commit_deposit(&total).map_err(broken("failed to add pre-commit deposit"))?;
    state.allocate_sector_numbers(store, &numbers, CollisionPolicy::DenyCollisions)?;
    state
        .put_precommitted_sectors(store, on_chain)
        .map_err(broken("failed to write pre-committed sectors"))?;
    state
        .add_pre_commit_clean_ups(policy, store, clean_ups)
        .map_err(broken("failed to add pre-commit expiry to queue"))?;
    let cron_was_active = std::mem::replace(&mut state.deadline_cron_active, true);
    rt.save(&state)?;

    burn(rt, &debt)?;
    check_balance(rt)?;
    if !cron_was_active {
        let last = state.deadline_info(policy, now).last();
        enroll_cron(rt, last, CRON_EVENT_PROVING_DEADLINE)?;
    }
    Ok(())
}

/// Time from pre-commit within which the proof must come.
pub(super) fn prove_commit_duration(
    policy: &Policy,
    proof: RegisteredSealProof,
) -> Result<ChainEpoch, ActorError> {
    max_prove_commit_duration(policy, proof).ok_or_else(|| {
        ActorError::illegal_argument(format!(
            "no max seal duration set for proof type: {}",
            i64::from(proof)
        ))
    })
}

/// Checks what needs no state; answers the sector numbers.
fn check(
    policy: &Policy,
    now: ChainEpoch,
    sectors: &[SectorPreCommitInfo],
) -> Result<BitField, ActorError> {
    let illegal = |reason: String| fail(ExitCode::USR_ILLEGAL_ARGUMENT, reason);
    if sectors.is_empty() {
        return illegal("batch empty".to_owned());
    }
    let earliest = now - policy.max_pre_commit_randomness_lookback;
    let mut numbers = BitField::new();
    for sector in sectors {
        if numbers.get(sector.sector_number) {
            return illegal(format!("duplicate sector number {}", sector.sector_number));
        }
        if !can_pre_commit_seal_proof(policy, sector.seal_proof) {
            return illegal(format!(
                "unsupported seal proof type {}",
                i64::from(sector.seal_proof)
            ));
        }
        if sector.sector_number > MAX_SECTOR_NUMBER {
            return illegal(format!(
                "sector number {} out of range 0..(2^63-1)",
                sector.sector_number
            ));
        }
        numbers.set(sector.sector_number);
        if !is_sealed_sector(&sector.sealed_cid) {
            return illegal("sealed CID had wrong prefix".to_owned());
        }
        if sector.seal_rand_epoch >= now {
            return illegal(format!(
                "seal challenge epoch {} must be before now {now}",
                sector.seal_rand_epoch
            ));
        }
        if sector.seal_rand_epoch < earliest {
            return illegal(format!(
                "seal challenge epoch {} too old, must be after {earliest}",
                sector.seal_rand_epoch
            ));
        }
        if sector.unsealed_cid.0.as_ref().is_some_and(|cid| !is_unsealed_sector(cid)) {
            return illegal("unsealed CID had wrong prefix".to_owned());
        }
        // The sector might be activated as late as the last moment for its proof.
        let activation = now + prove_commit_duration(policy, sector.seal_proof)?;
        check_expiration(policy, now, activation, sector.expiration, sector.seal_proof)?;
    }
    Ok(numbers)
}

fn check_expiration(
    policy: &Policy,
    now: ChainEpoch,
    activation: ChainEpoch,
    expiration: ChainEpoch,
    proof: RegisteredSealProof,
) -> Result<(), ActorError> {
    let illegal = |reason: String| fail(ExitCode::USR_ILLEGAL_ARGUMENT, reason);
    if expiration <= activation {
        return illegal(format!(
            "sector expiration {expiration} must be after activation {activation}"
        ));
    }
    let lifetime = expiration - activation;
    if lifetime < policy.min_sector_expiration {
        return illegal(format!(
            "invalid expiration {expiration}, total sector lifetime ({lifetime}) must exceed {} \
             after activation {activation}",
            policy.min_sector_expiration
        ));
    }
    if expiration > now + policy.max_sector_expiration_extension {
        return illegal(format!(
            "invalid expiration {expiration}, cannot be more than {} past current epoch {now}",
            policy.max_sector_expiration_extension
        ));
    }
    match seal_proof_sector_maximum_lifetime(proof) {
        None => illegal(format!("unrecognized seal proof type {proof:?}")),
        Some(most) if lifetime > most => illegal(format!(
            "invalid expiration {expiration}, total sector lifetime ({lifetime}) cannot exceed \
             {most} after activation {activation}"
        )),
        Some(_) => Ok(()),
    }
}
