//! What block producers need.

use super::NodeClient;
use crate::{
    Address, BeaconEntry, BlockMsg, BlockTemplate, ChainEpoch, MiningBaseInfo, SignedMessage,
    SyncState, TipSetKey,
};

crate::rpc_interface! {
    /// Makes and submits blocks.
    pub trait MiningApi for NodeClient in "Filecoin" {
        /// Returns what a miner needs to draw for `round` on the base `tsk`; none if the miner had
        /// no power at the lookback.
        #[read]
        fn miner_get_base_info(miner: Address, round: ChainEpoch, tsk: TipSetKey) -> Option<MiningBaseInfo> = "MinerGetBaseInfo";
        /// Returns the beacon entry of an epoch; waits if it lies in the future.
        #[read]
        fn state_get_beacon_entry(epoch: ChainEpoch) -> BeaconEntry = "StateGetBeaconEntry";
        /// Chooses messages for a block on `tsk` whose ticket has this quality (0 to 1).
        #[read]
        fn mpool_select(tsk: TipSetKey, quality: f64) -> Vec<SignedMessage> = "MpoolSelect";
        /// Chooses messages for several blocks; venus only.
        #[read]
        fn mpool_selects(tsk: TipSetKey, qualities: Vec<f64>) -> Vec<Option<Vec<SignedMessage>>> = "MpoolSelects";
        /// Makes an unsigned block of a template.
        #[write]
        fn miner_create_block(template: BlockTemplate) -> BlockMsg = "MinerCreateBlock";
        /// Takes a signed block into the chain and tells the network.
        #[write]
        fn sync_submit_block(block: BlockMsg) -> () = "SyncSubmitBlock";
        /// Tells what is being synced.
        #[read]
        fn sync_state() -> SyncState = "SyncState";
    }
}
