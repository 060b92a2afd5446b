//! Finding where a message was executed (node.md 7).

use std::sync::Arc;

use venus_core::{ChainEpoch, Cid, Message, MsgLookup, TipSet};

use crate::{
    chain::Chain,
    error::{NodeError, Result},
};

/// Epochs behind the head that are never changed; waiting for more makes no sense.
pub(crate) const MAX_CONFIDENCE: u64 = 900;

impl Chain {
    /// Looks for the execution of a message among the ancestors of `from`.
    pub(crate) fn search(
        &self,
        from: &Arc<TipSet>,
        cid: &Cid,
        limit: ChainEpoch,
        allow_replaced: bool,
    ) -> Result<Option<MsgLookup>> {
        let message = self.store.message(cid)?;
        let lowest = if limit < 0 { 0 } else { (from.height() - limit).max(0) };
        let mut executing = Arc::clone(from);
        while executing.height() > lowest {
            let state = self.view(&executing.parent_state())?;
            let sender = state.actor(&message.from)?;
            // The state before this tipset does not know the nonce: no ancestor used it up.
            if sender.is_none_or(|actor| actor.nonce <= message.nonce) {
                return Ok(None);
            }
            let including = self.parent(&executing)?;
            if let Some(found) =
                self.executed_in(&including, &executing, cid, &message, allow_replaced)?
            {
                return Ok(Some(found));
            }
            executing = including;
        }
        Ok(None)
    }

    /// The message, or the one that took its nonce, among those that `executing` executed.
    fn executed_in(
        &self,
        including: &Arc<TipSet>,
        executing: &Arc<TipSet>,
        cid: &Cid,
        message: &Message,
        allow_replaced: bool,
    ) -> Result<Option<MsgLookup>> {
        if including.height() == 0 {
            return Ok(None);
        }
        let computed = self.compute(including)?;
        for (index, executed) in computed.messages.iter().enumerate() {
            let other = self.store.message(executed)?;
            if other.nonce != message.nonce || !self.is_same_sender(including, &other, message)? {
                continue;
            }
            if executed != cid {
                if !allow_replaced {
                    return Err(NodeError::Input(format!(
                        "found message with equal nonce as the one we are looking for (F:{executed} \
                         n {}, TS: {cid} n{})",
                        other.nonce, message.nonce
                    )));
                }
                if !other.is_same_call(message) {
                    return Err(NodeError::Input(format!(
                        "found message with equal nonce as the one we are looking for that is NOT \
                         a valid replacement message, expected {cid}, got {executed}"
                    )));
                }
            }
            let receipts = self.store.receipts(&computed.receipts)?;
            let receipt = receipts
                .into_iter()
                .nth(index)
                .ok_or(NodeError::NotFound { what: "receipt of message", cid: *executed })?;
            return Ok(Some(MsgLookup {
                message: *executed,
                receipt,
                return_dec: serde_json::Value::Null,
                tip_set: executing.key().clone(),
                height: executing.height(),
            }));
        }
        Ok(None)
    }

    fn is_same_sender(&self, tipset: &TipSet, a: &Message, b: &Message) -> Result<bool> {
        if a.from == b.from {
            return Ok(true);
        }
        let state = self.view(&tipset.parent_state())?;
        let (a, b) = (state.lookup_id(&a.from)?, state.lookup_id(&b.from)?);
        Ok(a.is_some() && a == b)
    }
}
