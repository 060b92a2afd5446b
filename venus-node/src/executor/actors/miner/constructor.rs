//! Making a miner.

use fil_actor_miner_state::v18::{
    MinerConstructorParams, MinerInfo, REWARD_VESTING_SPEC, State, initial_pledge_for_power,
};
use fil_actors_shared::v18::runtime::Policy;
use fil_actors_shared::v18::{ActorError, INIT_ACTOR_ID};
use fvm_ipld_encoding::{BytesDe, CborStore};
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use fvm_shared::error::ExitCode;
use multihash_codetable::Code::Blake2b256;

use super::super::runtime::{Rt, encode};
use super::shared::{broken, epoch_reward, resolve_controls, resolve_worker, total_power};
use crate::executor::externs::blake2b;
use crate::executor::machine::fail;

pub(super) fn constructor(
    rt: &mut Rt<'_, '_>,
    params: MinerConstructorParams,
) -> Result<(), ActorError> {
    rt.only_id(INIT_ACTOR_ID)?;
    check_peer_info(rt.policy(), &params.peer_id, &params.multi_addresses)?;
    if !rt.policy().valid_post_proof_type.contains(params.window_post_proof_type) {
        return fail(
            ExitCode::USR_ILLEGAL_ARGUMENT,
            format!(
                "proof type {:?} not allowed for new miner actors",
                params.window_post_proof_type
            ),
        );
    }
    let balance = rt.balance()?;
    let deposit = create_miner_deposit(rt)?;
    if balance < deposit {
        return fail(
            ExitCode::USR_INSUFFICIENT_FUNDS,
            format!(
                "not enough balance to lock for create miner deposit: sent balance {} < deposit {}",
                balance.atto(),
                deposit.atto()
            ),
        );
    }
    let Some(owner) = rt.resolve(&params.owner)? else {
        return fail(
            ExitCode::USR_ILLEGAL_ARGUMENT,
            format!("unable to resolve owner address: {}", params.owner),
        );
    };
    let worker = resolve_worker(rt, &params.worker)?;
    let controls = resolve_controls(rt, &params.control_addresses)?;

    let now = rt.epoch();
    let offset = proving_period_offset(rt.policy(), &encode(&rt.this())?, now);
    let start = proving_period_start(rt.policy(), now, offset);
    let deadline = ((now - start) / rt.policy().wpost_challenge_window).unsigned_abs();

    let info = MinerInfo::new(
        owner,
        worker,
        controls,
        params.peer_id,
        params.multi_addresses,
        params.window_post_proof_type,
    )?;
    let store = rt.store();
    let info = store.put_cbor(&info, Blake2b256).map_err(broken("failed to write miner info"))?;
    let mut state = State::new(rt.policy(), store, info, start, deadline)?;
    state
        .add_locked_funds(store, now, &deposit, &REWARD_VESTING_SPEC)
        .map_err(broken("failed to lock the deposit"))?;
    rt.save(&state)
}

/// The pledge for a tenth of the minimum power, which a new miner must lock.
fn create_miner_deposit(rt: &mut Rt<'_, '_>) -> Result<TokenAmount, ActorError> {
    let reward = epoch_reward(rt)?;
    let power = total_power(rt)?;
    Ok(initial_pledge_for_power(
        &rt.m.env.config.create_miner_deposit_power,
        &reward.this_epoch_baseline_power,
        &reward.this_epoch_reward_smoothed,
        &power.quality_adj_power_smoothed,
        &rt.m.supply,
        rt.epoch() - power.ramp_start_epoch,
        power.ramp_duration_epochs,
    ))
}

pub(super) fn check_peer_info(
    policy: &Policy,
    peer_id: &[u8],
    multiaddrs: &[BytesDe],
) -> Result<(), ActorError> {
    let illegal = |reason: String| fail(ExitCode::USR_ILLEGAL_ARGUMENT, reason);
    if peer_id.len() > policy.max_peer_id_length {
        return illegal(format!(
            "peer ID size of {} exceeds maximum size of {}",
            peer_id.len(),
            policy.max_peer_id_length
        ));
    }
    if multiaddrs.iter().any(|m| m.0.is_empty()) {
        return illegal("invalid empty multiaddr".to_owned());
    }
    let total: usize = multiaddrs.iter().map(|m| m.0.len()).sum();
    if total > policy.max_multiaddr_data {
        return illegal(format!(
            "multiaddr size of {total} exceeds maximum of {}",
            policy.max_multiaddr_data
        ));
    }
    Ok(())
}

/// Spreads the proving periods of miners: a hash of address and epoch, modulo the period.
fn proving_period_offset(policy: &Policy, address: &[u8], now: ChainEpoch) -> ChainEpoch {
    let digest = blake2b(&[address, &now.to_be_bytes()].concat());
    let head = digest.iter().take(8).fold(0u64, |n, &b| n << 8 | u64::from(b));
    (head % policy.wpost_proving_period.unsigned_abs()) as ChainEpoch
}

fn proving_period_start(policy: &Policy, now: ChainEpoch, offset: ChainEpoch) -> ChainEpoch {
    now - (now - offset).rem_euclid(policy.wpost_proving_period)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fvm_shared::address::Address;

    /// node.md 29.3.
    #[test]
    fn offsets_are_those_of_the_vectors() {
        let policy = Policy::default();
        for (id, epoch, offset) in [(1000, 0, 658), (1000, 1, 1664), (1001, 100, 1662)] {
            let address = encode(&Address::new_id(id)).unwrap();
            assert_eq!(proving_period_offset(&policy, &address, epoch), offset);
        }
        for (epoch, start) in [(0, -2222), (657, -2222), (658, 658), (1000, 658)] {
            assert_eq!(proving_period_start(&policy, epoch, 658), start);
        }
    }
}
