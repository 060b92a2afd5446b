//! The pre-commit: made and kept first, then sent.

use venus_core::{ChainEpoch, PreCommitInfo, PreCommitOnChainInfo, TipSet, TipSetKey};

use super::cool_down;
use crate::{
    SealerError,
    context::{Context, Delivery, Use, exit_text},
    fsm::{SectorEvent, SectorRecord},
    params, policy,
};

/// Exit codes after which the same message may succeed: not enough money for gas, out of gas,
/// not enough money for the deposit.
pub(super) const TRANSIENT_EXITS: [u32; 3] = [6, 7, 19];

/// The sector's pre-commit on chain.
pub(super) async fn on_chain(
    ctx: &Context,
    record: &SectorRecord,
    tsk: TipSetKey,
) -> Result<Option<PreCommitOnChainInfo>, SealerError> {
    let call = ctx.chain.state_sector_pre_commit_info(ctx.miner(), record.number, tsk);
    ctx.ask("a pre-commit", call).await
}

/// Epochs from a pre-commit to its seed.
pub(super) async fn challenge_delay(ctx: &Context) -> Result<ChainEpoch, SealerError> {
    let params = ctx.ask("network parameters", ctx.chain.state_get_network_params()).await?;
    Ok(params.pre_commit_challenge_delay)
}

pub(super) async fn make(ctx: &Context, record: &SectorRecord) -> Result<SectorEvent, SealerError> {
    let ticket = record.need("ticket", record.ticket)?;
    let cids = record.need("commitments", record.cids)?;
    let head = ctx.chain_head().await?;
    if let Some(found) = on_chain(ctx, record, head.key().clone()).await? {
        return Ok(match found.info.sealed_cid == cids.sealed {
            true => SectorEvent::PreCommitLanded,
            false => SectorEvent::SealPreCommit1Failed {
                error: format!("another replica, {}, is pre-committed", found.info.sealed_cid),
            },
        });
    }
    if head.height() - ticket.epoch > policy::MAX_TICKET_AGE {
        let error = format!("ticket of epoch {} expired", ticket.epoch);
        return Ok(SectorEvent::SealPreCommit1Failed { error });
    }
    let info = info(ctx, record, &head).await?;
    let call = ctx.chain.state_miner_pre_commit_deposit_for_power(
        ctx.miner(),
        info.clone(),
        head.key().clone(),
    );
    let deposit = ctx.ask("the pre-commit deposit", call).await?;
    let value = ctx.collateral(deposit.clone()).await?;
    let message = ctx
        .miner_message(
            Use::PreCommit,
            &format!("sector-{}-precommit", record.number),
            params::PRE_COMMIT_SECTOR_BATCH2,
            params::pre_commit(&[info]),
            value,
        )
        .await?;
    Ok(SectorEvent::PreCommitted { message, deposit })
}

/// What is committed to. A sector without data says nothing about it: the chain knows the zeros.
pub(super) async fn info(
    ctx: &Context,
    record: &SectorRecord,
    head: &TipSet,
) -> Result<PreCommitInfo, SealerError> {
    let ticket = record.need("ticket", record.ticket)?;
    let cids = record.need("commitments", record.cids)?;
    let lifetime = ctx.config.sealing.sector_lifetime;
    let wanted = policy::expiration(head.height(), lifetime, policy::PROVING_BUFFER);
    let delay = challenge_delay(ctx).await?;
    Ok(PreCommitInfo {
        seal_proof: record.proof_type,
        sector_number: record.number,
        sealed_cid: cids.sealed,
        seal_rand_epoch: ticket.epoch,
        deal_ids: Vec::new(),
        expiration: policy::pre_commit_expiration(wanted, ticket.epoch, head.height(), delay),
        unsealed_cid: None,
    })
}

pub(super) async fn send(ctx: &Context, record: &SectorRecord) -> Result<SectorEvent, SealerError> {
    let message = record.need("pre-commit message", record.pre_commit.as_ref())?;
    match ctx.deliver(message).await? {
        Delivery::Lost(error) => Ok(SectorEvent::ChainPreCommitFailed { error }),
        Delivery::Executed(lookup) => match lookup.receipt.exit_code {
            0 => Ok(SectorEvent::PreCommitLanded),
            code if TRANSIENT_EXITS.contains(&code) => {
                tracing::warn!(sector = record.number, code, "the pre-commit is sent again");
                cool_down(ctx).await;
                Ok(SectorEvent::RetryPreCommit)
            }
            _ => Ok(SectorEvent::ChainPreCommitFailed {
                error: exit_text("sector precommit", &lookup),
            }),
        },
    }
}
