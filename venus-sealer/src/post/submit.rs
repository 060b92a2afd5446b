//! Messages with window PoSts: kept before they are sent, and sent again after a kill.

use venus_core::{Bytes, DeadlineInfo, TipSetKey};

use super::prove::Batch;
use crate::{
    SealerError,
    context::{Context, Delivery, Use, exit_text},
    params, policy,
    store::{PostRecord, PostState},
};

/// Submits a proof and waits for its fate. An error text: it is not on chain, and another proof
/// may still be.
pub(super) async fn submit(
    ctx: &Context,
    deadline: &DeadlineInfo,
    challenge: [u8; 32],
    batch: Batch,
) -> Result<Result<(), String>, SealerError> {
    let partitions: Vec<u64> = batch.partitions.iter().map(|(index, _)| *index).collect();
    // The oldest epoch that the actor accepts survives most reorgs.
    let epoch = deadline.challenge.max(0);
    let rand = ctx
        .ticket_randomness(policy::TAG_COMMIT, epoch, Bytes::default(), TipSetKey::head())
        .await?;
    let params =
        params::window_post(deadline.index, &batch.partitions, &batch.proofs, epoch, rand.value);
    let known = ctx.store.posts()?.into_iter().find(|post| {
        post.open == deadline.open
            && post.message.message.params == params
            && post.state != PostState::Failed
    });
    let record = match known {
        Some(record) => record,
        None => {
            let list: Vec<_> = partitions.iter().map(u64::to_string).collect();
            let what = format!("wdpost-{}-{}-{}", deadline.open, deadline.index, list.join("."));
            let value = venus_core::TokenAmount::zero();
            PostRecord {
                deadline: deadline.index,
                open: deadline.open,
                close: deadline.close,
                partitions,
                challenge: hex::encode(challenge),
                message: ctx
                    .miner_message(Use::Post, &what, params::SUBMIT_WINDOWED_POST, params, value)
                    .await?,
                state: PostState::Sent,
            }
        }
    };
    deliver(ctx, record).await
}

/// Keeps a message, sends it and notes what became of it.
pub(super) async fn deliver(
    ctx: &Context,
    mut record: PostRecord,
) -> Result<Result<(), String>, SealerError> {
    record.state = PostState::Sent;
    ctx.store.put_post(&record).await?;
    tracing::info!(
        deadline = record.deadline,
        partitions = ?record.partitions,
        id = %record.message.id,
        "message of the proving schedule goes out"
    );
    let outcome = match ctx.deliver(&record.message).await? {
        Delivery::Lost(reason) => Err(reason),
        Delivery::Executed(lookup) => match lookup.receipt.exit_code {
            0 => Ok(()),
            _ => Err(exit_text("it", &lookup)),
        },
    };
    record.state = if outcome.is_ok() { PostState::Landed } else { PostState::Failed };
    ctx.store.put_post(&record).await?;
    Ok(outcome)
}
