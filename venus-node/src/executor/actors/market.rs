//! The storage market, of which only cron is served.

use cid::Cid;
use fil_actor_market_state::v18::{DealProposal, LoadDealState, State};
use fil_actors_shared::v18::{ActorError, BURNT_FUNDS_ACTOR_ID, CRON_ACTOR_ID};
use fvm_ipld_encoding::{DAG_CBOR, RawBytes};
use fvm_shared::METHOD_SEND;
use fvm_shared::clock::EPOCH_UNDEFINED;
use fvm_shared::econ::TokenAmount;
use fvm_shared::error::ExitCode;
use multihash_codetable::{Code, MultihashDigest};
use num_traits::Zero;

use super::runtime::{Rt, done, encode, no_params};
use super::unhandled;
use crate::executor::codes::ActorKind;
use crate::executor::machine::{MethodResult, fail};

pub(super) fn invoke(rt: &mut Rt<'_, '_>, method: u64, params: &RawBytes) -> MethodResult {
    match method {
        9 => {
            no_params(params)?;
            done(cron_tick(rt))
        }
        _ => unhandled(ActorKind::Market, method),
    }
}

/// Removes deals that were never activated, and the queue of those that were.
fn cron_tick(rt: &mut Rt<'_, '_>) -> Result<(), ActorError> {
    rt.only_id(CRON_ACTOR_ID)?;
    let (store, now) = (rt.store(), rt.epoch());
    let mut state: State = rt.load()?;
    let mut slashed = TokenAmount::zero();
    let epochs: Vec<_> = (state.last_cron + 1..=now).collect();
    for &epoch in &epochs {
        for deal in state.get_deals_for_epoch(store, epoch)? {
            let Some(proposal) = state.find_proposal(store, deal)? else { continue };
            let cid = deal_cid(&proposal)?;
            match state.get_active_deal_or_process_timeout(store, now, deal, &proposal, &cid)? {
                LoadDealState::ProposalExpired(penalty) => slashed += penalty,
                LoadDealState::TooEarly => {
                    return fail(
                        ExitCode::USR_ILLEGAL_STATE,
                        format!("deal {deal} processed before {}", proposal.start_epoch),
                    );
                }
                LoadDealState::Loaded(deal_state)
                    if deal_state.last_updated_epoch == EPOCH_UNDEFINED =>
                {
                    if state.remove_pending_deal(store, cid)?.is_none() {
                        return fail(
                            ExitCode::USR_ILLEGAL_STATE,
                            "failed to delete pending proposal: does not exist",
                        );
                    }
                }
                LoadDealState::Loaded(_) => {
                    tracing::warn!(deal, "deals of older market versions are not served");
                }
            }
        }
    }
    state.remove_deals_by_epoch(store, &epochs)?;
    state.last_cron = now;
    rt.save(&state)?;
    if slashed.is_positive() {
        rt.send(BURNT_FUNDS_ACTOR_ID, METHOD_SEND, RawBytes::default(), &slashed)?;
    }
    Ok(())
}

fn deal_cid(proposal: &DealProposal) -> Result<Cid, ActorError> {
    Ok(Cid::new_v1(DAG_CBOR, Code::Blake2b256.digest(encode(proposal)?.bytes())))
}
