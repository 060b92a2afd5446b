//! The RPC over real sockets, HTTP and WebSocket.

use serde_json::json;
use tokio_util::sync::CancellationToken;
use venus_core::{
    auth::{Claims, JwtSecret, LocalToken, Permission, TokenGuard},
    rpc::{self, Client, Endpoint, Params, RpcError},
    *,
};
use venus_sealer::{SealerApi, SealerClient, fsm::SectorState, view::LockedFunds};

use crate::world::{MINER, SECTOR_SIZE, World};

/// A sealer on a port of its own.
struct Served {
    address: std::net::SocketAddr,
    secret: JwtSecret,
    _home: tempfile::TempDir,
    _stop: tokio_util::sync::DropGuard,
}

impl Served {
    async fn new(world: &World) -> Self {
        let home = tempfile::tempdir().unwrap();
        let sealer = world.sealer(home.path()).await;
        let secret = JwtSecret::random();
        let guard = TokenGuard::new(LocalToken::with_secret(secret.clone()));
        let router = rpc::Server::new(guard).route("/rpc/v0", sealer.methods()).into_router();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        tokio::spawn(rpc::serve(listener, router, stop.clone()));
        Self { address, secret, _home: home, _stop: stop.drop_guard() }
    }

    fn client(&self, scheme: &str, permission: Permission) -> Client {
        let token = self.secret.sign(&Claims::new("cli", permission));
        let url = format!("{scheme}://{}", self.address);
        Client::connect(&Endpoint::parse(&url, 0).unwrap(), Some(token))
    }
}

#[tokio::test]
async fn the_client_sees_over_http_and_websocket_what_the_sealer_has() {
    let world = World::at(1000);
    let served = Served::new(&world).await;
    for (number, scheme) in (0..).zip(["http", "ws"]) {
        let sealer = SealerClient::from(served.client(scheme, Permission::Admin));
        assert_eq!(sealer.actor_address().await.unwrap(), MINER);
        let pledged = sealer.pledge_sector().await.unwrap();
        assert_eq!(pledged, SectorId { miner: 1000, number });
        assert_eq!(sealer.sectors_list().await.unwrap(), Vec::from_iter(0..=number));
        let status = sealer.sectors_status(number, true).await.unwrap();
        assert_eq!((status.number, status.state), (number, SectorState::Packing));
        let table = sealer.sectors_table(false).await.unwrap();
        assert_eq!(table.last().map(|line| (line.number, line.on_chain)), Some((number, false)));
        let summary = sealer.sectors_summary().await.unwrap();
        assert_eq!(summary["Packing"], number + 1);

        let info = sealer.sealer_info().await.unwrap();
        assert_eq!((info.miner, info.sector_size, info.block_delay), (MINER, SECTOR_SIZE, 4));
        let fil = TokenAmount::from_fil;
        let locked =
            LockedFunds { pre_commit: fil(1), vesting: fil(2), fee_debt: fil(3), pledge: fil(4) };
        assert_eq!(info.locked, locked);
        assert_eq!(sealer.proving_deadlines().await.unwrap().len(), 48);

        let paths = sealer.storage_local().await.unwrap();
        assert_eq!(paths.len(), 2);
        for (id, root) in paths {
            let id = id.parse().unwrap();
            let meta = sealer.storage_meta(id).await.unwrap();
            assert_eq!(meta.can_seal, root.ends_with("seal"));
            let stat = sealer.storage_stat(id).await.unwrap();
            assert!(stat.capacity >= stat.available && stat.available > 0, "{stat:?}");
        }
    }
}

#[tokio::test]
async fn answers_have_the_names_of_the_original_and_errors_its_words() {
    let world = World::at(1000);
    let served = Served::new(&world).await;
    let client = served.client("http", Permission::Admin);
    let call = async |method: &str, params: serde_json::Value| {
        let params = Params(params.as_array().unwrap().clone());
        client.call::<serde_json::Value>(&format!("Filecoin.{method}"), params).await
    };
    assert_eq!(call("PledgeSector", json!([])).await.unwrap(), json!({"Miner": 1000, "Number": 0}));
    let status = call("SectorsStatus", json!([0, false])).await.unwrap();
    assert_eq!((&status["SectorID"], &status["State"]), (&json!(0), &json!("Packing")));
    let unknown = call("SectorsStatus", json!([7, false])).await.unwrap_err();
    assert_eq!(
        unknown.to_string(),
        "this sealer has no sector 7; `sectors list` shows those it has"
    );
    let proofs = call("ComputeProof", json!([[], "AQ==", 5, 28])).await.unwrap_err();
    assert_eq!(proofs.to_string(), "randomness must have 32 bytes");
    let added = call("StorageAddLocal", json!(["/no/such/path"])).await.unwrap_err();
    assert!(added.to_string().contains("/no/such/path cannot be opened"), "{added}");
}

#[tokio::test]
async fn a_token_opens_what_it_is_for() {
    let world = World::at(1000);
    let served = Served::new(&world).await;
    let reader = SealerClient::from(served.client("ws", Permission::Read));
    assert_eq!(reader.actor_address().await.unwrap(), MINER);
    let refused = reader.pledge_sector().await.unwrap_err();
    let text = "missing permission to invoke 'PledgeSector'";
    assert!(refused.to_string().contains(text), "{refused}");
    let writer = SealerClient::from(served.client("http", Permission::Write));
    assert_eq!(writer.pledge_sector().await.unwrap().number, 0);
    assert!(writer.storage_local().await.is_err());

    let endpoint = Endpoint::parse(&format!("http://{}", served.address), 0).unwrap();
    for token in [None, Some("eyJhbGciOiJIUzI1NiJ9.e30.AAAA".to_owned())] {
        let stranger = SealerClient::from(Client::connect(&endpoint, token));
        let refused = stranger.actor_address().await.unwrap_err();
        assert!(matches!(refused, RpcError::Unauthorized { status: 401, .. }), "{refused:?}");
    }
}

#[tokio::test]
async fn nothing_is_pledged_without_storage() {
    let world = World::at(1000);
    let home = tempfile::tempdir().unwrap();
    let chain: std::sync::Arc<dyn ChainApi> = std::sync::Arc::new(world.clone());
    venus_sealer::init_existing(home.path(), &chain, MINER, Default::default()).await.unwrap();
    let sealer = world.reopen(home.path()).await;
    let refused = sealer.pledge_sector().await.unwrap_err().to_string();
    assert!(refused.contains("venus-sealer storage attach --init"), "{refused}");
    assert!(sealer.sectors_list().await.unwrap().is_empty());
}
