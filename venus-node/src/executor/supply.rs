//! How much FIL there is.

use fil_actor_market_state::v18::State as MarketState;
use fil_actor_power_state::v18::State as PowerState;
use fil_actor_reward_state::v18::State as RewardState;
use fil_actors_shared::v18::{
    BURNT_FUNDS_ACTOR_ID, REWARD_ACTOR_ID, STORAGE_MARKET_ACTOR_ID, STORAGE_POWER_ACTOR_ID,
};
use fvm_ipld_blockstore::Blockstore;
use fvm_ipld_encoding::CborStore;
use fvm_shared::ActorID;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use num_traits::Zero;
use serde::de::DeserializeOwned;

use super::config::ExecutorConfig;
use super::error::{ExecutorError, Result};
use super::state_tree::StateTree;

/// The actor that keeps the reserve.
pub(crate) const RESERVE_ACTOR_ID: ActorID = 90;

/// Circulating supply and its parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Supply {
    /// Vested by schedule.
    pub vested: TokenAmount,
    /// Mined.
    pub mined: TokenAmount,
    /// Burnt.
    pub burnt: TokenAmount,
    /// Locked as pledge, deposits and in deals.
    pub locked: TokenAmount,
    /// What is left.
    pub circulating: TokenAmount,
    /// Paid out of the reserve.
    pub reserve_disbursed: TokenAmount,
}

fn state<S: Blockstore + Clone, T: DeserializeOwned>(
    store: &S,
    tree: &StateTree<S>,
    id: ActorID,
    what: &'static str,
) -> Result<T> {
    let actor = tree.get(id)?.ok_or_else(|| ExecutorError::NoActor(format!("f0{id}")))?;
    store
        .get_cbor(&actor.head)
        .map_err(ExecutorError::store(what))?
        .ok_or(ExecutorError::Missing { what, cid: actor.head })
}

/// The supply that the actors compute with at `epoch`.
pub(crate) fn circulating<S: Blockstore + Clone>(
    config: &ExecutorConfig,
    store: S,
    tree: &StateTree<S>,
    epoch: ChainEpoch,
) -> Result<Supply> {
    let balance =
        |id| Ok::<_, ExecutorError>(tree.get(id)?.map_or(TokenAmount::zero(), |a| a.balance));
    let reward: RewardState = state(&store, tree, REWARD_ACTOR_ID, "state of f02")?;
    let power: PowerState = state(&store, tree, STORAGE_POWER_ACTOR_ID, "state of f04")?;
    let market: MarketState = state(&store, tree, STORAGE_MARKET_ACTOR_ID, "state of f05")?;
    let mut supply = Supply {
        vested: config.vested(epoch),
        mined: reward.total_storage_power_reward,
        burnt: balance(BURNT_FUNDS_ACTOR_ID)?,
        locked: power.total_pledge_collateral + market.get_total_locked(),
        reserve_disbursed: &config.initial_reserve - balance(RESERVE_ACTOR_ID)?,
        circulating: TokenAmount::zero(),
    };
    let sum =
        &supply.vested + &supply.mined + &supply.reserve_disbursed - &supply.burnt - &supply.locked;
    supply.circulating = sum.max(TokenAmount::zero());
    Ok(supply)
}
