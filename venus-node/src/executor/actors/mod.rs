//! The methods of the builtin actors.

mod account;
mod cron;
mod init;
mod market;
mod miner;
mod power;
pub(crate) mod reward;
mod runtime;

use fvm_ipld_encoding::RawBytes;
use fvm_shared::error::ExitCode;

use super::codes::ActorKind;
use super::machine::{MethodResult, fail};
pub(crate) use runtime::Rt;

/// First method number that any caller may use, also for interfaces that an actor does not know.
const FIRST_EXPORTED_METHOD: u64 = 1 << 24;

/// Calls a method of the actor that `rt` is for.
pub(crate) fn invoke(
    rt: &mut Rt<'_, '_>,
    kind: ActorKind,
    method: u64,
    params: &RawBytes,
) -> MethodResult {
    match kind {
        ActorKind::Init => init::invoke(rt, method, params),
        ActorKind::Cron => cron::invoke(rt, method, params),
        ActorKind::Account => account::invoke(rt, method, params),
        ActorKind::Power => power::invoke(rt, method, params),
        ActorKind::Miner => miner::invoke(rt, method, params),
        ActorKind::Market => market::invoke(rt, method, params),
        ActorKind::Reward => reward::invoke(rt, method, params),
        ActorKind::Placeholder | ActorKind::EthAccount if method >= FIRST_EXPORTED_METHOD => {
            Ok(RawBytes::default())
        }
        _ => unhandled(kind, method),
    }
}

/// Answers a method that the actor does not have or that is not served here.
fn unhandled(kind: ActorKind, method: u64) -> MethodResult {
    tracing::warn!(actor = kind.name(), method, "message calls a method that is not served");
    fail(ExitCode::USR_UNHANDLED_MESSAGE, format!("invalid method: {method}"))
}
