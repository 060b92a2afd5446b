//! The pool is killed again and again, and still ends where it should.

use std::{
    collections::BTreeMap,
    fs::File,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use venus_core::{
    BlockHeader, Cid,
    api::messager::{MessageState, QueuedMessage},
    from_cbor,
    store::Store,
};
use venus_messager::{EmbeddedStore, Filter, MessageStore};

/// How long the pool lives before it is killed: into its set-up at first, then into its work.
const LIVES: [(std::ops::Range<u64>, usize); 2] = [(100..1500, 8), (1000..5000, 16)];

fn up(home: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_venus-cluster"));
    let log = || File::options().append(true).create(true).open(home.join("log")).unwrap();
    command
        .args(["up", "--proofs", "simulated", "--base-port", "0", "--home"])
        .arg(home.join("pool"))
        .args(more)
        .env("RUST_LOG", "warn")
        .stdin(Stdio::null())
        .stdout(log())
        .stderr(log());
    command
}

fn log(home: &Path) -> String {
    std::fs::read_to_string(home.join("log")).unwrap_or_default()
}

#[tokio::test]
async fn killed_at_any_moment_it_loses_nothing_and_does_nothing_twice() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let seed = rand::rng().random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut kills = 0;
    for (lives, count) in LIVES {
        for _ in 0..count {
            let mut pool = up(home, &[]).spawn().unwrap();
            tokio::time::sleep(Duration::from_millis(random.random_range(lives.clone()))).await;
            assert!(pool.try_wait().unwrap().is_none(), "it ended by itself:\n{}", log(home));
            pool.kill().unwrap();
            pool.wait().unwrap();
            kills += 1;
        }
    }
    assert!(kills >= 20);
    for goal in ["proving:1", "wins:1"] {
        let ended = up(home, &["--until", goal, "--timeout", "120"]).status().unwrap();
        assert!(ended.success(), "{goal} is not reached:\n{}", log(home));
    }

    let messages = messages(home).await;
    let count = |method: u64| {
        messages.iter().filter(|m| m.method == method && m.state == MessageState::OnChain).count()
    };
    // Creation of the miner by the power actor shares its number with nothing else here.
    assert_eq!((count(2), count(28), count(34)), (1, 1, 1), "creation, pre-commit, proof");
    let mut nonces = BTreeMap::new();
    for message in messages.iter().filter(|message| message.signature.is_some()) {
        let other = nonces.insert((message.from, message.nonce), message.id.as_str());
        assert_eq!(other, None, "{} and {} have one nonce", other.unwrap_or_default(), message.id);
        assert!(
            [MessageState::OnChain, MessageState::Fill].contains(&message.state),
            "{} is {}",
            message.id,
            message.state
        );
    }
    no_fork(home);
}

async fn messages(home: &Path) -> Vec<QueuedMessage> {
    let store = Store::open(home.join("pool/messager/store")).unwrap();
    EmbeddedStore::new(store).unwrap().list(&Filter::default()).await.unwrap()
}

/// No miner signed two blocks for one epoch, among all blocks that the node ever had.
fn no_fork(home: &Path) {
    let store = Store::open(home.join("pool/node/chain")).unwrap();
    let mut signed: BTreeMap<_, Cid> = BTreeMap::new();
    let mut blocks = 0;
    for value in store.tree("blocks").unwrap().iter().values() {
        // Most entries are state.
        let Ok(block) = from_cbor::<BlockHeader>(&value.unwrap()) else { continue };
        blocks += 1;
        let other = signed.insert((block.miner, block.height), block.cid());
        assert_eq!(other, None, "{} has two blocks at {}", block.miner, block.height);
    }
    assert!(blocks > 10, "{blocks}");
}
