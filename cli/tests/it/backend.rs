//! A node and a messager inside the test, for daemons that are processes of their own.

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex},
};

use tokio::{net::TcpListener, runtime::Runtime};
use tokio_util::sync::CancellationToken;
use venus_core::{
    Address, Cid, Message, NodeVersion, TokenAmount,
    api::messager::{MessageState, QueuedMessage, SendSpec},
    auth::{Claims, JwtSecret, LocalToken, Permission, TokenGuard},
    cbor,
    crypto::{KeyKind, PrivateKey},
    rpc::{self, MethodDescription, Methods, RpcError},
};
use venus_node::{DevGenesis, DevMiner, Node, NodeConfig, Preset};
use venus_proofs::{MockVerifier, sealed_cid};

/// The key of the miner f01000.
pub(crate) fn worker() -> PrivateKey {
    PrivateKey::from_seed(KeyKind::Bls, &[7; 32]).unwrap()
}

/// A chain with one miner, f01000, and a messager that creates f01000 whenever it is asked for a
/// miner, and does nothing else.
pub(crate) struct Backend {
    pub(crate) home: tempfile::TempDir,
    pub(crate) node: String,
    pub(crate) messager: String,
    secret: JwtSecret,
    _runtime: Runtime,
}

impl Backend {
    pub(crate) fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let home = tempfile::tempdir().unwrap();
        let secret = JwtSecret::random();
        let (node, messager) = runtime.block_on(async {
            let node = node(home.path()).await;
            let methods = messager();
            let guard = || TokenGuard::new(LocalToken::with_secret(secret.clone()));
            let server = || rpc::Server::new(guard());
            let node = server().route("/rpc/v1", node.methods_v1());
            (serve(node).await, serve(server().route("/rpc/v0", methods)).await)
        });
        Self { home, node, messager, secret, _runtime: runtime }
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// A token that node and messager take.
    pub(crate) fn token(&self, permission: Permission) -> String {
        self.secret.sign(&Claims::new("sealer", permission))
    }
}

async fn serve(server: rpc::Server) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(rpc::serve(listener, server.into_router(), CancellationToken::new()));
    format!("/ip4/127.0.0.1/tcp/{port}/http")
}

async fn node(home: &Path) -> Node {
    let worker = worker().address();
    let genesis = DevGenesis {
        network: "localnet-cli".into(),
        accounts: vec![(worker, TokenAmount::from_fil(1000))],
        miners: vec![DevMiner {
            owner: worker,
            worker,
            sectors: 0,
            storage: home.into(),
            presealed: Some(vec![(0, sealed_cid(&[7; 32]).unwrap().into())]),
        }],
        timestamp: 0,
    };
    let node = Node::builder(home.join("chain"), NodeConfig::new(Preset::Fast));
    node.with_verifier(MockVerifier).with_dev_genesis(genesis).open().await.unwrap()
}

fn messager() -> Methods {
    let kept: Arc<Mutex<HashMap<String, QueuedMessage>>> = Arc::default();
    let describe =
        |name: &str| MethodDescription::new(format!("Message.{name}"), Permission::Write);
    let (has, push, wait) = (Arc::clone(&kept), Arc::clone(&kept), kept);
    Methods::new()
        .with_call(describe("Version"), |(): ()| async {
            Ok::<_, RpcError>(NodeVersion { version: "test".into(), api_version: 1 })
        })
        .with_call(describe("HasMessageByUid"), move |(id,): (String,)| {
            let there = has.lock().unwrap().contains_key(&id);
            async move { Ok::<_, RpcError>(there) }
        })
        .with_call(
            describe("PushMessageWithId"),
            move |(id, message, _): (String, Message, Option<SendSpec>)| {
                let now = chrono::Utc::now();
                let spec = SendSpec::default();
                let mut queued = QueuedMessage::new(id.clone(), message, spec, "w".into(), now);
                queued.signed_cid = Some(Cid::of_cbor(id.as_bytes()));
                queued.state = MessageState::OnChain;
                queued.receipt.exit_code = 0;
                let miner = Address::id(1000);
                queued.receipt.r#return = cbor(&(miner, worker().address())).into();
                push.lock().unwrap().insert(id.clone(), queued);
                async move { Ok::<_, RpcError>(id) }
            },
        )
        .with_call(describe("WaitMessage"), move |(id, _): (String, u64)| {
            let found = wait.lock().unwrap().get(&id).cloned();
            async move {
                match found {
                    Some(message) if message.method == 2 => Ok(message),
                    Some(_) => std::future::pending().await,
                    None => Err(RpcError::method("record not found")),
                }
            }
        })
}
