//! Messages that wait for a block.
//!
//! Every message is on disk before it is acknowledged. A sender's messages are kept by nonce;
//! those of reverted tipsets come back, those executed leave.

mod admit;
mod select;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
};

use venus_core::{
    Address, ChainEpoch, Cid, MpoolUpdate, Signature, SignatureType, SignedMessage, TipSet, cbor,
    from_cbor, rpc::RpcStream, store::StoreError,
};

pub(crate) use admit::check_static;

use crate::{
    chain::{Chain, lock, notify::Broadcast},
    error::Result,
};

/// Updates that wait for a subscriber before it is cut off.
const QUEUE: usize = 1024;
/// Epochs for which signatures of included messages are kept, should they be reverted.
const SIGNATURES_KEPT: ChainEpoch = 900;

/// A sender's messages by nonce.
pub(crate) type OfSender = BTreeMap<u64, SignedMessage>;

#[derive(Debug)]
pub(crate) struct Pool {
    pending: Mutex<HashMap<Address, OfSender>>,
    /// Held while a message is admitted.
    admitting: Mutex<()>,
    disk: sled::Tree,
    signatures: sled::Tree,
    updates: Broadcast<MpoolUpdate>,
}

fn disk_key(sender: Address, nonce: u64) -> Vec<u8> {
    let mut key = sender.to_bytes();
    key.extend(nonce.to_be_bytes());
    key
}

impl Pool {
    /// Loads what was waiting when the node stopped.
    pub(crate) fn open(disk: sled::Tree, signatures: sled::Tree, head: ChainEpoch) -> Result<Self> {
        let mut pending: HashMap<Address, OfSender> = HashMap::new();
        for entry in disk.iter() {
            let (key, bytes) = entry?;
            let message: SignedMessage = from_cbor(&bytes)
                .map_err(|e| StoreError::Damaged { tree: "pool", reason: e.to_string() })?;
            // The sender as it was resolved: it may differ from the one in the message.
            let sender = key.len().checked_sub(8).and_then(|end| key.get(..end));
            let sender = sender.and_then(|bytes| Address::from_bytes(bytes).ok());
            let sender = sender.unwrap_or(message.message.from);
            pending.entry(sender).or_default().insert(message.message.nonce, message);
        }
        for entry in signatures.iter() {
            let (cid, value) = entry?;
            let (height, _): (ChainEpoch, Signature) = from_cbor(&value)
                .map_err(|e| StoreError::Damaged { tree: "signatures", reason: e.to_string() })?;
            if height + SIGNATURES_KEPT < head {
                signatures.remove(cid)?;
            }
        }
        let updates = Broadcast::new(QUEUE);
        Ok(Self {
            pending: Mutex::new(pending),
            admitting: Mutex::default(),
            disk,
            signatures,
            updates,
        })
    }

    /// The waiting messages of a sender (its key address).
    pub(crate) fn of(&self, sender: Address) -> OfSender {
        lock(&self.pending).get(&sender).cloned().unwrap_or_default()
    }

    /// All waiting messages by sender.
    pub(crate) fn all(&self) -> HashMap<Address, OfSender> {
        lock(&self.pending).clone()
    }

    pub(crate) fn len(&self) -> usize {
        lock(&self.pending).values().map(BTreeMap::len).sum()
    }

    pub(crate) fn subscribe(&self) -> RpcStream<MpoolUpdate> {
        self.updates.subscribe(|| None)
    }

    fn insert(&self, sender: Address, message: &SignedMessage) -> Result<()> {
        let nonce = message.message.nonce;
        self.disk.insert(disk_key(sender, nonce), cbor(message))?;
        lock(&self.pending).entry(sender).or_default().insert(nonce, message.clone());
        self.tell(0, message)
    }

    fn remove(&self, sender: Address, nonce: u64) -> Result<()> {
        self.disk.remove(disk_key(sender, nonce))?;
        let mut pending = lock(&self.pending);
        let removed = pending.get_mut(&sender).and_then(|own| own.remove(&nonce));
        if pending.get(&sender).is_some_and(BTreeMap::is_empty) {
            pending.remove(&sender);
        }
        drop(pending);
        removed.map_or(Ok(()), |message| self.tell(1, &message))
    }

    fn tell(&self, r#type: i64, message: &SignedMessage) -> Result<()> {
        self.updates.publish(|| Ok(MpoolUpdate { r#type, message: message.clone() }))
    }

    /// Keeps the signatures of BLS messages, which blocks only have in aggregate.
    pub(crate) fn remember_signatures<'a>(
        &self,
        messages: impl IntoIterator<Item = &'a SignedMessage>,
        height: ChainEpoch,
    ) -> Result<()> {
        for message in messages {
            if message.signature.kind == SignatureType::Bls {
                let value = cbor(&(height, &message.signature));
                self.signatures.insert(message.message.cid().to_bytes(), value)?;
            }
        }
        Ok(())
    }

    fn signature(&self, message: &Cid) -> Result<Option<Signature>> {
        let Some(value) = self.signatures.get(message.to_bytes())? else { return Ok(None) };
        let (_, signature): (ChainEpoch, Signature) = from_cbor(&value)
            .map_err(|e| StoreError::Damaged { tree: "signatures", reason: e.to_string() })?;
        Ok(Some(signature))
    }

    /// Follows the head: messages of reverted tipsets come back, executed ones leave.
    pub(crate) fn head_changed(
        &self,
        chain: &Chain,
        revert: &[Arc<TipSet>],
        apply: &[Arc<TipSet>],
        head: &Arc<TipSet>,
    ) -> Result<()> {
        let state = chain.view(&chain.compute(head)?.state)?;
        for tipset in revert {
            for block in tipset.blocks() {
                let content = chain.store.content(block)?;
                let mut back = content.secp;
                for message in content.bls {
                    match self.signature(&message.cid())? {
                        Some(signature) => back.push(SignedMessage { message, signature }),
                        None => tracing::warn!(
                            cid = %message.cid(),
                            "a reverted message is lost: its signature is not kept"
                        ),
                    }
                }
                for message in back {
                    let sender = chain.sender_key(&state, message.message.from)?;
                    if !self.of(sender).contains_key(&message.message.nonce) {
                        self.insert(sender, &message)?;
                    }
                }
            }
        }
        for tipset in apply {
            for block in tipset.blocks() {
                for (_, message, _) in chain.store.content(block)?.all() {
                    let sender = chain.sender_key(&state, message.from)?;
                    if let Some(pending) = self.of(sender).get(&message.nonce) {
                        self.remember_signatures([pending], tipset.height())?;
                    }
                }
            }
        }
        // Whatever has a nonce that is used up is executed or replaced.
        for (sender, messages) in self.all() {
            let next = state.actor(&sender)?.map_or(0, |actor| actor.nonce);
            for nonce in messages.range(..next).map(|(nonce, _)| *nonce) {
                self.remove(sender, nonce)?;
            }
        }
        Ok(())
    }
}
