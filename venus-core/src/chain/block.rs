//! Block headers and what goes with them.

use fvm_shared::sector::RegisteredPoStProof;
use serde::{Deserialize, Serialize};

use super::{
    Address, BigInt, Bytes, ChainEpoch, Cid, Signature, SignedMessage, TipSetKey, TokenAmount,
    cbor,
    wire::{null_as_default, wire_tuple},
};

wire_tuple! {
    /// A draw of the lottery that orders blocks of one height and seeds randomness.
    #[derive(Default, Hash)]
    pub struct Ticket {
        /// BLS signature of the worker.
        pub vrf_proof: Bytes as "VRFProof",
    }
}

impl Ticket {
    /// The hash by which tickets are compared: blake2b-256 of the proof.
    pub fn digest(&self) -> [u8; 32] {
        blake2b_256(&self.vrf_proof)
    }
}

/// The unkeyed 32-byte BLAKE2b of `data`.
pub fn blake2b_256(data: &[u8]) -> [u8; 32] {
    let hash = blake2b_simd::Params::new().hash_length(32).hash(data);
    let mut out = [0; 32];
    out.copy_from_slice(hash.as_bytes());
    out
}

wire_tuple! {
    /// The proof that a miner was elected.
    #[derive(Default)]
    pub struct ElectionProof {
        /// How many times it won; at least 1 in a valid block.
        pub win_count: i64 as "WinCount",
        /// BLS signature of the worker.
        pub vrf_proof: Bytes as "VRFProof",
    }
}

wire_tuple! {
    /// An entry of the random beacon.
    #[derive(Default)]
    pub struct BeaconEntry {
        /// The round.
        pub round: u64 as "Round",
        /// The signature of the round.
        pub data: Bytes as "Data",
    }
}

wire_tuple! {
    /// A proof of spacetime.
    pub struct PoStProof {
        /// The kind and sector size.
        pub post_proof: RegisteredPoStProof as "PoStProof",
        /// The proof: 192 bytes a partition.
        pub proof_bytes: Bytes as "ProofBytes",
    }
}

wire_tuple! {
    /// The header of a block.
    pub struct BlockHeader {
        /// ID address of the miner.
        pub miner: Address as "Miner",
        /// None in genesis blocks of some networks only.
        pub ticket: Option<Ticket> as "Ticket" (default),
        /// None in genesis only.
        pub election_proof: Option<ElectionProof> as "ElectionProof" (default),
        /// One for each epoch since the parent.
        pub beacon_entries: Vec<BeaconEntry> as "BeaconEntries" (default, deserialize_with = "null_as_default"),
        /// The winning PoSt.
        pub win_post_proof: Vec<PoStProof> as "WinPoStProof" (default, deserialize_with = "null_as_default"),
        /// Key of the parent tipset.
        pub parents: Vec<Cid> as "Parents" (default, deserialize_with = "null_as_default"),
        /// Weight of the chain up to the parents.
        pub parent_weight: BigInt as "ParentWeight",
        /// The epoch.
        pub height: ChainEpoch as "Height",
        /// State after the parents' messages.
        pub parent_state_root: Cid as "ParentStateRoot",
        /// Receipts of the parents' messages.
        pub parent_message_receipts: Cid as "ParentMessageReceipts",
        /// The messages of this block.
        pub messages: Cid as "Messages",
        /// Aggregate of the signatures of the BLS messages.
        pub bls_aggregate: Option<Signature> as "BLSAggregate" (default),
        /// Unix seconds.
        pub timestamp: u64 as "Timestamp",
        /// Signature of the worker over the header without this field.
        pub block_sig: Option<Signature> as "BlockSig" (default),
        /// No rule reads it; miners of today write 1.
        pub fork_signaling: u64 as "ForkSignaling",
        /// AttoFIL a gas unit burns in this tipset.
        pub parent_base_fee: TokenAmount as "ParentBaseFee",
    }
}

impl BlockHeader {
    /// The CBOR tuple.
    pub fn cbor(&self) -> Vec<u8> {
        cbor(self)
    }

    /// The CID, over the signed header.
    pub fn cid(&self) -> Cid {
        Cid::of_cbor(&self.cbor())
    }

    /// What the worker signs: the header with the signature null.
    pub fn signing_bytes(&self) -> Vec<u8> {
        cbor(&Self { block_sig: None, ..self.clone() })
    }

    /// The key of the parent tipset.
    pub fn parent_key(&self) -> TipSetKey {
        TipSetKey::new(self.parents.clone())
    }
}

wire_tuple! {
    /// A block as it is submitted and gossiped: the header and the CIDs of its messages.
    pub struct BlockMsg {
        /// The header.
        pub header: BlockHeader as "Header",
        /// CIDs of the messages under the aggregate.
        pub bls_messages: Vec<Cid> as "BlsMessages" (default, deserialize_with = "null_as_default"),
        /// CIDs of the others.
        pub secpk_messages: Vec<Cid> as "SecpkMessages" (default, deserialize_with = "null_as_default"),
    }
}

/// What a miner knows of a block to be made; the node fills in state, receipts and weight.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct BlockTemplate {
    /// ID address of the miner.
    pub miner: Address,
    /// The base.
    pub parents: TipSetKey,
    /// The ticket.
    pub ticket: Ticket,
    /// The election proof.
    pub eproof: ElectionProof,
    /// Beacon entries since the base.
    #[serde(default, deserialize_with = "null_as_default")]
    pub beacon_values: Vec<BeaconEntry>,
    /// The messages, in the order in which they are to be executed.
    #[serde(default, deserialize_with = "null_as_default")]
    pub messages: Vec<SignedMessage>,
    /// The height.
    pub epoch: ChainEpoch,
    /// Unix seconds.
    pub timestamp: u64,
    /// The winning PoSt.
    #[serde(rename = "WinningPoStProof", default, deserialize_with = "null_as_default")]
    pub winning_post_proof: Vec<PoStProof>,
}
