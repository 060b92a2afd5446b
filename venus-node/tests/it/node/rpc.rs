//! The node over a real connection.

use futures::StreamExt;
use tokio_util::sync::CancellationToken;
use venus_core::{
    Address, HeadChangeType, MaybeAddress,
    auth::{LocalToken, TokenGuard},
    chain_api::{
        ChainReader, HeadStream, MinerState, MiningApi, NetworkApi, NodeClient, StateReader,
    },
    rpc::{Client, Endpoint, RpcError},
};
use venus_node::{DevChain, DevClient};

use super::world::*;

struct Served {
    world: World,
    url: String,
    token: String,
    shutdown: CancellationToken,
}

impl Served {
    async fn start() -> Self {
        let world = World::new().await;
        let local = LocalToken::ephemeral();
        let token = local.token().to_owned();
        let listener = world.node.listen().await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        tokio::spawn({
            let (node, shutdown) = (world.node.clone(), shutdown.clone());
            async move { node.serve(listener, TokenGuard::new(local), shutdown).await.unwrap() }
        });
        Self { world, url: format!("ws://{address}"), token, shutdown }
    }

    fn client(&self, path: &str, token: Option<&str>) -> Client {
        let endpoint = Endpoint::parse(&format!("{}{path}", self.url), 1).unwrap();
        Client::connect(&endpoint, token.map(str::to_owned))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_client_sees_what_the_node_sees() {
    let served = Served::start().await;
    let node = &served.world.node;
    let client = NodeClient::new(served.client("/rpc/v1", Some(&served.token)));
    let mut notify = client.chain_notify().await.unwrap();
    let first = notify.next().await.unwrap();
    assert_eq!((first.len(), first[0].r#type), (1, HeadChangeType::Current));
    for _ in 0..3 {
        let head = served.world.mine().await;
        let batch = notify.next().await.unwrap();
        assert_eq!((batch.len(), batch[0].r#type), (1, HeadChangeType::Apply));
        assert_eq!(batch[0].val, head);
    }
    let miner = Address::id(1000);
    assert_eq!(client.chain_head().await.unwrap(), node.chain_head().await.unwrap());
    let info = client.state_miner_info(miner, HEAD).await.unwrap();
    assert_eq!(info, node.state_miner_info(miner, HEAD).await.unwrap());
    assert_eq!(client.state_account_key(info.worker, HEAD).await.unwrap(), worker(1000).address());
    assert_eq!(client.state_lookup_id(worker(1000).address(), HEAD).await.unwrap(), info.worker);
    let deadline = client.state_miner_proving_deadline(miner, HEAD).await.unwrap();
    assert_eq!((deadline.w_post_proving_period, deadline.w_post_challenge_window), (240, 5));
    let deadlines = client.state_miner_deadlines(miner, HEAD).await.unwrap();
    assert_eq!(deadlines.len(), 48);
    let sectors = client.state_miner_active_sectors(miner, HEAD).await.unwrap();
    assert_eq!(sectors, client.state_miner_sectors(miner, None, HEAD).await.unwrap());
    assert_eq!(sectors.iter().map(|s| s.sector_number).collect::<Vec<_>>(), [0, 1]);
    let place = client.state_sector_partition(miner, 1, HEAD).await.unwrap();
    let partitions = client.state_miner_partitions(miner, place.deadline, HEAD).await.unwrap();
    assert!(partitions[0].active_sectors.get(1));
    assert_eq!(client.state_miner_sector_count(miner, HEAD).await.unwrap().active, 2);
    let total = client.state_miner_power(MaybeAddress(None), HEAD).await.unwrap();
    assert_eq!(total.total_power.raw_byte_power, 8192.into());
    assert_eq!(client.state_network_name().await.unwrap(), "localnet-test");
    let error = client.state_get_actor(Address::id(999_999), HEAD).await.unwrap_err();
    assert_eq!(error, RpcError::method("actor not found"));
    let entry = client.state_get_beacon_entry(1).await.unwrap();
    assert_eq!(entry.round, 101);
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_differ_where_they_did() {
    let served = Served::start().await;
    let v0 = NodeClient::new(served.client("/rpc/v0", Some(&served.token)));
    assert_eq!(v0.version().await.unwrap().api_version, 66_816);
    let error = v0.state_sector_pre_commit_info(Address::id(1000), 0, HEAD).await.unwrap_err();
    assert_eq!(error.to_string(), "precommit info does not exist");
    let v1 = NodeClient::new(served.client("/rpc/v1", Some(&served.token)));
    let none = v1.state_sector_pre_commit_info(Address::id(1000), 0, HEAD).await.unwrap();
    assert_eq!(none, None);
    NodeClient::new(served.client("/rpc/v1", None)).version().await.unwrap_err();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clock_is_steered_from_outside() {
    let served = Served::start().await;
    let dev = DevClient::new(served.client("/rpc/v1", Some(&served.token)));
    assert_eq!(dev.dev_time().await.unwrap().epoch, 0);
    assert_eq!(dev.dev_advance(7).await.unwrap().epoch, 7);
    let time = dev.dev_skip_to(50).await.unwrap();
    assert_eq!((time.epoch, time.head), (50, 0));
    assert_eq!(time.now, (GENESIS_TIME + 50) as f64);
    assert_eq!(dev.dev_skip_to(20).await.unwrap().epoch, 50);
    // The genesis miners have sectors: a deadline of theirs opens within a proving period.
    let due = dev.dev_next_due().await.unwrap().unwrap();
    assert!((1..=241).contains(&due), "{due}");
}
