//! The storage market, of which only cron is served.

use fil_actor_market_state::v18::State;
use fil_actors_shared::v18::{ActorError, CRON_ACTOR_ID};
use fvm_ipld_encoding::RawBytes;

use super::runtime::{Rt, done, no_params};
use super::unhandled;
use crate::executor::codes::ActorKind;
use crate::executor::machine::MethodResult;

pub(super) fn invoke(rt: &mut Rt<'_, '_>, method: u64, params: &RawBytes) -> MethodResult {
    match method {
        9 => {
            no_params(params)?;
            done(cron_tick(rt))
        }
        _ => unhandled(ActorKind::Market, method),
    }
}

fn cron_tick(rt: &mut Rt<'_, '_>) -> Result<(), ActorError> {
    rt.only_id(CRON_ACTOR_ID)?;
    let mut state: State = rt.load()?;
    for epoch in state.last_cron + 1..=rt.epoch() {
        let due = state.get_deals_for_epoch(rt.store(), epoch)?;
        if !due.is_empty() {
            tracing::warn!(epoch, deals = due.len(), "deals are due, which are not served");
        }
    }
    state.last_cron = rt.epoch();
    rt.save(&state)
}
