//! Asking the node for gas.

use venus_core::{
    EstimateMessage, EstimateResult, TipSetKey,
    rpc::{RpcError, codes},
};

use crate::{
    error::{MessagerError, Result, ask},
    service::Inner,
};

/// Most gas units that a message may have.
pub(super) const MAX_GAS: i64 = 10_000_000_000;

/// Estimates messages of one sender, in order. A node without the batch call, as Lotus is, is asked
/// for each by itself.
pub(super) async fn estimate(
    inner: &Inner,
    messages: Vec<EstimateMessage>,
    nonce: u64,
    tsk: &TipSetKey,
) -> Result<Vec<EstimateResult>> {
    let count = messages.len();
    let call = inner.chain.gas_batch_estimate_message_gas(messages.clone(), nonce, tsk.clone());
    let results = match ask(inner.config.estimate_timeout, "estimate message failed", call).await {
        Err(MessagerError::Node { source: RpcError::Remote { code, .. }, .. })
            if code == codes::METHOD_NOT_FOUND =>
        {
            one_by_one(inner, messages, nonce, tsk).await?
        }
        results => results?,
    };
    match results.len() == count {
        true => Ok(results),
        false => Err(MessagerError::Node {
            what: "estimate message failed",
            source: RpcError::Decode {
                what: "the estimates".to_owned(),
                reason: format!("{count} were asked for, {} were given", results.len()),
            },
        }),
    }
}

async fn one_by_one(
    inner: &Inner,
    messages: Vec<EstimateMessage>,
    mut nonce: u64,
    tsk: &TipSetKey,
) -> Result<Vec<EstimateResult>> {
    let mut results = Vec::with_capacity(messages.len());
    for EstimateMessage { mut msg, spec } in messages {
        msg.nonce = nonce;
        let call = inner.chain.gas_estimate_message_gas(msg, spec, tsk.clone());
        results.push(match ask(inner.config.estimate_timeout, "estimating", call).await {
            Ok(message) => {
                nonce += 1;
                EstimateResult { msg: Some(message), err: String::new() }
            }
            Err(MessagerError::Node { source: RpcError::Remote { message: err, .. }, .. }) => {
                EstimateResult { msg: None, err }
            }
            Err(error) => return Err(error),
        });
    }
    Ok(results)
}
