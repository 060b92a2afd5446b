//! Proving sectors and taking them into service.

use fil_actor_miner_state::v18::{
    CompactCommD, InternalSectorSetupForPresealParams, MinerInfo, ProveCommitSectors3Params,
    ProveCommitSectors3Return, SectorActivationManifest, SectorOnChainInfo, SectorOnChainInfoFlags,
    SectorPreCommitOnChainInfo, State, daily_proof_fee, initial_pledge_for_power,
    qa_power_for_weight,
};
use fil_actors_shared::v18::reward::FilterEstimate;
use fil_actors_shared::v18::{ActorError, BatchReturn, BatchReturnGen, SYSTEM_ACTOR_ID, stack};
use fvm_shared::bigint::BigInt;
use fvm_shared::econ::TokenAmount;
use fvm_shared::error::ExitCode;
use fvm_shared::piece::PieceInfo;
use fvm_shared::randomness::Randomness;
use fvm_shared::sector::{
    AggregateSealVerifyInfo, AggregateSealVerifyProofAndInfos, RegisteredAggregateProof,
    SealVerifyInfo, SectorID, StoragePower,
};
use num_traits::Zero;

use super::super::runtime::{Rt, encode};
use super::precommit::prove_commit_duration;
use super::shared::{
    broken, check_balance_of, epoch_reward, info, only_control, pledge_changed, total_power,
};
use crate::executor::externs::Purpose;
use crate::executor::gas;
use crate::executor::machine::fail;

pub(super) fn prove_commit_sectors3(
    rt: &mut Rt<'_, '_>,
    params: ProveCommitSectors3Params,
) -> Result<ProveCommitSectors3Return, ActorError> {
    let illegal = |reason: String| fail(ExitCode::USR_ILLEGAL_ARGUMENT, reason);
    let store = rt.store();
    let state: State = rt.load()?;
    let info = info(rt, &state)?;
    only_control(rt, &info)?;
    let strict = params.require_activation_success;
    let manifests = &params.sector_activations;
    let precommits =
        state.get_precommitted_sectors(store, manifests.iter().map(|m| m.sector_number))?;
    if precommits.is_empty() {
        return illegal("no sectors to prove".to_owned());
    }
    check_proofs(rt, &params, &precommits)?;

    let (valid, inputs) = validate_precommits(rt, &precommits, strict)?;
    if valid.success_count == 0 {
        return illegal("no valid precommits specified".to_owned());
    }
    let pairs: Vec<_> = manifests.iter().zip(&precommits).collect();
    let eligible: Vec<_> = valid.successes(&pairs).into_iter().copied().collect();

    let mut proven = Vec::with_capacity(eligible.len());
    let mut outcome = BatchReturnGen::new(eligible.len());
    if params.sector_proofs.is_empty() {
        verify_aggregate(rt, &inputs, &params, &precommits)?;
        outcome.add_successes(eligible.len());
        proven = eligible;
    } else {
        let infos =
            valid.successes(&inputs).into_iter().zip(valid.successes(&params.sector_proofs));
        for (pair, (info, proof)) in eligible.into_iter().zip(infos) {
            let info = SealVerifyInfo { proof: proof.to_vec(), ..info.clone() };
            if verify_seal(rt, &info)? {
                outcome.add_success();
                proven.push(pair);
            } else if strict {
                return illegal(format!(
                    "invalid proof for sector {} while requiring activation success",
                    info.sector_id.number
                ));
            } else {
                outcome.add_fail(ExitCode::USR_ILLEGAL_ARGUMENT);
            }
        }
    }
    let outcome = outcome.generate();
    if outcome.success_count == 0 {
        return illegal("no valid proofs specified".to_owned());
    }

    let mut activated = Vec::with_capacity(proven.len());
    for (manifest, precommit) in &proven {
        let space = check_pieces(rt, manifest, precommit)?;
        activated.push((*precommit, space));
    }
    let data = BatchReturn::ok(activated.len() as u32);

    let reward = epoch_reward(rt)?;
    let power = total_power(rt)?;
    let pricing = Pricing {
        baseline: reward.this_epoch_baseline_power,
        reward: reward.this_epoch_reward_smoothed,
        power: power.quality_adj_power_smoothed,
        since_ramp_start: rt.epoch() - power.ramp_start_epoch,
        ramp_duration: power.ramp_duration_epochs,
    };
    activate(rt, &activated, &pricing, &info)?;
    Ok(ProveCommitSectors3Return { activation_results: stack(&[valid, outcome, data]) })
}

fn check_proofs(
    rt: &Rt<'_, '_>,
    params: &ProveCommitSectors3Params,
    precommits: &[SectorPreCommitOnChainInfo],
) -> Result<(), ActorError> {
    let illegal = |reason: String| fail(ExitCode::USR_ILLEGAL_ARGUMENT, reason);
    let count = params.sector_activations.len();
    if params.sector_proofs.is_empty() == params.aggregate_proof.is_empty() {
        return illegal(
            "exactly one of sector proofs or aggregate proof must be non-empty".to_owned(),
        );
    }
    if !params.sector_proofs.is_empty() {
        if params.aggregate_proof_type.is_some() {
            return illegal("aggregate proof type must be null with batched proofs".to_owned());
        }
        if count != params.sector_proofs.len() {
            return illegal(format!(
                "mismatched lengths: {count} sector activations, {} proofs",
                params.sector_proofs.len()
            ));
        }
        let most = precommits
            .first()
            .and_then(|p| p.info.seal_proof.proof_size().ok())
            .ok_or_else(|| ActorError::illegal_state("no proof size for this type".to_owned()))?;
        if let Some(proof) = params.sector_proofs.iter().find(|p| p.len() > most) {
            return illegal(format!("sector proof size {} exceeds max {most}", proof.len()));
        }
        return Ok(());
    }
    if params.aggregate_proof_type != Some(RegisteredAggregateProof::SnarkPackV2) {
        return illegal("aggregate proof type must be SnarkPackV2".to_owned());
    }
    let policy = rt.policy();
    let (min, max) = (policy.min_aggregated_sectors, policy.max_aggregated_sectors);
    if !(min..=max).contains(&(count as u64)) {
        return illegal(format!("{count} sectors addressed, must be {min} to {max}"));
    }
    if params.aggregate_proof.len() > policy.max_aggregated_proof_size {
        return illegal(format!(
            "sector prove-commit proof of size {} exceeds max size of {}",
            params.aggregate_proof.len(),
            policy.max_aggregated_proof_size
        ));
    }
    Ok(())
}

/// Checks what can be checked before the proofs, and gathers their inputs, those of sectors that
/// fail included: an aggregate needs them all.
fn validate_precommits(
    rt: &mut Rt<'_, '_>,
    precommits: &[SectorPreCommitOnChainInfo],
    strict: bool,
) -> Result<(BatchReturn, Vec<SealVerifyInfo>), ActorError> {
    let (policy, now) = (rt.policy(), rt.epoch());
    let mut batch = BatchReturnGen::new(precommits.len());
    let mut inputs = Vec::with_capacity(precommits.len());
    let entropy = encode(&rt.this())?;
    let mut last_proof = None;
    for precommit in precommits {
        let sector = &precommit.info;
        let due = precommit.pre_commit_epoch + prove_commit_duration(policy, sector.seal_proof)?;
        let bad = !sector.deal_ids.is_empty() || now > due;
        if last_proof.replace(sector.seal_proof).is_some_and(|p| p != sector.seal_proof) {
            return fail(
                ExitCode::USR_ILLEGAL_STATE,
                "seal proof group for verification contains mismatched seal proofs",
            );
        }
        let challenge = precommit.pre_commit_epoch + policy.pre_commit_challenge_delay;
        if now <= challenge {
            return fail(ExitCode::USR_FORBIDDEN, "too early to prove sector");
        }
        let seal = rt.ticket_randomness(Purpose::Seal, sector.seal_rand_epoch, &entropy)?;
        let interactive = rt.beacon_randomness(Purpose::InteractiveSeal, challenge, &entropy)?;
        inputs.push(SealVerifyInfo {
            registered_proof: sector.seal_proof,
            sector_id: SectorID { miner: rt.receiver, number: sector.sector_number },
            deal_ids: Vec::new(),
            randomness: Randomness(seal.to_vec()),
            interactive_randomness: Randomness(interactive.to_vec()),
            proof: Vec::new(),
            sealed_cid: sector.sealed_cid,
            unsealed_cid: sector.unsealed_cid.get_cid(sector.seal_proof)?,
        });
        if !bad {
            batch.add_success();
        } else if strict {
            return fail(
                ExitCode::USR_ILLEGAL_ARGUMENT,
                format!(
                    "invalid pre-commit of sector {} while requiring activation success",
                    sector.sector_number
                ),
            );
        } else {
            batch.add_fail(ExitCode::USR_ILLEGAL_ARGUMENT);
        }
    }
    Ok((batch.generate(), inputs))
}

fn verify_seal(rt: &mut Rt<'_, '_>, info: &SealVerifyInfo) -> Result<bool, ActorError> {
    rt.m.charge(gas::VERIFY_SEAL)?;
    rt.verdict(rt.m.env.verifier.verify_seal(info))
}

fn verify_aggregate(
    rt: &mut Rt<'_, '_>,
    inputs: &[SealVerifyInfo],
    params: &ProveCommitSectors3Params,
    precommits: &[SectorPreCommitOnChainInfo],
) -> Result<(), ActorError> {
    rt.m.charge(gas::verify_aggregate(inputs.len()))?;
    let (Some(first), Some(aggregate_proof)) = (precommits.first(), params.aggregate_proof_type)
    else {
        return fail(ExitCode::USR_ILLEGAL_ARGUMENT, "no aggregate");
    };
    let info = AggregateSealVerifyProofAndInfos {
        miner: rt.receiver,
        seal_proof: first.info.seal_proof,
        aggregate_proof,
        proof: params.aggregate_proof.to_vec(),
        infos: inputs
            .iter()
            .map(|i| AggregateSealVerifyInfo {
                sector_number: i.sector_id.number,
                randomness: i.randomness.clone(),
                interactive_randomness: i.interactive_randomness.clone(),
                sealed_cid: i.sealed_cid,
                unsealed_cid: i.unsealed_cid,
            })
            .collect(),
    };
    if rt.verdict(rt.m.env.verifier.verify_aggregate_seals(&info))? {
        return Ok(());
    }
    fail(ExitCode::USR_ILLEGAL_ARGUMENT, "aggregate seal verify failed")
}

/// Checks that the pieces make up the pre-committed data; answers the space that they take.
fn check_pieces(
    rt: &mut Rt<'_, '_>,
    manifest: &SectorActivationManifest,
    precommit: &SectorPreCommitOnChainInfo,
) -> Result<BigInt, ActorError> {
    let proof = precommit.info.seal_proof;
    let mut space = BigInt::zero();
    let computed = if manifest.pieces.is_empty() {
        CompactCommD::empty().get_cid(proof)?
    } else {
        rt.m.charge(gas::UNSEALED_CID)?;
        let mut pieces = Vec::with_capacity(manifest.pieces.len());
        for piece in &manifest.pieces {
            if piece.verified_allocation_key.is_some() || !piece.notify.is_empty() {
                return fail(
                    ExitCode::USR_ILLEGAL_ARGUMENT,
                    "verified pieces and notifications are not served by this chain",
                );
            }
            space += piece.size.0;
            pieces.push(PieceInfo { cid: piece.cid, size: piece.size });
        }
        rt.m.env.verifier.unsealed_cid(proof, &pieces).map_err(|e| {
            ActorError::illegal_argument(format!("failed to compute unsealed sector CID: {e}"))
        })?
    };
    let declared = precommit.info.unsealed_cid.get_cid(proof)?;
    if declared != computed {
        return fail(
            ExitCode::USR_ILLEGAL_ARGUMENT,
            format!(
                "unsealed CID does not match pieces for sector {}, computed {computed} declared \
                 {declared}",
                manifest.sector_number
            ),
        );
    }
    Ok(space)
}

/// What the pledge of a sector depends on.
struct Pricing {
    baseline: StoragePower,
    reward: FilterEstimate,
    power: FilterEstimate,
    since_ramp_start: i64,
    ramp_duration: u64,
}

/// Takes sectors into service: pledge for deposit, a place in a deadline. Power comes with the
/// first window PoSt.
fn activate(
    rt: &mut Rt<'_, '_>,
    activated: &[(&SectorPreCommitOnChainInfo, BigInt)],
    pricing: &Pricing,
    info: &MinerInfo,
) -> Result<(), ActorError> {
    let (policy, store, now) = (rt.policy(), rt.store(), rt.epoch());
    let supply = rt.m.supply.clone();
    let mut state: State = rt.load()?;
    let mut sectors = Vec::with_capacity(activated.len());
    let mut deposits = TokenAmount::zero();
    let mut pledges = TokenAmount::zero();
    for (precommit, space) in activated {
        let sector = &precommit.info;
        let duration = sector.expiration - now;
        if duration < policy.min_sector_expiration {
            return fail(
                ExitCode::USR_ILLEGAL_ARGUMENT,
                format!(
                    "precommit {} has lifetime {duration} less than minimum {}",
                    sector.sector_number, policy.min_sector_expiration
                ),
            );
        }
        let power = qa_power_for_weight(info.sector_size, duration, &BigInt::zero());
        let initial_pledge = initial_pledge_for_power(
            &power,
            &pricing.baseline,
            &pricing.reward,
            &pricing.power,
            &supply,
            pricing.since_ramp_start,
            pricing.ramp_duration,
        );
        deposits += &precommit.pre_commit_deposit;
        pledges += &initial_pledge;
        sectors.push(SectorOnChainInfo {
            sector_number: sector.sector_number,
            seal_proof: sector.seal_proof,
            sealed_cid: sector.sealed_cid,
            expiration: sector.expiration,
            activation: now,
            deal_weight: space * duration,
            initial_pledge,
            power_base_epoch: now,
            flags: SectorOnChainInfoFlags::SIMPLE_QA_POWER,
            daily_fee: daily_proof_fee(policy, &supply, &power),
            ..SectorOnChainInfo::default()
        });
    }
    let numbers: Vec<_> = sectors.iter().map(|s| s.sector_number).collect();
    state.put_sectors(store, sectors.clone()).map_err(broken("failed to put new sectors"))?;
    state.delete_precommitted_sectors(store, &numbers)?;
    state
        .assign_sectors_to_deadlines(
            policy,
            store,
            now,
            sectors,
            info.window_post_partition_sectors,
            info.sector_size,
        )
        .map_err(broken("failed to assign new sectors to deadlines"))?;
    state
        .add_pre_commit_deposit(&-deposits)
        .map_err(broken("failed to release pre-commit deposit"))?;
    let balance = rt.balance()?;
    let unlocked = state
        .get_unlocked_balance(&balance)
        .map_err(broken("failed to calculate unlocked balance"))?;
    if unlocked < pledges {
        return fail(
            ExitCode::USR_INSUFFICIENT_FUNDS,
            format!(
                "insufficient funds for aggregate initial pledge requirement {pledges}, \
                 available: {unlocked}"
            ),
        );
    }
    state.add_initial_pledge(&pledges).map_err(broken("failed to add initial pledge"))?;
    check_balance_of(rt, &state)?;
    rt.save(&state)?;
    pledge_changed(rt, &pledges)
}

/// Genesis only: takes pre-committed sectors into service without a proof.
pub(super) fn internal_sector_setup_for_preseal(
    rt: &mut Rt<'_, '_>,
    params: InternalSectorSetupForPresealParams,
) -> Result<(), ActorError> {
    rt.only_id(SYSTEM_ACTOR_ID)?;
    let state: State = rt.load()?;
    let info = info(rt, &state)?;
    let precommits = state
        .find_precommitted_sectors(rt.store(), &params.sectors)
        .map_err(broken("failed to load pre-committed sectors"))?;
    let activated: Vec<_> = precommits.iter().map(|p| (p, BigInt::zero())).collect();
    let pricing = Pricing {
        baseline: params.reward_baseline_power,
        reward: params.reward_smoothed,
        power: params.quality_adj_power_smoothed,
        since_ramp_start: 0,
        ramp_duration: 0,
    };
    activate(rt, &activated, &pricing, &info)
}
