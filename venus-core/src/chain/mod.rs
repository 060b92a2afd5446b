//! Chain types in their two wire forms: Lotus JSON and DAG-CBOR.
//!
//! Every type here writes JSON when its format is human readable and DAG-CBOR otherwise, byte for
//! byte as the Go nodes do. Scalars wrap the types of `fvm_shared` (`.0`, `Deref` and `From` lead
//! there).

mod address;
mod block;
mod cid;
mod message;
mod query;
mod sector;
mod signature;
mod tipset;
mod value;
mod wire;

pub use address::{Address, AddressError, MaybeAddress, empty_address, set_network};
pub use block::{
    BeaconEntry, BlockHeader, BlockMsg, BlockTemplate, ElectionProof, PoStProof, Ticket,
    blake2b_256,
};
pub use cid::Cid;
pub use fvm_shared::sector::{RegisteredPoStProof, RegisteredSealProof};
pub use message::{
    ApiMessage, BlockMessages, EstimateMessage, EstimateResult, Message, MessageSendSpec,
    MsgLookup, Receipt, SignedMessage,
};
pub use query::{
    ActiveSync, Actor, DeadlineInfo, ForkUpgradeParams, InvocResult, MiningBaseInfo, MpoolConfig,
    MpoolUpdate, MsgGasCost, NetworkParams, NodeVersion, SyncState,
};
pub use sector::{
    BeneficiaryTerm, Claim, Deadline, ExtendedSectorInfo, MinerInfo, MinerPower, MinerSectors,
    Partition, PendingBeneficiary, PreCommitInfo, PreCommitOnChainInfo, SectorExpiration, SectorId,
    SectorLocation, SectorOnChainInfo,
};
pub use signature::{Signature, SignatureType};
pub use tipset::{HeadChange, HeadChangeType, TipSet, TipSetError, TipSetKey};
pub use value::{AmountError, BigInt, BitField, Bytes, TokenAmount};
pub use wire::null_as_default;

/// A height of the chain. Epochs follow each other at the network's block delay.
pub type ChainEpoch = i64;

/// The number of a sector of one miner.
pub type SectorNumber = u64;

/// The DAG-CBOR of a chain object.
pub fn cbor<T: serde::Serialize>(value: &T) -> Vec<u8> {
    #[expect(clippy::expect_used, reason = "writing to memory fails only for types CBOR lacks")]
    fvm_ipld_encoding::to_vec(value).expect("chain types have a CBOR form")
}

/// Reads a chain object from its DAG-CBOR.
pub fn from_cbor<'a, T: serde::Deserialize<'a>>(
    bytes: &'a [u8],
) -> Result<T, fvm_ipld_encoding::Error> {
    fvm_ipld_encoding::from_slice(bytes)
}
