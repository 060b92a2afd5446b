//! What every chain node must do.

use std::time::Duration;

use futures::StreamExt;

use crate::{ChainApi, Cid, HeadChangeType, MaybeAddress, TipSetKey};

/// Checks the contract of [`ChainApi`] on a node whose chain has at least one tipset after genesis
/// and at least one miner.
///
/// # Panics
///
/// Where the contract is broken.
pub async fn chain_contract(chain: &dyn ChainApi) {
    let head = chain.chain_head().await.expect("there is a head");
    let same = chain.chain_get_tipset(head.key().clone()).await.expect("the head is known");
    assert_eq!(same, head);
    let at_height = chain.chain_get_tipset_by_height(head.height(), head.key().clone()).await;
    assert_eq!(at_height.expect("by its height"), head);
    let parent = chain.chain_get_tipset(head.parents()).await.expect("its parent is known");
    assert!(parent.height() < head.height());

    let path = chain.chain_get_path(parent.key().clone(), head.key().clone()).await.expect("path");
    let steps: Vec<_> = path.iter().map(|step| (step.r#type, step.val.key().clone())).collect();
    assert_eq!(steps, [(HeadChangeType::Apply, head.key().clone())]);
    let back = chain.chain_get_path(head.key().clone(), parent.key().clone()).await.expect("path");
    assert_eq!(back.first().map(|step| step.r#type), Some(HeadChangeType::Revert));

    let unknown = TipSetKey::new(vec![Cid::of_cbor(b"\x80")]);
    chain.chain_get_tipset(unknown).await.expect_err("an unknown tipset is an error");
    chain.chain_get_tipset(TipSetKey::head()).await.expect_err("an empty key is an error here");
    chain
        .chain_get_tipset_by_height(head.height() + 1, head.key().clone())
        .await
        .expect_err("nothing is above the tipset asked from");

    let mut changes = chain.chain_notify().await.expect("the head can be followed");
    let first = tokio::time::timeout(Duration::from_secs(10), changes.next()).await;
    let first = first.expect("at once").expect("before the stream ends");
    assert_eq!(first.len(), 1);
    assert!(first.iter().all(|change| change.r#type == HeadChangeType::Current));

    let block = head.min_ticket_block().cid();
    let messages = chain.chain_get_parent_messages(block).await.expect("parent messages");
    let receipts = chain.chain_get_parent_receipts(block).await.expect("parent receipts");
    assert_eq!(messages.len(), receipts.len(), "each message has its receipt");

    let miners = chain.state_list_miners(TipSetKey::head()).await.expect("miners");
    let miner = *miners.first().expect("there is a miner");
    let info = chain.state_miner_info(miner, TipSetKey::head()).await.expect("its info");
    let key = chain.state_account_key(info.worker, TipSetKey::head()).await.expect("worker key");
    let id = chain.state_lookup_id(key, TipSetKey::head()).await.expect("and back");
    assert_eq!(id, info.worker);
    let deadlines = chain.state_miner_deadlines(miner, TipSetKey::head()).await.expect("deadlines");
    assert_eq!(deadlines.len(), 48);
    let power = chain.state_miner_power(MaybeAddress(Some(miner)), TipSetKey::head()).await;
    let power = power.expect("its power");
    assert!(power.miner_power.raw_byte_power <= power.total_power.raw_byte_power);
}
