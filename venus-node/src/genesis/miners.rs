//! Genesis miners: made by the same methods as later ones, but their sectors need no proof.

use cid::Cid;
use fil_actor_init_state::v18::ExecReturn;
use fil_actor_miner_state::v18::{
    CompactCommD, InternalSectorSetupForPresealParams, PowerPair, PreCommitSectorBatchParams2,
    SectorPreCommitInfo, State as MinerState,
};
use fil_actor_power_state::v18::{
    CreateMinerParams, State as PowerState, UpdateClaimedPowerParams,
};
use fil_actor_reward_state::v18::State as RewardState;
use fvm_ipld_encoding::{CborStore, RawBytes};
use fvm_shared::ActorID;
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use fvm_shared::sector::{RegisteredPoStProof, RegisteredSealProof, SectorSize};
use multihash_codetable::Code::Blake2b256;
use num_traits::{FromPrimitive, Zero};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::template::{GenesisMiner, GenesisTemplate};
use crate::executor::error::{ExecutorError, Result};
use crate::executor::machine::{Context, Machine, POWER, REWARD};
use crate::executor::{Executor, NativeExecutor, StateView};

const CREATE_MINER: u64 = 2;
const UPDATE_CLAIMED_POWER: u64 = 3;
const SETUP_FOR_PRESEAL: u64 = 17;
const PRE_COMMIT_BATCH2: u64 = 28;

pub(super) fn add_miners(
    executor: &NativeExecutor,
    machine: &mut Machine<'_>,
    root: &Cid,
    template: &GenesisTemplate,
) -> Result<()> {
    let view = StateView::load(executor.store(), executor.config(), root)?;
    for (index, miner) in (0..).zip(&template.miners) {
        add(machine, &view, index, miner)?;
    }
    // The rewards of epoch 1 go by the power that is there now.
    let mut power: PowerState = load(machine, POWER)?;
    let (raw, qa) = power.current_total_power();
    power.this_epoch_raw_byte_power = raw.clone();
    power.this_epoch_quality_adj_power = qa;
    power.this_epoch_pledge_collateral = power.total_pledge_collateral.clone();
    save(machine, POWER, &power)?;
    save(machine, REWARD, &RewardState::new(raw))
}

fn add(
    machine: &mut Machine<'_>,
    view: &StateView<'_>,
    index: u64,
    miner: &GenesisMiner,
) -> Result<()> {
    let wrong = |reason: &str| ExecutorError::Template(format!("miner {}: {reason}", miner.id));
    if !miner.market_balance.is_zero() {
        return Err(wrong("a market balance is not served, set it to 0"));
    }
    let size =
        SectorSize::from_u64(miner.sector_size).ok_or_else(|| wrong("unknown sector size"))?;
    let window_post_proof_type = match size {
        SectorSize::_2KiB => RegisteredPoStProof::StackedDRGWindow2KiBV1P1,
        SectorSize::_8MiB => RegisteredPoStProof::StackedDRGWindow8MiBV1P1,
        SectorSize::_512MiB => RegisteredPoStProof::StackedDRGWindow512MiBV1P1,
        SectorSize::_32GiB => RegisteredPoStProof::StackedDRGWindow32GiBV1P1,
        SectorSize::_64GiB => RegisteredPoStProof::StackedDRGWindow64GiBV1P1,
    };
    let peer = cid::multibase::Base::Base58Btc
        .decode(&miner.peer_id)
        .map_err(|e| wrong(&format!("peer ID {}: {e}", miner.peer_id)))?;

    let each = view.sector_pledge(size, 0)?;
    let count = miner.sectors.len() as u64;
    let value = view.create_miner_deposit(0)?
        + (each.pre_commit_deposit + each.initial_pledge) * count
        + &miner.power_balance;
    let create = CreateMinerParams {
        owner: miner.owner,
        worker: miner.worker,
        window_post_proof_type,
        peer,
        multiaddrs: Vec::new(),
    };
    let created: ExecReturn =
        call(machine, index, miner.owner, POWER, CREATE_MINER, &create, value)?
            .deserialize()
            .map_err(ExecutorError::any("a new miner"))?;
    if created.id_address != miner.id {
        return Err(wrong(&format!("it became {}; number miners from f01000", created.id_address)));
    }
    let id = created.id_address.id().map_err(ExecutorError::any("a new miner"))?;
    if miner.sectors.is_empty() {
        return Ok(());
    }

    let expiration = machine.env.config.policy.max_sector_expiration_extension;
    let sectors = miner.sectors.iter().map(|s| SectorPreCommitInfo {
        seal_proof: RegisteredSealProof::from(s.proof_type),
        sector_number: s.sector_id,
        sealed_cid: s.comm_r,
        seal_rand_epoch: -1,
        deal_ids: Vec::new(),
        expiration,
        unsealed_cid: CompactCommD::of(s.comm_d),
    });
    let params = PreCommitSectorBatchParams2 { sectors: sectors.collect() };
    let zero = TokenAmount::zero;
    call(machine, index, miner.worker, id, PRE_COMMIT_BATCH2, &params, zero())?;

    let (reward, power) = (view.reward()?, view.power()?);
    let params = InternalSectorSetupForPresealParams {
        sectors: miner.sectors.iter().map(|s| s.sector_id).collect(),
        reward_smoothed: reward.this_epoch_reward_smoothed,
        reward_baseline_power: reward.this_epoch_baseline_power,
        quality_adj_power_smoothed: power.this_epoch_qa_power_smoothed,
    };
    call(machine, index, Address::new_id(0), id, SETUP_FOR_PRESEAL, &params, zero())?;
    let proven = mark_proven(machine, id)?;
    let params =
        UpdateClaimedPowerParams { raw_byte_delta: proven.raw, quality_adjusted_delta: proven.qa };
    call(machine, index, created.id_address, POWER, UPDATE_CLAIMED_POWER, &params, zero())?;
    Ok(())
}

/// Counts the sectors of a miner as proven, without which they would have no power.
fn mark_proven(machine: &mut Machine<'_>, miner: ActorID) -> Result<PowerPair> {
    let failed = "genesis sectors";
    let store = machine.env.store;
    let policy = &machine.env.config.policy;
    let mut state: MinerState = load(machine, miner)?;
    let mut deadlines = state.load_deadlines(store).map_err(ExecutorError::state(failed))?;
    let mut proven = PowerPair::zero();
    for index in 0..policy.wpost_period_deadlines {
        let mut deadline =
            deadlines.load_deadline(store, index).map_err(ExecutorError::state(failed))?;
        let mut partitions =
            deadline.partitions_amt(store).map_err(ExecutorError::store(failed))?;
        for number in 0..partitions.count() {
            let found = partitions.get(number).map_err(ExecutorError::any(failed))?.cloned();
            let Some(mut partition) = found else { continue };
            proven += &partition.activate_unproven();
            partitions.set(number, partition).map_err(ExecutorError::any(failed))?;
        }
        deadline.partitions = partitions.flush().map_err(ExecutorError::any(failed))?;
        deadlines
            .update_deadline(policy, store, index, &deadline)
            .map_err(ExecutorError::store(failed))?;
    }
    state.save_deadlines(store, deadlines).map_err(ExecutorError::store(failed))?;
    save(machine, miner, &state)?;
    Ok(proven)
}

/// Calls as if a message had come; the index tells apart what one sender does for several miners.
fn call<P: Serialize>(
    machine: &mut Machine<'_>,
    index: u64,
    from: Address,
    to: ActorID,
    method: u64,
    params: &P,
    value: TokenAmount,
) -> Result<RawBytes> {
    let sender =
        machine.tree.resolve(&from)?.ok_or_else(|| ExecutorError::NoActor(from.to_string()))?;
    let params = RawBytes::serialize(params).map_err(ExecutorError::any("genesis message"))?;
    machine.cx = Context::new(from, sender, index, u64::MAX);
    machine.call(sender, &Address::new_id(to), method, &params, &value).map_err(|e| {
        ExecutorError::Template(format!(
            "method {method} of f0{to} answers exit code {}: {}",
            e.exit_code().value(),
            e.msg()
        ))
    })
}

fn load<T: DeserializeOwned>(machine: &Machine<'_>, id: ActorID) -> Result<T> {
    let what = "genesis actors";
    let actor = machine.tree.get(id)?.ok_or_else(|| ExecutorError::NoActor(format!("f0{id}")))?;
    machine
        .env
        .store
        .get_cbor(&actor.head)
        .map_err(ExecutorError::store(what))?
        .ok_or(ExecutorError::Missing { what, cid: actor.head })
}

fn save<T: Serialize>(machine: &mut Machine<'_>, id: ActorID, state: &T) -> Result<()> {
    let mut actor =
        machine.tree.get(id)?.ok_or_else(|| ExecutorError::NoActor(format!("f0{id}")))?;
    actor.head = machine
        .env
        .store
        .put_cbor(state, Blake2b256)
        .map_err(ExecutorError::store("genesis actors"))?;
    machine.tree.set(id, actor);
    Ok(())
}
