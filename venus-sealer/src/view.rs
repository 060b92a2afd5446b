//! What is shown of a sealer.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use venus_core::{
    Address, ChainEpoch, Cid, DeadlineInfo, MaybeAddress, MinerPower, MinerSectors, SectorLocation,
    SectorNumber, SectorOnChainInfo, TipSetKey, TokenAmount,
};

use crate::{
    Sealer, SealerError,
    fsm::{LogEntry, Randomness, SectorRecord, SectorState},
};
pub use crate::{funds::LockedFunds, proving::DeadlineSummary};

/// A line of `sectors list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SectorSummary {
    /// Its number.
    #[serde(rename = "SectorID")]
    pub number: SectorNumber,
    /// Where it stands.
    pub state: SectorState,
    /// Whether it is on chain.
    pub on_chain: bool,
    /// Whether it has power.
    pub active: bool,
    /// When it expires, if it is on chain.
    pub expiration: Option<ChainEpoch>,
    /// What is locked for it.
    pub initial_pledge: Option<TokenAmount>,
    /// What went wrong last; empty after success.
    pub last_err: String,
}

/// What `sectors status` shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SectorStatus {
    /// Its number.
    #[serde(rename = "SectorID")]
    pub number: SectorNumber,
    /// Where it stands.
    pub state: SectorState,
    /// CommD.
    pub comm_d: Option<Cid>,
    /// CommR.
    pub comm_r: Option<Cid>,
    /// The proof.
    pub proof: Option<venus_core::Bytes>,
    /// The ticket.
    pub ticket: Option<Randomness>,
    /// The seed.
    pub seed: Option<Randomness>,
    /// The id of the pre-commit message.
    pub pre_commit_msg: Option<String>,
    /// The id of the message with the proof.
    pub commit_msg: Option<String>,
    /// Failures in all.
    pub retries: u64,
    /// What went wrong last; empty after success.
    pub last_err: String,
    /// Its history.
    pub log: Vec<LogEntry>,
    /// As the chain has it.
    pub on_chain: Option<SectorOnChainInfo>,
    /// Where it is proven.
    pub location: Option<SectorLocation>,
}

/// What `info` shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SealerInfo {
    /// The miner.
    pub miner: Address,
    /// Bytes of its sectors.
    pub sector_size: u64,
    /// The head's height.
    pub height: ChainEpoch,
    /// The head's age in seconds.
    pub head_age: i64,
    /// Seconds between epochs.
    pub block_delay: i64,
    /// The base fee.
    pub base_fee: TokenAmount,
    /// Its power and the network's.
    pub power: MinerPower,
    /// Counts on chain.
    pub sectors: MinerSectors,
    /// The deadline it is in.
    pub deadline: DeadlineInfo,
    /// What the actor holds.
    pub balance: TokenAmount,
    /// What of that may be withdrawn.
    pub available: TokenAmount,
    /// What of that is locked, and what is owed.
    pub locked: LockedFunds,
    /// What the worker holds.
    pub worker_balance: TokenAmount,
    /// Sectors of this home by state.
    pub states: BTreeMap<SectorState, u64>,
}

impl SealerInfo {
    /// Blocks a week that the power makes probable, and the chance of one an epoch.
    pub fn win_rate(&self) -> (f64, f64) {
        let float = |n: &venus_core::BigInt| n.to_string().parse::<f64>().unwrap_or(0.0);
        let total = float(&self.power.total_power.quality_adj_power);
        if total <= 0.0 || !self.power.has_min_power {
            return (0.0, 0.0);
        }
        let ratio = float(&self.power.miner_power.quality_adj_power) * 5.0 / total;
        let chance = -(-ratio).exp_m1();
        (chance * 7.0 * 86400.0 / self.block_delay as f64, chance)
    }
}

impl Sealer {
    /// All sectors of this home. With `fast` the chain is not asked.
    pub async fn sectors(&self, fast: bool) -> Result<Vec<SectorSummary>, SealerError> {
        let ctx = &self.context;
        let (mut on_chain, mut active) = (BTreeMap::new(), BTreeMap::new());
        if !fast {
            let call = ctx.chain.state_miner_sectors(ctx.miner(), None, TipSetKey::head());
            for info in ctx.ask("sectors", call).await? {
                on_chain.insert(info.sector_number, info);
            }
            let call = ctx.chain.state_miner_active_sectors(ctx.miner(), TipSetKey::head());
            for info in ctx.ask("active sectors", call).await? {
                active.insert(info.sector_number, ());
            }
        }
        let line = |record: SectorRecord| {
            let info = on_chain.get(&record.number);
            SectorSummary {
                number: record.number,
                state: record.state,
                on_chain: info.is_some(),
                active: active.contains_key(&record.number),
                expiration: info.map(|info| info.expiration),
                initial_pledge: info.map(|info| info.initial_pledge.clone()),
                last_err: record.last_error,
            }
        };
        Ok(ctx.store.sectors()?.into_iter().map(line).collect())
    }

    /// One sector; with `on_chain` as the chain has it too.
    pub async fn sector(
        &self,
        number: SectorNumber,
        on_chain: bool,
    ) -> Result<SectorStatus, SealerError> {
        let ctx = &self.context;
        let record = ctx.store.sector(number)?;
        let mut info = None;
        let mut location = None;
        if on_chain {
            let call = ctx.chain.state_sector_get_info(ctx.miner(), number, TipSetKey::head());
            info = ctx.ask("the sector", call).await?;
        }
        if info.is_some() {
            let call = ctx.chain.state_sector_partition(ctx.miner(), number, TipSetKey::head());
            location = Some(ctx.ask("the sector's partition", call).await?);
        }
        Ok(SectorStatus {
            number,
            state: record.state,
            comm_d: record.cids.map(|cids| cids.unsealed),
            comm_r: record.cids.map(|cids| cids.sealed),
            proof: record.proof,
            ticket: record.ticket,
            seed: record.seed,
            pre_commit_msg: record.pre_commit.map(|message| message.id),
            commit_msg: record.commit.map(|message| message.id),
            retries: record.retries,
            last_err: record.last_error,
            log: record.log,
            on_chain: info,
            location,
        })
    }

    /// Sectors of this home by state.
    pub fn sectors_summary(&self) -> Result<BTreeMap<SectorState, u64>, SealerError> {
        let mut states = BTreeMap::new();
        for record in self.context.store.sectors()? {
            *states.entry(record.state).or_default() += 1;
        }
        Ok(states)
    }

    /// The miner at a glance.
    pub async fn info(&self) -> Result<SealerInfo, SealerError> {
        let ctx = &self.context;
        let (chain, miner) = (&ctx.chain, ctx.miner());
        let head = ctx.chain_head().await?;
        let tsk = head.key().clone();
        let who = MaybeAddress(Some(miner));
        let power = ctx.ask("power", chain.state_miner_power(who, tsk.clone())).await?;
        let count = chain.state_miner_sector_count(miner, tsk.clone());
        let sectors = ctx.ask("sector counts", count).await?;
        let deadline = chain.state_miner_proving_deadline(miner, tsk.clone());
        let deadline = ctx.ask("the proving deadline", deadline).await?;
        let actor = ctx.ask("the actor", chain.state_get_actor(miner, tsk.clone())).await?;
        let state = ctx.ask("the miner's state", chain.chain_read_obj(actor.head)).await?;
        let available = chain.state_miner_available_balance(miner, tsk.clone());
        let available = ctx.ask("the available balance", available).await?;
        let worker = ctx.ask("the miner", chain.state_miner_info(miner, tsk)).await?.worker;
        let worker_balance = ctx.ask("a balance", chain.wallet_balance(worker)).await?;
        let params = ctx.ask("the network", chain.state_get_network_params()).await?;
        let delay = i64::try_from(params.block_delay_secs).unwrap_or(i64::MAX);
        Ok(SealerInfo {
            miner,
            sector_size: ctx.identity.sector_size,
            height: head.height(),
            head_age: chrono::Utc::now().timestamp() - head.min_timestamp() as i64,
            block_delay: delay.max(1),
            base_fee: head.base_fee().clone(),
            power,
            sectors,
            deadline,
            balance: actor.balance,
            available,
            locked: LockedFunds::of(&state)?,
            worker_balance,
            states: self.sectors_summary()?,
        })
    }
}
