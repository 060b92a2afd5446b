//! One epoch of the virtual machine: actors, calls between them, gas.

use std::collections::HashSet;

use cid::Cid;
use fil_actor_account_state::v18::State as AccountState;
use fil_actors_shared::v18::{ActorError, EAM_ACTOR_ID, REWARD_ACTOR_ID, STORAGE_POWER_ACTOR_ID};
use fvm_ipld_encoding::{CborStore, RawBytes};
use fvm_shared::ActorID;
use fvm_shared::address::{Address, Payload, Protocol};
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use fvm_shared::error::ExitCode;
use multihash_codetable::Code::Blake2b256;
use num_traits::Zero;

use super::actors::{self, Rt};
use super::buffer::Buffer;
use super::codes::ActorKind;
use super::config::ExecutorConfig;
use super::error::ExecutorError;
use super::externs::{ChainRand, SealAndPostVerifier};
use super::gas;
use super::state_tree::{ActorState, StateTree};

/// What an actor method answers: return value, or exit code and reason.
pub(crate) type MethodResult = Result<RawBytes, ActorError>;

const MAX_DEPTH: u32 = 1_024;

/// Everything that is fixed for an epoch.
#[derive(Clone, Copy)]
pub(crate) struct Env<'a> {
    pub(crate) config: &'a ExecutorConfig,
    pub(crate) store: &'a Buffer,
    pub(crate) verifier: &'a dyn SealAndPostVerifier,
    pub(crate) rand: &'a dyn ChainRand,
    pub(crate) epoch: ChainEpoch,
}

/// The message that is being executed.
pub(crate) struct Context {
    /// Sender as written in the message.
    pub(crate) origin: Address,
    pub(crate) nonce: u64,
    /// Actors created so far.
    pub(crate) created: u64,
    pub(crate) gas_limit: u64,
    pub(crate) gas_used: u64,
    depth: u32,
    seen: HashSet<ActorID>,
    written: HashSet<ActorID>,
}

impl Context {
    pub(crate) fn new(origin: Address, origin_id: ActorID, nonce: u64, gas_limit: u64) -> Self {
        Self {
            origin,
            nonce,
            created: 0,
            gas_limit,
            gas_used: 0,
            depth: 0,
            // Sender and singletons are loaded beforehand, and the sender is written anyway.
            seen: (0..=7).chain([10, 99, origin_id]).collect(),
            written: HashSet::from([origin_id]),
        }
    }
}

/// The machine of one epoch.
pub(crate) struct Machine<'a> {
    pub(crate) env: Env<'a>,
    pub(crate) tree: StateTree<&'a Buffer>,
    pub(crate) supply: TokenAmount,
    pub(crate) cx: Context,
}

pub(crate) fn fail<T>(code: ExitCode, reason: impl Into<String>) -> Result<T, ActorError> {
    Err(ActorError::unchecked(code, reason.into()))
}

impl Env<'_> {
    /// Ends a message because of a fault of this node; see [`Buffer::note_fault`].
    pub(crate) fn fault(&self, fault: ExecutorError) -> ActorError {
        let reason = fault.to_string();
        self.store.note_fault(fault);
        ActorError::unchecked(ExitCode::SYS_ASSERTION_FAILED, reason)
    }
}

impl<'a> Machine<'a> {
    pub(crate) fn new(env: Env<'a>, root: &Cid) -> Result<Self, ExecutorError> {
        let tree = StateTree::load(env.store, root)?;
        let supply =
            super::supply::circulating(env.config, env.store, &tree, env.epoch)?.circulating;
        let cx = Context::new(Address::new_id(0), 0, 0, 0);
        Ok(Self { env, tree, supply, cx })
    }

    pub(crate) fn charge(&mut self, gas: u64) -> Result<(), ActorError> {
        self.cx.gas_used = self.cx.gas_used.saturating_add(gas);
        if self.cx.gas_used > self.cx.gas_limit {
            return fail(ExitCode::SYS_OUT_OF_GAS, "out of gas");
        }
        Ok(())
    }

    pub(crate) fn out_of_gas(&self) -> bool {
        self.cx.gas_used > self.cx.gas_limit
    }

    pub(crate) fn actor(&mut self, id: ActorID) -> Result<Option<ActorState>, ActorError> {
        if self.cx.seen.insert(id) {
            self.charge(gas::LOOKUP)?;
        }
        self.env.store.unmetered(|| self.tree.get(id)).map_err(|e| self.env.fault(e))
    }

    pub(crate) fn set_actor(&mut self, id: ActorID, actor: ActorState) -> Result<(), ActorError> {
        self.tree.set(id, actor);
        if self.cx.written.insert(id) {
            self.charge(gas::UPDATE)?;
        }
        Ok(())
    }

    /// The ID of an address. The recordings show no charge for it.
    pub(crate) fn resolve(&mut self, address: &Address) -> Result<Option<ActorID>, ActorError> {
        if let Ok(id) = address.id() {
            return Ok(Some(id));
        }
        self.env.store.unmetered(|| self.tree.resolve(address)).map_err(|e| self.env.fault(e))
    }

    /// Calls a method, all or nothing. Exit codes below 16 are the machine's own.
    pub(crate) fn call(
        &mut self,
        from: ActorID,
        to: &Address,
        method: u64,
        params: &RawBytes,
        value: &TokenAmount,
    ) -> MethodResult {
        if self.cx.depth >= MAX_DEPTH {
            return fail(ExitCode::USR_ASSERTION_FAILED, "recursion limit exceeded");
        }
        let snapshot = self.tree.snapshot();
        let created = self.cx.created;
        self.cx.depth += 1;
        let result = self.call_unguarded(from, to, method, params, value);
        self.cx.depth -= 1;
        if result.is_err() {
            self.tree.revert(snapshot);
            self.cx.created = created;
        }
        result
    }

    fn call_unguarded(
        &mut self,
        from: ActorID,
        to: &Address,
        method: u64,
        params: &RawBytes,
        value: &TokenAmount,
    ) -> MethodResult {
        // The receiver of the message itself is loaded beforehand, a nested one is paid for.
        let top = self.cx.depth == 1;
        let found = if top {
            self.env.store.unmetered(|| self.tree.resolve(to)).map_err(|e| self.env.fault(e))?
        } else {
            self.resolve(to)?
        };
        if top && let Some(id) = found {
            self.cx.seen.insert(id);
        }
        let receiver = match found {
            Some(id) if self.actor(id)?.is_some() => id,
            _ => self.create_on_send(to)?,
        };
        if value.is_positive() {
            self.charge(gas::TRANSFER)?;
            self.transfer(from, receiver, value)?;
        } else if value.is_negative() {
            return fail(ExitCode::SYS_ASSERTION_FAILED, "negative value");
        }
        if method == fvm_shared::METHOD_SEND {
            return Ok(RawBytes::default());
        }
        self.invoke(from, receiver, method, params, value)
    }

    fn invoke(
        &mut self,
        caller: ActorID,
        receiver: ActorID,
        method: u64,
        params: &RawBytes,
        value: &TokenAmount,
    ) -> MethodResult {
        let Some(actor) = self.actor(receiver)? else {
            return fail(ExitCode::SYS_INVALID_RECEIVER, format!("no actor f0{receiver}"));
        };
        let Some(kind) = actor.kind() else {
            return fail(ExitCode::SYS_INVALID_RECEIVER, format!("unknown code {}", actor.code));
        };
        self.charge(gas::INVOKE + gas::DISPATCH)?;
        let caller_kind =
            self.tree.get(caller).map_err(|e| self.env.fault(e))?.and_then(|a| a.kind());
        let mut rt =
            Rt { io: self.env.store.stats(), m: self, caller, caller_kind, receiver, value };
        let result = actors::invoke(&mut rt, kind, method, params);
        rt.charge_io()?;
        let value = result?;
        self.charge(gas::wasm(kind, method))?;
        Ok(value)
    }

    pub(crate) fn transfer(
        &mut self,
        from: ActorID,
        to: ActorID,
        value: &TokenAmount,
    ) -> Result<(), ActorError> {
        let Some(mut sender) = self.actor(from)? else {
            return fail(ExitCode::SYS_SENDER_INVALID, format!("no actor f0{from}"));
        };
        if sender.balance < *value {
            return fail(
                ExitCode::SYS_INSUFFICIENT_FUNDS,
                format!(
                    "sender does not have funds to transfer (balance {}, transfer {value})",
                    sender.balance
                ),
            );
        }
        if from == to {
            return Ok(());
        }
        let Some(mut receiver) = self.actor(to)? else {
            return fail(ExitCode::SYS_INVALID_RECEIVER, format!("no actor f0{to}"));
        };
        sender.balance -= value;
        receiver.balance += value;
        self.set_actor(from, sender)?;
        self.set_actor(to, receiver)
    }

    /// Creates the actor that a first transfer to a key or Ethereum address makes.
    fn create_on_send(&mut self, to: &Address) -> Result<ActorID, ActorError> {
        let (kind, state, constructor) = match to.payload() {
            Payload::BLS(key) if key.iter().all(|&b| b == 0) => {
                return fail(ExitCode::SYS_ILLEGAL_INSTRUCTION, "the zero BLS key cannot be used");
            }
            Payload::Secp256k1(_) | Payload::BLS(_) => {
                let bls = to.protocol() == Protocol::BLS;
                let state = Some(AccountState { address: *to });
                (ActorKind::Account, state, gas::account_constructor(bls))
            }
            Payload::Delegated(d) if d.namespace() == EAM_ACTOR_ID => {
                (ActorKind::Placeholder, None, 0)
            }
            Payload::ID(id) => {
                let reason = format!("actor does not exist: {id}");
                return fail(ExitCode::SYS_INVALID_RECEIVER, reason);
            }
            _ => {
                return fail(
                    ExitCode::SYS_INVALID_RECEIVER,
                    format!("actor does not exist, cannot be created by a send: {to}"),
                );
            }
        };
        self.charge(gas::LOOKUP + gas::CREATE + gas::NEW_ADDRESS + gas::MAP_ADDRESS + constructor)?;
        let store = self.env.store;
        store
            .unmetered(|| {
                let id = self.tree.register(to, None)?;
                let head = match &state {
                    Some(state) => store
                        .put_cbor(state, Blake2b256)
                        .map_err(ExecutorError::store("a new account"))?,
                    None => self.tree.empty_state()?,
                };
                let delegated = (kind == ActorKind::Placeholder).then_some(*to);
                let balance = TokenAmount::zero();
                self.tree
                    .set(id, ActorState { code: kind.code(), head, nonce: 0, balance, delegated });
                self.cx.seen.insert(id);
                Ok(id)
            })
            .map_err(|e| self.env.fault(e))
    }

    /// Puts a new actor into the tree.
    pub(crate) fn create(&mut self, id: ActorID, actor: ActorState) {
        self.tree.set(id, actor);
        self.cx.seen.insert(id);
        self.cx.written.insert(id);
    }

    /// Flushes and answers the new state root.
    pub(crate) fn flush(&mut self) -> Result<Cid, ExecutorError> {
        self.env.store.unmetered(|| self.tree.flush())
    }

    /// Runs a message of the system, whose failure the caller judges.
    pub(crate) fn implicit(
        &mut self,
        from: ActorID,
        to: ActorID,
        method: u64,
        params: &RawBytes,
        value: &TokenAmount,
    ) -> MethodResult {
        let sender = Address::new_id(from);
        self.cx = Context::new(sender, from, self.env.epoch.unsigned_abs(), u64::MAX);
        self.call(from, &Address::new_id(to), method, params, value)
    }
}

/// Singletons that the machine itself talks to.
pub(crate) const REWARD: ActorID = REWARD_ACTOR_ID;
pub(crate) const POWER: ActorID = STORAGE_POWER_ACTOR_ID;
