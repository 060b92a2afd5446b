//! What an actor method may do.

use fil_actors_shared::v18::ActorError;
use fil_actors_shared::v18::runtime::Policy;
use fvm_ipld_encoding::{CborStore, RawBytes, to_vec};
use fvm_shared::ActorID;
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use fvm_shared::error::ExitCode;
use multihash_codetable::Code::Blake2b256;
use num_traits::Zero;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::executor::buffer::{Buffer, IoStats};
use crate::executor::codes::ActorKind;
use crate::executor::error::ExecutorError;
use crate::executor::externs::{Purpose, draw};
use crate::executor::gas;
use crate::executor::machine::{Machine, MethodResult, fail};

/// One call of an actor method.
pub(crate) struct Rt<'m, 'a> {
    pub(crate) m: &'m mut Machine<'a>,
    pub(crate) caller: ActorID,
    pub(crate) caller_kind: Option<ActorKind>,
    pub(crate) receiver: ActorID,
    pub(crate) value: &'m TokenAmount,
    /// Block operations charged for.
    pub(crate) io: IoStats,
}

impl<'a> Rt<'_, 'a> {
    pub(crate) fn store(&self) -> &'a Buffer {
        self.m.env.store
    }

    pub(crate) fn policy(&self) -> &'a Policy {
        &self.m.env.config.policy
    }

    pub(crate) fn epoch(&self) -> ChainEpoch {
        self.m.env.epoch
    }

    pub(crate) fn this(&self) -> Address {
        Address::new_id(self.receiver)
    }

    pub(crate) fn charge_io(&mut self) -> Result<(), ActorError> {
        let now = self.store().stats();
        let due = gas::io(self.io, now);
        self.io = now;
        self.m.charge(due)
    }

    pub(crate) fn balance(&mut self) -> Result<TokenAmount, ActorError> {
        Ok(self.m.actor(self.receiver)?.map_or(TokenAmount::zero(), |a| a.balance))
    }

    pub(crate) fn load<T: DeserializeOwned>(&mut self) -> Result<T, ActorError> {
        let Some(actor) = self.m.actor(self.receiver)? else {
            return fail(ExitCode::USR_ILLEGAL_STATE, "actor does not exist");
        };
        match self.store().get_cbor(&actor.head) {
            Ok(Some(state)) => Ok(state),
            Ok(None) => fail(ExitCode::USR_ILLEGAL_STATE, "actor state does not exist"),
            Err(e) => fail(ExitCode::USR_ILLEGAL_STATE, format!("actor state: {e}")),
        }
    }

    pub(crate) fn save<T: Serialize>(&mut self, state: &T) -> Result<(), ActorError> {
        let head = self.store().put_cbor(state, Blake2b256);
        let (Ok(head), Some(mut actor)) = (head, self.m.actor(self.receiver)?) else {
            return fail(ExitCode::USR_ILLEGAL_STATE, "failed to write actor state");
        };
        actor.head = head;
        let id = self.receiver;
        self.m.set_actor(id, actor)
    }

    /// Calls another actor; its failure becomes this actor's, as the actors' runtime has it.
    pub(crate) fn send(
        &mut self,
        to: ActorID,
        method: u64,
        params: RawBytes,
        value: &TokenAmount,
    ) -> MethodResult {
        self.charge_io()?;
        let result = self.m.call(self.receiver, &Address::new_id(to), method, &params, value);
        // What the callee read and wrote has been charged there.
        self.io = self.store().stats();
        if self.m.out_of_gas() {
            return fail(ExitCode::SYS_OUT_OF_GAS, "out of gas");
        }
        result.map_err(|e| match e.exit_code() {
            ExitCode::SYS_INVALID_RECEIVER | ExitCode::SYS_INSUFFICIENT_FUNDS => {
                ActorError::unspecified(e.msg().to_owned())
            }
            code => ActorError::checked(code, e.msg().to_owned(), None),
        })
    }

    /// [`send`](Self::send) without value.
    pub(crate) fn request<P: Serialize>(
        &mut self,
        to: ActorID,
        method: u64,
        params: &P,
    ) -> MethodResult {
        self.send(to, method, encode(params)?, &TokenAmount::zero())
    }

    pub(crate) fn resolve(&mut self, address: &Address) -> Result<Option<ActorID>, ActorError> {
        self.m.resolve(address)
    }

    pub(crate) fn kind_of(&mut self, id: ActorID) -> Result<Option<ActorKind>, ActorError> {
        Ok(self.m.actor(id)?.and_then(|a| a.kind()))
    }

    /// Lets only these callers pass.
    pub(crate) fn only(&self, allowed: &[Address]) -> Result<(), ActorError> {
        if allowed.contains(&Address::new_id(self.caller)) {
            return Ok(());
        }
        fail(ExitCode::USR_FORBIDDEN, format!("caller f0{} is not one of supported", self.caller))
    }

    pub(crate) fn only_id(&self, allowed: ActorID) -> Result<(), ActorError> {
        self.only(&[Address::new_id(allowed)])
    }

    pub(crate) fn only_kind(&self, allowed: ActorKind) -> Result<(), ActorError> {
        if self.caller_kind == Some(allowed) {
            return Ok(());
        }
        fail(ExitCode::USR_FORBIDDEN, format!("caller f0{} is no {}", self.caller, allowed.name()))
    }

    pub(crate) fn ticket_randomness(
        &mut self,
        purpose: Purpose,
        epoch: ChainEpoch,
        entropy: &[u8],
    ) -> Result<[u8; 32], ActorError> {
        self.charge_randomness(epoch)?;
        match self.m.env.rand.ticket(epoch) {
            Ok(digest) => Ok(draw(&digest, purpose, epoch, entropy)),
            Err(cause) => {
                Err(self.m.env.fault(ExecutorError::Outside { what: "ticket randomness", cause }))
            }
        }
    }

    pub(crate) fn beacon_randomness(
        &mut self,
        purpose: Purpose,
        epoch: ChainEpoch,
        entropy: &[u8],
    ) -> Result<[u8; 32], ActorError> {
        self.charge_randomness(epoch)?;
        match self.m.env.rand.beacon(epoch) {
            Ok(digest) => Ok(draw(&digest, purpose, epoch, entropy)),
            Err(cause) => {
                Err(self.m.env.fault(ExecutorError::Outside { what: "beacon randomness", cause }))
            }
        }
    }

    /// What a verifier said; that it could not tell is a fault of this node.
    pub(crate) fn verdict(&self, said: Result<bool, String>) -> Result<bool, ActorError> {
        said.map_err(|cause| self.m.env.fault(ExecutorError::Outside { what: "a proof", cause }))
    }

    fn charge_randomness(&mut self, epoch: ChainEpoch) -> Result<(), ActorError> {
        let lookback = self.epoch() - epoch;
        self.m.charge(gas::randomness(lookback))?;
        if lookback < 0 {
            return fail(
                ExitCode::USR_ILLEGAL_ARGUMENT,
                format!("randomness epoch {epoch} is in the future"),
            );
        }
        Ok(())
    }
}

/// Decodes the parameters of a method that has some.
pub(crate) fn decode<T: DeserializeOwned>(params: &RawBytes) -> Result<T, ActorError> {
    if params.bytes().is_empty() {
        return fail(ExitCode::USR_ILLEGAL_ARGUMENT, "method expects arguments");
    }
    params
        .deserialize()
        .map_err(|e| ActorError::serialization(format!("failed to decode parameters: {e}")))
}

/// Refuses parameters of a method that has none.
pub(crate) fn no_params(params: &RawBytes) -> Result<(), ActorError> {
    if params.bytes().is_empty() {
        return Ok(());
    }
    fail(ExitCode::USR_ILLEGAL_ARGUMENT, "method expects no arguments")
}

/// Decodes what another actor has returned.
pub(crate) fn returned<T: DeserializeOwned>(value: &RawBytes) -> Result<T, ActorError> {
    value.deserialize().map_err(|e| ActorError::serialization(format!("return value: {e}")))
}

/// Encodes parameters or a return value.
pub(crate) fn encode<T: Serialize>(value: &T) -> MethodResult {
    to_vec(value)
        .map(RawBytes::new)
        .map_err(|e| ActorError::serialization(format!("failed to encode: {e}")))
}

/// A return value, from a method's result.
pub(crate) fn reply<T: Serialize>(result: Result<T, ActorError>) -> MethodResult {
    encode(&result?)
}

/// Nothing to return.
pub(crate) fn done(result: Result<(), ActorError>) -> MethodResult {
    result.map(|()| RawBytes::default())
}
