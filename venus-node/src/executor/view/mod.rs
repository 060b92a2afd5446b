//! Reading a state.

mod economy;
mod miner;
mod sectors;

use cid::Cid;
use fil_actor_account_state::v18::State as AccountState;
use fil_actor_init_state::v18::{AddressMap, State as InitState};
use fil_actor_market_state::v18::State as MarketState;
use fil_actor_power_state::v18::State as PowerState;
use fil_actor_reward_state::v18::State as RewardState;
use fil_actors_shared::v18::{
    DEFAULT_HAMT_CONFIG, REWARD_ACTOR_ID, STORAGE_MARKET_ACTOR_ID, STORAGE_POWER_ACTOR_ID,
};
use fvm_ipld_encoding::CborStore;
use fvm_shared::ActorID;
use fvm_shared::address::{Address, Protocol};
use serde::de::DeserializeOwned;

pub use economy::SectorPledge;
pub use miner::{Eligibility, MinerPower};
pub use sectors::{PartitionView, SectorLocation};

use super::codes::ActorKind;
use super::config::ExecutorConfig;
use super::error::{ExecutorError, Result};
use super::state_tree::{ActorState, StateTree};
use crate::blockstore::SharedStore;

/// A state to read from.
pub struct StateView<'a> {
    store: SharedStore,
    config: &'a ExecutorConfig,
    tree: StateTree<SharedStore>,
}

impl std::fmt::Debug for StateView<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StateView")
    }
}

impl<'a> StateView<'a> {
    /// The state with this root.
    pub fn load(store: &SharedStore, config: &'a ExecutorConfig, root: &Cid) -> Result<Self> {
        let tree = StateTree::load(store.clone(), root)?;
        Ok(Self { store: store.clone(), config, tree })
    }

    /// An actor; none if there is none at this address.
    pub fn actor(&self, address: &Address) -> Result<Option<ActorState>> {
        match self.tree.resolve(address)? {
            Some(id) => self.tree.get(id),
            None => Ok(None),
        }
    }

    /// An actor that must be there.
    pub fn need_actor(&self, address: &Address) -> Result<ActorState> {
        self.actor(address)?.ok_or_else(|| ExecutorError::NoActor(address.to_string()))
    }

    /// The ID address of an address; none if it has never been used.
    pub fn lookup_id(&self, address: &Address) -> Result<Option<Address>> {
        Ok(self.tree.resolve(address)?.map(Address::new_id))
    }

    /// The key (f1, f3) address of an account. A key address is its own, used or not.
    pub fn account_key(&self, address: &Address) -> Result<Address> {
        if matches!(address.protocol(), Protocol::Secp256k1 | Protocol::BLS) {
            return Ok(*address);
        }
        let actor = self.need_actor(address)?;
        if actor.kind() != Some(ActorKind::Account) {
            return Err(self.wrong(address, "account"));
        }
        Ok(self.block::<AccountState>(&actor.head, "state of an account")?.address)
    }

    /// An address of an actor that survives reorganisations: key, f2 or f4.
    pub fn lookup_robust_address(&self, address: &Address) -> Result<Option<Address>> {
        let Ok(id) = address.id() else { return Ok(Some(*address)) };
        if let Some(delegated) = self.tree.get(id)?.and_then(|a| a.delegated) {
            return Ok(Some(delegated));
        }
        let what = "address map";
        let state: InitState = self.tree.init_state()?;
        let map = AddressMap::load(&self.store, &state.address_map, DEFAULT_HAMT_CONFIG, what)
            .map_err(ExecutorError::state(what))?;
        let mut found = None;
        map.for_each(|robust, candidate: &ActorID| {
            if *candidate == id {
                found = Some(robust);
            }
            Ok(())
        })
        .map_err(ExecutorError::state(what))?;
        Ok(found)
    }

    /// IDs of all actors.
    pub fn list_actors(&self) -> Result<Vec<Address>> {
        let mut ids = Vec::new();
        self.tree.for_each(|id, _| ids.push(id))?;
        ids.sort_unstable();
        Ok(ids.into_iter().map(Address::new_id).collect())
    }

    /// Name of the network, as f01 has it.
    pub fn network_name(&self) -> Result<String> {
        Ok(self.tree.init_state()?.network_name)
    }

    /// State of the power actor.
    pub fn power(&self) -> Result<PowerState> {
        self.state_of(STORAGE_POWER_ACTOR_ID, "state of f04")
    }

    /// State of the reward actor.
    pub fn reward(&self) -> Result<RewardState> {
        self.state_of(REWARD_ACTOR_ID, "state of f02")
    }

    /// State of the market actor.
    pub fn market(&self) -> Result<MarketState> {
        self.state_of(STORAGE_MARKET_ACTOR_ID, "state of f05")
    }

    /// The store that the state lies in.
    pub fn store(&self) -> &SharedStore {
        &self.store
    }

    fn state_of<T: DeserializeOwned>(&self, id: ActorID, what: &'static str) -> Result<T> {
        self.block(&self.need_actor(&Address::new_id(id))?.head, what)
    }

    fn block<T: DeserializeOwned>(&self, cid: &Cid, what: &'static str) -> Result<T> {
        self.store
            .get_cbor(cid)
            .map_err(ExecutorError::store(what))?
            .ok_or(ExecutorError::Missing { what, cid: *cid })
    }

    fn wrong(&self, address: &Address, wanted: &'static str) -> ExecutorError {
        ExecutorError::WrongActor { address: address.to_string(), wanted }
    }
}
