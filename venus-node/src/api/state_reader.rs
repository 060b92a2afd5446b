//! Actors, the fate of messages, randomness.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use futures::StreamExt;
use venus_core::{
    Actor, Address, Bytes, ChainEpoch, Cid, HeadChangeType, InvocResult, Message, MsgGasCost,
    MsgLookup, Receipt, TipSet, TipSetKey, TokenAmount,
    chain_api::{HeadStream, StateReader},
    consensus::draw_from_digest,
    rpc::RpcError,
};

use crate::{
    chain::Chain,
    error::{NodeError, Result},
    executor::{ExecutorError, MessageTrace, StateView},
    gas::{backtrace, no_sender},
    search::MAX_CONFIDENCE,
    service::Node,
};

impl Chain {
    /// The state before the messages of a tipset.
    pub(crate) fn view_at(&self, tipset: &TipSet) -> Result<StateView<'_>> {
        self.view(&tipset.parent_state())
    }

    fn account_key(&self, address: Address, tipset: &TipSet) -> Result<Address> {
        self.view_at(tipset)?.account_key(&address).map(Address::from).map_err(|e| match e {
            ExecutorError::WrongActor { .. } => {
                let kind = self.kind_name(address, tipset).unwrap_or_default();
                NodeError::Input(format!(
                    "failed to get account actor state for {address}: actor code is not account: {kind}"
                ))
            }
            other => other.into(),
        })
    }

    fn kind_name(&self, address: Address, tipset: &TipSet) -> Option<&'static str> {
        let actor = self.view_at(tipset).ok()?.actor(&address).ok()??;
        Some(actor.kind()?.name())
    }

    fn call(&self, mut message: Message, tipset: &Arc<TipSet>) -> Result<InvocResult> {
        let state = tipset.parent_state();
        let sender = self.view(&state)?.actor(&message.from)?;
        let sender = sender.ok_or_else(|| NodeError::Input(no_sender(&message)))?;
        message.gas_limit = 0;
        let trace = self.try_on(tipset, state, tipset.height(), Vec::new(), &message, true)?;
        // What it is tried with is told, too.
        message.nonce = sender.nonce;
        message.gas_limit = i64::MAX / 2;
        Ok(invocation(message, &trace))
    }

    fn draw(&self, tag: i64, epoch: ChainEpoch, entropy: &[u8], digest: [u8; 32]) -> Bytes {
        draw_from_digest(&digest, tag, epoch, entropy)[..].into()
    }
}

/// Puts what was being drawn before an error's text.
pub(super) fn while_drawing(what: &'static str) -> impl Fn(NodeError) -> NodeError {
    move |error| match error {
        NodeError::Input(text) => NodeError::Input(format!("{what}: {text}")),
        other => other,
    }
}

fn invocation(message: Message, trace: &MessageTrace) -> InvocResult {
    let receipt = &trace.receipt;
    let failed = !receipt.exit_code.is_success();
    InvocResult {
        msg_cid: message.cid(),
        msg_rct: Receipt {
            exit_code: receipt.exit_code.value(),
            return_data: receipt.return_data.to_vec().into(),
            gas_used: receipt.gas_used,
            events_root: receipt.events_root.map(Cid),
        },
        // Nothing is paid for a try.
        gas_cost: MsgGasCost {
            message: None,
            gas_used: 0.into(),
            base_fee_burn: TokenAmount::zero(),
            over_estimation_burn: TokenAmount::zero(),
            miner_penalty: TokenAmount::zero(),
            miner_tip: TokenAmount::zero(),
            refund: TokenAmount::zero(),
            total_cost: TokenAmount::zero(),
        },
        execution_trace: serde_json::json!({
            "Msg": message,
            "MsgRct": {"ExitCode": receipt.exit_code.value(), "Return": null, "ReturnCodec": 0},
            "GasCharges": [], "Subcalls": []
        }),
        error: if failed { backtrace(trace) } else { String::new() },
        duration: i64::try_from(trace.duration.as_nanos()).unwrap_or(i64::MAX),
        msg: message,
    }
}

#[async_trait]
impl StateReader for Node {
    async fn state_account_key(
        &self,
        address: Address,
        tsk: TipSetKey,
    ) -> Result<Address, RpcError> {
        self.run(move |chain| chain.account_key(address, &*chain.tipset(&tsk)?)).await
    }

    async fn state_lookup_id(&self, address: Address, tsk: TipSetKey) -> Result<Address, RpcError> {
        self.run(move |chain| {
            let view = chain.view_at(&*chain.tipset(&tsk)?)?;
            let id = view.lookup_id(&address)?;
            id.map(Address::from).ok_or_else(|| {
                NodeError::Input(format!("resolve address {address}: actor not found"))
            })
        })
        .await
    }

    async fn state_get_actor(&self, address: Address, tsk: TipSetKey) -> Result<Actor, RpcError> {
        self.run(move |chain| {
            let actor = chain.view_at(&*chain.tipset(&tsk)?)?.actor(&address)?;
            let actor = actor.ok_or_else(|| NodeError::Input("actor not found".into()))?;
            Ok(Actor {
                code: actor.code.into(),
                head: actor.head.into(),
                nonce: actor.nonce,
                balance: actor.balance.into(),
                delegated_address: actor.delegated.map(Address::from),
            })
        })
        .await
    }

    async fn wallet_balance(&self, address: Address) -> Result<TokenAmount, RpcError> {
        self.run(move |chain| {
            let actor = chain.view_at(&chain.head())?.actor(&address)?;
            Ok(actor.map(|actor| actor.balance.into()).unwrap_or_default())
        })
        .await
    }

    async fn state_call(&self, message: Message, tsk: TipSetKey) -> Result<InvocResult, RpcError> {
        self.run(move |chain| chain.call(message, &chain.tipset(&tsk)?)).await
    }

    async fn state_search_msg(
        &self,
        from: TipSetKey,
        message: Cid,
        limit: ChainEpoch,
        allow_replaced: bool,
    ) -> Result<Option<MsgLookup>, RpcError> {
        self.run(move |chain| chain.search(&chain.tipset(&from)?, &message, limit, allow_replaced))
            .await
    }

    async fn state_wait_msg(
        &self,
        message: Cid,
        confidence: u64,
        limit: ChainEpoch,
        allow_replaced: bool,
    ) -> Result<MsgLookup, RpcError> {
        let confidence =
            ChainEpoch::try_from(confidence.min(MAX_CONFIDENCE)).unwrap_or(ChainEpoch::MAX);
        loop {
            let mut heads = self.chain_notify().await?;
            let mut found: Option<MsgLookup> = None;
            let mut since: Option<TipSetKey> = None;
            while let Some(batch) = heads.next().await {
                let Some(head) = batch
                    .iter()
                    .rev()
                    .find(|change| change.r#type != HeadChangeType::Revert)
                    .map(|change| change.val.clone())
                else {
                    continue;
                };
                let reverted = batch.iter().any(|c| c.r#type == HeadChangeType::Revert);
                if found.is_none() || reverted {
                    // Only what is new needs to be searched, unless the chain changed below.
                    let epochs = match (&since, reverted) {
                        (Some(_), false) => {
                            let lowest = batch.iter().map(|c| c.val.height()).min();
                            head.height() - lowest.unwrap_or_default() + 1
                        }
                        _ => limit,
                    };
                    let key = head.key().clone();
                    found = self.state_search_msg(key, message, epochs, allow_replaced).await?;
                }
                if let Some(lookup) = &found
                    && head.height() >= lookup.height + confidence
                {
                    return Ok(lookup.clone());
                }
                since = Some(head.key().clone());
            }
            // Too slow for the stream: begin again from the present head.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn state_get_randomness_from_tickets(
        &self,
        tag: i64,
        epoch: ChainEpoch,
        entropy: Bytes,
        tsk: TipSetKey,
    ) -> Result<Bytes, RpcError> {
        self.run(move |chain| {
            let digest = chain.randomness(chain.tipset(&tsk)?).ticket_digest(epoch);
            let digest = digest.map_err(while_drawing("getting chain randomness"))?;
            Ok(chain.draw(tag, epoch, &entropy, digest))
        })
        .await
    }

    async fn state_get_randomness_from_beacon(
        &self,
        tag: i64,
        epoch: ChainEpoch,
        entropy: Bytes,
        tsk: TipSetKey,
    ) -> Result<Bytes, RpcError> {
        self.run(move |chain| {
            let digest = chain.randomness(chain.tipset(&tsk)?).beacon_digest(epoch);
            let digest = digest.map_err(while_drawing("getting beacon randomness"))?;
            Ok(chain.draw(tag, epoch, &entropy, digest))
        })
        .await
    }

    async fn state_list_miners(&self, tsk: TipSetKey) -> Result<Vec<Address>, RpcError> {
        self.run(move |chain| {
            let miners = chain.view_at(&*chain.tipset(&tsk)?)?.list_miners()?;
            Ok(miners.into_iter().map(Address::from).collect())
        })
        .await
    }
}
