//! The arithmetic of consensus: pure functions that every node of a network must agree on.
//!
//! ```
//! use venus_core::consensus::{DomainTag, draw_randomness};
//!
//! let drawn = draw_randomness(b"", DomainTag::Ticket, 0, b"");
//! assert_eq!(hex::encode(drawn)[..8], *"b0803fbd");
//! ```

mod base_fee;
mod beacon;
mod draw_params;
mod election;
mod randomness;
mod weight;

pub use base_fee::{
    BLOCK_GAS_LIMIT, BLOCK_GAS_TARGET, MINIMUM_BASE_FEE, child_base_fee, effective_premium,
    next_by_premium, next_by_utilisation, percentile_premium,
};
pub use beacon::{BeaconError, DrandRounds, MockBeacon, Rounds, check_rounds, rounds_since};
pub use draw_params::{DrawParamsError, DrawRandomParams};
pub use election::{MAX_WIN_COUNT, exp_neg, ticket_quality, verify_vrf, win_count};
pub use randomness::{
    DomainTag, draw_from_digest, draw_randomness, election_params, miner_entropy, ticket_params,
    winning_post_randomness,
};
pub use weight::{is_heavier, tipset_weight};
