//! Estimates and the pool.

use async_trait::async_trait;
use num_bigint::BigInt;
use venus_core::{
    Address, Cid, EstimateMessage, EstimateResult, Message, MessageSendSpec, MpoolConfig,
    MpoolUpdate, SignedMessage, TipSetKey, TokenAmount,
    chain_api::{GasOracle, MessagePool},
    rpc::{RpcError, RpcStream},
};

use super::{Gas, ScriptedNode, State, unscripted::unscripted};

fn times(number: u64, factor: f64) -> u64 {
    (number as f64 * factor) as u64
}

fn estimate(gas: Gas, mut message: Message, spec: &MessageSendSpec) -> Result<Message, String> {
    if message.to == Address::id(666) {
        return Err(
            "estimating gas limit: message execution failed: exit SysErrInvalidReceiver(6), \
                    reason: message failed with backtrace: canned (RetCode=6)"
                .to_owned(),
        );
    }
    if message.method == 777 {
        let text = "estimating gas limit: message execution failed: exit \
                    SysErrInvalidMethod(22), reason: ";
        return Err(text.to_owned() + &"x".repeat(3000));
    }
    let none = TokenAmount::zero();
    if message.gas_limit == 0 {
        let used = u64::try_from(gas.used).unwrap();
        message.gas_limit = times(used, spec.gas_over_estimation).try_into().unwrap();
    }
    if message.method == 778 {
        message.gas_limit = 10_000_000_010;
    }
    if message.gas_premium == none {
        let factor = if spec.gas_over_premium > 0.0 { spec.gas_over_premium } else { 1.0 };
        message.gas_premium = TokenAmount::from_atto(times(gas.premium, factor));
    }
    if message.gas_fee_cap == none {
        let premium = message.gas_premium.atto().clone();
        message.gas_fee_cap = TokenAmount::from_atto(premium + gas.cap);
    }
    let max_fee = match spec.max_fee == none {
        true => BigInt::from(gas.max_fee),
        false => spec.max_fee.atto().clone(),
    };
    if message.gas_fee_cap.atto() * message.gas_limit > max_fee {
        message.gas_fee_cap = TokenAmount::from_atto(max_fee / message.gas_limit);
    }
    message.gas_premium = message.gas_premium.min(message.gas_fee_cap.clone());
    Ok(message)
}

impl State {
    fn take(&mut self, signed: SignedMessage) -> Result<Cid, String> {
        let (cid, message) = (signed.cid(), &signed.message);
        let place = (message.from, message.nonce);
        self.given.entry(place).or_default().insert(cid);
        if let Some(error) = self.errors.get("Push") {
            return Err(error.clone());
        }
        self.known.insert(cid, signed.clone());
        let next = self.head().after().get(&message.from).copied().unwrap_or_default();
        if message.nonce < next {
            return Err(format!("minimum expected nonce is {next}: message nonce too low"));
        }
        if message.gas_fee_cap < message.gas_premium {
            let text = "message not valid for block inclusion: 'GasFeeCap' less than 'GasPremium'";
            return Err(text.to_owned());
        }
        if let Some(there) = self.pending.get(&place) {
            if there.cid() == cid {
                return Err("message with nonce already exists".to_owned());
            }
            let floor = there.message.gas_premium.atto() * 110 / 100 + 1;
            if *message.gas_premium.atto() < floor {
                return Err("replace by fee has too low GasPremium".to_owned());
            }
        }
        self.pending.insert(place, signed);
        Ok(cid)
    }
}

#[async_trait]
impl MessagePool for ScriptedNode {
    async fn mpool_batch_push_untrusted(
        &self,
        messages: Vec<SignedMessage>,
    ) -> Result<Vec<Cid>, RpcError> {
        let mut state = self.called("MpoolBatchPushUntrusted")?;
        let place = |signed: &SignedMessage| (signed.message.from, signed.message.nonce);
        state.pushes.push(messages.iter().map(place).collect());
        messages.into_iter().map(|m| state.take(m).map_err(RpcError::method)).collect()
    }

    async fn mpool_get_config(&self) -> Result<MpoolConfig, RpcError> {
        unscripted("MpoolGetConfig")
    }
    async fn mpool_push(&self, _: SignedMessage) -> Result<Cid, RpcError> {
        unscripted("MpoolPush")
    }
    async fn mpool_batch_push(&self, _: Vec<SignedMessage>) -> Result<Vec<Cid>, RpcError> {
        unscripted("MpoolBatchPush")
    }
    async fn mpool_get_nonce(&self, _: Address) -> Result<u64, RpcError> {
        unscripted("MpoolGetNonce")
    }
    async fn mpool_pending(&self, _: TipSetKey) -> Result<Vec<SignedMessage>, RpcError> {
        Ok(self.called("MpoolPending")?.pending.values().cloned().collect())
    }
    async fn mpool_sub(&self) -> Result<RpcStream<MpoolUpdate>, RpcError> {
        unscripted("MpoolSub")
    }
}

#[async_trait]
impl GasOracle for ScriptedNode {
    async fn gas_estimate_message_gas(
        &self,
        message: Message,
        spec: Option<MessageSendSpec>,
        _: TipSetKey,
    ) -> Result<Message, RpcError> {
        let gas = self.called("GasEstimateMessageGas")?.gas;
        estimate(gas, message, &spec.unwrap_or_default()).map_err(RpcError::method)
    }

    async fn gas_batch_estimate_message_gas(
        &self,
        messages: Vec<EstimateMessage>,
        mut nonce: u64,
        _: TipSetKey,
    ) -> Result<Vec<EstimateResult>, RpcError> {
        let gas = self.called("GasBatchEstimateMessageGas")?.gas;
        let one = |EstimateMessage { msg, spec }| match estimate(
            gas,
            Message { nonce, ..msg },
            &spec.unwrap_or_default(),
        ) {
            Ok(message) => {
                nonce += 1;
                EstimateResult { msg: Some(message), err: String::new() }
            }
            Err(err) => EstimateResult { msg: None, err },
        };
        Ok(messages.into_iter().map(one).collect())
    }

    async fn gas_estimate_gas_limit(&self, _: Message, _: TipSetKey) -> Result<i64, RpcError> {
        unscripted("GasEstimateGasLimit")
    }
    async fn gas_estimate_gas_premium(
        &self,
        _: u64,
        _: Address,
        _: i64,
        _: TipSetKey,
    ) -> Result<TokenAmount, RpcError> {
        unscripted("GasEstimateGasPremium")
    }
    async fn gas_estimate_fee_cap(
        &self,
        _: Message,
        _: i64,
        _: TipSetKey,
    ) -> Result<TokenAmount, RpcError> {
        unscripted("GasEstimateFeeCap")
    }
}
