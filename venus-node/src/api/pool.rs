//! The message pool and gas.

use async_trait::async_trait;
use venus_core::{
    Address, Cid, EstimateMessage, EstimateResult, Message, MessageSendSpec, MpoolConfig,
    MpoolUpdate, SignedMessage, TipSetKey, TokenAmount,
    chain_api::{GasOracle, MessagePool},
    rpc::{RpcError, RpcStream},
};

use crate::{
    chain::Chain,
    error::{NodeError, Result},
    service::Node,
};

impl Chain {
    fn push_all(&self, messages: &[SignedMessage]) -> Result<Vec<Cid>> {
        messages.iter().map(|message| self.push(message)).collect()
    }

    fn next_nonce(&self, address: Address) -> Result<u64> {
        let state = self.view(&self.compute(&self.head())?.state)?;
        let actor = state.actor(&address)?;
        let mut next = actor
            .ok_or_else(|| {
                NodeError::Input(format!(
                    "resolution lookup failed ({address}): resolve address {address}: actor not \
                     found"
                ))
            })?
            .nonce;
        let own = self.pool.of(self.sender_key(&state, address)?);
        while own.contains_key(&next) {
            next += 1;
        }
        Ok(next)
    }

    fn pending(&self) -> Vec<SignedMessage> {
        let mut all: Vec<_> = self.pool.all().into_iter().collect();
        all.sort_unstable_by_key(|(sender, _)| *sender);
        all.into_iter().flat_map(|(_, own)| own.into_values()).collect()
    }
}

#[async_trait]
impl MessagePool for Node {
    async fn mpool_get_config(&self) -> Result<MpoolConfig, RpcError> {
        Ok(self.0.config.pool.to_wire())
    }

    async fn mpool_push(&self, message: SignedMessage) -> Result<Cid, RpcError> {
        self.run(move |chain| chain.push(&message)).await
    }

    async fn mpool_batch_push(&self, messages: Vec<SignedMessage>) -> Result<Vec<Cid>, RpcError> {
        self.run(move |chain| chain.push_all(&messages)).await
    }

    async fn mpool_batch_push_untrusted(
        &self,
        messages: Vec<SignedMessage>,
    ) -> Result<Vec<Cid>, RpcError> {
        self.run(move |chain| chain.push_all(&messages)).await
    }

    async fn mpool_get_nonce(&self, address: Address) -> Result<u64, RpcError> {
        self.run(move |chain| chain.next_nonce(address)).await
    }

    async fn mpool_pending(&self, _tsk: TipSetKey) -> Result<Vec<SignedMessage>, RpcError> {
        self.run(|chain| Ok(chain.pending())).await
    }

    async fn mpool_sub(&self) -> Result<RpcStream<MpoolUpdate>, RpcError> {
        Ok(self.0.pool.subscribe())
    }
}

#[async_trait]
impl GasOracle for Node {
    async fn gas_estimate_message_gas(
        &self,
        message: Message,
        spec: Option<MessageSendSpec>,
        _tsk: TipSetKey,
    ) -> Result<Message, RpcError> {
        self.run(move |chain| chain.estimate(message, spec.as_ref())).await
    }

    async fn gas_batch_estimate_message_gas(
        &self,
        messages: Vec<EstimateMessage>,
        from_nonce: u64,
        _tsk: TipSetKey,
    ) -> Result<Vec<EstimateResult>, RpcError> {
        self.run(move |chain| chain.estimate_batch(messages, from_nonce)).await
    }

    async fn gas_estimate_gas_limit(
        &self,
        message: Message,
        _tsk: TipSetKey,
    ) -> Result<i64, RpcError> {
        self.run(move |chain| chain.estimate_limit(&message)).await
    }

    async fn gas_estimate_gas_premium(
        &self,
        blocks: u64,
        _sender: Address,
        _gas_limit: i64,
        _tsk: TipSetKey,
    ) -> Result<TokenAmount, RpcError> {
        self.run(move |chain| chain.estimate_premium(blocks)).await
    }

    async fn gas_estimate_fee_cap(
        &self,
        message: Message,
        max_queue_blocks: i64,
        _tsk: TipSetKey,
    ) -> Result<TokenAmount, RpcError> {
        self.run(move |chain| Ok(chain.estimate_fee_cap(&message.gas_premium, max_queue_blocks)))
            .await
    }
}
