//! Miners and sectors as the node tells of them.

use fvm_shared::sector::{RegisteredPoStProof, RegisteredSealProof};
use serde::{Deserialize, Serialize};

use super::{
    Address, BigInt, BitField, Bytes, ChainEpoch, Cid, SectorNumber, TokenAmount, empty_address,
    null_as_default,
};

/// A sector of a miner, by actor numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SectorId {
    /// The miner's actor number.
    pub miner: u64,
    /// The sector.
    pub number: SectorNumber,
}

/// A sector to prove for a block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ExtendedSectorInfo {
    /// How it was sealed.
    pub seal_proof: RegisteredSealProof,
    /// The sector.
    pub sector_number: SectorNumber,
    /// CommR of the first sealing, if data was put in later (snap).
    #[serde(default)]
    pub sector_key: Option<Cid>,
    /// CommR.
    #[serde(rename = "SealedCID")]
    pub sealed_cid: Cid,
}

/// A miner's identity on chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MinerInfo {
    /// Who decides (ID address).
    pub owner: Address,
    /// Who signs blocks (ID address of a BLS account).
    pub worker: Address,
    /// The worker from [`worker_change_epoch`](Self::worker_change_epoch) on.
    #[serde(with = "empty_address")]
    pub new_worker: Option<Address>,
    /// Who else may send PoSts.
    #[serde(default, deserialize_with = "null_as_default")]
    pub control_addresses: Vec<Address>,
    /// -1: no change pending.
    pub worker_change_epoch: ChainEpoch,
    /// The libp2p peer id.
    pub peer_id: Option<String>,
    /// Where the peer listens, binary multiaddrs.
    #[serde(default, deserialize_with = "null_as_default")]
    pub multiaddrs: Vec<Bytes>,
    /// The window PoSt proof.
    pub window_po_st_proof_type: RegisteredPoStProof,
    /// Bytes.
    pub sector_size: u64,
    /// Sectors a window PoSt partition.
    pub window_po_st_partition_sectors: u64,
    /// Until when the miner may not win after a consensus fault; -1: none.
    pub consensus_fault_elapsed: ChainEpoch,
    /// An owner that has to accept.
    pub pending_owner_address: Option<Address>,
    /// Who receives withdrawals.
    #[serde(with = "empty_address")]
    pub beneficiary: Option<Address>,
    /// On which terms.
    pub beneficiary_term: Option<BeneficiaryTerm>,
    /// A beneficiary that has to be accepted.
    pub pending_beneficiary_term: Option<PendingBeneficiary>,
}

/// What a beneficiary may withdraw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct BeneficiaryTerm {
    /// In all.
    pub quota: TokenAmount,
    /// So far.
    pub used_quota: TokenAmount,
    /// Until when.
    pub expiration: ChainEpoch,
}

/// A proposed beneficiary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PendingBeneficiary {
    /// Who.
    pub new_beneficiary: Address,
    /// How much.
    pub new_quota: TokenAmount,
    /// Until when.
    pub new_expiration: ChainEpoch,
    /// Whether the present beneficiary agreed.
    pub approved_by_beneficiary: bool,
    /// Whether the new one did.
    pub approved_by_nominee: bool,
}

/// Raw and quality-adjusted bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Claim {
    /// Bytes.
    pub raw_byte_power: BigInt,
    /// Bytes times quality.
    pub quality_adj_power: BigInt,
}

/// A miner's power and the network's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MinerPower {
    /// The miner's.
    pub miner_power: Claim,
    /// The network's.
    pub total_power: Claim,
    /// Whether the miner may win blocks.
    pub has_min_power: bool,
}

/// A deadline of a miner.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Deadline {
    /// Partitions proven in the current period.
    pub post_submissions: BitField,
    /// PoSts of the last period that may be disputed.
    pub disputable_proof_count: u64,
    /// Fee a day.
    #[serde(default)]
    pub daily_fee: TokenAmount,
}

/// A partition of a deadline.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Partition {
    /// All sectors ever put here.
    pub all_sectors: BitField,
    /// Declared or detected faults.
    pub faulty_sectors: BitField,
    /// Faults declared recovered.
    pub recovering_sectors: BitField,
    /// Not terminated.
    pub live_sectors: BitField,
    /// Live, not faulty, proven.
    pub active_sectors: BitField,
}

/// Counts of a miner's sectors.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MinerSectors {
    /// Not terminated.
    pub live: u64,
    /// Live and proven.
    pub active: u64,
    /// Faulty.
    pub faulty: u64,
}

/// A proven sector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SectorOnChainInfo {
    /// The sector.
    pub sector_number: SectorNumber,
    /// How it was sealed.
    pub seal_proof: RegisteredSealProof,
    /// CommR.
    #[serde(rename = "SealedCID")]
    pub sealed_cid: Cid,
    /// When it was proven first.
    pub activation: ChainEpoch,
    /// When it expires.
    pub expiration: ChainEpoch,
    /// Bytes times epochs of deals.
    pub deal_weight: BigInt,
    /// The same of verified deals.
    pub verified_deal_weight: BigInt,
    /// What is locked for it.
    pub initial_pledge: TokenAmount,
    /// Not kept any more by newer sectors.
    #[serde(default)]
    pub expected_day_reward: Option<TokenAmount>,
    /// Not kept any more by newer sectors.
    #[serde(default)]
    pub expected_storage_pledge: Option<TokenAmount>,
    /// When the power was last computed.
    pub power_base_epoch: ChainEpoch,
    /// Not kept any more by newer sectors.
    #[serde(default)]
    pub replaced_day_reward: Option<TokenAmount>,
    /// CommR of the first sealing, if data was put in later.
    #[serde(rename = "SectorKeyCID", default)]
    pub sector_key_cid: Option<Cid>,
    /// Bit 0: power as of FIP-0045.
    pub flags: u32,
    /// Fee a day.
    #[serde(default)]
    pub daily_fee: TokenAmount,
}

/// A pre-commitment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PreCommitInfo {
    /// How it is sealed.
    pub seal_proof: RegisteredSealProof,
    /// The sector.
    pub sector_number: SectorNumber,
    /// CommR.
    #[serde(rename = "SealedCID")]
    pub sealed_cid: Cid,
    /// The epoch of the ticket.
    pub seal_rand_epoch: ChainEpoch,
    /// Deals of the built-in market.
    #[serde(rename = "DealIDs", default, deserialize_with = "null_as_default")]
    pub deal_ids: Vec<u64>,
    /// When the sector shall expire.
    pub expiration: ChainEpoch,
    /// CommD; none: no data.
    #[serde(default)]
    pub unsealed_cid: Option<Cid>,
}

/// A pre-commitment on chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PreCommitOnChainInfo {
    /// What was committed.
    pub info: PreCommitInfo,
    /// What is locked until it is proven.
    pub pre_commit_deposit: TokenAmount,
    /// When.
    pub pre_commit_epoch: ChainEpoch,
}

/// Where a sector is proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SectorLocation {
    /// 0 to 47.
    pub deadline: u64,
    /// Within the deadline.
    pub partition: u64,
}

/// When a sector leaves; 0: not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SectorExpiration {
    /// Regularly.
    pub on_time: ChainEpoch,
    /// Because of faults.
    pub early: ChainEpoch,
}
