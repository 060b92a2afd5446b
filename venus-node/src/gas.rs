//! Estimating gas (node.md 9).

use std::sync::Arc;

use venus_core::{
    EstimateMessage, EstimateResult, Message, MessageSendSpec, Signature, SignatureType,
    SignedMessage, TipSet, TokenAmount,
};

use crate::{
    chain::{Chain, chain_message},
    error::{NodeError, Result},
    executor::{BLOCK_GAS_LIMIT, BLOCK_GAS_TARGET, ChainMessage, ExecutorError, MessageTrace},
};

const MIN_PREMIUM: u64 = 100_000;
/// Blocks in which an estimated message is to be included.
const INCLUSION_BLOCKS: u64 = 10;
/// Blocks that an estimated fee cap survives.
const QUEUE_BLOCKS: i64 = 20;
/// Bits of fraction of the factors.
const PRECISION: u32 = 32;

/// The name of an exit code as it stands in error texts.
pub(crate) fn exit_name(code: u32) -> String {
    let name = match code {
        0 => "Ok",
        1 => "SysErrSenderInvalid",
        2 => "SysErrSenderStateInvalid",
        4 => "SysErrIllegalInstruction",
        5 => "SysErrInvalidReceiver",
        6 => "SysErrInsufficientFunds",
        7 => "SysErrOutOfGas",
        9 => "SysErrIllegalExitCode",
        10 => "SysFatal",
        11 => "SysErrMissingReturn",
        16 => "ErrIllegalArgument",
        17 => "ErrNotFound",
        18 => "ErrForbidden",
        19 => "ErrInsufficientFunds",
        20 => "ErrIllegalState",
        21 => "ErrSerialization",
        22 => "ErrUnhandledMessage",
        23 => "ErrUnspecified",
        24 => "ErrAssertionFailed",
        25 => "ErrReadOnly",
        26 => "ErrNotPayable",
        other => return format!("{other}"),
    };
    format!("{name}({code})")
}

fn failure(trace: &MessageTrace) -> NodeError {
    let code = trace.receipt.exit_code.value();
    NodeError::ExecutionFailed(format!(
        "message execution failed: exit {}, reason: {}",
        exit_name(code),
        backtrace(trace)
    ))
}

/// What is said of a sender that there is not.
pub(crate) fn no_sender(message: &Message) -> String {
    format!("sender {} not found on chain: sender validation failed", message.from)
}

/// Why a message failed, in the form of the Go nodes.
pub(crate) fn backtrace(trace: &MessageTrace) -> String {
    /// The first exit code that an actor may end with.
    const FIRST_OF_ACTORS: u32 = 16;
    let (code, message) = (trace.receipt.exit_code.value(), &trace.message);
    let place = match message.to.id() {
        _ if code < FIRST_OF_ACTORS => "--> caused by: send::send".to_owned(),
        Ok(id) => format!("00: f0{id} (method {})", message.method_num),
        Err(_) => format!("00: {} (method {})", message.to, message.method_num),
    };
    // The machine names its own refusals by the numbers of its system calls.
    let cause = match code {
        5 => "6: resource not found".to_owned(),
        6 => "5: insufficient funds".to_owned(),
        other => other.to_string(),
    };
    format!(
        "message failed with backtrace:\n{place} -- {} ({cause})\n (RetCode={code})",
        trace.error
    )
}

/// Puts what was being done before an error's text.
fn during(what: &str) -> impl Fn(NodeError) -> NodeError {
    move |error| match error {
        NodeError::ExecutionFailed(text) => NodeError::ExecutionFailed(format!("{what}: {text}")),
        other => NodeError::ExecutionFailed(format!(
            "{what}: {}",
            venus_core::rpc::RpcError::from(other)
        )),
    }
}

impl Chain {
    /// The units that a message uses, after the waiting messages of its sender.
    pub(crate) fn estimate_limit(&self, message: &Message) -> Result<i64> {
        let head = self.head();
        let prior = self.waiting(message)?;
        self.limit_after(&head, prior, message)
    }

    fn waiting(&self, message: &Message) -> Result<Vec<ChainMessage>> {
        let state = self.view(&self.compute(&self.head())?.state)?;
        let sender = self.sender_key(&state, message.from)?;
        let waiting = self.pool.of(sender);
        Ok(waiting.values().map(chain_message).collect())
    }

    fn limit_after(
        &self,
        head: &Arc<TipSet>,
        prior: Vec<ChainMessage>,
        message: &Message,
    ) -> Result<i64> {
        let mut tried = message.clone();
        tried.gas_limit = i64::try_from(BLOCK_GAS_LIMIT).unwrap_or(i64::MAX);
        let trace = self.try_message(head, prior, &tried).map_err(|e| match e {
            NodeError::Executor(ExecutorError::NoActor(_)) => NodeError::Input(format!(
                "gas estimation failed: CallWithGas failed: {}",
                no_sender(message)
            )),
            other => other,
        })?;
        if !trace.receipt.exit_code.is_success() {
            return Err(failure(&trace));
        }
        Ok(i64::try_from(trace.receipt.gas_used).unwrap_or(i64::MAX))
    }

    fn over_estimate(&self, limit: i64, spec: Option<&MessageSendSpec>) -> i64 {
        let factor = spec.map(|s| s.gas_over_estimation).filter(|f| *f > 0.0);
        let factor = factor.unwrap_or(self.config.pool.gas_over_estimation);
        let most = i64::try_from(BLOCK_GAS_LIMIT).unwrap_or(i64::MAX);
        // Far below 2^53, where floats are exact.
        ((limit as f64 * factor) as i64).min(most)
    }

    /// The premium to be included within so many blocks.
    pub(crate) fn estimate_premium(&self, blocks: u64) -> Result<TokenAmount> {
        let blocks = blocks.clamp(1, 128);
        let mut tipset = self.head();
        let mut seen = 0;
        let mut prices = Vec::new();
        for _ in 0..blocks * 2 {
            if tipset.height() == 0 {
                break;
            }
            tipset = self.parent(&tipset)?;
            seen += tipset.blocks().len() as u64;
            for cid in self.compute(&tipset)?.messages {
                let message = self.store.message(&cid)?;
                prices.push((message.gas_premium, message.gas_limit.unsigned_abs()));
            }
        }
        let floor = match blocks {
            1 => MIN_PREMIUM * 2,
            2 => MIN_PREMIUM * 3 / 2,
            _ => MIN_PREMIUM,
        };
        let median = median_premium(prices, seen);
        let premium = if *median.atto() < MIN_PREMIUM.into() {
            TokenAmount::from_atto(floor)
        } else {
            median
        };
        Ok(scale(&premium, 1.0 + normal() * self.config.pool.premium_noise))
    }

    /// The fee cap that survives so many blocks of rising base fee.
    pub(crate) fn estimate_fee_cap(&self, premium: &TokenAmount, queue: i64) -> TokenAmount {
        let growth = 1.125f64.powi(i32::try_from(queue).unwrap_or(i32::MAX).clamp(0, 400));
        let factor = (growth * 256.0).floor();
        let base = self.head().base_fee().clone();
        let factor = num_bigint::BigInt::from(factor as u128);
        TokenAmount::from_atto(base.atto() * factor / 256) + premium.clone()
    }

    /// Fills in the gas fields that are zero.
    pub(crate) fn estimate(
        &self,
        message: Message,
        spec: Option<&MessageSendSpec>,
    ) -> Result<Message> {
        let prior = if message.gas_limit == 0 { self.waiting(&message)? } else { Vec::new() };
        let head = self.head();
        self.estimate_after(&head, prior, message, spec, "estimating gas used")
    }

    fn estimate_after(
        &self,
        head: &Arc<TipSet>,
        prior: Vec<ChainMessage>,
        mut message: Message,
        spec: Option<&MessageSendSpec>,
        step: &str,
    ) -> Result<Message> {
        let zero = TokenAmount::zero();
        if message.gas_limit == 0 {
            let limit = self.limit_after(head, prior, &message).map_err(during(step))?;
            message.gas_limit = self.over_estimate(limit, spec);
        }
        if message.gas_premium == zero {
            let premium = self
                .estimate_premium(INCLUSION_BLOCKS)
                .map_err(during("estimating gas premium"))?;
            let factor = spec.map(|s| s.gas_over_premium).filter(|f| *f > 0.0);
            message.gas_premium = factor.map_or(premium.clone(), |f| scale(&premium, f));
        }
        if message.gas_fee_cap == zero {
            message.gas_fee_cap = self.estimate_fee_cap(&message.gas_premium, QUEUE_BLOCKS);
        }
        let most = spec.map(|s| s.max_fee.clone()).filter(|fee| *fee > zero);
        let most = most.unwrap_or_else(|| TokenAmount::from_fil(self.config.pool.max_fee));
        if message.gas_limit > 0 && message.required_funds() > most {
            message.gas_fee_cap = TokenAmount::from_atto(most.atto() / message.gas_limit);
        }
        message.gas_premium = message.gas_premium.min(message.gas_fee_cap.clone());
        Ok(message)
    }

    /// Fills in gas and nonces of messages of one sender; one that fails takes no nonce.
    pub(crate) fn estimate_batch(
        &self,
        messages: Vec<EstimateMessage>,
        mut nonce: u64,
    ) -> Result<Vec<EstimateResult>> {
        let first = messages.first();
        let first = first.ok_or_else(|| NodeError::Input("estimate messages are empty".into()))?;
        let head = self.head();
        let mut prior = self.waiting(&first.msg)?;
        let mut results = Vec::new();
        for EstimateMessage { mut msg, spec } in messages {
            msg.nonce = nonce;
            let step = "estimating gas limit";
            let estimated =
                self.estimate_after(&head, prior.clone(), msg.clone(), spec.as_ref(), step);
            results.push(match estimated {
                Ok(message) => {
                    nonce += 1;
                    prior.push(unsigned(&message));
                    EstimateResult { msg: Some(message), err: String::new() }
                }
                Err(error) => {
                    msg.nonce = 0;
                    EstimateResult { msg: Some(msg), err: error.to_string() }
                }
            });
        }
        Ok(results)
    }
}

/// A message that has yet to be signed, as long as it will be.
fn unsigned(message: &Message) -> ChainMessage {
    use fvm_shared::address::Protocol;
    let (kind, length) = match message.from.protocol() {
        Protocol::BLS => (SignatureType::Bls, 96),
        Protocol::Delegated => (SignatureType::Delegated, 65),
        _ => (SignatureType::Secp256k1, 65),
    };
    let signature = Signature { kind, data: vec![0; length].into() };
    chain_message(&SignedMessage { message: message.clone(), signature })
}

/// The premium in the middle of what recent blocks had room for.
fn median_premium(mut prices: Vec<(TokenAmount, u64)>, blocks: u64) -> TokenAmount {
    prices.sort_by(|a, b| b.0.cmp(&a.0));
    let place = u128::from(BLOCK_GAS_TARGET) * u128::from(blocks);
    let place = place / 2 + place / 40;
    let (mut last, mut before) = (TokenAmount::zero(), TokenAmount::zero());
    let mut gas = 0u128;
    for (premium, limit) in prices {
        before = std::mem::replace(&mut last, premium);
        gas += u128::from(limit);
        if gas > place {
            break;
        }
    }
    if before == TokenAmount::zero() {
        return last;
    }
    TokenAmount::from_atto((last.atto() + before.atto()) / 2)
}

fn scale(amount: &TokenAmount, factor: f64) -> TokenAmount {
    let factor = factor.clamp(0.0, 1e6) * f64::from(2f32.powi(PRECISION.cast_signed()));
    TokenAmount::from_atto((amount.atto() * (factor as u128)) >> PRECISION)
}

/// A draw of the standard normal distribution (Box and Muller).
fn normal() -> f64 {
    let radius = (-2.0 * (1.0 - rand::random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * rand::random::<f64>()).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_that_of_lotus() {
        let prices = |list: &[(u64, u64)]| -> Vec<_> {
            list.iter().map(|(p, limit)| (TokenAmount::from_atto(*p), *limit)).collect()
        };
        let target = BLOCK_GAS_TARGET;
        for (list, blocks, expected) in [
            (&[][..], 1, 0),
            (&[(5, target)][..], 1, 5),
            (&[(5, target), (10, target)], 1, 10),
            (&[(10, target / 2), (5, target)], 1, 7),
            (&[(10, target / 2), (20, target / 2)], 1, 15),
            (&[(10, target + 1), (20, target), (30, target)], 2, 25),
        ] {
            let median = median_premium(prices(list), blocks);
            assert_eq!(median, TokenAmount::from_atto(expected), "{list:?}");
        }
    }

    #[test]
    fn scaling_is_exact_where_it_can_be() {
        let amount = TokenAmount::from_atto(100_000);
        assert_eq!(scale(&amount, 1.0), amount);
        assert_eq!(scale(&amount, 1.5), TokenAmount::from_atto(150_000));
    }

    #[test]
    fn draws_are_normal() {
        let draws: Vec<f64> = (0..10_000).map(|_| normal()).collect();
        let mean = draws.iter().sum::<f64>() / 10_000.0;
        let square = draws.iter().map(|d| d * d).sum::<f64>() / 10_000.0;
        assert!(mean.abs() < 0.1 && (square - 1.0).abs() < 0.1, "{mean} {square}");
    }
}
