//! The contract of a chain node on the recorded chain: in process and over a socket.

use venus_core::{
    chain_api::NodeClient,
    rpc::{Client, Endpoint},
    test_utils::chain_contract,
};

use super::daemon::{Daemon, builder};

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
