//! Window PoSt.

use fil_actor_miner_state::v18::{
    SectorOnChainInfo, Sectors, State, SubmitWindowedPoStParams, load_partitions_sectors_max,
};
use fil_actors_shared::v18::ActorError;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::error::ExitCode;
use fvm_shared::randomness::{RANDOMNESS_LENGTH, Randomness};
use fvm_shared::sector::{PoStProof, SectorInfo, WindowPoStVerifyInfo};

use super::super::runtime::{Rt, encode};
use super::shared::{broken, check_balance, info, only_control, update_power};
use crate::executor::externs::Purpose;
use crate::executor::gas;
use crate::executor::machine::fail;

pub(super) fn submit_windowed_post(
    rt: &mut Rt<'_, '_>,
    mut params: SubmitWindowedPoStParams,
) -> Result<(), ActorError> {
    let illegal = |reason: String| fail(ExitCode::USR_ILLEGAL_ARGUMENT, reason);
    let (policy, store, now) = (rt.policy(), rt.store(), rt.epoch());
    let [proof] = params.proofs.as_slice() else {
        return illegal(format!("expected exactly one proof, got {}", params.proofs.len()));
    };
    if !policy.valid_post_proof_type.contains(proof.post_proof) {
        return illegal(format!("proof type {:?} not allowed", proof.post_proof));
    }
    if params.deadline >= policy.wpost_period_deadlines {
        return illegal(format!(
            "invalid deadline {} of {}",
            params.deadline, policy.wpost_period_deadlines
        ));
    }
    if params.chain_commit_rand.0.len() > RANDOMNESS_LENGTH {
        return illegal(format!(
            "expected at most {RANDOMNESS_LENGTH} bytes of randomness, got {}",
            params.chain_commit_rand.0.len()
        ));
    }

    let mut state: State = rt.load()?;
    let info = info(rt, &state)?;
    only_control(rt, &info)?;
    if proof.post_proof != info.window_post_proof_type {
        return illegal(format!(
            "expected proof of type {:?}, got {:?}",
            info.window_post_proof_type, proof.post_proof
        ));
    }
    let most = info
        .window_post_proof_type
        .proof_size()
        .map_err(|e| ActorError::illegal_state(format!("proof size: {e}")))?
        * params.partitions.len();
    if proof.proof_bytes.len() > most {
        return illegal(format!("expected proof to be smaller than {most} bytes"));
    }
    let limit = load_partitions_sectors_max(policy, info.window_post_partition_sectors)
        .min(policy.posted_partitions_max);
    if params.partitions.len() as u64 > limit {
        return illegal(format!("too many partitions {}, limit {limit}", params.partitions.len()));
    }

    let current = state.deadline_info(policy, now);
    if !current.is_open() {
        return fail(
            ExitCode::USR_ILLEGAL_STATE,
            format!("proving period {} not yet open at {now}", current.period_start),
        );
    }
    if params.deadline != current.index {
        return illegal(format!(
            "invalid deadline {} at epoch {now}, expected {}",
            params.deadline, current.index
        ));
    }
    if params.chain_commit_epoch < current.challenge {
        return illegal(format!(
            "expected chain commit epoch {} to be after {}",
            params.chain_commit_epoch, current.challenge
        ));
    }
    if params.chain_commit_epoch >= now {
        return illegal(format!(
            "chain commit epoch {} must be less than the current epoch {now}",
            params.chain_commit_epoch
        ));
    }
    let committed =
        rt.ticket_randomness(Purpose::PostChainCommit, params.chain_commit_epoch, &[])?;
    if params.chain_commit_rand.0 != committed {
        return illegal("post commit randomness mismatched".to_owned());
    }

    let sectors = Sectors::load(store, &state.sectors).map_err(broken("failed to load sectors"))?;
    let mut deadlines = state.load_deadlines(store)?;
    let mut deadline = deadlines.load_deadline(store, params.deadline)?;
    let result = deadline
        .record_proven_sectors(
            store,
            &sectors,
            info.sector_size,
            current.quant_spec(),
            current.last() + policy.fault_max_age,
            &mut params.partitions,
        )
        .map_err(broken("failed to process post submission"))?;
    if (&result.sectors - &result.ignored_sectors).is_empty() {
        return illegal("cannot prove partitions with no active sectors".to_owned());
    }
    if result.recovered_power.is_zero() {
        // Nothing is gained, so the proof is kept and checked only when somebody disputes it.
        deadline
            .record_post_proofs(store, &result.partitions, &params.proofs)
            .map_err(broken("failed to record proof for optimistic verification"))?;
    } else {
        let proven = sectors
            .load_for_proof(&result.sectors, &result.ignored_sectors)
            .map_err(broken("failed to load sectors for post verification"))?;
        if !verify(rt, current.challenge, &proven, params.proofs)? {
            return illegal("invalid post was submitted".to_owned());
        }
    }
    deadlines
        .update_deadline(policy, store, params.deadline, &deadline)
        .map_err(broken("failed to update deadline"))?;
    state.save_deadlines(store, deadlines).map_err(broken("failed to save deadlines"))?;
    rt.save(&state)?;
    update_power(rt, result.power_delta)?;
    check_balance(rt)
}

fn verify(
    rt: &mut Rt<'_, '_>,
    challenge: ChainEpoch,
    sectors: &[SectorOnChainInfo],
    proofs: Vec<PoStProof>,
) -> Result<bool, ActorError> {
    let entropy = encode(&rt.this())?;
    let mut randomness = rt.beacon_randomness(Purpose::WindowPost, challenge, &entropy)?;
    // Randomness for PoSt is an element of the field.
    randomness[31] &= 0x3f;
    let challenged_sectors: Vec<_> = sectors
        .iter()
        .map(|s| SectorInfo {
            proof: s.seal_proof,
            sector_number: s.sector_number,
            sealed_cid: s.sealed_cid,
        })
        .collect();
    rt.m.charge(gas::verify_post(challenged_sectors.len()))?;
    let verify = WindowPoStVerifyInfo {
        randomness: Randomness(randomness.to_vec()),
        proofs,
        challenged_sectors,
        prover: rt.receiver,
    };
    rt.verdict(rt.m.env.verifier.verify_window_post(&verify))
}
