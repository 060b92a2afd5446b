//! From nothing to blocks won by a new miner.

use std::time::{Duration, Instant};

use venus_cluster::{Event, Events, Goal, Plan, Pool};
use venus_core::{
    Address, MaybeAddress, TipSetKey,
    api::messager::{MessageState, MessagerApi, QueuedMessage},
};

const LIMIT: Duration = Duration::from_secs(60);

/// Prints events with their times, for those who look into a failure.
pub(crate) fn told() -> Events {
    let start = Instant::now();
    Events::new(move |event| println!("{:7.2} {event}", start.elapsed().as_secs_f64()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_new_miner_seals_proves_and_wins() {
    let _ = venus_core::telemetry::init("warn,venus_miner=error", false);
    let home = tempfile::tempdir().unwrap();
    let start = Instant::now();
    let pool = Pool::start(home.path(), Plan::default(), told()).await.unwrap();

    pool.reached_within(Goal::Proving(1), LIMIT).await.unwrap();
    let [miner] = pool.miners()[..] else { unreachable!("one miner") };
    assert_ne!(miner, Address::id(1000));
    has_power(&pool, miner).await;
    posts_are_in_their_deadlines(&pool, miner).await;

    let progress = pool.reached_within(Goal::Wins(3), LIMIT).await.unwrap();
    assert_eq!(pool.wins(miner), progress.wins);
    wins_are_on_chain(&pool, miner, progress.wins).await;
    messages_have_their_receipts(&pool).await;

    let status = pool.status().await.unwrap();
    assert_eq!(status.miners.len(), 2);
    for miner in &status.miners {
        assert_eq!((miner.faults, miner.missed_deadlines), (0, 0), "{miner:?}");
    }
    pool.stop().await.unwrap();
    assert!(start.elapsed() < LIMIT, "{:?}", start.elapsed());
}

async fn has_power(pool: &Pool, miner: Address) {
    let who = MaybeAddress(Some(miner));
    let power = pool.chain().state_miner_power(who, TipSetKey::head()).await.unwrap();
    assert_eq!(power.miner_power.raw_byte_power, 2048.into());
    assert_eq!(power.total_power.raw_byte_power, (3 * 2048).into());
    assert!(power.has_min_power);
}

async fn posts_are_in_their_deadlines(pool: &Pool, miner: Address) {
    let chain = pool.chain();
    let posts = pool.window_posts(miner);
    assert!(!posts.is_empty());
    for (deadline, epoch) in posts {
        let at = chain.chain_get_tipset_by_height(epoch, TipSetKey::head()).await.unwrap();
        let open = chain.state_miner_proving_deadline(miner, at.key().clone()).await.unwrap();
        assert_eq!(open.index, deadline);
        assert!((open.open..open.close).contains(&epoch), "{epoch} {open:?}");
    }
}

/// Counts the blocks anew, from the head down.
async fn wins_are_on_chain(pool: &Pool, miner: Address, least: u64) {
    let chain = pool.chain();
    let mut tipset = chain.chain_head().await.unwrap();
    let mut blocks = 0;
    while tipset.height() > 0 {
        let by = tipset.blocks().iter().filter(|block| block.miner == miner).count();
        assert!(by <= 1, "two blocks at {}", tipset.height());
        blocks += by as u64;
        tipset = chain.chain_get_tipset(tipset.parents()).await.unwrap();
    }
    assert!(blocks >= least, "{blocks} of {least}");
}

async fn messages_have_their_receipts(pool: &Pool) {
    let settled = async {
        loop {
            let all = pool.messager().list_message(None).await.unwrap().unwrap();
            if all.iter().all(|message| message.state == MessageState::OnChain) {
                return all;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let all: Vec<QueuedMessage> = tokio::time::timeout(LIMIT, settled).await.unwrap();
    // One each: creation, pre-commit, proof, and at least one PoSt of each miner.
    assert!(all.len() >= 5, "{}", all.len());
    for message in all {
        assert_eq!(message.receipt.exit_code, 0, "{}", message.id);
        let cid = message.signed_cid.unwrap();
        let found = pool.chain().state_search_msg(TipSetKey::head(), cid, -1, false).await;
        let found = found.unwrap().unwrap();
        assert_eq!(i64::from(found.receipt.exit_code), message.receipt.exit_code);
        assert_eq!(found.receipt.gas_used, message.receipt.gas_used);
        assert_eq!(found.receipt.return_data, message.receipt.r#return);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_pool_goes_on_where_it_was() {
    let home = tempfile::tempdir().unwrap();
    let pool = Pool::start(home.path(), Plan::default(), told()).await.unwrap();
    pool.reached_within(Goal::Head(3), LIMIT).await.unwrap();
    let error = Pool::start(home.path(), Plan::default(), Events::none()).await.unwrap_err();
    assert!(error.to_string().contains("is in use"), "{error:#}");
    let before = pool.progress();
    pool.stop().await.unwrap();

    // As long as it is down no time passes on the chain.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let (sender, up) = std::sync::mpsc::channel();
    let sender = std::sync::Mutex::new(sender);
    let events = Events::new(move |event| {
        if let Event::MinerCreated { miner, .. } = event {
            let _ = sender.lock().unwrap().send(*miner);
        }
    });
    let pool = Pool::start(home.path(), Plan::default(), events).await.unwrap();
    pool.reached_within(Goal::Proving(1), LIMIT).await.unwrap();
    assert!(pool.progress().head > before.head);
    assert_eq!(pool.miners().len(), 1);
    assert_eq!(up.try_iter().count(), 2);
    for miner in pool.status().await.unwrap().miners {
        assert_eq!((miner.faults, miner.missed_deadlines), (0, 0), "{miner:?}");
    }
    pool.stop().await.unwrap();
}
