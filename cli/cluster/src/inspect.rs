//! Gathering what is told of a running pool.

use std::{collections::BTreeMap, future::Future, sync::Arc, time::Duration};

use async_trait::async_trait;
use venus_core::{ChainApi, MaybeAddress, TipSetKey, api::messager::MessagerApi, rpc::RpcError};

use crate::{
    Plan,
    home::Services,
    ledger::Ledger,
    services::{Running, Sealers},
    status::{ClusterApi, HeadStatus, MinerStatus, Status},
};

/// How long a service may take to answer.
const LIMIT: Duration = Duration::from_secs(10);

/// Asks the services of a pool.
#[derive(Debug, Clone)]
pub(crate) struct Inspector {
    pub(crate) plan: Plan,
    pub(crate) services: Services,
    pub(crate) sealers: Sealers,
    pub(crate) ledger: Ledger,
    pub(crate) chain: Arc<dyn ChainApi>,
    pub(crate) messager: Arc<dyn MessagerApi>,
}

async fn ask<T>(
    what: &str,
    call: impl Future<Output = Result<T, RpcError>>,
) -> Result<T, RpcError> {
    match tokio::time::timeout(LIMIT, call).await {
        Ok(answer) => answer,
        Err(_) => Err(RpcError::method(format!("no answer to {what} within {LIMIT:?}"))),
    }
}

#[async_trait]
impl ClusterApi for Inspector {
    async fn status(&self) -> Result<Status, RpcError> {
        let head = ask("the head", self.chain.chain_head()).await?;
        let mut miners = Vec::new();
        for running in self.sealers.all() {
            miners.push(self.miner(&running).await?);
        }
        miners.sort_by_key(|status| (status.is_new, status.miner));
        let mut messages = BTreeMap::new();
        let all = ask("the messages", self.messager.list_message(None)).await?;
        for message in all.unwrap_or_default() {
            *messages.entry(message.state.to_string()).or_default() += 1;
        }
        Ok(Status {
            plan: self.plan.clone(),
            services: self.services.all(),
            head: HeadStatus {
                height: head.height(),
                cids: head.key().cids().to_vec(),
                base_fee: head.base_fee().clone(),
            },
            miners,
            messages,
        })
    }
}

impl Inspector {
    async fn miner(&self, running: &Running) -> Result<MinerStatus, RpcError> {
        let sealer = &running.sealer;
        let miner = sealer.miner();
        let power = self.chain.state_miner_power(MaybeAddress(Some(miner)), TipSetKey::head());
        let power = ask("the power", power).await?;
        let counts = self.chain.state_miner_sector_count(miner, TipSetKey::head());
        let counts = ask("the sectors", counts).await?;
        let states = sealer.sectors_summary().map_err(|e| RpcError::from_error(&e))?;
        Ok(MinerStatus {
            miner,
            account: running.account.clone(),
            is_new: running.is_new,
            power: power.miner_power.raw_byte_power,
            network_power: power.total_power.raw_byte_power,
            sectors: states.into_iter().map(|(state, n)| (state.to_string(), n)).collect(),
            active: counts.active,
            faults: counts.faulty,
            missed_deadlines: self.ledger.missed(miner),
            window_posts: self.ledger.posts(miner).len() as u64,
            wins: self.ledger.wins(miner),
        })
    }
}
