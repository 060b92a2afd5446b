//! The RPC. Who is no administrator sees and touches its own miners alone.

use std::collections::BTreeMap;

use async_trait::async_trait;
use venus_core::{
    Address, ChainEpoch, NodeVersion,
    api::miner::{
        BlockQuery, MinedBlock, MinerApi, MiningStatus, PoolMiner, RecordQuery, WinnerCount,
    },
    auth::{Page, current_caller},
    rpc::RpcError,
};

use crate::Miner;

/// 1.2.0, as the Go service.
const API_VERSION: u32 = 1 << 16 | 2 << 8;

impl Miner {
    /// The known miners that the caller may see.
    fn visible(&self) -> Result<Vec<PoolMiner>, RpcError> {
        let mut miners = self.0.registry.list();
        if let Some(name) = restricted_to()? {
            miners.retain(|miner| miner.name == name);
        }
        Ok(miners)
    }

    /// Those of the named miners that the caller may see; all of these if none is named. An
    /// administrator may ask for unknown ones.
    fn chosen(&self, named: Option<Vec<Address>>) -> Result<Vec<Address>, RpcError> {
        let named = named.unwrap_or_default();
        let visible = || Ok(self.visible()?.into_iter().map(|miner| miner.addr).collect());
        match (named.is_empty(), restricted_to()?) {
            (true, _) => visible(),
            (false, None) => Ok(named),
            (false, Some(_)) => {
                let visible: Vec<Address> = visible()?;
                Ok(named.into_iter().filter(|miner| visible.contains(miner)).collect())
            }
        }
    }

    fn check_owner(&self, miner: Address) -> Result<(), RpcError> {
        match restricted_to()? {
            Some(name) if self.0.registry.get(miner).is_none_or(|m| m.name != name) => {
                Err(RpcError::method(format!(
                    "miner {miner} not exist in user {name}: permission deny"
                )))
            }
            _ => Ok(()),
        }
    }

    async fn switch(&self, named: Option<Vec<Address>>, on: bool) {
        let named = named.unwrap_or_default();
        // Starting all is safe to say by saying nothing; stopping all is not.
        let all = on && named.is_empty();
        for miner in self.0.registry.list() {
            if !all && !named.contains(&miner.addr) {
                continue;
            }
            match self.0.source.set_mining(&miner, on).await {
                Ok(()) => self.0.registry.set_mining(miner.addr, on),
                Err(error) => {
                    tracing::error!(miner = %miner.addr, on, %error, "mining not switched");
                }
            }
        }
        let known = |miner: &Address| self.0.registry.get(*miner).is_some();
        for miner in named.iter().filter(|miner| !known(miner)) {
            tracing::error!(%miner, on, "mining not switched: unknown miner");
        }
    }
}

/// The account to which the caller is restricted; none for administrators and calls in process.
fn restricted_to() -> Result<Option<String>, RpcError> {
    match current_caller() {
        None => Ok(None),
        Some(caller) if caller.is_admin() => Ok(None),
        Some(caller) if caller.name.is_empty() => {
            Err(RpcError::method("there is no accountKey in the request"))
        }
        Some(caller) => Ok(Some(caller.name)),
    }
}

#[async_trait]
impl MinerApi for Miner {
    async fn update_address(&self, skip: i64, limit: i64) -> Result<Vec<PoolMiner>, RpcError> {
        let number = |n: i64| usize::try_from(n).unwrap_or(0);
        let page = Page { skip: number(skip), limit: number(limit) };
        self.0.reload(page).await.map_err(RpcError::from_display)?;
        Ok(self.0.registry.list().into_iter().filter(|miner| miner.open_mining).collect())
    }

    async fn list_address(&self) -> Result<Vec<PoolMiner>, RpcError> {
        self.visible()
    }

    async fn states_for_mining(
        &self,
        miners: Option<Vec<Address>>,
    ) -> Result<Vec<MiningStatus>, RpcError> {
        let chosen = self.chosen(miners)?;
        Ok(chosen.into_iter().map(|miner| self.0.registry.status(miner)).collect())
    }

    async fn count_winners(
        &self,
        miners: Option<Vec<Address>>,
        start: ChainEpoch,
        end: ChainEpoch,
    ) -> Result<Vec<WinnerCount>, RpcError> {
        let all = miners.as_ref().is_none_or(Vec::is_empty);
        let mut chosen = self.chosen(miners)?;
        // Of those that were named, one that takes no part is told of.
        chosen.retain(|miner| !all || self.0.registry.is_mining(*miner));
        self.0.count_winners(&chosen, start, end).await.map_err(RpcError::from_display)
    }

    async fn list_blocks(&self, query: Option<BlockQuery>) -> Result<Vec<MinedBlock>, RpcError> {
        let mut query = query.unwrap_or_default();
        if restricted_to()?.is_some() {
            query.miners = self.chosen(Some(query.miners))?;
            if query.miners.is_empty() {
                return Ok(Vec::new());
            }
        }
        self.0.store.list(&query).await.map_err(RpcError::from_display)
    }

    async fn warmup_for_miner(&self, miner: Address) -> Result<(), RpcError> {
        self.check_owner(miner)?;
        self.0.warm_up(miner).await.map_err(RpcError::from_display)
    }

    async fn start(&self, miners: Option<Vec<Address>>) -> Result<(), RpcError> {
        self.switch(miners, true).await;
        Ok(())
    }

    async fn stop(&self, miners: Option<Vec<Address>>) -> Result<(), RpcError> {
        self.switch(miners, false).await;
        Ok(())
    }

    async fn query_record(
        &self,
        query: RecordQuery,
    ) -> Result<Vec<BTreeMap<String, String>>, RpcError> {
        self.check_owner(query.miner)?;
        self.0.recorder.query(&query).map_err(RpcError::from_display)
    }

    async fn version(&self) -> Result<NodeVersion, RpcError> {
        Ok(NodeVersion { version: env!("CARGO_PKG_VERSION").into(), api_version: API_VERSION })
    }

    async fn shutdown(&self) -> Result<(), RpcError> {
        self.0.stop.cancel();
        Ok(())
    }
}
