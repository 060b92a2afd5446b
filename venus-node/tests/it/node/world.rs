//! A chain with two miners whose proofs are mocks, and what makes blocks for it.

use std::{path::Path, sync::Arc, time::Duration};

use venus_core::{
    Address, BlockMsg, BlockTemplate, Bytes, ChainEpoch, Cid, ElectionProof, Message,
    MiningBaseInfo, PoStProof, RegisteredPoStProof, SignedMessage, Ticket, TipSet, TipSetKey,
    TokenAmount,
    chain_api::{ChainReader, MiningApi},
    clock::SharedClock,
    consensus::{election_params, ticket_params, win_count},
    crypto::{KeyKind, PrivateKey},
};
use venus_node::{DevGenesis, DevMiner, Node, NodeBuilder, NodeConfig, PoolConfig, Preset};
use venus_proofs::{MockVerifier, mock_proof, sealed_cid};

pub(super) const GENESIS_TIME: u64 = 1_700_000_000;

pub(super) fn key(kind: KeyKind, n: u8) -> PrivateKey {
    PrivateKey::from_seed(kind, &[n; 32]).unwrap()
}

/// The worker (and owner) of a miner of genesis.
pub(super) fn worker(miner: u64) -> PrivateKey {
    key(KeyKind::Bls, (miner - 1000) as u8 + 1)
}

/// An account with money.
pub(super) fn rich() -> PrivateKey {
    key(KeyKind::Secp256k1, 100)
}

/// Another one.
pub(super) fn rich_bls() -> PrivateKey {
    key(KeyKind::Bls, 101)
}

pub(super) fn builder(home: &Path) -> NodeBuilder {
    builder_at(home, GENESIS_TIME)
}

pub(super) fn genesis(home: &Path, timestamp: u64) -> DevGenesis {
    let sealed = |n: u8| sealed_cid(&[n; 32]).unwrap().into();
    let miner = |miner: u64, n: u8| DevMiner {
        owner: worker(miner).address(),
        worker: worker(miner).address(),
        sectors: 0,
        storage: home.into(),
        presealed: Some(vec![(0, sealed(n)), (1, sealed(n + 1))]),
    };
    let money = TokenAmount::from_fil(1_000_000);
    let accounts = [worker(1000), worker(1001), rich(), rich_bls()];
    DevGenesis {
        network: "localnet-test".into(),
        accounts: accounts.iter().map(|k| (k.address(), money.clone())).collect(),
        miners: vec![miner(1000, 10), miner(1001, 20)],
        timestamp,
    }
}

pub(super) fn builder_at(home: &Path, timestamp: u64) -> NodeBuilder {
    let config = NodeConfig {
        listen: "127.0.0.1:0".into(),
        pool: PoolConfig { premium_noise: 0.0, ..PoolConfig::default() },
        ..NodeConfig::new(Preset::Fast)
    };
    Node::builder(home, config)
        .with_verifier(MockVerifier)
        .with_clock(Arc::new(SharedClock::stepped(Duration::from_secs(GENESIS_TIME))))
        .with_dev_genesis(genesis(home, timestamp))
}

pub(super) struct World {
    pub(super) node: Node,
    pub(super) home: tempfile::TempDir,
}

impl World {
    pub(super) async fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let node = builder(home.path()).open().await.unwrap();
        Self { node, home }
    }

    /// Makes blocks on the head until one is won and taken; returns the new head.
    pub(super) async fn mine(&self) -> TipSet {
        let head = self.node.chain_head().await.unwrap();
        let messages = self.node.mpool_select(head.key().clone(), 1.0).await.unwrap();
        mine_on(&self.node, &head, 1000, head.height() + 1, messages).await
    }
}

pub(super) struct Draw {
    pub(super) info: MiningBaseInfo,
    pub(super) template: BlockTemplate,
}

/// What a miner would make a block of at a round; none if it did not win.
pub(super) async fn draw(
    node: &Node,
    base: &TipSet,
    miner: u64,
    round: ChainEpoch,
    messages: Vec<SignedMessage>,
) -> Option<Draw> {
    let (id, key) = (Address::id(miner), worker(miner));
    let info = node.miner_get_base_info(id, round, base.key().clone()).await.unwrap()?;
    assert_eq!(info.worker_key, key.address());
    assert!(info.eligible_for_mining);
    assert_eq!(info.sectors.len(), 1);
    let rbase = &info.beacon_entries.last().unwrap_or(&info.prev_beacon_entry).data;
    let election = key.sign(&election_params(rbase, round, id).digest()).unwrap().data;
    let wins = win_count(&election, &info.miner_power, &info.network_power);
    if wins < 1 {
        return None;
    }
    let ticket = ticket_params(rbase, round, id, base.min_ticket()).digest();
    let template = BlockTemplate {
        miner: id,
        parents: base.key().clone(),
        ticket: Ticket { vrf_proof: key.sign(&ticket).unwrap().data },
        eproof: ElectionProof { win_count: wins, vrf_proof: election },
        beacon_values: info.beacon_entries.clone(),
        messages,
        epoch: round,
        timestamp: node.time_of(round).as_secs(),
        winning_post_proof: vec![PoStProof {
            post_proof: RegisteredPoStProof::StackedDRGWinning2KiBV1,
            proof_bytes: mock_proof(192).into(),
        }],
    };
    Some(Draw { info, template })
}

pub(super) fn sign_block(block: &mut BlockMsg, key: &PrivateKey) {
    block.header.block_sig = Some(key.sign(&block.header.signing_bytes()).unwrap());
}

/// Makes a signed block at `round` or, if that is not won, later.
pub(super) async fn block_on(
    node: &Node,
    base: &TipSet,
    miner: u64,
    mut round: ChainEpoch,
    messages: Vec<SignedMessage>,
) -> BlockMsg {
    loop {
        if let Some(draw) = draw(node, base, miner, round, messages.clone()).await {
            let mut block = node.miner_create_block(draw.template).await.unwrap();
            sign_block(&mut block, &worker(miner));
            return block;
        }
        round += 1;
    }
}

/// Makes and submits a block; returns the head then.
pub(super) async fn mine_on(
    node: &Node,
    base: &TipSet,
    miner: u64,
    round: ChainEpoch,
    messages: Vec<SignedMessage>,
) -> TipSet {
    let block = block_on(node, base, miner, round, messages).await;
    node.skip_to(block.header.height);
    node.sync_submit_block(block).await.unwrap();
    node.chain_head().await.unwrap()
}

/// A transfer with gas that suffices.
pub(super) fn transfer(from: &PrivateKey, to: Address, fil: i64, nonce: u64) -> SignedMessage {
    let mut message = Message::transfer(from.address(), to, TokenAmount::from_fil(fil));
    message.nonce = nonce;
    message.gas_limit = 10_000_000;
    message.gas_fee_cap = TokenAmount::from_atto(1_000_000_000u64);
    message.gas_premium = TokenAmount::from_atto(100_000);
    sign(from, message)
}

pub(super) fn sign(key: &PrivateKey, message: Message) -> SignedMessage {
    let signature = key.sign(&message.cid().to_bytes()).unwrap();
    SignedMessage { message, signature }
}

pub(super) fn call(from: &PrivateKey, to: Address, method: u64, nonce: u64) -> SignedMessage {
    let mut message = transfer(from, to, 0, nonce).message;
    message.method = method;
    message.params = Bytes::default();
    sign(from, message)
}

pub(super) fn cids(messages: &[SignedMessage]) -> Vec<Cid> {
    messages.iter().map(SignedMessage::cid).collect()
}

pub(super) const HEAD: TipSetKey = TipSetKey::head();
