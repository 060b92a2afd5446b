//! Recorded answers of Go nodes, read and written again by the types of venus-core.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use venus_core::{
    Actor, ApiMessage, BlockHeader, BlockMessages, DeadlineInfo, HeadChange, Message, MinerInfo,
    MinerPower, MinerSectors, MiningBaseInfo, MpoolConfig, MsgLookup, Receipt, SectorOnChainInfo,
    SignedMessage, TipSet,
};

/// Method and result of each recorded answer.
fn answers() -> Vec<(String, Value)> {
    serde_json::from_str(include_str!("../../fixtures/node-answers.json")).unwrap()
}

/// Go writes an empty list as `[]` or, where it is nil, as `null`; clients take both.
fn lists(value: Value) -> Value {
    match value {
        Value::Array(items) if items.is_empty() => Value::Null,
        Value::Array(items) => items.into_iter().map(lists).collect(),
        Value::Object(map) => map.into_iter().map(|(key, value)| (key, lists(value))).collect(),
        other => other,
    }
}

fn check<T: Serialize + DeserializeOwned>(method: &str) {
    let mut checked = 0;
    for (_, answer) in answers().iter().filter(|(name, _)| name == method) {
        let read = serde_json::from_value::<T>(answer.clone());
        assert!(read.is_ok(), "{method}: {:?}\n{answer:#}", read.err());
        let read = read.unwrap();
        let written = serde_json::to_value(&read).unwrap();
        assert_eq!(lists(written), lists(answer.clone()), "{method}");
        checked += 1;
    }
    assert!(checked > 0, "no recording of {method}");
}

#[test]
fn what_go_wrote_is_written_the_same() {
    venus_core::set_network(false);
    check::<TipSet>("ChainHead");
    check::<TipSet>("ChainGetTipSetByHeight");
    check::<BlockHeader>("ChainGetBlock");
    check::<BlockMessages>("ChainGetBlockMessages");
    check::<Message>("ChainGetMessage");
    check::<Vec<ApiMessage>>("ChainGetParentMessages");
    check::<Vec<Receipt>>("ChainGetParentReceipts");
    check::<Vec<HeadChange>>("ChainGetPath");
    check::<Actor>("StateGetActor");
    check::<MsgLookup>("StateSearchMsg");
    check::<MinerInfo>("StateMinerInfo");
    check::<MinerPower>("StateMinerPower");
    check::<DeadlineInfo>("StateMinerProvingDeadline");
    check::<MinerSectors>("StateMinerSectorCount");
    check::<Vec<SectorOnChainInfo>>("StateMinerSectors");
    check::<MiningBaseInfo>("MinerGetBaseInfo");
    check::<MpoolConfig>("MpoolGetConfig");
    check::<Vec<SignedMessage>>("MpoolPending");
}
