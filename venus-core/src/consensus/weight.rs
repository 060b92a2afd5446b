//! Which chain counts.

use std::cmp::Ordering;

use num_bigint::BigInt;
use num_traits::Signed;

use crate::{Ticket, TipSet};

/// The weight of the chain up to and including a tipset: that of its parents, `network_power` (of
/// all miners, quality-adjusted, at its parent state) and the sum of its blocks' win counts.
pub fn tipset_weight(parent_weight: &BigInt, network_power: &BigInt, wins: i64) -> BigInt {
    let bits = match network_power.is_positive() {
        true => network_power.bits() - 1,
        false => 0,
    };
    let power = BigInt::from(bits) << 8;
    // A leader is worth half the power term, shared by the five of an average epoch.
    let leaders = &power * wins / 10;
    parent_weight + power + leaders
}

/// Whether `new` beats `old`, given their weights: by weight, then by the tickets in order.
pub fn is_heavier(new: (&TipSet, &BigInt), old: (&TipSet, &BigInt)) -> bool {
    match new.1.cmp(old.1) {
        Ordering::Greater => true,
        Ordering::Less => false,
        Ordering::Equal => {
            let digests = |tipset: &TipSet| -> Vec<_> {
                tipset.blocks().iter().map(|b| b.ticket.as_ref().map(Ticket::digest)).collect()
            };
            digests(new.0)
                .into_iter()
                .zip(digests(old.0))
                .map(|(new, old)| new.cmp(&old))
                .find(|order| *order != Ordering::Equal)
                == Some(Ordering::Less)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_those_of_lotus() {
        for (parent, power, wins, expected) in [
            (1000u64, BigInt::from(1) << 60, 5, 24040u64),
            (0, (BigInt::from(1) << 60) + 5, 7, 26112),
            (0, 20480.into(), 1, 3942),
            (100_000, 81920.into(), 4, 105_734),
            (0, BigInt::from(1) << 51, 5, 19584),
        ] {
            assert_eq!(tipset_weight(&parent.into(), &power, wins), expected.into());
        }
    }
}
