//! The base fee of the next epoch.

use std::collections::HashSet;

use num_bigint::BigInt;
use num_traits::{Signed, Zero};

use crate::{Message, TokenAmount};

/// The lowest base fee, attoFIL.
pub const MINIMUM_BASE_FEE: u32 = 100;

/// Gas that the messages of a block may claim together.
pub const BLOCK_GAS_LIMIT: u64 = 10_000_000_000;
/// Gas of a block that leaves the base fee as it is.
pub const BLOCK_GAS_TARGET: u64 = BLOCK_GAS_LIMIT / 2;
/// A base fee changes by an eighth at most.
const MAX_CHANGE: u32 = 8;
/// Gas units from the top at which the premium is looked up: 80 % of a block.
const PERCENTILE_INDEX: u128 = BLOCK_GAS_LIMIT as u128 * 8 / 10 - 1;
/// The network version from which premiums decide (FIP-0115).
const PREMIUM_RULE_VERSION: u32 = 28;

/// The base fee of a child of a tipset. `messages` are those of its blocks, block after block, BLS
/// ones first; the same message may come more than once.
pub fn child_base_fee<'a>(
    network_version: u32,
    parent: &TokenAmount,
    blocks: usize,
    messages: impl IntoIterator<Item = &'a Message>,
) -> TokenAmount {
    let messages = messages.into_iter();
    if network_version < PREMIUM_RULE_VERSION {
        let mut seen = HashSet::new();
        let used = messages
            .filter(|message| seen.insert(message.cid()))
            .map(|message| u128::from(gas_limit(message)))
            .sum();
        return next_by_utilisation(parent, used, blocks, true);
    }
    let mut seen = HashSet::new();
    let premiums = messages
        .filter(|message| seen.insert((message.from, message.nonce)))
        .map(|m| (effective_premium(parent, &m.gas_fee_cap, &m.gas_premium), gas_limit(m)))
        .collect();
    next_by_premium(parent, &percentile_premium(premiums))
}

/// A negative limit never gets into a block.
fn gas_limit(message: &Message) -> u64 {
    u64::try_from(message.gas_limit).unwrap_or(0)
}

/// The rule up to network version 27: fuller blocks than half raise the fee. `used` is the sum of
/// the gas limits of distinct messages. The first rule, up to the Smoke upgrade, counted
/// them 5/4-fold.
pub fn next_by_utilisation(
    base_fee: &TokenAmount,
    used: u128,
    blocks: usize,
    after_smoke: bool,
) -> TokenAmount {
    let blocks = blocks.max(1) as u128;
    let per_block = match after_smoke {
        true => used / blocks,
        false => 5 * used / (blocks * 4),
    };
    let target = BigInt::from(BLOCK_GAS_TARGET);
    let delta = (BigInt::from(per_block) - &target).min(target.clone()).max(-target.clone());
    let base = base_fee.atto();
    let change = floor_div(floor_div(base * delta, &target), &MAX_CHANGE.into());
    at_least_minimum(base + change)
}

/// The rule from network version 28 on: the fee follows `premium`, the one that the cheapest gas of
/// a nearly full block pays.
pub fn next_by_premium(base_fee: &TokenAmount, premium: &TokenAmount) -> TokenAmount {
    let base = base_fee.atto();
    let most = (base + (MAX_CHANGE - 1)) / MAX_CHANGE;
    let change = (premium.atto() - &most).min(most);
    at_least_minimum(base + change)
}

/// What a message really offers a miner above the base fee, for each unit of gas.
pub fn effective_premium(
    base_fee: &TokenAmount,
    fee_cap: &TokenAmount,
    premium: &TokenAmount,
) -> TokenAmount {
    let room = (fee_cap.atto() - base_fee.atto()).max(BigInt::zero());
    TokenAmount::from_atto(room.min(premium.atto().clone()))
}

/// The premium at 80 % of a block's gas when all gas is sorted by premium, highest first; zero if
/// there is not that much. Takes premium and gas limit of each message.
pub fn percentile_premium(mut premiums: Vec<(TokenAmount, u64)>) -> TokenAmount {
    premiums.sort_by(|a, b| b.0.cmp(&a.0));
    let mut gas = 0u128;
    premiums
        .into_iter()
        .find(|(_, limit)| {
            gas += u128::from(*limit);
            gas > PERCENTILE_INDEX
        })
        .map(|(premium, _)| premium)
        .unwrap_or_default()
}

fn at_least_minimum(fee: BigInt) -> TokenAmount {
    TokenAmount::from_atto(fee.max(MINIMUM_BASE_FEE.into()))
}

/// Division of Go's `big.Int.Div`: towards minus infinity for a positive divisor.
pub(super) fn floor_div(value: BigInt, divisor: &BigInt) -> BigInt {
    let quotient = &value / divisor;
    match value.is_negative() && !(&value % divisor).is_zero() {
        true => quotient - 1,
        false => quotient,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Address, Bytes};

    fn atto(n: u64) -> TokenAmount {
        TokenAmount::from_atto(n)
    }

    #[test]
    fn utilisation_moves_the_fee_as_in_lotus() {
        for (fee, used, blocks, before, after) in [
            (100_000_000, 0, 1, Some(87_500_000), 87_500_000),
            (100_000_000, 0, 5, Some(87_500_000), 87_500_000),
            (100_000_000, 5_000_000_000, 1, Some(103_125_000), 100_000_000),
            (100_000_000, 10_000_000_000, 2, Some(103_125_000), 100_000_000),
            (100_000_000, 20_000_000_000, 2, Some(112_500_000), 112_500_000),
            (100_000_000, 15_000_000_000, 2, Some(110_937_500), 106_250_000),
            (800, 4_999_999_999, 1, None, 799),
            (1000, 4_999_999_999, 1, None, 999),
            (101, 0, 1, None, 100),
        ] {
            assert_eq!(next_by_utilisation(&atto(fee), used, blocks, true), atto(after));
            if let Some(before) = before {
                assert_eq!(next_by_utilisation(&atto(fee), used, blocks, false), atto(before));
            }
        }
    }

    #[test]
    fn premiums_move_the_fee_as_in_lotus() {
        for (fee, premium, next) in [
            (100, 0, 100),
            (100, 13, 100),
            (100, 14, 101),
            (100, 26, 113),
            (801, 0, 700),
            (801, 20, 720),
            (801, 100, 800),
            (801, 200, 900),
            (801, 201, 901),
            (808, 0, 707),
            (808, 1, 708),
            (808, 201, 908),
            (808, 202, 909),
            (808, 203, 909),
        ] {
            assert_eq!(next_by_premium(&atto(fee), &atto(premium)), atto(next), "{fee} {premium}");
        }
    }

    #[test]
    fn the_percentile_is_that_of_lotus() {
        let giga = 1_000_000_000;
        for (premiums, expected) in [
            (vec![], 0),
            (vec![(123, 5_999_999_999), (100, 2_000_000_000)], 0),
            (vec![(123, 5_999_999_999), (0, 2_000_000_001)], 0),
            (vec![(123, 5_999_999_999), (100, 2_000_000_001)], 100),
            (vec![(123, 7_999_999_999), (100, 2_000_000_001)], 100),
            (vec![(123, 8 * giga), (100, 2 * giga)], 123),
            (
                vec![
                    (100, 4 * giga),
                    (200, giga),
                    (300, 2 * giga),
                    (400, giga),
                    (500, 2 * giga),
                    (600, 2 * giga),
                    (700, 3 * giga),
                ],
                400,
            ),
        ] {
            let premiums = premiums.into_iter().map(|(p, limit)| (atto(p), limit)).collect();
            assert_eq!(percentile_premium(premiums), atto(expected));
        }
    }

    #[test]
    fn a_premium_counts_as_far_as_the_cap_allows() {
        for (base, cap, premium, expected) in [
            (8, 8, 8, 0),
            (8, 16, 7, 7),
            (8, 19, 10, 10),
            (123_456, 123_455, 123_455, 0),
            (123_456, 1_234_567, 1_111_112, 1_111_111),
        ] {
            assert_eq!(effective_premium(&atto(base), &atto(cap), &atto(premium)), atto(expected));
        }
    }

    #[test]
    fn a_message_in_two_blocks_counts_once() {
        let mut message =
            Message::call(Address::id(100), Address::id(101), atto(0), 0, Bytes::default());
        message.gas_limit = 9_000_000_000;
        message.gas_fee_cap = atto(1_000_000);
        message.gas_premium = atto(500);
        let twice = [message.clone(), message.clone()];
        // 4.5e9 a block, a tenth under the target: 100 * -0.1 / 8, rounded down.
        assert_eq!(child_base_fee(27, &atto(1000), 2, &twice), atto(987));
        assert_eq!(child_base_fee(28, &atto(1000), 2, &twice), atto(1125));

        // Another message with the same nonce counts for the old rule alone.
        let mut other = message;
        other.value = atto(1);
        let both = [&twice[0], &other];
        assert_eq!(child_base_fee(27, &atto(1000), 2, both), atto(1100));
        assert_eq!(child_base_fee(28, &atto(1000), 2, both), atto(1125));
    }
}
