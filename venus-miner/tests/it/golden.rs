//! Rounds of the original on a real venus chain, held against ours: from the node's recorded
//! answers and the same keys come the same tickets, proofs of election, wins and signed blocks.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use venus_core::{
    Address, BlockMsg, BlockTemplate, ExtendedSectorInfo, PoStProof, ProofError,
    RegisteredPoStProof, TipSet, WinningProver,
    auth::Permission,
    clock::SharedClock,
    crypto::{KeyInfo, PrivateKey},
    rpc::{MethodDescription, Methods, RpcError},
    test_utils::MemSigner,
};
use venus_miner::{Miner, StaticMiners};

use crate::node::{header, serve, tipset};

fn recorded() -> Vec<Value> {
    serde_json::from_str(include_str!("../fixtures/rounds.json")).unwrap()
}

fn keys() -> MemSigner {
    let keys: Vec<Value> = serde_json::from_str(include_str!("../fixtures/keys.json")).unwrap();
    MemSigner::with(keys.into_iter().map(|key| {
        let info: KeyInfo = serde_json::from_value(key).unwrap();
        PrivateKey::try_from(&info).unwrap()
    }))
}

/// Answers with the recorded proof if it is asked as recorded.
#[derive(Debug)]
struct Recorded(Vec<Value>);

#[async_trait]
impl WinningProver for Recorded {
    async fn winning_post(
        &self,
        miner: u64,
        sectors: &[ExtendedSectorInfo],
        randomness: [u8; 32],
        epoch: i64,
        network_version: u32,
    ) -> Result<Vec<PoStProof>, ProofError> {
        let randomness = venus_core::Bytes::from(&randomness[..]);
        let asked =
            serde_json::json!([Address::id(miner), sectors, randomness, epoch, network_version]);
        assert!(self.0.contains(&asked), "not asked by the original: {asked}");
        Ok(vec![PoStProof {
            post_proof: RegisteredPoStProof::StackedDRGWinning2KiBV1,
            proof_bytes: b"valid proof"[..].into(),
        }])
    }
}

/// The recorded phases of one base as a node.
struct Tape {
    head: Mutex<Value>,
    base_info: HashMap<String, Value>,
    created: Vec<(BlockTemplate, Value)>,
    selected: BTreeMap<String, Value>,
    submitted: Mutex<Vec<BlockMsg>>,
}

fn method(
    methods: Methods,
    tape: &Arc<Tape>,
    name: &str,
    answer: impl Fn(&Tape, &[Value]) -> Value + Send + Sync + 'static,
) -> Methods {
    let tape = Arc::clone(tape);
    let description = MethodDescription::new(format!("Filecoin.{name}"), Permission::Read);
    methods.with_call(description, move |params: venus_core::rpc::Params| {
        let result = answer(&tape, &params.0);
        async move { Ok::<_, RpcError>(result) }
    })
}

/// Runs the rounds of `phases` (all on one base) and returns what was submitted and what the
/// original submitted.
async fn replay(phases: &[&str], at_ms: u64) -> (Vec<BlockMsg>, Vec<BlockMsg>) {
    let all = recorded();
    let of = |method: &str| -> Vec<&Value> {
        let wanted = format!("Filecoin.{method}");
        all.iter()
            .filter(|x| x["method"] == *wanted && phases.contains(&x["phase"].as_str().unwrap()))
            .collect()
    };
    let head = of("ChainHead")[0]["result"].clone();
    let base: TipSet = serde_json::from_value(head.clone()).unwrap();
    let key = |x: &Value| format!("{} {}", x["params"][0], x["params"][1]);
    let quality = |x: &Value| x.as_f64().unwrap().to_string();
    let mut selected = BTreeMap::new();
    for x in of("MpoolSelects") {
        let qualities = x["params"][1].as_array().unwrap();
        for (q, messages) in qualities.iter().zip(x["result"].as_array().unwrap()) {
            selected.insert(quality(q), messages.clone());
        }
    }
    let expected: Vec<BlockMsg> = of("SyncSubmitBlock")
        .iter()
        .map(|x| serde_json::from_value(x["params"][0].clone()).unwrap())
        .collect();
    let tape = Arc::new(Tape {
        head: Mutex::new(head),
        base_info: of("MinerGetBaseInfo").iter().map(|x| (key(x), x["result"].clone())).collect(),
        created: of("MinerCreateBlock")
            .iter()
            .map(|x| (serde_json::from_value(x["params"][0].clone()).unwrap(), x["result"].clone()))
            .collect(),
        selected,
        submitted: Mutex::default(),
    });
    let params = all.iter().find(|x| x["method"] == "Filecoin.StateGetNetworkParams").unwrap();
    let params = params["result"].clone();
    let mut m = Methods::new();
    m = method(m, &tape, "StateGetNetworkParams", move |_, _| params.clone());
    m = method(m, &tape, "ChainHead", |tape, _| tape.head.lock().unwrap().clone());
    m = method(m, &tape, "ChainGetTipSet", |_, _| {
        // What the original never asked for: all before the base is one tipset.
        serde_json::to_value(tipset(vec![header(9000, 0, Vec::new(), 0)])).unwrap()
    });
    m = method(m, &tape, "StateNetworkVersion", |_, _| 27.into());
    m = method(m, &tape, "StateGetBeaconEntry", |_, _| serde_json::json!({"Round": 1, "Data": ""}));
    m = method(m, &tape, "MinerGetBaseInfo", |tape, params| {
        // A round that the original did not have is nobody's.
        tape.base_info.get(&format!("{} {}", params[0], params[1])).cloned().unwrap_or_default()
    });
    m = method(m, &tape, "MpoolSelects", move |tape, params| {
        let qualities = params[1].as_array().unwrap();
        qualities.iter().map(|q| tape.selected[&quality(q)].clone()).collect()
    });
    m = method(m, &tape, "MinerCreateBlock", |tape, params| {
        let asked: BlockTemplate = serde_json::from_value(params[0].clone()).unwrap();
        let found = tape.created.iter().find(|(template, _)| *template == asked);
        found.unwrap_or_else(|| panic!("not made by the original: {asked:?}")).1.clone()
    });
    m = method(m, &tape, "SyncSubmitBlock", |tape, params| {
        let block = serde_json::from_value(params[0].clone()).unwrap();
        tape.submitted.lock().unwrap().push(block);
        Value::Null
    });
    let served = serve(m).await;

    let home = tempfile::tempdir().unwrap();
    let clock = SharedClock::stepped(
        Duration::from_secs(base.min_timestamp()) + Duration::from_millis(at_ms),
    );
    let clock = Arc::new(clock);
    let proofs = all
        .iter()
        .filter(|x| x["method"] == "Gateway.ComputeProof")
        .map(|x| x["params"].clone())
        .collect();
    let clock_of_miner = Arc::clone(&clock);
    let miner = Miner::builder(
        served.client(),
        Arc::new(keys()),
        Arc::new(Recorded(proofs)),
        clock_of_miner,
    )
    .with_miners(StaticMiners::new("w1", [1000, 1001].map(Address::id)))
    .open(home.path())
    .await
    .unwrap();
    let stop = CancellationToken::new();
    let task = tokio::spawn({
        let (miner, stop) = (miner.clone(), stop.clone());
        async move { miner.run(stop).await }
    });
    let wait = async {
        while tape.submitted.lock().unwrap().len() < expected.len() {
            clock.advance(Duration::from_millis(50));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait).await.unwrap();
    stop.cancel();
    task.await.unwrap();
    let mut submitted = tape.submitted.lock().unwrap().clone();
    let mut expected = expected;
    for blocks in [&mut submitted, &mut expected] {
        blocks.sort_by_key(|block| block.header.miner);
    }
    (submitted, expected)
}

#[tokio::test]
async fn a_lost_round_and_the_null_round_after_it_are_as_recorded() {
    let (ours, theirs) = replay(&["round 68", "round 69"], 13_742).await;
    assert_eq!(ours.len(), 2);
    assert_eq!(ours, theirs);
    let wins: Vec<_> =
        ours.iter().map(|b| b.header.election_proof.as_ref().unwrap().win_count).collect();
    assert_eq!(wins, [3, 2]);
}

#[tokio::test]
async fn a_round_with_messages_is_as_recorded() {
    let (ours, theirs) = replay(&["round 80"], 1_000).await;
    assert_eq!(ours.len(), 2);
    assert_eq!(ours, theirs);
    assert!(!ours[0].bls_messages.is_empty());
}

#[test]
fn the_recorded_draws_are_what_the_keys_give() {
    let signs = recorded().into_iter().filter(|x| x["method"] == "Gateway.WalletSign");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let keys = keys();
    let mut count = 0;
    for x in signs {
        let worker: Address = serde_json::from_value(x["params"][0].clone()).unwrap();
        let bytes: venus_core::Bytes = serde_json::from_value(x["params"][2].clone()).unwrap();
        let meta = serde_json::from_value(x["params"][3].clone()).unwrap();
        let signature =
            runtime.block_on(venus_core::Signer::sign(&keys, worker, &bytes, meta)).unwrap();
        assert_eq!(serde_json::to_value(&signature).unwrap(), x["result"]);
        count += 1;
    }
    assert_eq!(count, 16);
}
