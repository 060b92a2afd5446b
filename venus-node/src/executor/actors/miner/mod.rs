//! Storage miners.

mod constructor;
mod deadline;
mod faults;
mod info;
mod money;
mod post;
mod precommit;
mod prove;
mod shared;
mod terminate;

use fvm_ipld_encoding::RawBytes;

use super::runtime::{Rt, decode, done, no_params, reply};
use super::unhandled;
use crate::executor::codes::ActorKind;
use crate::executor::machine::MethodResult;

/// Methods that other actors call.
pub(super) const ON_DEFERRED_CRON_EVENT: u64 = 12;
pub(super) const APPLY_REWARDS: u64 = 14;

/// Decodes parameters into the method.
macro_rules! with {
    ($rt:ident, $params:ident, $method:path) => {{
        let decoded = decode($params)?;
        $method($rt, decoded)
    }};
}

/// A method without parameters.
macro_rules! bare {
    ($rt:ident, $params:ident, $method:path) => {{
        no_params($params)?;
        $method($rt)
    }};
}

pub(super) fn invoke(rt: &mut Rt<'_, '_>, method: u64, params: &RawBytes) -> MethodResult {
    match method {
        1 => done(with!(rt, params, constructor::constructor)),
        2 => reply(bare!(rt, params, info::control_addresses)),
        3 => done(with!(rt, params, info::change_worker_address)),
        4 => done(with!(rt, params, info::change_peer_id)),
        5 => done(with!(rt, params, post::submit_windowed_post)),
        9 => reply(with!(rt, params, terminate::terminate_sectors)),
        10 => done(with!(rt, params, faults::declare_faults)),
        11 => done(with!(rt, params, faults::declare_faults_recovered)),
        ON_DEFERRED_CRON_EVENT => done(with!(rt, params, deadline::on_deferred_cron_event)),
        13 => done(with!(rt, params, info::check_sector_proven)),
        APPLY_REWARDS => done(with!(rt, params, money::apply_rewards)),
        16 => reply(with!(rt, params, money::withdraw_balance)),
        17 => done(with!(rt, params, prove::internal_sector_setup_for_preseal)),
        18 => done(with!(rt, params, info::change_multiaddrs)),
        21 => done(bare!(rt, params, info::confirm_change_worker_address)),
        22 => done(bare!(rt, params, money::repay_debt)),
        28 => done(with!(rt, params, precommit::pre_commit_sector_batch2)),
        34 => reply(with!(rt, params, prove::prove_commit_sectors3)),
        _ => unhandled(ActorKind::Miner, method),
    }
}
