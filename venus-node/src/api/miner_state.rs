//! Miners, their power and their sectors.

use async_trait::async_trait;
use fil_actor_miner_state::v18 as actor;
use fvm_shared::sector::SectorSize;
use venus_core::{
    Address, BeneficiaryTerm, BitField, Bytes, Claim, Deadline, DeadlineInfo, MaybeAddress,
    MinerInfo, MinerPower, MinerSectors, Partition, PendingBeneficiary, PreCommitInfo,
    PreCommitOnChainInfo, SectorExpiration, SectorLocation, SectorNumber, SectorOnChainInfo,
    TipSet, TipSetKey, TokenAmount, chain_api::MinerState, rpc::RpcError,
};

use crate::{
    error::{NodeError, Result},
    executor::StateView,
    service::Node,
};

impl Node {
    /// Reads the state before the messages of a tipset.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        tsk: TipSetKey,
        read: impl FnOnce(&StateView<'_>, &TipSet) -> Result<T> + Send + 'static,
    ) -> Result<T, RpcError> {
        self.run(move |chain| {
            let tipset = chain.tipset(&tsk)?;
            read(&chain.view_at(&tipset)?, &tipset)
        })
        .await
    }
}

fn size_of(proof: fvm_shared::sector::RegisteredSealProof) -> Result<SectorSize> {
    proof
        .sector_size()
        .map_err(|e| NodeError::Input(format!("failed to resolve sector size for seal proof: {e}")))
}

/// What clients are told to send: a tenth more than needed now.
pub(super) fn with_margin(amount: &fvm_shared::econ::TokenAmount) -> TokenAmount {
    TokenAmount::from_atto(amount.atto() * 110 / 100)
}

#[async_trait]
impl MinerState for Node {
    async fn state_miner_info(
        &self,
        miner: Address,
        tsk: TipSetKey,
    ) -> Result<MinerInfo, RpcError> {
        self.read(tsk, move |view, _| Ok(info(view.miner_info(&miner)?))).await
    }

    async fn state_miner_power(
        &self,
        miner: MaybeAddress,
        tsk: TipSetKey,
    ) -> Result<MinerPower, RpcError> {
        self.read(tsk, move |view, _| {
            let Some(miner) = miner.0 else {
                let (raw, qa) = view.total_power()?;
                let total_power =
                    Claim { raw_byte_power: raw.into(), quality_adj_power: qa.into() };
                return Ok(MinerPower { total_power, ..MinerPower::default() });
            };
            let power = view.miner_power(&miner)?;
            Ok(MinerPower {
                miner_power: Claim {
                    raw_byte_power: power.raw.into(),
                    quality_adj_power: power.quality_adjusted.into(),
                },
                total_power: Claim {
                    raw_byte_power: power.total_raw.into(),
                    quality_adj_power: power.total_quality_adjusted.into(),
                },
                has_min_power: power.has_min_power,
            })
        })
        .await
    }

    async fn state_miner_proving_deadline(
        &self,
        miner: Address,
        tsk: TipSetKey,
    ) -> Result<DeadlineInfo, RpcError> {
        self.read(tsk, move |view, tipset| {
            let d = view.proving_deadline(&miner, tipset.height())?;
            Ok(DeadlineInfo {
                current_epoch: d.current_epoch,
                period_start: d.period_start,
                index: d.index,
                open: d.open,
                close: d.close,
                challenge: d.challenge,
                fault_cutoff: d.fault_cutoff,
                w_post_period_deadlines: d.w_post_period_deadlines,
                w_post_proving_period: d.w_post_proving_period,
                w_post_challenge_window: d.w_post_challenge_window,
                w_post_challenge_lookback: d.w_post_challenge_lookback,
                fault_declaration_cutoff: d.fault_declaration_cutoff,
            })
        })
        .await
    }

    async fn state_miner_deadlines(
        &self,
        miner: Address,
        tsk: TipSetKey,
    ) -> Result<Vec<Deadline>, RpcError> {
        self.read(tsk, move |view, _| {
            let deadline = |d: actor::Deadline| {
                let proofs = d.optimistic_proofs_snapshot_amt(view.store());
                Ok(Deadline {
                    post_submissions: d.partitions_posted.clone().into(),
                    disputable_proof_count: proofs
                        .map_err(|e| NodeError::Input(format!("cannot read a deadline: {e}")))?
                        .count(),
                    daily_fee: d.daily_fee.into(),
                })
            };
            view.deadlines(&miner)?.into_iter().map(deadline).collect()
        })
        .await
    }

    async fn state_miner_partitions(
        &self,
        miner: Address,
        deadline: u64,
        tsk: TipSetKey,
    ) -> Result<Vec<Partition>, RpcError> {
        self.read(tsk, move |view, _| {
            let partitions = view.partitions(&miner, deadline)?.into_iter();
            Ok(partitions
                .map(|p| Partition {
                    all_sectors: p.all.into(),
                    faulty_sectors: p.faulty.into(),
                    recovering_sectors: p.recovering.into(),
                    live_sectors: p.live.into(),
                    active_sectors: p.active.into(),
                })
                .collect())
        })
        .await
    }

    async fn state_miner_sectors(
        &self,
        miner: Address,
        sectors: Option<BitField>,
        tsk: TipSetKey,
    ) -> Result<Vec<SectorOnChainInfo>, RpcError> {
        self.read(tsk, move |view, _| {
            let found = view.sectors(&miner, sectors.as_deref())?;
            Ok(found.into_iter().map(sector).collect())
        })
        .await
    }

    async fn state_miner_active_sectors(
        &self,
        miner: Address,
        tsk: TipSetKey,
    ) -> Result<Vec<SectorOnChainInfo>, RpcError> {
        self.read(tsk, move |view, _| {
            Ok(view.active_sectors(&miner)?.into_iter().map(sector).collect())
        })
        .await
    }

    async fn state_miner_allocated(
        &self,
        miner: Address,
        tsk: TipSetKey,
    ) -> Result<BitField, RpcError> {
        self.read(tsk, move |view, _| Ok(view.allocated_sectors(&miner)?.into())).await
    }

    async fn state_miner_sector_count(
        &self,
        miner: Address,
        tsk: TipSetKey,
    ) -> Result<MinerSectors, RpcError> {
        self.read(tsk, move |view, _| {
            let mut count = MinerSectors::default();
            for deadline in 0..view.deadlines(&miner)?.len() as u64 {
                for partition in view.partitions(&miner, deadline)? {
                    count.live += partition.live.len();
                    count.active += partition.active.len();
                    count.faulty += partition.faulty.len();
                }
            }
            Ok(count)
        })
        .await
    }

    async fn state_miner_faults(
        &self,
        miner: Address,
        tsk: TipSetKey,
    ) -> Result<BitField, RpcError> {
        self.read(tsk, move |view, _| Ok(view.faults(&miner)?.into())).await
    }

    async fn state_miner_recoveries(
        &self,
        miner: Address,
        tsk: TipSetKey,
    ) -> Result<BitField, RpcError> {
        self.read(tsk, move |view, _| Ok(view.recoveries(&miner)?.into())).await
    }

    async fn state_miner_available_balance(
        &self,
        miner: Address,
        tsk: TipSetKey,
    ) -> Result<TokenAmount, RpcError> {
        self.read(tsk, move |view, tipset| {
            Ok(view.available_balance(&miner, tipset.height())?.into())
        })
        .await
    }

    async fn state_miner_pre_commit_deposit_for_power(
        &self,
        _miner: Address,
        info: PreCommitInfo,
        tsk: TipSetKey,
    ) -> Result<TokenAmount, RpcError> {
        self.read(tsk, move |view, _| {
            Ok(with_margin(&view.pre_commit_deposit(size_of(info.seal_proof)?)?))
        })
        .await
    }

    async fn state_miner_initial_pledge_collateral(
        &self,
        _miner: Address,
        info: PreCommitInfo,
        tsk: TipSetKey,
    ) -> Result<TokenAmount, RpcError> {
        self.read(tsk, move |view, tipset| {
            let power = (size_of(info.seal_proof)? as u64).into();
            Ok(with_margin(&view.initial_pledge(&power, tipset.height())?))
        })
        .await
    }

    async fn state_miner_creation_deposit(&self, tsk: TipSetKey) -> Result<TokenAmount, RpcError> {
        self.read(tsk, |view, tipset| Ok(view.create_miner_deposit(tipset.height())?.into())).await
    }

    async fn state_sector_pre_commit_info(
        &self,
        miner: Address,
        sector: SectorNumber,
        tsk: TipSetKey,
    ) -> Result<Option<PreCommitOnChainInfo>, RpcError> {
        self.read(tsk, move |view, _| view.precommit(&miner, sector)?.map(precommit).transpose())
            .await
    }

    async fn state_sector_get_info(
        &self,
        miner: Address,
        number: SectorNumber,
        tsk: TipSetKey,
    ) -> Result<Option<SectorOnChainInfo>, RpcError> {
        self.read(tsk, move |view, _| Ok(view.sector(&miner, number)?.map(sector))).await
    }

    async fn state_sector_partition(
        &self,
        miner: Address,
        sector: SectorNumber,
        tsk: TipSetKey,
    ) -> Result<SectorLocation, RpcError> {
        self.read(tsk, move |view, _| location(view, miner, sector)).await
    }

    async fn state_sector_expiration(
        &self,
        miner: Address,
        sector: SectorNumber,
        tsk: TipSetKey,
    ) -> Result<SectorExpiration, RpcError> {
        self.read(tsk, move |view, _| {
            location(view, miner, sector)?;
            let found = view.sector(&miner, sector)?;
            let on_time = found.map_or(0, |s| s.expiration);
            // A faulty sector leaves earlier; when is decided by the deadline's cron.
            Ok(SectorExpiration { on_time, early: 0 })
        })
        .await
    }
}

fn location(view: &StateView<'_>, miner: Address, sector: SectorNumber) -> Result<SectorLocation> {
    let found = view.sector_location(&miner, sector)?;
    let found = found
        .ok_or_else(|| NodeError::Input(format!("sector {sector} not due at any deadline")))?;
    Ok(SectorLocation { deadline: found.deadline, partition: found.partition })
}

fn info(info: actor::MinerInfo) -> MinerInfo {
    // Anything may stand there; what is no multihash is no peer.
    let peer = cid::multihash::Multihash::<64>::from_bytes(&info.peer_id)
        .is_ok()
        .then(|| cid::multibase::Base::Base58Btc.encode(&info.peer_id));
    let change = info.pending_worker_key.as_ref();
    MinerInfo {
        owner: info.owner.into(),
        worker: info.worker.into(),
        new_worker: change.map(|change| change.new_worker.into()),
        control_addresses: info.control_addresses.into_iter().map(Address::from).collect(),
        worker_change_epoch: change.map_or(-1, |change| change.effective_at),
        peer_id: peer,
        multiaddrs: info.multi_address.into_iter().map(|a| Bytes(a.0)).collect(),
        window_po_st_proof_type: info.window_post_proof_type,
        sector_size: info.sector_size as u64,
        window_po_st_partition_sectors: info.window_post_partition_sectors,
        consensus_fault_elapsed: info.consensus_fault_elapsed,
        pending_owner_address: info.pending_owner_address.map(Address::from),
        beneficiary: Some(info.beneficiary.into()),
        beneficiary_term: Some(BeneficiaryTerm {
            quota: info.beneficiary_term.quota.into(),
            used_quota: info.beneficiary_term.used_quota.into(),
            expiration: info.beneficiary_term.expiration,
        }),
        pending_beneficiary_term: info.pending_beneficiary_term.map(|p| PendingBeneficiary {
            new_beneficiary: p.new_beneficiary.into(),
            new_quota: p.new_quota.into(),
            new_expiration: p.new_expiration,
            approved_by_beneficiary: p.approved_by_beneficiary,
            approved_by_nominee: p.approved_by_nominee,
        }),
    }
}

fn sector(s: actor::SectorOnChainInfo) -> SectorOnChainInfo {
    SectorOnChainInfo {
        sector_number: s.sector_number,
        seal_proof: s.seal_proof,
        sealed_cid: s.sealed_cid.into(),
        activation: s.activation,
        expiration: s.expiration,
        deal_weight: s.deal_weight.into(),
        verified_deal_weight: s.verified_deal_weight.into(),
        initial_pledge: s.initial_pledge.into(),
        expected_day_reward: s.expected_day_reward.map(TokenAmount),
        expected_storage_pledge: s.expected_storage_pledge.map(TokenAmount),
        power_base_epoch: s.power_base_epoch,
        replaced_day_reward: s.replaced_day_reward.map(TokenAmount),
        sector_key_cid: s.sector_key_cid.map(Into::into),
        flags: s.flags.bits(),
        daily_fee: s.daily_fee.into(),
    }
}

fn precommit(found: actor::SectorPreCommitOnChainInfo) -> Result<PreCommitOnChainInfo> {
    let info = found.info;
    Ok(PreCommitOnChainInfo {
        info: PreCommitInfo {
            seal_proof: info.seal_proof,
            sector_number: info.sector_number,
            sealed_cid: info.sealed_cid.into(),
            seal_rand_epoch: info.seal_rand_epoch,
            deal_ids: info.deal_ids,
            expiration: info.expiration,
            unsealed_cid: info.unsealed_cid.0.map(Into::into),
        },
        pre_commit_deposit: found.pre_commit_deposit.into(),
        pre_commit_epoch: found.pre_commit_epoch,
    })
}
