//! Accounts. They are created by the first transfer to their address.

use fil_actor_account_state::v18::State;
use fil_actors_shared::v18::ActorError;
use fvm_ipld_encoding::RawBytes;
use fvm_ipld_encoding::tuple::*;
use fvm_shared::address::Address;

use super::runtime::{Rt, no_params, reply};
use super::{FIRST_EXPORTED_METHOD, unhandled};
use crate::executor::codes::ActorKind;
use crate::executor::machine::MethodResult;

/// PubkeyAddress.
pub(super) const PUBKEY_ADDRESS: u64 = 2;

#[derive(Serialize_tuple, Deserialize_tuple)]
#[serde(transparent)]
pub(super) struct PubkeyAddressReturn {
    pub(super) address: Address,
}

pub(super) fn invoke(rt: &mut Rt<'_, '_>, method: u64, params: &RawBytes) -> MethodResult {
    match method {
        PUBKEY_ADDRESS => {
            no_params(params)?;
            reply(pubkey_address(rt))
        }
        m if m >= FIRST_EXPORTED_METHOD => Ok(RawBytes::default()),
        _ => unhandled(ActorKind::Account, method),
    }
}

fn pubkey_address(rt: &mut Rt<'_, '_>) -> Result<PubkeyAddressReturn, ActorError> {
    Ok(PubkeyAddressReturn { address: rt.load::<State>()?.address })
}
