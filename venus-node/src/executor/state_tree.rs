//! The tree of actors.

use std::collections::BTreeMap;

use cid::Cid;
use fil_actor_init_state::v18::State as InitState;
use fil_actors_shared::v18::{DEFAULT_HAMT_CONFIG, INIT_ACTOR_ID};
use fvm_ipld_blockstore::Blockstore;
use fvm_ipld_encoding::CborStore;
use fvm_ipld_encoding::tuple::*;
use fvm_ipld_hamt::{BytesKey, Hamt, Sha256};
use fvm_shared::ActorID;
use fvm_shared::address::Address;
use fvm_shared::econ::TokenAmount;
use multihash_codetable::Code::Blake2b256;

use super::codes::ActorKind;
use super::error::{ExecutorError, Result};

/// What the tree holds about an actor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize_tuple, Deserialize_tuple)]
pub struct ActorState {
    /// Code.
    pub code: Cid,
    /// Root of its own state.
    pub head: Cid,
    /// Nonce of the next message that it sends.
    pub nonce: u64,
    /// Balance.
    pub balance: TokenAmount,
    /// Delegated (f4) address.
    pub delegated: Option<Address>,
}

impl ActorState {
    /// The type of the actor.
    pub fn kind(&self) -> Option<ActorKind> {
        ActorKind::of(&self.code)
    }

    /// Whether it may send messages.
    pub fn is_account(&self) -> bool {
        match self.kind() {
            Some(ActorKind::Account | ActorKind::EthAccount) => true,
            Some(ActorKind::Placeholder) => self.nonce == 0 && self.delegated.is_some(),
            _ => false,
        }
    }
}

/// The block that a state root CID names.
#[derive(Clone, Debug, Serialize_tuple, Deserialize_tuple)]
struct Root {
    version: u64,
    actors: Cid,
    info: Cid,
}

const VERSION: u64 = 5;

type Actors<S> = Hamt<S, ActorState, BytesKey, Sha256>;

fn key(id: ActorID) -> BytesKey {
    Address::new_id(id).to_bytes().into()
}

/// Actors of a state, with changes that can be taken back.
pub(crate) struct StateTree<S> {
    store: S,
    actors: Actors<S>,
    info: Cid,
    changed: BTreeMap<ActorID, Option<ActorState>>,
    /// Former values of `changed`, youngest last.
    undo: Vec<(ActorID, Option<Option<ActorState>>)>,
}

impl<S: Blockstore + Clone> StateTree<S> {
    pub(crate) fn empty(store: S) -> Result<Self> {
        let info = store
            .put_cbor(&Vec::<u8>::new(), Blake2b256)
            .map_err(ExecutorError::store("state info"))?;
        let actors = Hamt::new_with_config(store.clone(), DEFAULT_HAMT_CONFIG);
        Ok(Self { store, actors, info, changed: BTreeMap::new(), undo: Vec::new() })
    }

    pub(crate) fn load(store: S, root: &Cid) -> Result<Self> {
        let what = "state root";
        let found: Root = store
            .get_cbor(root)
            .map_err(ExecutorError::store(what))?
            .ok_or(ExecutorError::Missing { what, cid: *root })?;
        if found.version != VERSION {
            let cause = format!("version {} is not supported, only {VERSION}", found.version);
            return Err(ExecutorError::State { what, cause });
        }
        let actors = Hamt::load_with_config(&found.actors, store.clone(), DEFAULT_HAMT_CONFIG)
            .map_err(ExecutorError::any(what))?;
        Ok(Self { store, actors, info: found.info, changed: BTreeMap::new(), undo: Vec::new() })
    }

    pub(crate) fn get(&self, id: ActorID) -> Result<Option<ActorState>> {
        if let Some(actor) = self.changed.get(&id) {
            return Ok(actor.clone());
        }
        let found = self.actors.get(&key(id)).map_err(ExecutorError::any("actor"))?;
        Ok(found.cloned())
    }

    pub(crate) fn set(&mut self, id: ActorID, actor: ActorState) {
        let former = self.changed.insert(id, Some(actor));
        self.undo.push((id, former));
    }

    /// A mark to [revert](Self::revert) to.
    pub(crate) fn snapshot(&self) -> usize {
        self.undo.len()
    }

    pub(crate) fn revert(&mut self, snapshot: usize) {
        for (id, former) in self.undo.drain(snapshot..).rev() {
            match former {
                Some(actor) => self.changed.insert(id, actor),
                None => self.changed.remove(&id),
            };
        }
    }

    pub(crate) fn init_state(&self) -> Result<InitState> {
        let what = "state of f01";
        let head =
            self.get(INIT_ACTOR_ID)?.ok_or_else(|| ExecutorError::NoActor("f01".into()))?.head;
        self.store
            .get_cbor(&head)
            .map_err(ExecutorError::store(what))?
            .ok_or(ExecutorError::Missing { what, cid: head })
    }

    /// The ID of an address; none if it has never been used.
    pub(crate) fn resolve(&self, address: &Address) -> Result<Option<ActorID>> {
        if let Ok(id) = address.id() {
            return Ok(Some(id));
        }
        let found = self
            .init_state()?
            .resolve_address(&self.store, address)
            .map_err(ExecutorError::state("address map"))?;
        Ok(found.and_then(|a| a.id().ok()))
    }

    /// Gives a new address an ID.
    pub(crate) fn register(
        &mut self,
        robust: &Address,
        delegated: Option<&Address>,
    ) -> Result<ActorID> {
        let mut state = self.init_state()?;
        // A delegated address alone is mapped as if it were the robust one.
        let (id, _) = state
            .map_addresses_to_id(&self.store, robust, delegated)
            .map_err(ExecutorError::state("address map"))?;
        let mut actor =
            self.get(INIT_ACTOR_ID)?.ok_or_else(|| ExecutorError::NoActor("f01".into()))?;
        actor.head = self
            .store
            .put_cbor(&state, Blake2b256)
            .map_err(ExecutorError::store("state of f01"))?;
        self.set(INIT_ACTOR_ID, actor);
        Ok(id)
    }

    /// The state of an actor that has none yet: an empty tuple.
    pub(crate) fn empty_state(&self) -> Result<Cid> {
        self.store
            .put_cbor(&Vec::<u8>::new(), Blake2b256)
            .map_err(ExecutorError::store("an empty state"))
    }

    /// Calls `f` for each actor of the flushed state.
    pub(crate) fn for_each(&self, mut f: impl FnMut(ActorID, &ActorState)) -> Result<()> {
        self.actors
            .for_each(|k, actor| {
                let address = Address::from_bytes(k)?;
                f(address.id()?, actor);
                Ok(())
            })
            .map_err(ExecutorError::any("actors"))
    }

    /// Writes the tree. Changes can no longer be taken back.
    pub(crate) fn flush(&mut self) -> Result<Cid> {
        self.undo.clear();
        for (id, actor) in std::mem::take(&mut self.changed) {
            match actor {
                Some(actor) => self.actors.set(key(id), actor).map(drop),
                None => self.actors.delete(&key(id)).map(drop),
            }
            .map_err(ExecutorError::any("actors"))?;
        }
        let actors = self.actors.flush().map_err(ExecutorError::any("actors"))?;
        self.store
            .put_cbor(&Root { version: VERSION, actors, info: self.info }, Blake2b256)
            .map_err(ExecutorError::store("state root"))
    }
}
