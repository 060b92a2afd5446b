//! Looking back at draws, and trying a prover out.

use futures::{StreamExt, future::join_all, stream};
use tokio::time::Instant;
use venus_core::{
    Address, ChainEpoch, ExtendedSectorInfo, TipSet, TipSetKey,
    api::miner::{WinnerCount, WinnerEpoch},
    consensus::{election_params, win_count},
};

use crate::{
    error::{MinerError, Result, ask},
    lottery::drawn_from,
    service::Inner,
};

/// Rounds looked at at a time, for all miners of a call.
const AT_ONCE: usize = 16;

impl Inner {
    /// Counts the wins of miners on the bases at the heights `start` to `end`.
    pub(crate) async fn count_winners(
        &self,
        miners: &[Address],
        start: ChainEpoch,
        end: ChainEpoch,
    ) -> Result<Vec<WinnerCount>> {
        let head = ask(self.config.request_timeout(), "get the head", self.chain.chain_head());
        let head = head.await?;
        if start > head.height() || end > head.height() {
            return Err(MinerError::Future(head.height()));
        }
        let mut counts = Vec::new();
        for miner in miners {
            if !self.registry.is_mining(*miner) {
                counts.push(WinnerCount {
                    miner: *miner,
                    total_win_count: 0,
                    msg: "miner not exist".into(),
                    win_epoch_list: None,
                });
                continue;
            }
            let rounds = stream::iter(start.max(0)..=end)
                .map(|epoch| self.look_back(*miner, epoch, &head))
                .buffered(AT_ONCE);
            let epochs: Vec<_> = rounds.filter_map(async |epoch| epoch).collect().await;
            counts.push(WinnerCount {
                miner: *miner,
                total_win_count: epochs.iter().map(|epoch| epoch.win_count).sum(),
                msg: String::new(),
                win_epoch_list: Some(epochs),
            });
        }
        Ok(counts)
    }

    /// The draw on the base at `epoch`; none if nothing was won.
    async fn look_back(
        &self,
        miner: Address,
        epoch: ChainEpoch,
        head: &TipSet,
    ) -> Option<WinnerEpoch> {
        let round = epoch + 1;
        match self.past_wins(miner, epoch, head).await {
            Ok(0) | Err(MinerError::WorkerNotBls) => None,
            Ok(wins) => Some(WinnerEpoch { epoch: round, win_count: wins, msg: String::new() }),
            Err(error) => Some(WinnerEpoch { epoch: round, win_count: 0, msg: error.to_string() }),
        }
    }

    async fn past_wins(&self, miner: Address, epoch: ChainEpoch, head: &TipSet) -> Result<i64> {
        let limit = self.config.request_timeout();
        let base = self.chain.chain_get_tipset_by_height(epoch, head.key().clone());
        let base = ask(limit, "get the base", base).await?;
        let info = self.chain.miner_get_base_info(miner, epoch + 1, base.key().clone());
        let info = ask(limit, "get mining base info", info).await?;
        let Some(info) = info.filter(|info| info.eligible_for_mining) else { return Ok(0) };
        let params = election_params(&drawn_from(&info).data, epoch + 1, miner);
        let proof = self.vrf("failed to compute VRF", info.worker_key, &params).await?;
        Ok(win_count(&proof.vrf_proof, &info.miner_power, &info.network_power))
    }

    /// Lets all miners that take part try their provers, so that a wrong one is known before it is
    /// needed.
    pub(crate) async fn warm_up_all(&self) {
        let miners = self.registry.list().into_iter().filter(|miner| miner.open_mining);
        let tries = miners.map(async |miner| {
            if let Err(error) = self.warm_up(miner.addr).await {
                tracing::warn!(miner = %miner.addr, %error, "winning PoSt does not work");
                self.registry.error(miner.addr, &error);
            }
        });
        join_all(tries).await;
    }

    /// Makes a winning PoSt of the first active sector for nothing. A miner without one is fine.
    pub(crate) async fn warm_up(&self, miner: Address) -> Result<()> {
        if !self.registry.is_mining(miner) {
            return Err(MinerError::NotMining(miner));
        }
        let miner_id = miner.as_id().ok_or(MinerError::NotAnId(miner))?;
        let Some(number) = self.first_sector(miner).await? else {
            tracing::info!(%miner, "skipping winning PoSt warmup, no sectors");
            return Ok(());
        };
        let limit = self.config.request_timeout();
        let info = self.chain.state_sector_get_info(miner, number, TipSetKey::head());
        let info = ask(limit, "get the sector", info).await?;
        let info = info.ok_or(MinerError::SectorNotFound(number))?;
        let head = ask(limit, "get the head", self.chain.chain_head()).await?;
        let version = self.chain.state_network_version(head.key().clone());
        let version = ask(limit, "get network version", version).await?;
        let sectors = [ExtendedSectorInfo {
            seal_proof: info.seal_proof,
            sector_number: number,
            sector_key: info.sector_key_cid,
            sealed_cid: info.sealed_cid,
        }];
        // Any challenge will do: the proof is thrown away.
        let seed = venus_core::blake2b_256(&head.key().to_bytes());
        let after = self.config.once_timeout();
        let proof = self.winning_post(miner_id, &sectors, seed, head.height(), version);
        let started = Instant::now();
        tokio::time::timeout(after, proof)
            .await
            .map_err(|_| MinerError::TimedOut { what: "compute winning post proof", after })??;
        tracing::info!(%miner, sector = number, took = ?started.elapsed(), "winning PoSt works");
        Ok(())
    }

    async fn first_sector(&self, miner: Address) -> Result<Option<u64>> {
        let limit = self.config.request_timeout();
        let deadlines = self.chain.state_miner_deadlines(miner, TipSetKey::head());
        let deadlines = ask(limit, "get the deadlines", deadlines).await?;
        for deadline in 0..deadlines.len() as u64 {
            let partitions = self.chain.state_miner_partitions(miner, deadline, TipSetKey::head());
            for partition in ask(limit, "get the partitions", partitions).await? {
                if let Some(first) = partition.active_sectors.iter().next() {
                    return Ok(Some(first));
                }
            }
        }
        Ok(None)
    }
}
