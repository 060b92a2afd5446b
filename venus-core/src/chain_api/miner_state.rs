//! Miners, their power and their sectors.

use super::NodeClient;
use crate::{
    Address, BitField, Deadline, DeadlineInfo, MaybeAddress, MinerInfo, MinerPower, MinerSectors,
    Partition, PreCommitInfo, PreCommitOnChainInfo, SectorExpiration, SectorLocation, SectorNumber,
    SectorOnChainInfo, TipSetKey, TokenAmount,
};

crate::rpc_interface! {
    /// Reads the state of miners.
    pub trait MinerState for NodeClient in "Filecoin" {
        /// Returns a miner's identity.
        #[read]
        fn state_miner_info(miner: Address, tsk: TipSetKey) -> MinerInfo = "StateMinerInfo";
        /// Returns a miner's power and the network's; without a miner the network's alone.
        #[read]
        fn state_miner_power(miner: MaybeAddress, tsk: TipSetKey) -> MinerPower = "StateMinerPower";
        /// Returns the deadline that a miner is in.
        #[read]
        fn state_miner_proving_deadline(miner: Address, tsk: TipSetKey) -> DeadlineInfo = "StateMinerProvingDeadline";
        /// Returns the 48 deadlines of a miner.
        #[read]
        fn state_miner_deadlines(miner: Address, tsk: TipSetKey) -> Vec<Deadline> = "StateMinerDeadlines";
        /// Returns the partitions of a deadline.
        #[read]
        fn state_miner_partitions(miner: Address, deadline: u64, tsk: TipSetKey) -> Vec<Partition> = "StateMinerPartitions";
        /// Returns the sectors with these numbers, or all.
        #[read]
        fn state_miner_sectors(miner: Address, sectors: Option<BitField>, tsk: TipSetKey) -> Vec<SectorOnChainInfo> = "StateMinerSectors";
        /// Returns the active sectors.
        #[read]
        fn state_miner_active_sectors(miner: Address, tsk: TipSetKey) -> Vec<SectorOnChainInfo> = "StateMinerActiveSectors";
        /// Returns the sector numbers in use or used up.
        #[read]
        fn state_miner_allocated(miner: Address, tsk: TipSetKey) -> BitField = "StateMinerAllocated";
        /// Counts sectors.
        #[read]
        fn state_miner_sector_count(miner: Address, tsk: TipSetKey) -> MinerSectors = "StateMinerSectorCount";
        /// Returns the faulty sectors.
        #[read]
        fn state_miner_faults(miner: Address, tsk: TipSetKey) -> BitField = "StateMinerFaults";
        /// Returns the sectors declared recovered.
        #[read]
        fn state_miner_recoveries(miner: Address, tsk: TipSetKey) -> BitField = "StateMinerRecoveries";
        /// Returns what a miner may withdraw, in attoFIL, vested funds included.
        #[read]
        fn state_miner_available_balance(miner: Address, tsk: TipSetKey) -> TokenAmount = "StateMinerAvailableBalance";
        /// Returns the deposit that a pre-commit needs, in attoFIL, 10 % added.
        #[read]
        fn state_miner_pre_commit_deposit_for_power(miner: Address, info: PreCommitInfo, tsk: TipSetKey) -> TokenAmount = "StateMinerPreCommitDepositForPower";
        /// Returns the pledge that a sector needs, in attoFIL, 10 % added.
        #[read]
        fn state_miner_initial_pledge_collateral(miner: Address, info: PreCommitInfo, tsk: TipSetKey) -> TokenAmount = "StateMinerInitialPledgeCollateral";
        /// Returns the deposit that creating a miner needs, in attoFIL.
        #[read]
        fn state_miner_creation_deposit(tsk: TipSetKey) -> TokenAmount = "StateMinerCreationDeposit";
        /// Returns a pre-commitment, or none.
        #[read]
        fn state_sector_pre_commit_info(miner: Address, sector: SectorNumber, tsk: TipSetKey) -> Option<PreCommitOnChainInfo> = "StateSectorPreCommitInfo";
        /// Returns a proven sector, or none.
        #[read]
        fn state_sector_get_info(miner: Address, sector: SectorNumber, tsk: TipSetKey) -> Option<SectorOnChainInfo> = "StateSectorGetInfo";
        /// Returns where a sector is proven.
        #[read]
        fn state_sector_partition(miner: Address, sector: SectorNumber, tsk: TipSetKey) -> SectorLocation = "StateSectorPartition";
        /// Returns when a sector leaves.
        #[read]
        fn state_sector_expiration(miner: Address, sector: SectorNumber, tsk: TipSetKey) -> SectorExpiration = "StateSectorExpiration";
    }
}
