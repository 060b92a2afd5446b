//! Executing tipsets, each once.

use std::{collections::HashMap, sync::Arc};

use fvm_shared::message::Message as FvmMessage;
use venus_core::{
    BigInt, BlockHeader, ChainEpoch, Message, SignedMessage, TipSet, TokenAmount,
    consensus::{child_base_fee, tipset_weight},
};

use super::{Chain, lock};
use crate::{
    error::{NodeError, Result},
    executor::{CallInput, ChainMessage, ExecBlock, MessageTrace, TipsetInput},
    store::{BlockContent, Computed},
};

/// The network version that everything here is of.
pub(crate) const NETWORK_VERSION: u32 = 28;

impl Chain {
    /// What executing a tipset gives: its state, receipts and executed messages.
    pub(crate) fn compute(&self, tipset: &Arc<TipSet>) -> Result<Computed> {
        if let Some(found) = self.store.computed(tipset.key())? {
            return Ok(found);
        }
        let _guard = lock(&self.computing);
        // After a crash a whole line of ancestors may be missing: the oldest first.
        let mut missing = vec![Arc::clone(tipset)];
        while let Some(top) = missing.last().cloned() {
            if let Some(found) = self.store.computed(top.key())? {
                missing.pop();
                if missing.is_empty() {
                    return Ok(found);
                }
                continue;
            }
            if top.height() > 0 {
                let parent = self.parent(&top)?;
                if self.store.computed(parent.key())?.is_none() {
                    missing.push(parent);
                    continue;
                }
            }
            let computed = self.execute(&top)?;
            self.store.set_computed(top.key(), &computed)?;
        }
        Err(NodeError::Worker("nothing was computed".into()))
    }

    fn execute(&self, tipset: &Arc<TipSet>) -> Result<Computed> {
        let first = tipset.min_ticket_block();
        if tipset.height() == 0 {
            return Ok(Computed {
                state: first.parent_state_root,
                receipts: first.parent_message_receipts,
                messages: Vec::new(),
            });
        }
        let parent = self.parent(tipset)?;
        let mut chain_cids = HashMap::new();
        let mut blocks = Vec::new();
        for block in tipset.blocks() {
            let content = self.store.content(block)?;
            chain_cids.extend(content.all().map(|(cid, message, _)| (message.cid().0, cid)));
            blocks.push(exec_block(block, &content));
        }
        let rand = self.randomness(Arc::clone(tipset));
        let started = std::time::Instant::now();
        let result = self.executor.apply_tipset(&TipsetInput {
            parent_state: tipset.parent_state().0,
            parent_epoch: parent.height(),
            epoch: tipset.height(),
            timestamp: tipset.min_timestamp(),
            base_fee: tipset.base_fee().0.clone(),
            blocks,
            rand: &rand,
        })?;
        tracing::debug!(
            height = tipset.height(), messages = result.receipts.len(), gas = result.gas_used,
            elapsed = ?started.elapsed(), "tipset executed"
        );
        let messages = result
            .traces
            .iter()
            .map(|trace| chain_cids.get(&trace.cid).copied().unwrap_or(trace.cid.into()))
            .collect();
        Ok(Computed {
            state: result.state_root.into(),
            receipts: result.receipts_root.into(),
            messages,
        })
    }

    /// The weight of the chain up to and including a tipset.
    pub(crate) fn weight(&self, tipset: &TipSet) -> Result<BigInt> {
        let power = self.view(&tipset.parent_state())?.total_power()?.1;
        let wins = tipset.blocks().iter().filter_map(|b| b.election_proof.as_ref());
        let wins = wins.map(|proof| proof.win_count).sum();
        Ok(tipset_weight(tipset.parent_weight(), &power, wins).into())
    }

    /// The base fee of the children of a tipset.
    pub(crate) fn base_fee(&self, tipset: &TipSet) -> Result<TokenAmount> {
        let mut messages = Vec::new();
        for block in tipset.blocks() {
            let content = self.store.content(block)?;
            messages.extend(content.bls);
            messages.extend(content.secp.into_iter().map(|signed| signed.message));
        }
        Ok(child_base_fee(NETWORK_VERSION, tipset.base_fee(), tipset.blocks().len(), &messages))
    }

    /// Tries a message on the state after `tipset`, after others of its sender.
    pub(crate) fn try_message(
        &self,
        tipset: &Arc<TipSet>,
        prior: Vec<ChainMessage>,
        message: &Message,
    ) -> Result<MessageTrace> {
        let state = self.compute(tipset)?.state;
        self.try_on(tipset, state, tipset.height() + 1, prior, message, false)
    }

    /// Tries a message on a state; an implicit one is charged nothing for being on chain.
    pub(crate) fn try_on(
        &self,
        tipset: &Arc<TipSet>,
        state: venus_core::Cid,
        epoch: ChainEpoch,
        prior: Vec<ChainMessage>,
        message: &Message,
        implicit: bool,
    ) -> Result<MessageTrace> {
        let rand = self.randomness(Arc::clone(tipset));
        Ok(self.executor.call(&CallInput {
            state: state.0,
            epoch,
            timestamp: self.time_of(epoch),
            prior,
            message: FvmMessage::from(message),
            implicit,
            rand: &rand,
        })?)
    }
}

fn exec_block(header: &BlockHeader, content: &BlockContent) -> ExecBlock {
    let messages = content.all().map(|(_, message, chain_len)| ChainMessage {
        message: FvmMessage::from(message),
        chain_len,
    });
    ExecBlock {
        miner: header.miner.inner(),
        win_count: header.election_proof.as_ref().map_or(0, |proof| proof.win_count),
        messages: messages.collect(),
    }
}

/// A signed message as the executor takes it.
pub(crate) fn chain_message(signed: &SignedMessage) -> ChainMessage {
    ChainMessage { message: FvmMessage::from(&signed.message), chain_len: signed.chain_length() }
}
