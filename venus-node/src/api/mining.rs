//! For block producers.

use std::time::Duration;

use async_trait::async_trait;
use venus_core::{
    Address, BeaconEntry, BlockMsg, BlockTemplate, ChainEpoch, MiningBaseInfo, SignedMessage,
    SyncState, TipSetKey, chain_api::MiningApi, clock::Clock, consensus::Rounds, rpc::RpcError,
};

use crate::service::Node;

#[async_trait]
impl MiningApi for Node {
    async fn miner_get_base_info(
        &self,
        miner: Address,
        round: ChainEpoch,
        tsk: TipSetKey,
    ) -> Result<Option<MiningBaseInfo>, RpcError> {
        self.run(move |chain| chain.base_info(miner, round, &chain.tipset(&tsk)?)).await
    }

    async fn state_get_beacon_entry(&self, epoch: ChainEpoch) -> Result<BeaconEntry, RpcError> {
        let head = self.head();
        if epoch <= head.height() {
            return self.run(move |chain| chain.randomness(head).beacon_entry(epoch)).await;
        }
        // The round of an epoch is out when the epoch before it begins, as with drand.
        let out = self.time_of(epoch.saturating_sub(1).min(ChainEpoch::from(u32::MAX)));
        self.0.clock.sleep_until(out.max(Duration::ZERO)).await;
        let beacon = &self.0.beacon;
        beacon.0.entry(beacon.round_at(epoch)).map_err(RpcError::method)
    }

    async fn mpool_select(
        &self,
        tsk: TipSetKey,
        _quality: f64,
    ) -> Result<Vec<SignedMessage>, RpcError> {
        self.run(move |chain| chain.select(&chain.tipset(&tsk)?)).await
    }

    async fn mpool_selects(
        &self,
        tsk: TipSetKey,
        qualities: Vec<f64>,
    ) -> Result<Vec<Option<Vec<SignedMessage>>>, RpcError> {
        self.run(move |chain| chain.select_many(&chain.tipset(&tsk)?, qualities.len())).await
    }

    async fn miner_create_block(&self, template: BlockTemplate) -> Result<BlockMsg, RpcError> {
        self.run(move |chain| chain.create_block(template)).await
    }

    async fn sync_submit_block(&self, block: BlockMsg) -> Result<(), RpcError> {
        // In a thread of its own: it goes on if the caller goes away.
        self.run(move |chain| chain.submit(&block)).await
    }

    async fn sync_state(&self) -> Result<SyncState, RpcError> {
        Ok(SyncState::default())
    }
}
