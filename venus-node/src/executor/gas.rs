//! Gas: prices, and who pays.
//!
//! Prices are those of network 21 and later (fvm: src/gas/price_list.rs). Messages without actor
//! code cost exactly what they cost on the real network. The instructions of actor code, which is
//! native here, are represented by one constant a block and one a method, see [`wasm`].

use fvm_shared::econ::TokenAmount;
use venus_core::consensus::effective_premium;
pub use venus_core::consensus::{BLOCK_GAS_LIMIT, BLOCK_GAS_TARGET};

use super::buffer::IoStats;
use super::codes::ActorKind;

pub(crate) const TRANSFER: u64 = 6_000;
pub(crate) const INVOKE: u64 = 75_000;
pub(crate) const LOOKUP: u64 = 500_000;
pub(crate) const UPDATE: u64 = 475_000;
pub(crate) const CREATE: u64 = 650_000;
pub(crate) const NEW_ADDRESS: u64 = 1_000_000;
pub(crate) const MAP_ADDRESS: u64 = 1_050_000;
pub(crate) const VERIFY_SEAL: u64 = 42_000_000;
pub(crate) const UNSEALED_CID: u64 = 98_647;

/// Gas for being on chain, which is due even when a message fails at once.
pub(crate) fn on_chain(len: usize) -> u64 {
    38_863 + UPDATE + 1_300 * (36 + len as u64)
}

pub(crate) fn return_value(len: usize) -> u64 {
    1_300 * len as u64
}

pub(crate) fn randomness(lookback: i64) -> u64 {
    146_200 + 75 * lookback.max(0).unsigned_abs()
}

pub(crate) fn verify_post(sectors: usize) -> u64 {
    117_680_921 + 43_780 * sectors as u64
}

/// Aggregated seals; the table of 32 GiB serves all sizes.
pub(crate) fn verify_aggregate(sectors: usize) -> u64 {
    const STEPS: [(usize, u64); 8] = [
        (4, 103_994_170),
        (7, 112_356_810),
        (13, 122_912_610),
        (26, 137_559_930),
        (52, 162_039_100),
        (103, 210_960_780),
        (205, 318_351_180),
        (410, 528_274_980),
    ];
    let step = STEPS.iter().rev().find(|(n, _)| sectors >= *n).map_or(STEPS[0].1, |s| s.1);
    449_900 * sectors as u64 + step
}

/// Instructions of decoding a block and of encoding one, calibrated like [`wasm`].
const DECODE: u64 = 108_000;
const ENCODE: u64 = 90_000;

/// Blocks opened and written by actor code.
pub(crate) fn io(before: IoStats, after: IoStats) -> u64 {
    let (reads, writes) = (after.reads - before.reads, after.writes - before.writes);
    let written = after.written - before.written;
    (187_440 + DECODE) * reads + (334_000 + 172_000 + ENCODE) * writes + (3_340 + 10) * written
}

/// Constructor of an account: what the recorded transfers to new f1 and f3 addresses cost beyond
/// the priced operations.
pub(crate) fn account_constructor(bls: bool) -> u64 {
    if bls { 1_420_432 } else { 1_322_576 }
}

/// Instructions of actor code that every call runs.
pub(crate) const DISPATCH: u64 = 600_000;

/// Further instructions of a method that succeeds, beyond those of its blocks.
///
/// Calibrated once against the recorded chains `shared/wire/node/lotus-2k-nv28*`: recorded gas
/// minus what the priced operations of this executor add up to, rounded. The test `replay` prints
/// how far off the sum is.
pub(crate) fn wasm(kind: ActorKind, method: u64) -> u64 {
    use ActorKind::{Init, Miner};
    match (kind, method) {
        (Init, 2) => 1_500_000,
        (Miner, 1) => 3_700_000,
        (Miner, 5) => 450_000,
        (Miner, 9) => 1_450_000,
        (Miner, 10) => 300_000,
        (Miner, 11) => 950_000,
        (Miner, 16) => 240_000,
        (Miner, 28) => 850_000,
        (Miner, 34) => 850_000,
        _ => 0,
    }
}

/// Who is paid what for a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GasOutputs {
    /// Burnt for the gas used.
    pub base_fee_burn: TokenAmount,
    /// Burnt because the limit was far above use.
    pub over_estimation_burn: TokenAmount,
    /// Owed by the miner for including an underpriced message.
    pub miner_penalty: TokenAmount,
    /// Paid to the miner.
    pub miner_tip: TokenAmount,
    /// Given back to the sender.
    pub refund: TokenAmount,
    /// Gas of the refund.
    pub gas_refund: u64,
    /// Gas of the over-estimation burn.
    pub gas_burned: u64,
}

/// Splits what was deducted for a message (node.md 18.3).
pub fn gas_outputs(
    used: u64,
    limit: u64,
    base_fee: &TokenAmount,
    fee_cap: &TokenAmount,
    premium: &TokenAmount,
) -> GasOutputs {
    let mut out = GasOutputs::default();
    let base_fee_to_pay = if base_fee > fee_cap {
        out.miner_penalty = (base_fee - fee_cap) * used;
        fee_cap.clone()
    } else {
        base_fee.clone()
    };
    out.base_fee_burn = &base_fee_to_pay * used;
    let [base, cap, most] = [base_fee, fee_cap, premium].map(|amount| amount.clone().into());
    out.miner_tip = TokenAmount::from(effective_premium(&base, &cap, &most)) * limit;
    (out.gas_refund, out.gas_burned) = over_estimation(used, limit);
    if out.gas_burned > 0 {
        out.over_estimation_burn = &base_fee_to_pay * out.gas_burned;
        out.miner_penalty += (base_fee - &base_fee_to_pay) * out.gas_burned;
    }
    out.refund = fee_cap * limit - &out.base_fee_burn - &out.miner_tip - &out.over_estimation_burn;
    out
}

/// Gas refunded and gas burnt of the part of the limit that was not used.
pub fn over_estimation(used: u64, limit: u64) -> (u64, u64) {
    if used == 0 {
        return (0, limit);
    }
    let (used, limit) = (i128::from(used), i128::from(limit));
    let over = limit - 11 * used / 10;
    if over < 0 {
        return ((limit - used) as u64, 0);
    }
    let burn = (limit - used) * over.min(used) / used;
    ((limit - used - burn) as u64, burn as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn atto(n: u64) -> TokenAmount {
        TokenAmount::from_atto(n)
    }

    #[test]
    fn over_estimation_vectors() {
        for (used, limit, refund, burn) in [
            (100, 200, 10, 90),
            (100, 150, 30, 20),
            (1000, 1300, 240, 60),
            (500, 700, 140, 60),
            (200, 200, 0, 0),
            (20000, 21000, 1000, 0),
            (0, 2000, 0, 2000),
            (500, 651, 121, 30),
            (500, 5000, 0, 4500),
        ] {
            assert_eq!(over_estimation(used, limit), (refund, burn), "{used} of {limit}");
        }
    }

    #[test]
    fn gas_output_vectors() {
        for (limit, cap, burn, over, penalty, tip, refund) in [
            (110, 11, 1000, 0, 0, 110, 100),
            (130, 11, 1000, 60, 0, 130, 240),
            (110, 10, 1000, 0, 0, 0, 100),
            (110, 6, 600, 0, 400, 0, 60),
        ] {
            let out = gas_outputs(100, limit, &atto(10), &atto(cap), &atto(1));
            assert_eq!(out.base_fee_burn, atto(burn));
            assert_eq!(out.over_estimation_burn, atto(over));
            assert_eq!(out.miner_penalty, atto(penalty));
            assert_eq!(out.miner_tip, atto(tip));
            assert_eq!(out.refund, atto(refund));
        }
    }
}
