//! What of a miner actor's balance is locked, read from its state.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, IgnoredAny, SeqAccess, Visitor},
};
use venus_core::{TokenAmount, from_cbor};

use crate::SealerError;

/// What of a miner actor's balance is locked, and what it owes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct LockedFunds {
    /// Deposits of pre-commits.
    pub pre_commit: TokenAmount,
    /// Rewards that vest.
    pub vesting: TokenAmount,
    /// Pledges of sectors.
    pub pledge: TokenAmount,
    /// Fees that could not be paid.
    pub fee_debt: TokenAmount,
}

impl LockedFunds {
    /// Reads the head of the actor's state.
    pub(crate) fn of(state: &[u8]) -> Result<Self, SealerError> {
        let State(funds) = from_cbor(state).map_err(|error| SealerError::Answer {
            what: "the miner's state",
            reason: error.to_string(),
        })?;
        Ok(funds)
    }
}

/// The first fields of the state; those after them are of no interest, and of other versions.
struct State(LockedFunds);

impl<'de> Deserialize<'de> for State {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = State;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the state of a miner actor")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<State, A::Error> {
                let short = |n: usize| A::Error::invalid_length(n, &"a miner's state");
                let skip = |there: Option<IgnoredAny>, n| there.map(drop).ok_or_else(|| short(n));
                skip(seq.next_element()?, 0)?; // info
                let pre_commit = seq.next_element()?.ok_or_else(|| short(1))?;
                let vesting = seq.next_element()?.ok_or_else(|| short(2))?;
                skip(seq.next_element()?, 3)?; // vesting schedule
                let fee_debt = seq.next_element()?.ok_or_else(|| short(4))?;
                let pledge = seq.next_element()?.ok_or_else(|| short(5))?;
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(State(LockedFunds { pre_commit, vesting, pledge, fee_debt }))
            }
        }

        d.deserialize_seq(Fields)
    }
}

#[cfg(test)]
mod tests {
    use venus_core::{Cid, cbor};

    use super::*;

    #[test]
    fn the_locked_funds_are_read_whatever_follows_them() {
        let fil = TokenAmount::from_fil;
        let link = Cid::of_cbor(b"x");
        let state = (link, fil(1), fil(2), Some((link, 7)), fil(3), fil(4), link, link, 5i64, true);
        let funds = LockedFunds::of(&cbor(&state)).unwrap();
        let expected =
            LockedFunds { pre_commit: fil(1), vesting: fil(2), pledge: fil(4), fee_debt: fil(3) };
        assert_eq!(funds, expected);
        let error = LockedFunds::of(&cbor(&(link, fil(1)))).unwrap_err();
        assert!(error.to_string().contains("the miner's state"), "{error}");
    }
}
