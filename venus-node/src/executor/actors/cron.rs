//! The cron actor, which wakes the others at the end of each epoch.

use fil_actor_cron_state::v18::State;
use fil_actors_shared::v18::{ActorError, SYSTEM_ACTOR_ID};
use fvm_ipld_encoding::RawBytes;
use fvm_shared::error::ExitCode;
use num_traits::Zero;

use super::runtime::{Rt, done, no_params};
use super::unhandled;
use crate::executor::codes::ActorKind;
use crate::executor::machine::{MethodResult, fail};

pub(super) fn invoke(rt: &mut Rt<'_, '_>, method: u64, params: &RawBytes) -> MethodResult {
    match method {
        2 => {
            no_params(params)?;
            done(epoch_tick(rt))
        }
        _ => unhandled(ActorKind::Cron, method),
    }
}

fn epoch_tick(rt: &mut Rt<'_, '_>) -> Result<(), ActorError> {
    rt.only_id(SYSTEM_ACTOR_ID)?;
    for entry in rt.load::<State>()?.entries {
        let Ok(id) = entry.receiver.id() else {
            return fail(ExitCode::USR_ILLEGAL_STATE, "cron entry without an ID address");
        };
        // One entry must not keep the others from running.
        if let Err(e) = rt.send(id, entry.method_num, RawBytes::default(), &Zero::zero()) {
            tracing::error!(receiver = id, method = entry.method_num, error = %e, "cron failed");
        }
    }
    Ok(())
}
