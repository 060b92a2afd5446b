//! Time that jumps over what is of no interest.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;
use venus_core::{
    Address,
    chain_api::{ChainReader, MessagePool, MinerState},
    clock::{Clock, SharedClock, SystemClock},
};

use super::world::*;

#[tokio::test(flavor = "multi_thread")]
async fn idle_epochs_are_skipped_up_to_the_next_deadline() {
    let home = tempfile::tempdir().unwrap();
    // Ahead of the system's clock or behind it, the chain begins now.
    let behind = Duration::from_secs(GENESIS_TIME);
    assert!(SystemClock.now() > behind);
    let clock = Arc::new(SharedClock::running(Duration::ZERO));
    let node = builder_at(home.path(), clock.now().as_secs())
        .with_clock(Arc::clone(&clock))
        .open()
        .await
        .unwrap();
    let genesis = node.chain_head().await.unwrap();
    mine_on(&node, &genesis, 1000, 1, vec![]).await;
    let due = node.next_due().await.unwrap().unwrap();
    assert!(due > 1 && due <= 241, "{due}");
    // A deadline of a miner with sectors begins there.
    let mut challenges = Vec::new();
    for miner in [1000, 1001].map(Address::id) {
        let info = node.state_miner_proving_deadline(miner, HEAD).await.unwrap();
        for period in [0, 1] {
            for index in 0..48 {
                let start = info.period_start + period * info.w_post_proving_period;
                challenges.push(start + index * info.w_post_challenge_window - 2);
            }
        }
    }
    assert!(challenges.contains(&due) || due == node.head().height() + 1);

    // A message that waits for an earlier one is not due, one that can go is.
    let before = node.next_due().await.unwrap();
    node.mpool_push(transfer(&rich(), Address::id(99), 1, 1)).await.unwrap();
    assert_eq!(node.next_due().await.unwrap(), before);
    node.mpool_push(transfer(&rich(), Address::id(99), 1, 0)).await.unwrap();
    let head = node.chain_head().await.unwrap();
    assert_eq!(node.next_due().await.unwrap(), Some(head.height() + 1));
    let messages = node.mpool_pending(HEAD).await.unwrap();
    let head = mine_on(&node, &head, 1000, head.height() + 1, messages).await;

    let due = node.next_due().await.unwrap().unwrap();
    let shutdown = CancellationToken::new();
    let skipper = tokio::spawn({
        let (node, shutdown) = (node.clone(), shutdown.clone());
        async move { node.skip_idle(Duration::from_millis(200), shutdown).await }
    });
    tokio::time::timeout(Duration::from_secs(20), clock.sleep_until(node.time_of(due)))
        .await
        .unwrap();
    // It goes no further: nobody proves.
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert!((due..due + 5).contains(&node.current_epoch()), "{due} {}", node.current_epoch());
    assert_eq!(node.chain_head().await.unwrap(), head);
    shutdown.cancel();
    skipper.await.unwrap();
}
