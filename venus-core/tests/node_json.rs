//! The recorded answers of lotus and venus, read and written again: the same JSON must come out.
//!
//! A binary of its own because addresses print with the `t` of a test network here, which is a
//! setting of the process.

#![expect(clippy::unwrap_used, reason = "a failed set-up is a failed test")]

use std::collections::BTreeMap;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use venus_core::{
    Actor, Address, ApiMessage, BeaconEntry, BigInt, BitField, BlockHeader, BlockMessages,
    BlockMsg, Bytes, Cid, Deadline, DeadlineInfo, EstimateResult, HeadChange, InvocResult, Message,
    MinerInfo, MinerPower, MinerSectors, MiningBaseInfo, MpoolConfig, MsgLookup, NetworkParams,
    NodeVersion, Partition, PreCommitOnChainInfo, Receipt, SectorExpiration, SectorLocation,
    SectorOnChainInfo, SignedMessage, SyncState, TipSet, TokenAmount,
};

const FILES: [&str; 9] =
    ["chain", "network", "actors", "miner", "randomness", "mining", "msgs", "gas", "mpool"];

type RoundTrip = fn(Value) -> Result<Value, serde_json::Error>;

fn trip<T: Serialize + DeserializeOwned>(value: Value) -> Result<Value, serde_json::Error> {
    serde_json::to_value(serde_json::from_value::<T>(value)?)
}

/// The type of each method's result.
fn results() -> BTreeMap<&'static str, RoundTrip> {
    BTreeMap::<_, RoundTrip>::from([
        ("ChainGetBlock", trip::<BlockHeader> as RoundTrip),
        ("ChainGetBlockMessages", trip::<BlockMessages>),
        ("ChainGetGenesis", trip::<TipSet>),
        ("ChainGetMessage", trip::<Message>),
        ("ChainGetMessagesInTipset", trip::<Vec<ApiMessage>>),
        ("ChainGetParentMessages", trip::<Vec<ApiMessage>>),
        ("ChainGetParentReceipts", trip::<Vec<Receipt>>),
        ("ChainGetPath", trip::<Vec<HeadChange>>),
        ("ChainGetTipSet", trip::<TipSet>),
        ("ChainGetTipSetAfterHeight", trip::<TipSet>),
        ("ChainGetTipSetByHeight", trip::<TipSet>),
        ("ChainHasObj", trip::<bool>),
        ("ChainHead", trip::<TipSet>),
        ("ChainReadObj", trip::<Bytes>),
        ("ChainTipSetWeight", trip::<BigInt>),
        ("GasBatchEstimateMessageGas", trip::<Vec<EstimateResult>>),
        ("GasEstimateFeeCap", trip::<TokenAmount>),
        ("GasEstimateGasLimit", trip::<i64>),
        ("GasEstimateGasPremium", trip::<TokenAmount>),
        ("GasEstimateMessageGas", trip::<Message>),
        ("MinerCreateBlock", trip::<BlockMsg>),
        ("MinerGetBaseInfo", trip::<Option<MiningBaseInfo>>),
        ("MpoolBatchPush", trip::<Vec<Cid>>),
        ("MpoolBatchPushUntrusted", trip::<Vec<Cid>>),
        ("MpoolGetConfig", trip::<MpoolConfig>),
        ("MpoolGetNonce", trip::<u64>),
        ("MpoolPending", trip::<Vec<SignedMessage>>),
        ("MpoolPush", trip::<Cid>),
        ("MpoolSelect", trip::<Vec<SignedMessage>>),
        ("MpoolSelects", trip::<Vec<Option<Vec<SignedMessage>>>>),
        ("StateAccountKey", trip::<Address>),
        ("StateActorCodeCIDs", trip::<BTreeMap<String, Cid>>),
        ("StateCall", trip::<InvocResult>),
        ("StateGetActor", trip::<Actor>),
        ("StateGetBeaconEntry", trip::<BeaconEntry>),
        ("StateGetNetworkParams", trip::<NetworkParams>),
        ("StateGetRandomnessFromBeacon", trip::<Bytes>),
        ("StateGetRandomnessFromTickets", trip::<Bytes>),
        ("StateListMiners", trip::<Vec<Address>>),
        ("StateLookupID", trip::<Address>),
        ("StateMinerActiveSectors", trip::<Vec<SectorOnChainInfo>>),
        ("StateMinerAllocated", trip::<BitField>),
        ("StateMinerAvailableBalance", trip::<TokenAmount>),
        ("StateMinerDeadlines", trip::<Vec<Deadline>>),
        ("StateMinerFaults", trip::<BitField>),
        ("StateMinerInfo", trip::<MinerInfo>),
        ("StateMinerInitialPledgeCollateral", trip::<TokenAmount>),
        ("StateMinerPartitions", trip::<Vec<Partition>>),
        ("StateMinerPower", trip::<MinerPower>),
        ("StateMinerPreCommitDepositForPower", trip::<TokenAmount>),
        ("StateMinerProvingDeadline", trip::<DeadlineInfo>),
        ("StateMinerRecoveries", trip::<BitField>),
        ("StateMinerSectorCount", trip::<MinerSectors>),
        ("StateMinerSectors", trip::<Vec<SectorOnChainInfo>>),
        ("StateNetworkName", trip::<String>),
        ("StateNetworkVersion", trip::<u32>),
        ("StateSearchMsg", trip::<Option<MsgLookup>>),
        ("StateSectorExpiration", trip::<SectorExpiration>),
        ("StateSectorGetInfo", trip::<Option<SectorOnChainInfo>>),
        ("StateSectorPartition", trip::<SectorLocation>),
        ("StateSectorPreCommitInfo", trip::<Option<PreCommitOnChainInfo>>),
        ("StateWaitMsg", trip::<MsgLookup>),
        ("SyncState", trip::<SyncState>),
        ("Version", trip::<NodeVersion>),
        ("WalletBalance", trip::<TokenAmount>),
    ])
}

/// Go writes a list that is nothing as `null` or `[]`, and leaves some keys out: they mean the same
/// to every reader. What lotus alone adds to its version must not disturb.
fn plain(value: Value) -> Value {
    match value {
        Value::Array(items) if items.is_empty() => Value::Null,
        Value::Array(items) => items.into_iter().map(plain).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(key, value)| (key, plain(value)))
            .filter(|(key, value)| {
                let of_lotus_alone = key == "Agent" || key == "BlockDelay";
                !of_lotus_alone && !value.is_null() && value.as_str() != Some("")
            })
            .collect(),
        other => other,
    }
}

fn exchanges(file: &str) -> Vec<Value> {
    let path = format!("{}/tests/fixtures/node/{file}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn recorded_answers_survive_our_types() {
    venus_core::set_network(false);
    let types = results();
    let (mut tried, mut wrong) = (BTreeMap::<String, u32>::new(), Vec::new());
    for file in FILES {
        for exchange in exchanges(file) {
            let text = |at: &str| exchange.pointer(at).and_then(Value::as_str).unwrap_or_default();
            let parse = |text| serde_json::from_str::<Value>(text).unwrap_or_default();
            let (request, response) = (parse(text("/request/body")), parse(text("/response/body")));
            let method = request.pointer("/method").and_then(Value::as_str).unwrap_or_default();
            let method = method.trim_start_matches("Filecoin.");
            let (Some(round_trip), Some(result)) = (types.get(method), response.get("result"))
            else {
                continue;
            };
            *tried.entry(method.to_owned()).or_default() += 1;
            let name = format!("{file}: {} ({method})", text("/name"));
            // A bare `null` for a list is the RPC client's business, which reads it as empty.
            let result = if result.is_null() && round_trip(Value::Null).is_err() {
                &Value::Array(Vec::new())
            } else {
                result
            };
            match round_trip(result.clone()) {
                Err(error) => wrong.push(format!("{name}: {error}")),
                Ok(ours) if plain(ours.clone()) != plain(result.clone()) => {
                    wrong.push(format!("{name}:\n  theirs {result}\n  ours   {ours}"));
                }
                Ok(_) => {}
            }
        }
    }
    println!("{tried:#?}");
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(tried.len() > 40, "only {} methods were recorded", tried.len());
}

#[test]
fn recorded_head_changes_survive_our_types() {
    venus_core::set_network(false);
    let mut batches = 0;
    for exchange in exchanges("notify") {
        for frame in exchange.get("frames").and_then(Value::as_array).unwrap_or(&Vec::new()) {
            let text = frame.get("text").and_then(Value::as_str).unwrap_or_default();
            let message: Value = serde_json::from_str(text).unwrap_or_default();
            if message.get("method") != Some(&Value::from("xrpc.ch.val")) {
                continue;
            }
            let batch = message.pointer("/params/1").unwrap().clone();
            let changes: Vec<HeadChange> =
                serde_json::from_value(batch.clone()).unwrap_or_else(|e| panic!("{e}: {batch}"));
            assert_eq!(plain(serde_json::to_value(&changes).unwrap()), plain(batch));
            batches += 1;
        }
    }
    assert!(batches >= 3, "only {batches} batches were recorded");
}
