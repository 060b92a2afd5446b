//! Which prices apply to a message: its own first, then the sender's, then those for all.

use venus_core::{
    MessageSendSpec, TokenAmount,
    api::messager::{FeeSpec, SendSpec},
};

/// The prices that apply.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fees {
    /// For the node's estimate.
    pub(crate) spec: MessageSendSpec,
    /// AttoFIL a unit; zero: as estimated, or as the message has it.
    pub(crate) fee_cap: TokenAmount,
    /// Above it nothing is sent; zero: no limit.
    pub(crate) base_fee_limit: TokenAmount,
}

/// Merges what the message says with `levels`, the nearest first.
pub(crate) fn merge(meta: &SendSpec, own_fee_cap: &TokenAmount, levels: &[&FeeSpec]) -> Fees {
    let factor = |own: f64, of: fn(&FeeSpec) -> f64| {
        std::iter::once(own).chain(levels.iter().map(|l| of(l))).find(|f| *f != 0.0).unwrap_or(0.0)
    };
    let amount = |own: &TokenAmount, of: fn(&FeeSpec) -> &TokenAmount| {
        let set = |amount: &&TokenAmount| !amount.atto().eq(TokenAmount::zero().atto());
        std::iter::once(own).chain(levels.iter().map(|l| of(l))).find(set).cloned()
    };
    let none = TokenAmount::zero();
    let fee_cap = match *own_fee_cap == none {
        true => amount(&none, |l| &l.gas_fee_cap).unwrap_or_default(),
        false => TokenAmount::zero(),
    };
    Fees {
        spec: MessageSendSpec {
            max_fee: amount(&meta.max_fee, |l| &l.max_fee).unwrap_or_default(),
            gas_over_estimation: factor(meta.gas_over_estimation, |l| l.gas_over_estimation),
            gas_over_premium: factor(meta.gas_over_premium, |l| l.gas_over_premium),
        },
        fee_cap,
        base_fee_limit: amount(&none, |l| &l.base_fee).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn atto(n: u64) -> TokenAmount {
        TokenAmount::from_atto(n)
    }

    fn level(over: f64, max: u64, cap: u64, premium: f64, base: u64) -> FeeSpec {
        FeeSpec {
            gas_over_estimation: over,
            max_fee: atto(max),
            gas_fee_cap: atto(cap),
            gas_over_premium: premium,
            base_fee: atto(base),
        }
    }

    fn merged(over: f64, max: u64, cap: u64, premium: f64, base: u64) -> Fees {
        Fees {
            spec: MessageSendSpec {
                max_fee: atto(max),
                gas_over_estimation: over,
                gas_over_premium: premium,
            },
            fee_cap: atto(cap),
            base_fee_limit: atto(base),
        }
    }

    /// Rows 8 to 13 of messager.md 25.
    #[test]
    fn the_nearest_level_that_says_something_wins() {
        const MAX: u64 = 70_000_000_000_000_000;
        let (plain, empty) = (level(1.25, MAX, 0, 0.0, 0), FeeSpec::default());
        let none = SendSpec::default();
        assert_eq!(merge(&none, &atto(0), &[&empty, &plain]), merged(1.25, MAX, 0, 0.0, 0));

        let shared = level(1.25, MAX, 10_000, 1.0, 10_000);
        let address = level(1.5, 50_000, 50_000, 5.0, 50_001);
        let actor = level(2.0, 60_000, 60_000, 6.0, 60_001);
        let meta = SendSpec {
            gas_over_estimation: 1.4,
            max_fee: atto(40_000),
            gas_over_premium: 4.0,
            ..SendSpec::default()
        };
        for (meta, cap, levels, expected) in [
            (&meta, 0, [&address, &empty, &shared], merged(1.4, 40_000, 50_000, 4.0, 50_001)),
            (&none, 0, [&address, &empty, &shared], merged(1.5, 50_000, 50_000, 5.0, 50_001)),
            (&none, 0, [&empty, &empty, &shared], merged(1.25, MAX, 10_000, 1.0, 10_000)),
            (&none, 10_000, [&address, &empty, &shared], merged(1.5, 50_000, 0, 5.0, 50_001)),
            (&none, 10_000, [&empty, &actor, &shared], merged(2.0, 60_000, 0, 6.0, 60_001)),
        ] {
            assert_eq!(merge(meta, &atto(cap), &levels), expected);
        }
    }
}
