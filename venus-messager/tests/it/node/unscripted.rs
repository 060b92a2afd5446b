//! What no messager asks for.

use async_trait::async_trait;
use venus_core::{
    Address, BeaconEntry, BitField, BlockMsg, BlockTemplate, ChainEpoch, Deadline, DeadlineInfo,
    MaybeAddress, MinerInfo, MinerPower, MinerSectors, MiningBaseInfo, Partition, PreCommitInfo,
    PreCommitOnChainInfo, SectorExpiration, SectorLocation, SectorNumber, SectorOnChainInfo,
    SignedMessage, SyncState, TipSetKey, TokenAmount,
    chain_api::{MinerState, MiningApi},
    rpc::RpcError,
};

use super::ScriptedNode;

pub(super) fn unscripted<T>(method: &str) -> Result<T, RpcError> {
    Err(RpcError::method(format!("{method} is not scripted")))
}

macro_rules! unscripted {
    ($trait:ident { $($name:ident($($ty:ty),*) -> $ret:ty;)* }) => {
        #[async_trait]
        impl $trait for ScriptedNode {
            $(async fn $name(&self, $(_: $ty),*) -> Result<$ret, RpcError> {
                unscripted(stringify!($name))
            })*
        }
    };
}

unscripted!(MinerState {
    state_miner_info(Address, TipSetKey) -> MinerInfo;
    state_miner_power(MaybeAddress, TipSetKey) -> MinerPower;
    state_miner_proving_deadline(Address, TipSetKey) -> DeadlineInfo;
    state_miner_deadlines(Address, TipSetKey) -> Vec<Deadline>;
    state_miner_partitions(Address, u64, TipSetKey) -> Vec<Partition>;
    state_miner_sectors(Address, Option<BitField>, TipSetKey) -> Vec<SectorOnChainInfo>;
    state_miner_active_sectors(Address, TipSetKey) -> Vec<SectorOnChainInfo>;
    state_miner_allocated(Address, TipSetKey) -> BitField;
    state_miner_sector_count(Address, TipSetKey) -> MinerSectors;
    state_miner_faults(Address, TipSetKey) -> BitField;
    state_miner_recoveries(Address, TipSetKey) -> BitField;
    state_miner_available_balance(Address, TipSetKey) -> TokenAmount;
    state_miner_pre_commit_deposit_for_power(Address, PreCommitInfo, TipSetKey) -> TokenAmount;
    state_miner_initial_pledge_collateral(Address, PreCommitInfo, TipSetKey) -> TokenAmount;
    state_miner_creation_deposit(TipSetKey) -> TokenAmount;
    state_sector_pre_commit_info(Address, SectorNumber, TipSetKey) -> Option<PreCommitOnChainInfo>;
    state_sector_get_info(Address, SectorNumber, TipSetKey) -> Option<SectorOnChainInfo>;
    state_sector_partition(Address, SectorNumber, TipSetKey) -> SectorLocation;
    state_sector_expiration(Address, SectorNumber, TipSetKey) -> SectorExpiration;
});

unscripted!(MiningApi {
    miner_get_base_info(Address, ChainEpoch, TipSetKey) -> Option<MiningBaseInfo>;
    state_get_beacon_entry(ChainEpoch) -> BeaconEntry;
    mpool_select(TipSetKey, f64) -> Vec<SignedMessage>;
    mpool_selects(TipSetKey, Vec<f64>) -> Vec<Option<Vec<SignedMessage>>>;
    miner_create_block(BlockTemplate) -> BlockMsg;
    sync_submit_block(BlockMsg) -> ();
    sync_state() -> SyncState;
});
