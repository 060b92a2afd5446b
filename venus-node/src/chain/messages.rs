//! The rules for the messages of a block.

use std::{collections::HashMap, sync::Arc};

use venus_core::{
    Address, BlockHeader, Message, TipSet,
    crypto::{signing_bytes, verify, verify_aggregate},
};

use super::Chain;
use crate::{
    error::{NodeError, Result},
    executor::{BLOCK_GAS_LIMIT, StateView},
    pool::check_static,
    store::BlockContent,
};

/// Messages that a block may have.
pub(crate) const MAX_MESSAGES: usize = 10_000;
/// Messages of one kind: what Go decoders accept in a list.
pub(crate) const MAX_OF_KIND: usize = 8192;
/// The Ethereum chain ID of development chains.
pub(crate) const CHAIN_ID: u64 = 31_415_926;

fn invalid(reason: impl Into<String>) -> NodeError {
    NodeError::InvalidBlock(reason.into())
}

impl Chain {
    pub(super) fn check_messages(
        &self,
        block: &BlockHeader,
        content: &BlockContent,
        base: &Arc<TipSet>,
    ) -> Result<()> {
        let (bls, secp) = (content.bls.len(), content.secp.len());
        if bls + secp > MAX_MESSAGES || bls > MAX_OF_KIND || secp > MAX_OF_KIND {
            return Err(invalid(format!("block has {} messages, too many", bls + secp)));
        }
        let root = self.store.message_root(&content.bls_cids(), &content.secp_cids())?;
        if root != block.messages {
            return Err(invalid("messages did not match message root in header"));
        }
        let state = self.view(&self.compute(base)?.state)?;
        self.check_signatures(block, content, &state)?;

        let mut gas = 0u64;
        let mut nonces: HashMap<Address, u64> = HashMap::new();
        for (cid, message, length) in content.all() {
            let wrong = |reason: String| invalid(format!("invalid message {cid}: {reason}"));
            check_static(message, length).map_err(|e| wrong(e.to_string()))?;
            gas = gas.saturating_add(message.gas_limit.unsigned_abs());
            if gas > BLOCK_GAS_LIMIT {
                return Err(invalid("block gas limit exceeded"));
            }
            let actor = state.actor(&message.from)?;
            let actor = actor.filter(|a| a.is_account()).ok_or_else(|| {
                wrong(format!("sender {} must be an account actor", message.from))
            })?;
            let sender = state.lookup_id(&message.from)?.map_or(message.from, Address::from);
            let next = nonces.entry(sender).or_insert(actor.nonce);
            if message.nonce != *next {
                return Err(wrong(format!("wrong nonce (exp: {next}, got: {})", message.nonce)));
            }
            *next += 1;
        }
        Ok(())
    }

    fn check_signatures(
        &self,
        block: &BlockHeader,
        content: &BlockContent,
        state: &StateView<'_>,
    ) -> Result<()> {
        let mut signed = Vec::new();
        for message in &content.bls {
            signed.push((key_of(state, message)?, message.cid().to_bytes()));
        }
        let aggregate = block
            .bls_aggregate
            .as_ref()
            .ok_or_else(|| invalid("block had nil bls aggregate signature"))?;
        verify_aggregate(aggregate, &signed)
            .map_err(|e| invalid(format!("bls aggregate signature was invalid: {e}")))?;
        for message in &content.secp {
            let failed = |e: String| {
                invalid(format!("secpk message {} has invalid signature: {e}", message.cid()))
            };
            let bytes =
                signing_bytes(&message.message, CHAIN_ID).map_err(|e| failed(e.to_string()))?;
            let key = key_of(state, &message.message)?;
            verify(&message.signature, &bytes, key).map_err(|e| failed(e.to_string()))?;
        }
        Ok(())
    }
}

/// The key that must have signed a message. Delegated addresses are their own keys.
pub(crate) fn key_of(state: &StateView<'_>, message: &Message) -> Result<Address> {
    use fvm_shared::address::Protocol;
    match message.from.protocol() {
        Protocol::Secp256k1 | Protocol::BLS | Protocol::Delegated => Ok(message.from),
        _ => match state.actor(&message.from)?.and_then(|actor| actor.delegated) {
            Some(delegated) => Ok(delegated.into()),
            None => Ok(state.account_key(&message.from)?.into()),
        },
    }
}
