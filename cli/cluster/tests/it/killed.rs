//! A pool that is killed again and again.

use std::{
    collections::BTreeSet,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use venus_cluster::{Goal, Plan, Pool, running_pid};
use venus_core::{
    Address, TipSetKey,
    api::messager::{MessageState, MessagerApi},
    api::miner::{MinerApi, MinerClient},
    rpc::{Client, Endpoint},
};

use crate::end_to_end::told;

const KILLS: u64 = 20;
const LIMIT: Duration = Duration::from_secs(90);

fn up(home: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_venus-cluster"))
        .args(["up", "--home"])
        .arg(home)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Pauses that cover the set-up, the sealing and the mining, the same in every run.
fn pause(turn: u64) -> Duration {
    let spread = turn.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33;
    Duration::from_millis(100 + spread % 3500)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn killed_at_any_moment_it_goes_on() {
    let home = tempfile::tempdir().unwrap();
    for turn in 0..KILLS {
        let mut child = up(home.path());
        tokio::time::sleep(pause(turn)).await;
        assert_eq!(child.try_wait().unwrap(), None, "turn {turn}: it must not end by itself");
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(running_pid(home.path()).unwrap(), None);
    }
    let pool = Pool::start(home.path(), Plan::default(), told()).await.unwrap();
    pool.reached_within(Goal::Proving(1), LIMIT).await.unwrap();
    let wins = pool.progress().wins;
    pool.reached_within(Goal::Wins(wins + 2), LIMIT).await.unwrap();

    let miners = pool.chain().state_list_miners(TipSetKey::head()).await.unwrap();
    assert_eq!(miners.len(), 2, "one of the genesis, one of ours: {miners:?}");
    nonces_are_used_once(&pool).await;
    no_miner_has_two_blocks_of_an_epoch(&pool).await;
    pool.stop().await.unwrap();
}

async fn nonces_are_used_once(pool: &Pool) {
    let all = pool.messager().list_message(None).await.unwrap().unwrap();
    let mut used = BTreeSet::new();
    for message in all.into_iter().filter(|m| m.state != MessageState::UnFill) {
        assert!(used.insert((message.from, message.nonce)), "{message:?}");
        assert_ne!(message.state, MessageState::NonceConflict, "{message:?}");
    }
}

async fn no_miner_has_two_blocks_of_an_epoch(pool: &Pool) {
    let services = pool.services();
    let miner = services.iter().find(|service| service.name == "venus-miner").unwrap();
    let endpoint = Endpoint::parse(&miner.url, 0).unwrap();
    let client: MinerClient = Client::connect(&endpoint, Some(pool.token().to_owned())).into();
    let mut signed: BTreeSet<(Address, i64)> = BTreeSet::new();
    for block in client.list_blocks(None).await.unwrap() {
        if !block.cid.is_empty() {
            assert!(signed.insert((block.miner, block.epoch)), "{block:?}");
        }
    }
    let mut tipset = pool.chain().chain_head().await.unwrap();
    while tipset.height() > 0 {
        let by: BTreeSet<_> = tipset.blocks().iter().map(|block| block.miner).collect();
        assert_eq!(by.len(), tipset.blocks().len(), "at {}", tipset.height());
        for miner in by {
            assert!(signed.contains(&(miner, tipset.height())), "{miner} {}", tipset.height());
        }
        tipset = pool.chain().chain_get_tipset(tipset.parents()).await.unwrap();
    }
}
