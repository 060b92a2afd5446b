//! Making unsigned blocks.

use venus_core::{BlockHeader, BlockMsg, BlockTemplate, crypto::aggregate_bls};

use super::Chain;
use crate::{
    error::{NodeError, Result},
    store::split,
};

impl Chain {
    /// Makes an unsigned block of a template.
    pub(crate) fn create_block(&self, template: BlockTemplate) -> Result<BlockMsg> {
        let invalid = |reason: String| NodeError::InvalidBlock(reason);
        if template.parents.is_empty() {
            return Err(invalid("loading parent tipset: the template names no parents".into()));
        }
        let base = self.store.tipset(&template.parents)?;
        if template.epoch <= base.height() {
            return Err(invalid(format!(
                "the block's height {} is not above its base's, {}",
                template.epoch,
                base.height()
            )));
        }
        let (content, signatures) = split(&template.messages);
        let aggregate = aggregate_bls(&signatures)
            .map_err(|e| invalid(format!("cannot aggregate the messages' signatures: {e}")))?;
        let messages = self.store.put_content(&content)?;
        self.pool.remember_signatures(&template.messages, base.height())?;
        let computed = self.compute(&base)?;
        let header = BlockHeader {
            miner: template.miner,
            ticket: Some(template.ticket),
            election_proof: Some(template.eproof),
            beacon_entries: template.beacon_values,
            win_post_proof: template.winning_post_proof,
            parents: template.parents.cids().to_vec(),
            parent_weight: self.weight(&base)?,
            height: template.epoch,
            parent_state_root: computed.state,
            parent_message_receipts: computed.receipts,
            messages,
            bls_aggregate: Some(aggregate),
            timestamp: template.timestamp,
            block_sig: None,
            fork_signaling: 0,
            parent_base_fee: self.base_fee(&base)?,
        };
        Ok(BlockMsg {
            header,
            bls_messages: content.bls_cids(),
            secpk_messages: content.secp_cids(),
        })
    }
}
