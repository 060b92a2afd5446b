//! Blocks for two miners on the embedded chain, which validates every one of them.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;
use venus_core::{
    Address, ChainEpoch, ExtendedSectorInfo, PoStProof, ProofError, RegisteredPoStProof,
    TokenAmount, WinningProver,
    chain_api::ChainReader,
    clock::SharedClock,
    crypto::{KeyKind, PrivateKey},
    test_utils::MemSigner,
};
use venus_miner::{Miner, StaticMiners};
use venus_node::{DevGenesis, DevMiner, Node, NodeConfig, Preset};
use venus_proofs::{MockVerifier, mock_proof, sealed_cid};

const GENESIS: Duration = Duration::from_secs(1_700_000_000);

#[derive(Debug)]
struct MockProver;

#[async_trait]
impl WinningProver for MockProver {
    async fn winning_post(
        &self,
        _: u64,
        _: &[ExtendedSectorInfo],
        _: [u8; 32],
        _: ChainEpoch,
        _: u32,
    ) -> Result<Vec<PoStProof>, ProofError> {
        Ok(vec![PoStProof {
            post_proof: RegisteredPoStProof::StackedDRGWinning2KiBV1,
            proof_bytes: mock_proof(192).into(),
        }])
    }
}

fn worker(miner: u64) -> PrivateKey {
    PrivateKey::from_seed(KeyKind::Bls, &[miner as u8; 32]).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn both_miners_make_valid_blocks_in_one_tipset_and_across_null_rounds() {
    let home = tempfile::tempdir().unwrap();
    let clock = Arc::new(SharedClock::stepped(GENESIS));
    let miner = |miner: u64| DevMiner {
        owner: worker(miner).address(),
        worker: worker(miner).address(),
        sectors: 0,
        storage: home.path().into(),
        presealed: Some(vec![(0, sealed_cid(&[miner as u8; 32]).unwrap().into())]),
    };
    let genesis = DevGenesis {
        network: "localnet-test".into(),
        accounts: [1000, 1001]
            .map(|miner| (worker(miner).address(), TokenAmount::from_fil(1_000_000)))
            .into(),
        miners: vec![miner(1000), miner(1001)],
        timestamp: GENESIS.as_secs(),
    };
    let node = Node::builder(home.path().join("node"), NodeConfig::new(Preset::Fast))
        .with_verifier(MockVerifier)
        .with_clock(Arc::clone(&clock) as _)
        .with_dev_genesis(genesis)
        .open()
        .await
        .unwrap();
    let keys = MemSigner::with([1000, 1001].map(worker));
    let miner = Miner::builder(
        Arc::new(node.clone()),
        Arc::new(keys),
        Arc::new(MockProver),
        Arc::clone(&clock) as _,
    )
    .with_miners(StaticMiners::new("dev", [1000, 1001].map(Address::id)))
    .open(home.path().join("miner"))
    .await
    .unwrap();
    let stop = CancellationToken::new();
    let task = tokio::spawn({
        let (miner, stop) = (miner.clone(), stop.clone());
        async move { miner.run(stop).await }
    });

    let reach = async |height: ChainEpoch| {
        let wait = async {
            while node.chain_head().await.unwrap().height() < height {
                clock.advance(Duration::from_millis(100));
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), wait).await.unwrap();
    };
    reach(12).await;
    // Epochs that passed while nobody looked are left out.
    clock.advance(Duration::from_secs(15));
    reach(40).await;
    stop.cancel();
    task.await.unwrap();

    let mut blocks = BTreeMap::<_, usize>::new();
    let mut tipset = node.chain_head().await.unwrap();
    let mut shared = 0;
    while tipset.height() > 0 {
        shared += usize::from(tipset.blocks().len() == 2);
        for block in tipset.blocks() {
            *blocks.entry(block.miner).or_default() += 1;
            assert_eq!(block.fork_signaling, 1);
            assert_eq!(block.timestamp, GENESIS.as_secs() + block.height as u64);
        }
        tipset = node.chain_get_tipset(tipset.parents()).await.unwrap();
    }
    assert_eq!(blocks.len(), 2, "{blocks:?}");
    assert!(shared > 5, "the two share {shared} tipsets only");
}
