//! From the pre-commit to a sector on chain: seed, C1 and C2, the message with the proof.

use venus_core::{MsgLookup, SectorOnChainInfo, TipSetKey, TokenAmount};

use super::{
    pre_commit::{self, TRANSIENT_EXITS},
    replica, sector_fault,
};
use crate::{
    SealerError,
    context::{Context, Delivery, Use, exit_text},
    fsm::{Randomness, SectorEvent, SectorRecord},
    params, policy,
};

/// The sector on chain, if it is this replica.
pub(super) async fn on_chain(
    ctx: &Context,
    record: &SectorRecord,
    tsk: TipSetKey,
) -> Result<Option<SectorOnChainInfo>, SealerError> {
    let call = ctx.chain.state_sector_get_info(ctx.miner(), record.number, tsk);
    let found = ctx.ask("a sector", call).await?;
    Ok(found.filter(|info| record.cids.is_some_and(|cids| cids.sealed == info.sealed_cid)))
}

/// The tipset that executed a message: the first after the one that contains it.
async fn executed_by(ctx: &Context, lookup: &MsgLookup) -> Result<TipSetKey, SealerError> {
    let call = ctx.chain.chain_get_tipset_after_height(lookup.height + 1, TipSetKey::head());
    Ok(ctx.ask("the tipset that executed a message", call).await?.key().clone())
}

pub(super) async fn seed(ctx: &Context, record: &SectorRecord) -> Result<SectorEvent, SealerError> {
    let Some(found) = pre_commit::on_chain(ctx, record, TipSetKey::head()).await? else {
        let error = "precommit info not found on chain".to_owned();
        return Ok(SectorEvent::ChainPreCommitFailed { error });
    };
    let epoch = found.pre_commit_epoch + pre_commit::challenge_delay(ctx).await?;
    // The chain takes the proof one epoch after the seed at the earliest.
    let head = ctx.head.at_least(epoch + ctx.config.sealing.seed_confidence.max(1)).await;
    let seed = ctx.beacon_randomness(policy::TAG_SEED, epoch, head.key().clone()).await?;
    Ok(SectorEvent::SeedReady(seed))
}

pub(super) async fn prove(
    ctx: &Context,
    record: &SectorRecord,
) -> Result<SectorEvent, SealerError> {
    if record.commit.is_some() {
        return Ok(SectorEvent::RetryCommitWait);
    }
    let ticket = record.need("ticket", record.ticket)?;
    let seed = record.need("seed", record.seed)?;
    let cids = record.need("commitments", record.cids)?;
    let job = replica::job_of(ctx, record)?;
    let Ok(_turn) = ctx.commits.acquire().await else {
        return Ok(SectorEvent::Restart);
    };
    let proof = ctx.prover.commit(&job, ticket.value, seed.value, &record.pieces, &cids).await;
    match proof {
        Ok(proof) => Ok(SectorEvent::Committed { proof }),
        Err(error) => {
            let error = sector_fault("C1 and C2", error)?;
            Ok(SectorEvent::ComputeProofFailed { error })
        }
    }
}

/// The seed as the chain has it now; none without a pre-commit.
pub(super) async fn current_seed(
    ctx: &Context,
    record: &SectorRecord,
) -> Result<Option<Randomness>, SealerError> {
    let Some(found) = pre_commit::on_chain(ctx, record, TipSetKey::head()).await? else {
        return Ok(None);
    };
    let epoch = found.pre_commit_epoch + pre_commit::challenge_delay(ctx).await?;
    ctx.beacon_randomness(policy::TAG_SEED, epoch, TipSetKey::head()).await.map(Some)
}

pub(super) async fn make(ctx: &Context, record: &SectorRecord) -> Result<SectorEvent, SealerError> {
    let Some(proof) = record.proof.clone() else {
        let error = "there is no proof to submit".to_owned();
        return Ok(SectorEvent::CommitFailed { error, exit_code: None });
    };
    if current_seed(ctx, record).await? != record.seed {
        let error = "the seed changed, or the pre-commit is gone".to_owned();
        return Ok(SectorEvent::CommitFailed { error, exit_code: None });
    }
    let head = ctx.chain_head().await?;
    let Some(found) = pre_commit::on_chain(ctx, record, head.key().clone()).await? else {
        let error = "the pre-commit is gone".to_owned();
        return Ok(SectorEvent::CommitFailed { error, exit_code: None });
    };
    let call = ctx.chain.state_miner_initial_pledge_collateral(
        ctx.miner(),
        found.info,
        head.key().clone(),
    );
    let pledge = ctx.ask("the initial pledge", call).await?;
    let need = match pledge > found.pre_commit_deposit {
        true => pledge - found.pre_commit_deposit,
        false => TokenAmount::zero(),
    };
    let value = ctx.collateral(need).await?;
    let message = ctx
        .miner_message(
            Use::Commit,
            &format!("sector-{}-commit", record.number),
            params::PROVE_COMMIT_SECTORS3,
            params::prove_commit(&[(record.number, proof)]),
            value,
        )
        .await?;
    Ok(SectorEvent::CommitSubmitted { message })
}

pub(super) async fn send(ctx: &Context, record: &SectorRecord) -> Result<SectorEvent, SealerError> {
    let Some(message) = &record.commit else {
        // Sent before a failure that turned out to be none.
        return Ok(match on_chain(ctx, record, TipSetKey::head()).await? {
            Some(_) => SectorEvent::Proving,
            None => SectorEvent::RetrySubmitCommit,
        });
    };
    let failed = |error, exit_code| Ok(SectorEvent::CommitFailed { error, exit_code });
    let lookup = match ctx.deliver(message).await? {
        Delivery::Lost(error) => return failed(error, None),
        Delivery::Executed(lookup) => lookup,
    };
    match lookup.receipt.exit_code {
        // The state of the tipset that executed the message has the sector; the outcome names the
        // one that contains it.
        0 => match on_chain(ctx, record, executed_by(ctx, &lookup).await?).await? {
            Some(_) => Ok(SectorEvent::Proving),
            None => failed(
                "proof validation failed, sector not found in sector set".to_owned(),
                Some(0),
            ),
        },
        code if TRANSIENT_EXITS.contains(&code) => {
            tracing::warn!(sector = record.number, code, "the proof is sent again");
            super::cool_down(ctx).await;
            Ok(SectorEvent::RetrySubmitCommit)
        }
        code => failed(exit_text("sector commit", &lookup), Some(code)),
    }
}
