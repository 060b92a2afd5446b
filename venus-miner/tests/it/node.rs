//! A node that does what a test tells it, served over the real RPC.

use std::{
    collections::{HashMap, HashSet},
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use serde::Serialize;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::Notify};
use tokio_util::sync::CancellationToken;
use venus_core::{
    Address, BlockHeader, BlockMsg, BlockTemplate, ChainEpoch, Cid, ExtendedSectorInfo,
    RegisteredSealProof, SignedMessage, Ticket, TipSet, TipSetKey, TokenAmount,
    auth::{AllowAll, Caller, Permission},
    chain_api::NodeClient,
    consensus::{MockBeacon, Rounds},
    crypto::PrivateKey,
    rpc::{self, Client, Endpoint, FromParams, MethodDescription, Methods, RpcError, Server},
};

/// Time between blocks of the scripted chain.
pub(crate) const DELAY: u64 = 30;
/// The time of its head, at height 100.
pub(crate) const START: u64 = 1_700_000_000;

/// A header of the scripted chain.
pub(crate) fn header(miner: u64, height: ChainEpoch, parents: Vec<Cid>, ticket: u8) -> BlockHeader {
    let cid = Cid::of_cbor(&[ticket]);
    BlockHeader {
        miner: Address::id(miner),
        ticket: Some(Ticket { vrf_proof: vec![ticket; 96].into() }),
        election_proof: None,
        beacon_entries: vec![MockBeacon.entry(MockBeacon.round_at(height))],
        win_post_proof: Vec::new(),
        parents,
        parent_weight: 1.into(),
        height,
        parent_state_root: cid,
        parent_message_receipts: cid,
        messages: cid,
        bls_aggregate: None,
        timestamp: START + DELAY * u64::try_from(height - 100).unwrap_or(0),
        block_sig: None,
        fork_signaling: 0,
        parent_base_fee: TokenAmount::from_atto(100),
    }
}

/// The block that the chain of the tests begins with.
fn first() -> BlockHeader {
    header(9000, 50, Vec::new(), 0)
}

/// The parents of the first head.
pub(crate) fn origin() -> Vec<Cid> {
    vec![first().cid()]
}

pub(crate) fn tipset(blocks: Vec<BlockHeader>) -> TipSet {
    TipSet::new(blocks).unwrap()
}

/// What the node says, and what it was told.
pub(crate) struct Script {
    pub(crate) known: HashMap<TipSetKey, TipSet>,
    pub(crate) head: TipSet,
    /// Miners have all the power from this round on, and none before.
    pub(crate) wins_from: ChainEpoch,
    pub(crate) worker: Address,
    /// Whether a submitted block becomes the head.
    pub(crate) takes_blocks: bool,
    pub(crate) submit_error: Option<RpcError>,
    /// Makes the blocks of one attempt differ from those of another.
    pub(crate) state: u8,
    /// The node makes blocks of another timestamp than asked for.
    pub(crate) lies: bool,
    /// The node has the worker's key and signs blocks itself.
    pub(crate) signs: Option<PrivateKey>,
    /// Empty lists are null, as Go writes them.
    pub(crate) nulls: bool,
    pub(crate) pool: Vec<SignedMessage>,
    pub(crate) without: HashSet<&'static str>,
    pub(crate) templates: Vec<BlockTemplate>,
    pub(crate) submitted: Vec<BlockMsg>,
    pub(crate) calls: Vec<(String, Value)>,
}

/// A scripted node.
pub(crate) struct Node {
    script: Mutex<Script>,
    changed: Notify,
}

impl Node {
    pub(crate) fn new(worker: Address) -> Arc<Self> {
        let head = tipset(vec![header(9000, 100, origin(), 1)]);
        let script = Script {
            known: [tipset(vec![first()]), head.clone()].map(|ts| (ts.key().clone(), ts)).into(),
            head,
            wins_from: 0,
            worker,
            takes_blocks: true,
            submit_error: None,
            state: 0,
            lies: false,
            signs: None,
            nulls: false,
            pool: Vec::new(),
            without: HashSet::new(),
            templates: Vec::new(),
            submitted: Vec::new(),
            calls: Vec::new(),
        };
        Arc::new(Self { script: Mutex::new(script), changed: Notify::new() })
    }

    pub(crate) fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap()
    }

    pub(crate) fn set_head(&self, head: TipSet) {
        let mut script = self.script();
        script.known.insert(head.key().clone(), head.clone());
        script.head = head;
    }

    /// Waits until what happened is enough.
    pub(crate) async fn until(&self, enough: impl Fn(&Script) -> bool) {
        let wait = async {
            loop {
                let changed = self.changed.notified();
                if enough(&self.script()) {
                    return;
                }
                changed.await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), wait).await.unwrap();
    }

    /// The rounds that were drawn for, in order.
    pub(crate) fn rounds(&self) -> Vec<i64> {
        let script = self.script();
        let draws = script.calls.iter().filter(|(name, _)| name == "MinerGetBaseInfo");
        draws.map(|(_, params)| params.as_i64().unwrap()).collect()
    }

    fn method<P, R>(
        self: &Arc<Self>,
        methods: Methods,
        name: &'static str,
        answer: impl Fn(&mut Script, P) -> (Value, Result<R, RpcError>) + Send + Sync + 'static,
    ) -> Methods
    where
        P: FromParams + Send + 'static,
        R: Serialize + Send + 'static,
    {
        if self.script().without.contains(name) {
            return methods;
        }
        let description = MethodDescription::new(format!("Filecoin.{name}"), Permission::Read);
        let this = Arc::clone(self);
        methods.with_call(description, move |params: P| {
            let (note, result) = {
                let mut script = this.script();
                let (note, result) = answer(&mut script, params);
                script.calls.push((name.to_owned(), note.clone()));
                (note, result)
            };
            drop(note);
            this.changed.notify_waiters();
            async move { result }
        })
    }

    fn methods(self: &Arc<Self>) -> Methods {
        let mut m = Methods::new();
        m = self.method(m, "StateGetNetworkParams", |_, (): ()| {
            let params = json!({"NetworkName": "test", "BlockDelaySecs": DELAY,
                "ConsensusMinerMinPower": "2048", "SupportedProofTypes": null,
                "PreCommitChallengeDelay": 10, "ForkUpgradeParams": {"UpgradeSmokeHeight": -2},
                "Eip155ChainID": 1});
            (Value::Null, Ok(params))
        });
        m = self.method(m, "ChainHead", |s, (): ()| (Value::Null, Ok(s.head.clone())));
        m = self.method(m, "ChainGetTipSet", |s, (key,): (TipSetKey,)| {
            let found = s.known.get(&key).cloned();
            (Value::Null, found.ok_or_else(|| RpcError::method("tipset not found")))
        });
        m = self.method(m, "StateNetworkVersion", |_, (_,): (TipSetKey,)| (Value::Null, Ok(28)));
        m = self.method(m, "StateGetBeaconEntry", |_, (epoch,): (i64,)| {
            (Value::Null, Ok(MockBeacon.entry(MockBeacon.round_at(epoch))))
        });
        m = self.method(m, "ChainGetTipSetByHeight", |s, (_, _): (i64, TipSetKey)| {
            (Value::Null, Ok(s.head.clone()))
        });
        m = self.method(
            m,
            "MinerGetBaseInfo",
            |s, (_miner, round, tsk): (Address, i64, TipSetKey)| {
                let base = s.known[&tsk].clone();
                let last = MockBeacon.round_at(base.height());
                let power = if round >= s.wins_from { "1000" } else { "0" };
                let sector = ExtendedSectorInfo {
                    seal_proof: RegisteredSealProof::StackedDRG2KiBV1P1,
                    sector_number: 1,
                    sector_key: None,
                    sealed_cid: Cid::of_cbor(b"sealed"),
                };
                let mut info = json!({"MinerPower": power, "NetworkPower": "1000",
                    "Sectors": [sector], "WorkerKey": s.worker, "SectorSize": 2048,
                    "PrevBeaconEntry": MockBeacon.entry(last),
                    "BeaconEntries": MockBeacon.entries(base.height(), round, last),
                    "EligibleForMining": true});
                if s.nulls {
                    info["BeaconEntries"] = Value::Null;
                }
                (round.into(), Ok(info))
            },
        );
        m = self.method(m, "MpoolSelects", |s, (_, q): (TipSetKey, Vec<f64>)| {
            let pool = (!s.nulls).then(|| s.pool.clone());
            (json!(q), Ok(vec![pool; q.len()]))
        });
        m = self
            .method(m, "MpoolSelect", |s, (_, q): (TipSetKey, f64)| (json!(q), Ok(s.pool.clone())));
        m = self.method(m, "MinerCreateBlock", |s, (t,): (BlockTemplate,)| {
            let mut header =
                header(t.miner.as_id().unwrap(), t.epoch, t.parents.cids().to_vec(), s.state);
            header.ticket = Some(t.ticket.clone());
            header.election_proof = Some(t.eproof.clone());
            header.beacon_entries.clone_from(&t.beacon_values);
            header.win_post_proof.clone_from(&t.winning_post_proof);
            header.timestamp = t.timestamp + u64::from(s.lies);
            if let Some(key) = &s.signs {
                header.block_sig = Some(key.sign(&header.signing_bytes()).unwrap());
            }
            s.templates.push(t);
            let block = BlockMsg { header, bls_messages: vec![], secpk_messages: vec![] };
            (Value::Null, Ok(block))
        });
        self.method(m, "SyncSubmitBlock", |s, (block,): (BlockMsg,)| {
            s.submitted.push(block.clone());
            if let Some(error) = s.submit_error.clone() {
                return (Value::Null, Err(error));
            }
            if s.takes_blocks {
                let mut blocks = vec![block.header.clone()];
                if s.head.height() == block.header.height {
                    blocks.extend(s.head.blocks().iter().cloned());
                }
                s.head = tipset(blocks);
                s.known.insert(s.head.key().clone(), s.head.clone());
            }
            (Value::Null, Ok(()))
        })
    }

    /// Serves the node until the guard is dropped.
    pub(crate) async fn serve(self: &Arc<Self>) -> Served {
        serve(self.methods()).await
    }
}

/// A server that ends when dropped.
pub(crate) struct Served {
    address: SocketAddr,
    _stop: tokio_util::sync::DropGuard,
}

impl Served {
    pub(crate) fn client(&self) -> Arc<NodeClient> {
        let endpoint = Endpoint::parse(&format!("ws://{}", self.address), 1).unwrap();
        Arc::new(NodeClient::new(Client::connect(&endpoint, None)))
    }
}

pub(crate) async fn serve(methods: Methods) -> Served {
    let guard = AllowAll(Caller::new("miner", Permission::Admin));
    let router = Server::new(guard).route("/rpc/v1", methods).into_router();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    tokio::spawn(rpc::serve(listener, router, stop.clone()));
    Served { address, _stop: stop.drop_guard() }
}
