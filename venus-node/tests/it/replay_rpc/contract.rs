//! The contract of a chain node on the recorded chain: in process and over a socket.

use venus_core::{
    chain_api::NodeClient,
    rpc::{Client, Endpoint},
    test_utils::chain_contract,
};

use venus_node::{ClockKind, Node, NodeConfig, Preset};
use venus_proofs::MockVerifier;

use super::daemon::{Daemon, builder, snapshot};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_contract_holds_in_process_and_over_a_socket() {
    let daemon = Daemon::start().await;
    chain_contract(&daemon.node).await;
    let endpoint = Endpoint::parse(&format!("ws://{}/rpc/v1", daemon.address), 1).unwrap();
    let client = NodeClient::new(Client::connect(&endpoint, Some(daemon.token())));
    chain_contract(&client).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_imported_chain_opens_again() {
    let home = tempfile::tempdir().unwrap();
    let node = builder(home.path()).open().await.unwrap();
    let (head, network) = (node.head(), node.network().to_owned());
    assert_eq!(head.height(), 3735);
    assert_eq!(node.current_epoch(), 3735);
    assert_eq!(network, "localnet-af774cc5-c0d8-41e7-869b-9cbd35053a1e");
    drop(node);
    let again = builder(home.path()).open().await.unwrap();
    assert_eq!((again.head(), again.network()), (head, network.as_str()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_whole_chain_is_not_imported() {
    let car = snapshot();
    let failed = async |home: &std::path::Path, car: Vec<u8>| {
        let builder = builder(home).with_snapshot(std::io::Cursor::new(car));
        builder.open().await.unwrap_err().to_string()
    };
    let home = tempfile::tempdir().unwrap();
    let mut damaged = car.clone();
    *damaged.last_mut().unwrap() ^= 1;
    let error = failed(home.path(), damaged).await;
    assert!(error.starts_with("cannot import the snapshot: "), "{error}");
    // The roots come first; without the rest nothing links to genesis.
    let error = failed(home.path(), car[..4096].to_vec()).await;
    assert!(error.starts_with("cannot import the snapshot: "), "{error}");
    // What failed leaves nothing behind that hinders.
    builder(home.path()).open().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chain_stays_with_its_delay_and_its_beacon() {
    let home = tempfile::tempdir().unwrap();
    let config = |delay| NodeConfig {
        block_delay: Some(delay),
        clock: ClockKind::Stepped,
        ..NodeConfig::new(Preset::Compat)
    };
    let other = Node::builder(home.path(), config(5))
        .with_verifier(MockVerifier)
        .with_snapshot(std::io::Cursor::new(snapshot()));
    let error = other.open().await.unwrap_err().to_string();
    assert!(error.contains("not that of a chain with 5 seconds an epoch"), "{error}");
    drop(builder(home.path()).open().await.unwrap());
    let other = Node::builder(home.path(), config(4)).with_verifier(MockVerifier);
    let error = other.open().await.unwrap_err().to_string();
    assert!(
        error.contains("beacon drand of the recordings, the configuration says mock"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_node_counts_is_served() {
    let daemon = Daemon::start().await;
    let token = format!("Bearer {}", daemon.token());
    let headers = [("Authorization".to_owned(), token)].into();
    let answer = daemon.request("GET", "/metrics", &headers, "").await;
    assert_eq!(answer.status, 200);
    let text = answer.body;
    for line in
        ["venus_head_height{} 3735\n", "venus_head_lag_seconds{} 0\n", "venus_mpool_size{} 0\n"]
    {
        assert!(text.contains(line), "{line} is not in {text}");
    }
    daemon.node.skip_to(3737);
    let wanted = "venus_head_lag_seconds{} 8\n";
    for _ in 0..50 {
        if daemon.request("GET", "/metrics", &headers, "").await.body.contains(wanted) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("the lag does not follow the clock");
}
