//! Execution of a block of 200 transfers, beside the check of their aggregated signature, which
//! every node must do besides.

use std::sync::Arc;

use criterion::Criterion;
use venus_core::{
    Address, Message, TokenAmount,
    crypto::{KeyKind, PrivateKey, aggregate_bls, verify_aggregate},
};
use venus_node::{
    blockstore::SharedStore,
    executor::{
        ChainMessage, ChainRand, ExecBlock, Executor, ExecutorConfig, MockVerifier, NativeExecutor,
        TipsetInput,
    },
    genesis::GenesisTemplate,
};

const TRANSFERS: u64 = 200;

#[derive(Debug)]
struct NoRandomness;

impl ChainRand for NoRandomness {
    fn ticket(&self, _: i64) -> Result<[u8; 32], String> {
        Ok([1; 32])
    }

    fn beacon(&self, _: i64) -> Result<[u8; 32], String> {
        Ok([2; 32])
    }
}

fn template(owner: Address) -> GenesisTemplate {
    let multisig = serde_json::json!({"Type": "multisig", "Balance": "0", "Meta": {
        "Signers": [owner], "Threshold": 1, "VestingDuration": 0, "VestingStart": 0}});
    serde_json::from_value(serde_json::json!({
        "NetworkVersion": 28,
        "Accounts": [{"Type": "account", "Balance": "50000000000000000000000000",
            "Meta": {"Owner": owner}}],
        "Miners": [{"ID": "t01000", "Owner": owner, "Worker": owner,
            "PeerId": "12D3KooWMRbXK9AnJFKkXyFG1WYpZUn6DGR6C2Djsi2etmU4xTjH",
            "MarketBalance": "0", "PowerBalance": "1000", "SectorSize": 2048, "Sectors": []}],
        "NetworkName": "localnet-bench",
        "Timestamp": 1_700_000_000,
        "VerifregRootKey": multisig,
        "RemainderAccount": multisig,
    }))
    .unwrap()
}

fn transfers(key: &PrivateKey) -> Vec<Message> {
    let transfer = |nonce| Message {
        nonce,
        gas_limit: 10_000_000,
        gas_fee_cap: TokenAmount::from_atto(1000),
        gas_premium: TokenAmount::from_atto(10),
        ..Message::transfer(key.address(), Address::id(1000), TokenAmount::from_atto(1))
    };
    (0..TRANSFERS).map(transfer).collect()
}

pub(crate) fn all(criterion: &mut Criterion) {
    let key = PrivateKey::from_seed(KeyKind::Bls, &[7; 32]).unwrap();
    let store = SharedStore::memory();
    let config = ExecutorConfig::compat();
    let executor = NativeExecutor::new(store, config, Arc::new(MockVerifier));
    let parent_state = executor.genesis(&template(key.address())).unwrap();
    let messages = transfers(&key);
    let input = TipsetInput {
        parent_state,
        parent_epoch: 0,
        epoch: 1,
        timestamp: 1_700_000_004,
        base_fee: fvm_shared::econ::TokenAmount::from_atto(100),
        blocks: vec![ExecBlock {
            miner: fvm_shared::address::Address::new_id(1000),
            win_count: 1,
            messages: messages.iter().map(|m| ChainMessage::bls(m.into())).collect(),
        }],
        rand: &NoRandomness,
    };
    let receipts = executor.apply_tipset(&input).unwrap().receipts;
    assert!(
        receipts.len() as u64 == TRANSFERS && receipts.iter().all(|r| r.exit_code.is_success())
    );

    let signed: Vec<_> = messages.iter().map(|m| (m.from, m.cid().to_bytes())).collect();
    let signatures: Vec<_> = signed.iter().map(|(_, bytes)| key.sign(bytes).unwrap()).collect();
    let aggregate = aggregate_bls(&signatures).unwrap();
    let mut group = criterion.benchmark_group("block-of-200-transfers");
    group.sample_size(10);
    group.bench_function("ours", |b| b.iter(|| executor.apply_tipset(&input).unwrap()));
    group.bench_function("limit", |b| b.iter(|| verify_aggregate(&aggregate, &signed).unwrap()));
    group.finish();
}
