//! The messages of blocks.

use fvm_ipld_amt::Amtv0;
use serde::{Serialize, de::DeserializeOwned};
use venus_core::{BlockHeader, BlockMessages, Cid, Message, Receipt, SignatureType, SignedMessage};

use super::{ChainStore, damaged};
use crate::error::{NodeError, Result};

/// The messages of a block with their CIDs on chain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct BlockContent {
    pub(crate) bls: Vec<Message>,
    pub(crate) secp: Vec<SignedMessage>,
}

impl BlockContent {
    /// CIDs of the BLS messages.
    pub(crate) fn bls_cids(&self) -> Vec<Cid> {
        self.bls.iter().map(Message::cid).collect()
    }

    /// CIDs of the others.
    pub(crate) fn secp_cids(&self) -> Vec<Cid> {
        self.secp.iter().map(SignedMessage::cid).collect()
    }

    /// CID on chain, message and length on chain of each, in the order of execution.
    pub(crate) fn all(&self) -> impl Iterator<Item = (Cid, &Message, usize)> {
        let bls = self.bls.iter().map(|m| (m.cid(), m, m.cbor().len()));
        bls.chain(self.secp.iter().map(|m| (m.cid(), &m.message, m.chain_length())))
    }

    pub(crate) fn into_wire(self) -> BlockMessages {
        let cids = self.bls_cids().into_iter().chain(self.secp_cids()).collect();
        BlockMessages { bls_messages: self.bls, secpk_messages: self.secp, cids }
    }
}

impl ChainStore {
    /// Stores messages; returns their root.
    pub(crate) fn put_content(&self, content: &BlockContent) -> Result<Cid> {
        for message in &content.bls {
            self.put(message)?;
        }
        for message in &content.secp {
            self.put(message)?;
        }
        self.message_root(&content.bls_cids(), &content.secp_cids())
    }

    /// Stores a message under its CID on chain.
    pub(crate) fn put_message(&self, message: &SignedMessage) -> Result<Cid> {
        match message.signature.kind {
            SignatureType::Bls => self.put(&message.message),
            SignatureType::Secp256k1 | SignatureType::Delegated => self.put(message),
        }
    }

    /// The root that a header carries for messages with these CIDs.
    pub(crate) fn message_root(&self, bls: &[Cid], secp: &[Cid]) -> Result<Cid> {
        let roots = (self.put_list(bls)?, self.put_list(secp)?);
        self.put(&roots)
    }

    /// The messages of a block.
    pub(crate) fn content(&self, header: &BlockHeader) -> Result<BlockContent> {
        let (bls, secp): (Cid, Cid) = self.object("messages of a block", &header.messages)?;
        self.content_of(&self.list(&bls)?, &self.list(&secp)?)
    }

    /// The messages with these CIDs.
    pub(crate) fn content_of(&self, bls: &[Cid], secp: &[Cid]) -> Result<BlockContent> {
        let get = |cid| self.object("failed to load bls messages: get message", cid);
        let get_signed = |cid| self.object("failed to load secpk messages: get message", cid);
        Ok(BlockContent {
            bls: bls.iter().map(get).collect::<Result<_>>()?,
            secp: secp.iter().map(get_signed).collect::<Result<_>>()?,
        })
    }

    /// A message by its CID on chain, without signature.
    pub(crate) fn message(&self, cid: &Cid) -> Result<Message> {
        let what = "failed to load message";
        match self.object::<SignedMessage>(what, cid) {
            Ok(signed) => Ok(signed.message),
            Err(NodeError::WrongKind { .. }) => self.object(what, cid),
            Err(error) => Err(error),
        }
    }

    /// Receipts by their root.
    pub(crate) fn receipts(&self, root: &Cid) -> Result<Vec<Receipt>> {
        self.list(root)
    }

    /// The root of no receipts.
    pub(crate) fn empty_list(&self) -> Result<Cid> {
        self.put_list::<Receipt>(&[])
    }

    fn put_list<T: Serialize + DeserializeOwned + Clone>(&self, items: &[T]) -> Result<Cid> {
        let mut list = Amtv0::new(self.blocks());
        for (index, item) in (0..).zip(items) {
            list.set(index, item.clone()).map_err(|e| damaged("blocks", e))?;
        }
        list.flush().map(Cid).map_err(|e| damaged("blocks", e))
    }

    fn list<T: Serialize + DeserializeOwned + Clone>(&self, root: &Cid) -> Result<Vec<T>> {
        let list = Amtv0::<T, _>::load(root, self.blocks()).map_err(|e| NodeError::WrongKind {
            what: "list",
            cid: Box::new(*root),
            reason: e.to_string(),
        })?;
        let mut items = Vec::new();
        list.for_each(|_, item| {
            items.push(item.clone());
            Ok(())
        })
        .map_err(|e| damaged("blocks", e))?;
        Ok(items)
    }
}

/// Sorts messages into those under the aggregate and the others.
pub(crate) fn split(messages: &[SignedMessage]) -> (BlockContent, Vec<venus_core::Signature>) {
    let mut content = BlockContent::default();
    let mut signatures = Vec::new();
    for message in messages {
        match message.signature.kind {
            SignatureType::Bls => {
                content.bls.push(message.message.clone());
                signatures.push(message.signature.clone());
            }
            SignatureType::Secp256k1 | SignatureType::Delegated => {
                content.secp.push(message.clone())
            }
        }
    }
    (content, signatures)
}
