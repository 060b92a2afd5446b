//! The init actor, which makes other actors.

use fil_actor_init_state::v18::{ExecParams, ExecReturn, State};
use fil_actors_shared::v18::ActorError;
use fvm_ipld_encoding::RawBytes;
use fvm_shared::METHOD_CONSTRUCTOR;
use fvm_shared::address::Address;
use fvm_shared::error::ExitCode;
use num_traits::Zero;

use super::runtime::{Rt, decode, encode, reply};
use super::unhandled;
use crate::executor::codes::ActorKind;
use crate::executor::gas;
use crate::executor::machine::{MethodResult, fail};
use crate::executor::state_tree::ActorState;

/// Exec.
pub(super) const EXEC: u64 = 2;

pub(super) fn invoke(rt: &mut Rt<'_, '_>, method: u64, params: &RawBytes) -> MethodResult {
    match method {
        EXEC => {
            let params = decode(params)?;
            reply(exec(rt, params))
        }
        _ => unhandled(ActorKind::Init, method),
    }
}

fn exec(rt: &mut Rt<'_, '_>, params: ExecParams) -> Result<ExecReturn, ActorError> {
    let kind = ActorKind::of(&params.code_cid);
    let allowed = match kind {
        Some(ActorKind::Multisig | ActorKind::PaymentChannel) => true,
        Some(ActorKind::Miner) => rt.caller_kind == Some(ActorKind::Power),
        _ => false,
    };
    if !allowed {
        return fail(
            ExitCode::USR_FORBIDDEN,
            format!("f0{} cannot create an actor of code {}", rt.caller, params.code_cid),
        );
    }
    let robust_address = new_address(rt)?;
    let mut state: State = rt.load()?;
    let (id, _) = state.map_addresses_to_id(rt.store(), &robust_address, None)?;
    rt.save(&state)?;

    rt.m.charge(gas::CREATE)?;
    let empty = rt.store().unmetered(|| rt.m.tree.empty_state()).map_err(|e| rt.m.env.fault(e))?;
    let actor = ActorState {
        code: params.code_cid,
        head: empty,
        nonce: 0,
        balance: Zero::zero(),
        delegated: None,
    };
    rt.m.create(id, actor);
    let value = rt.value.clone();
    rt.send(id, METHOD_CONSTRUCTOR, params.constructor_params, &value)?;
    Ok(ExecReturn { id_address: Address::new_id(id), robust_address })
}

/// An address that stays the same through reorganisations: made of the message and a counter.
fn new_address(rt: &mut Rt<'_, '_>) -> Result<Address, ActorError> {
    let cx = &mut rt.m.cx;
    let mut seed = encode(&cx.origin)?.to_vec();
    seed.extend(cx.nonce.to_be_bytes());
    seed.extend(cx.created.to_be_bytes());
    cx.created += 1;
    Ok(Address::new_actor(&seed))
}
