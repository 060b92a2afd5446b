//! A chain whose miner proves with the files that genesis sealed, judged by the real verifier.

use std::{path::PathBuf, sync::Arc, time::Duration};

use venus_core::{
    Address, SectorId,
    chain_api::{ChainReader, MiningApi},
    clock::SharedClock,
    consensus::winning_post_randomness,
};
use venus_node::{DevGenesis, Node, NodeConfig, Preset};
use venus_proofs::{DevNetwork, LocalProver, ParamSet, post_sector};

use super::world::*;

#[tokio::test(flavor = "multi_thread")]
async fn simulated_winning_posts_pass_the_real_verifier() {
    let home = tempfile::tempdir().unwrap();
    let storage: PathBuf = home.path().join("storage");
    let genesis = DevGenesis {
        timestamp: GENESIS_TIME,
        ..DevGenesis::single("localnet-proofs", worker(1000).address(), 3, &storage)
    };
    let time = Duration::from_secs(GENESIS_TIME);
    let node = Node::builder(home.path().join("node"), NodeConfig::new(Preset::Compat))
        .with_clock(Arc::new(SharedClock::stepped(time)))
        .with_dev_genesis(genesis)
        .open()
        .await
        .unwrap();
    let set = ParamSet::open_default().unwrap();
    let network = DevNetwork::named("localnet-proofs").unwrap();
    let prover = LocalProver::simulated(&network, &set).unwrap();

    let mut head = node.chain_head().await.unwrap();
    for _ in 0..4 {
        let mut round = head.height() + 1;
        let (info, mut template) = loop {
            match draw(&node, &head, 1000, round, vec![]).await {
                Some(draw) => break (draw.info, draw.template),
                None => round += 1,
            }
        };
        let rbase = &template.beacon_values.last().unwrap().data;
        let seed = winning_post_randomness(rbase, round, Address::id(1000));
        let sector = &info.sectors[0];
        let id = SectorId { miner: 1000, number: sector.sector_number };
        let files = post_sector(&storage, id, sector.seal_proof, sector.sealed_cid);
        let proof = prover.winning_post_of(1000, seed, files).await.unwrap();
        template.winning_post_proof = vec![proof];
        node.skip_to(round);

        let mut wrong = template.clone();
        wrong.winning_post_proof[0].proof_bytes.0[5] ^= 1;
        let mut block = node.miner_create_block(wrong).await.unwrap();
        sign_block(&mut block, &worker(1000));
        let error = node.sync_submit_block(block).await.unwrap_err();
        assert_eq!(error.to_string(), "winning post was invalid");

        let mut block = node.miner_create_block(template).await.unwrap();
        sign_block(&mut block, &worker(1000));
        node.sync_submit_block(block).await.unwrap();
        let next = node.chain_head().await.unwrap();
        assert_eq!(next.parents(), *head.key());
        assert_eq!(next.min_timestamp(), GENESIS_TIME + 4 * next.height().unsigned_abs());
        head = next;
    }
}
