//! The draw of one miner: is it elected, and can it prove what it stores?

use std::sync::Arc;

use tokio::time::Instant;
use venus_core::{
    Address, BeaconEntry, ChainEpoch, ElectionProof, ExtendedSectorInfo, MiningBaseInfo, MsgMeta,
    PoStProof, Purpose, Signature, SignatureType, Ticket, TipSet,
    api::miner::MineState,
    consensus::{
        DrawRandomParams, election_params, ticket_params, verify_vrf, win_count,
        winning_post_randomness,
    },
};

use crate::{
    error::{MinerError, Result, ask},
    recorder::Record,
    service::Inner,
};

/// What all miners of a round draw on.
#[derive(Debug, Clone)]
pub(crate) struct Work {
    pub(crate) base: Arc<TipSet>,
    /// Epochs between the base and the round in which nobody won.
    pub(crate) nulls: ChainEpoch,
}

impl Work {
    /// The height to be mined.
    pub(crate) fn round(&self) -> ChainEpoch {
        self.base.height() + self.nulls + 1
    }
}

/// A draw that was won, with all that the block needs but its messages.
#[derive(Debug)]
pub(crate) struct Win {
    pub(crate) miner: Address,
    pub(crate) miner_id: u64,
    pub(crate) info: MiningBaseInfo,
    pub(crate) election: ElectionProof,
    pub(crate) ticket: Ticket,
    pub(crate) proofs: Vec<PoStProof>,
    pub(crate) proven: Instant,
}

/// The entry that a round draws from.
pub(crate) fn drawn_from(info: &MiningBaseInfo) -> &BeaconEntry {
    info.beacon_entries.last().unwrap_or(&info.prev_beacon_entry)
}

impl Inner {
    /// Draws for `miner` and, if it won, proves. None if it did not win or may not take part.
    pub(crate) async fn draw(
        &self,
        work: &Work,
        miner: Address,
        record: &mut Record,
    ) -> Result<Option<Win>> {
        let miner_id = miner.as_id().ok_or(MinerError::NotAnId(miner))?;
        let round = work.round();
        let started = Instant::now();
        let key = work.base.key().clone();
        let limit = self.config.request_timeout();
        let info = self.chain.miner_get_base_info(miner, round, key.clone());
        let Some(info) = ask(limit, "get mining base info", info).await? else {
            tracing::info!(%miner, round, "no mining base info: no power at the lookback");
            record.set("info", "get nil MinerGetBaseInfo");
            return Ok(None);
        };
        record.set("worker", info.worker_key);
        record.set("minerPower", &info.miner_power);
        record.set("networkPower", &info.network_power);
        record.set("isEligible", info.eligible_for_mining);
        if !info.eligible_for_mining {
            tracing::warn!(%miner, round, "the miner is not eligible: power, debt or a fault");
            return Ok(None);
        }
        record.took("getBaseInfo", started);
        let rbase = drawn_from(&info).clone();
        record.set("beaconEpoch", rbase.round);

        let drawing = Instant::now();
        let params = election_params(&rbase.data, round, miner);
        let vrf_proof = self.vrf("failed to compute VRF", info.worker_key, &params).await?;
        let wins = win_count(&vrf_proof.vrf_proof, &info.miner_power, &info.network_power);
        record.took("computeElectionProof", drawing);
        if wins < 1 {
            tracing::debug!(%miner, round, "not to be winner");
            record.set("info", "not to be winner");
            return Ok(None);
        }
        tracing::info!(%miner, round, wins, "elected");
        self.gauges.won(miner);
        record.set("winCount", wins);
        let now = i64::try_from(self.clock.now().as_secs()).unwrap_or(i64::MAX);
        self.store.won(miner_id, round, &work.base, now).await?;
        let result = self.prove(work, miner_id, info, &rbase, record).await;
        let (info, proofs, ticket) = match result {
            Ok(parts) => parts,
            Err(error) => {
                self.note(miner_id, round, MineState::Error).await;
                return Err(error);
            }
        };
        let election = ElectionProof { win_count: wins, vrf_proof: vrf_proof.vrf_proof };
        let proven = Instant::now();
        Ok(Some(Win { miner, miner_id, info, election, ticket, proofs, proven }))
    }

    async fn prove(
        &self,
        work: &Work,
        miner_id: u64,
        info: MiningBaseInfo,
        rbase: &BeaconEntry,
        record: &mut Record,
    ) -> Result<(MiningBaseInfo, Vec<PoStProof>, Ticket)> {
        let (miner, round) = (Address::id(miner_id), work.round());
        if info.sectors.is_empty() {
            return Err(MinerError::NoSectors(miner));
        }
        let seeding = Instant::now();
        let version = self.chain.state_network_version(work.base.key().clone());
        let version = ask(self.config.request_timeout(), "get network version", version).await?;
        let seed = winning_post_randomness(&rbase.data, round, miner);
        record.took("seed", seeding);
        let proving = Instant::now();
        let proofs = self.winning_post(miner_id, &info.sectors, seed, round, version).await?;
        record.took("computePostProof", proving);
        let drawing = Instant::now();
        let ticket = self.ticket(miner, round, &info, &work.base).await?;
        record.took("computeTicket", drawing);
        Ok((info, proofs, ticket))
    }

    /// Lets the prover prove, and takes the time.
    pub(crate) async fn winning_post(
        &self,
        miner_id: u64,
        sectors: &[ExtendedSectorInfo],
        seed: [u8; 32],
        epoch: ChainEpoch,
        version: u32,
    ) -> Result<Vec<PoStProof>> {
        let (miner, started) = (Address::id(miner_id), Instant::now());
        let proofs = self
            .prover
            .winning_post(miner_id, sectors, seed, epoch, version)
            .await
            .map_err(|source| MinerError::Proof { miner, source: Box::new(source) })?;
        self.gauges.proven(miner, started.elapsed());
        Ok(proofs)
    }

    /// The ticket of a block on `base`.
    pub(crate) async fn ticket(
        &self,
        miner: Address,
        round: ChainEpoch,
        info: &MiningBaseInfo,
        base: &TipSet,
    ) -> Result<Ticket> {
        let parent = base.min_ticket().filter(|_| round > self.network.smoke_height);
        let params = ticket_params(&drawn_from(info).data, round, miner, parent);
        self.vrf("failed to compute ticket", info.worker_key, &params).await
    }

    /// Lets the worker sign a draw, and checks what came back.
    pub(crate) async fn vrf(
        &self,
        what: &'static str,
        worker: Address,
        params: &DrawRandomParams,
    ) -> Result<Ticket> {
        if worker.protocol() as u8 != 3 {
            return Err(MinerError::WorkerNotBls);
        }
        let meta = MsgMeta::new(Purpose::DrawRandomParam);
        let signature = self.sign(what, worker, &params.encode(), meta).await?;
        verify_vrf(worker, &params.digest(), &signature.data)
            .map_err(Box::new)
            .map_err(|source| MinerError::WrongSignature { what, worker, source })?;
        Ok(Ticket { vrf_proof: signature.data })
    }

    /// Asks the wallet, but not for ever.
    pub(crate) async fn sign(
        &self,
        what: &'static str,
        worker: Address,
        bytes: &[u8],
        meta: MsgMeta,
    ) -> Result<Signature> {
        let after = self.config.once_timeout();
        let signed = tokio::time::timeout(after, self.signer.sign(worker, bytes, meta)).await;
        let signature = signed
            .map_err(|_| MinerError::TimedOut { what, after })?
            .map_err(|source| MinerError::Sign { what, source: Box::new(source) })?;
        match signature.kind {
            SignatureType::Bls => Ok(signature),
            _ => Err(MinerError::WorkerNotBls),
        }
    }

    /// Notes a state; that it could not be noted is no reason to stop.
    pub(crate) async fn note(&self, miner: u64, round: ChainEpoch, state: MineState) {
        if let Err(error) = self.store.set_state(miner, round, state).await {
            tracing::error!(miner, round, %error, "state of a block not noted");
        }
    }
}
