//! Tipsets: the blocks of one height on the same parents.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{BigInt, BlockHeader, ChainEpoch, Cid, Ticket, TokenAmount, cbor};

/// The CIDs of a tipset's blocks in their order. JSON: array of CIDs (`null` reads as empty, which
/// most calls take for the head); CBOR: array of CIDs.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct TipSetKey(Vec<Cid>);

impl TipSetKey {
    /// A key of these blocks.
    pub const fn new(cids: Vec<Cid>) -> Self {
        Self(cids)
    }

    /// The key that stands for the head in most calls.
    pub const fn head() -> Self {
        Self(Vec::new())
    }

    /// The CIDs.
    pub fn cids(&self) -> &[Cid] {
        &self.0
    }

    /// Whether no block is named.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The CIDs' bytes in a row.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|cid| cid.to_bytes()).collect()
    }

    /// The CID of the key itself: of its bytes as a CBOR byte string.
    pub fn cid(&self) -> Cid {
        Cid::of_cbor(&cbor(&super::Bytes(self.to_bytes())))
    }
}

impl<'de> Deserialize<'de> for TipSetKey {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        super::wire::null_as_default(d).map(Self)
    }
}

impl fmt::Display for TipSetKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for cid in &self.0 {
            write!(f, " {cid}")?;
        }
        f.write_str(" }")
    }
}

impl fmt::Debug for TipSetKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One or more blocks of the same height and parents, in canonical order: by ticket digest, ties
/// by CID. JSON: `{"Cids":[..],"Blocks":[..],"Height":n}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TipSet {
    key: TipSetKey,
    blocks: Vec<BlockHeader>,
}

/// Blocks that do not make a tipset.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TipSetError {
    /// There is none.
    #[error("no blocks for tipset")]
    NoBlocks,
    /// They differ in what must be equal.
    #[error("inconsistent block {0} in tipset")]
    Inconsistent(&'static str),
    /// One occurs twice.
    #[error("duplicate block {0} in tipset")]
    Duplicate(Cid),
}

impl TipSet {
    /// Makes a tipset of blocks in any order.
    pub fn new(blocks: Vec<BlockHeader>) -> Result<Self, TipSetError> {
        let mut blocks: Vec<_> = blocks
            .into_iter()
            .map(|b| (b.ticket.as_ref().map(Ticket::digest), b.cid(), b))
            .collect();
        blocks.sort_by(|(ta, ca, _), (tb, cb, _)| {
            ta.cmp(tb).then_with(|| ca.to_bytes().cmp(&cb.to_bytes()))
        });
        let (_, _, first) = blocks.first().ok_or(TipSetError::NoBlocks)?;
        for (_, _, b) in &blocks {
            if b.height != first.height {
                return Err(TipSetError::Inconsistent("heights"));
            }
            if b.parents != first.parents {
                return Err(TipSetError::Inconsistent("parents"));
            }
            if b.parent_weight != first.parent_weight {
                return Err(TipSetError::Inconsistent("parent weights"));
            }
        }
        let mut seen = std::collections::HashSet::new();
        if let Some((_, cid, _)) = blocks.iter().find(|(_, cid, _)| !seen.insert(*cid)) {
            return Err(TipSetError::Duplicate(*cid));
        }
        let key = TipSetKey::new(blocks.iter().map(|(_, cid, _)| *cid).collect());
        Ok(Self { key, blocks: blocks.into_iter().map(|(_, _, b)| b).collect() })
    }

    /// The key.
    pub const fn key(&self) -> &TipSetKey {
        &self.key
    }

    /// The blocks in order; at least one.
    pub fn blocks(&self) -> &[BlockHeader] {
        &self.blocks
    }

    /// The block with the smallest ticket.
    pub fn min_ticket_block(&self) -> &BlockHeader {
        #[expect(clippy::indexing_slicing, reason = "the constructor refuses an empty tipset")]
        &self.blocks[0]
    }

    /// The smallest ticket; none in some genesis blocks.
    pub fn min_ticket(&self) -> Option<&Ticket> {
        self.min_ticket_block().ticket.as_ref()
    }

    /// The epoch.
    pub fn height(&self) -> ChainEpoch {
        self.min_ticket_block().height
    }

    /// The key of the parent tipset.
    pub fn parents(&self) -> TipSetKey {
        self.min_ticket_block().parent_key()
    }

    /// The weight up to the parents.
    pub fn parent_weight(&self) -> &BigInt {
        &self.min_ticket_block().parent_weight
    }

    /// The state before this tipset's messages.
    pub fn parent_state(&self) -> Cid {
        self.min_ticket_block().parent_state_root
    }

    /// The base fee of this tipset.
    pub fn base_fee(&self) -> &TokenAmount {
        &self.min_ticket_block().parent_base_fee
    }

    /// The smallest timestamp of the blocks, Unix seconds.
    pub fn min_timestamp(&self) -> u64 {
        self.blocks.iter().map(|b| b.timestamp).min().unwrap_or_default()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Json<K, B> {
    cids: K,
    blocks: B,
    height: ChainEpoch,
}

impl Serialize for TipSet {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        Json { cids: &self.key, blocks: &self.blocks, height: self.height() }.serialize(s)
    }
}

impl<'de> Deserialize<'de> for TipSet {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let json = Json::<TipSetKey, Vec<BlockHeader>>::deserialize(d)?;
        let tipset = Self::new(json.blocks).map_err(de::Error::custom)?;
        if tipset.key != json.cids {
            return Err(de::Error::custom("the CIDs of a tipset are not those of its blocks"));
        }
        Ok(tipset)
    }
}

/// How the head moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HeadChangeType {
    /// The head when the subscription began: first and once.
    Current,
    /// A tipset became part of the chain.
    Apply,
    /// A tipset left the chain.
    Revert,
}

/// One step of a head switch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct HeadChange {
    /// What happened.
    pub r#type: HeadChangeType,
    /// To which tipset.
    pub val: TipSet,
}
