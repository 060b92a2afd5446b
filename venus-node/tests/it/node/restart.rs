//! What is there after a restart, also one by SIGKILL.

use std::{path::PathBuf, process::Command, time::Duration};

use venus_core::{
    Address,
    chain_api::{ChainReader, MessagePool},
};
use venus_node::{DevGenesis, Node, NodeConfig, NodeError, Preset};
use venus_proofs::MockVerifier;

use super::world::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_head_pool_and_rules() {
    let world = World::new().await;
    for _ in 0..3 {
        world.mine().await;
    }
    let waiting = transfer(&rich(), Address::id(99), 1, 0);
    world.node.mpool_push(waiting.clone()).await.unwrap();
    let head = world.node.chain_head().await.unwrap();

    let error = builder(world.home.path()).open().await.unwrap_err();
    assert!(error.to_string().contains("in use by another process"), "{error}");

    let World { node, home } = world;
    drop(node);
    let other = Node::builder(home.path(), NodeConfig::new(Preset::Compat));
    let error = other.with_verifier(MockVerifier).open().await.unwrap_err();
    assert!(matches!(error, NodeError::OtherChain { what: "preset", .. }), "{error}");

    let node = builder(home.path()).open().await.unwrap();
    assert_eq!(node.chain_head().await.unwrap(), head);
    assert_eq!(node.mpool_pending(HEAD).await.unwrap(), [waiting]);
    // The clock does not fall behind the head.
    assert_eq!(node.current_epoch(), head.height());
    World { node, home }.mine().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_home_without_genesis_is_an_error() {
    let home = tempfile::tempdir().unwrap();
    let error = Node::builder(home.path(), NodeConfig::default()).open().await.unwrap_err();
    assert!(error.to_string().contains("holds no chain"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_makes_the_same_chain() {
    let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let template = genesis(a.path(), GENESIS_TIME).template().unwrap();
    let json = serde_json::to_string(&template).unwrap();
    let a = builder(a.path()).with_template(serde_json::from_str(&json).unwrap());
    let b = builder(b.path());
    assert_eq!(a.open().await.unwrap().head(), b.open().await.unwrap().head());

    let other = DevGenesis { network: "mainnet".into(), ..genesis(home_of_nobody(), 0) };
    let error = other.template().unwrap_err();
    assert!(error.to_string().contains("mainnet"), "{error}");
}

fn home_of_nobody() -> &'static std::path::Path {
    std::path::Path::new("/nowhere")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_store_is_an_error() {
    let home = tempfile::tempdir().unwrap();
    drop(builder(home.path()).open().await.unwrap());
    let db = home.path().join("chain/db");
    let len = std::fs::metadata(&db).unwrap().len();
    std::fs::write(&db, vec![0xff; len as usize]).unwrap();
    let error = builder(home.path()).open().await.unwrap_err();
    assert!(error.to_string().contains("is damaged"), "{error}");

    let file = tempfile::NamedTempFile::new().unwrap();
    let error = builder(file.path()).open().await.unwrap_err();
    assert!(matches!(error, NodeError::Io { .. }), "{error}");
}

const HOME: &str = "VENUS_NODE_TEST_HOME";

/// Not a test: what the one below runs in another process and kills.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "runs in the process that the next test kills"]
async fn miner_to_be_killed() {
    let Ok(home) = std::env::var(HOME) else { return };
    let home = PathBuf::from(home);
    let node = builder(&home).open().await.unwrap();
    loop {
        let head = node.chain_head().await.unwrap();
        let nonce = node.mpool_get_nonce(rich().address()).await.unwrap();
        node.mpool_push(transfer(&rich(), Address::id(99), 1, nonce)).await.unwrap();
        let messages =
            venus_core::chain_api::MiningApi::mpool_select(&node, HEAD, 1.0).await.unwrap();
        let head = mine_on(&node, &head, 1000, head.height() + 1, messages).await;
        let line = format!("{} {}", head.height(), head.key());
        let temporary = home.join("acknowledged.tmp");
        std::fs::write(&temporary, line).unwrap();
        std::fs::rename(temporary, home.join("acknowledged")).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_a_kill() {
    let home = tempfile::tempdir().unwrap();
    let acknowledged = home.path().join("acknowledged");
    for millis in [400, 150, 700] {
        let _ = std::fs::remove_file(&acknowledged);
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "node::restart::miner_to_be_killed"])
            .env(HOME, home.path())
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        for _ in 0..600 {
            if acknowledged.exists() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        tokio::time::sleep(Duration::from_millis(millis)).await;
        child.kill().unwrap();
        child.wait().unwrap();

        let line = std::fs::read_to_string(&acknowledged).unwrap();
        let (height, key) = line.split_once(' ').unwrap();
        let height: i64 = height.parse().unwrap();
        let node = builder(home.path()).open().await.unwrap();
        let head = node.chain_head().await.unwrap();
        assert!(head.height() >= height);
        let at = node.chain_get_tipset_by_height(height, HEAD).await.unwrap();
        assert_eq!(at.key().to_string(), key);
        // The chain goes on, so all states can be computed.
        mine_on(&node, &head, 1001, head.height() + 1, vec![]).await;
    }
}
