//! The record of blocks, which keeps the pool from signing two that slash.

mod embedded;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use venus_core::{
    Address, BlockHeader, BlockMsg, ChainEpoch, Cid, TipSet, TipSetKey,
    api::miner::{BlockQuery, MineState, MinedBlock},
    blake2b_256,
    store::StoreError,
};

pub use embedded::EmbeddedStore;

/// A block about to be signed, and the base that it stands on.
#[derive(Debug, Clone)]
pub struct Intent {
    /// The miner's actor number.
    pub miner: u64,
    /// The block's height.
    pub epoch: ChainEpoch,
    /// The base.
    pub base: TipSet,
    /// The hash of the bytes to be signed: tells the very same block from another.
    pub digest: [u8; 32],
}

impl Intent {
    /// The intent to sign `header` on `base`; none if the miner is not named by its ID.
    pub fn new(header: &BlockHeader, base: &TipSet) -> Option<Self> {
        Some(Self {
            miner: header.miner.as_id()?,
            epoch: header.height,
            base: base.clone(),
            digest: blake2b_256(&header.signing_bytes()),
        })
    }
}

/// What the guard says to an intent.
#[must_use = "sign only what is safe"]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is recorded, durably: sign it, and nothing else at this height.
    Safe,
    /// Signing it would cost the miner its collateral. Nothing was recorded.
    NotSafe(Fault),
}

/// A consensus fault that a block would be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// There is another block of the miner at the height.
    #[error(
        "created a block at the same height as another block we've created; miner: {miner}; height: {height}"
    )]
    DoubleFork {
        /// Whose.
        miner: Address,
        /// Where.
        height: ChainEpoch,
    },
    /// There is another block of the miner on the same parents.
    #[error(
        "produced block would trigger 'time-offset mining faults' consensus fault; miner: {miner}; bh: {height}, other: {other}"
    )]
    TimeOffset {
        /// Whose.
        miner: Address,
        /// Height of the block.
        height: ChainEpoch,
        /// The other block.
        other: Cid,
    },
    /// The base lacks a block of the miner that belongs to it.
    #[error(
        "produced block would trigger 'parent-grinding fault' consensus fault; miner: {miner}; bh: {height}, expected parent: {expected}"
    )]
    ParentGrinding {
        /// Whose.
        miner: Address,
        /// Height of the block.
        height: ChainEpoch,
        /// The block that is missing.
        expected: Cid,
    },
}

/// The record of blocks.
///
/// # Contract
///
/// - [`check_and_record`](Self::check_and_record) is one transaction: of two intents that exclude
///   each other one at most is safe, whoever asks and however many at a time.
/// - What was answered is durable: it holds after `kill -9` and loss of power.
/// - An intent equal to one recorded before is safe again.
#[async_trait]
pub trait BlockStore: std::fmt::Debug + Send + Sync {
    /// Notes that a draw was won on `base`.
    async fn won(
        &self,
        miner: u64,
        epoch: ChainEpoch,
        base: &TipSet,
        winning_at: i64,
    ) -> Result<(), StoreError>;

    /// Checks that a block can be signed without a fault and reserves its height, before it is
    /// signed. With `strict` a block of ours that the base lacks is always a fault.
    async fn check_and_record(&self, intent: &Intent, strict: bool) -> Result<Verdict, StoreError>;

    /// Notes the signed block, before it is given out, and keeps it until it is known what became
    /// of it: a kill between signature and submission must not lose the only block that its base
    /// may have.
    async fn signed(&self, miner: u64, block: &BlockMsg) -> Result<(), StoreError>;

    /// Notes a block of ours that stands on `base` in the chain, and that is not recorded.
    async fn restore(&self, block: &BlockHeader, base: &TipSet) -> Result<(), StoreError>;

    /// Lists the signed blocks of which it is not known what became of them, lowest first.
    async fn kept(&self) -> Result<Vec<BlockMsg>, StoreError>;

    /// Notes how far a draw got; does nothing if it is not known as won. A success stays one.
    /// With any state but [`MineState::Mining`] the block is kept no longer.
    async fn set_state(
        &self,
        miner: u64,
        epoch: ChainEpoch,
        state: MineState,
    ) -> Result<(), StoreError>;

    /// Notes that a signed block certainly reached nobody: it can prove no fault any more. Its
    /// height stays taken.
    async fn unpublished(&self, miner: u64, epoch: ChainEpoch) -> Result<(), StoreError>;

    /// Lists draws won, newest first.
    async fn list(&self, query: &BlockQuery) -> Result<Vec<MinedBlock>, StoreError>;
}

/// A draw that was won and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Row {
    /// Height of the base.
    base_epoch: ChainEpoch,
    /// Its blocks.
    base: TipSetKey,
    winning_at: i64,
    state: MineState,
    /// What was or may have been signed.
    digest: Option<[u8; 32]>,
    /// The signed block; none: no signature was received, so nobody has the block.
    cid: Option<Cid>,
    /// It certainly reached nobody.
    unpublished: bool,
}

impl Row {
    fn new(base: &TipSet, winning_at: i64) -> Self {
        Self {
            base_epoch: base.height(),
            base: base.key().clone(),
            winning_at,
            state: MineState::Mining,
            digest: None,
            cid: None,
            unpublished: false,
        }
    }

    /// The block that somebody may have, as a witness of a fault.
    fn witness(&self) -> Option<Cid> {
        self.cid.filter(|_| !self.unpublished)
    }

    /// Whether a second block at the height is another one.
    fn forks(&self, intent: &Intent) -> bool {
        self.digest.is_some_and(|digest| digest != intent.digest)
    }

    /// The fault of leaving this block, of the base's height, out of the base.
    fn ground(&self, intent: &Intent, strict: bool) -> Option<Cid> {
        let witness = self.witness()?;
        let belongs = strict || same_set(&self.base, &intent.base.parents());
        (belongs && !intent.base.key().cids().contains(&witness)).then_some(witness)
    }
}

fn sorted(key: &TipSetKey) -> Vec<Vec<u8>> {
    let mut cids: Vec<_> = key.cids().iter().map(|cid| cid.to_bytes()).collect();
    cids.sort();
    cids
}

fn same_set(a: &TipSetKey, b: &TipSetKey) -> bool {
    sorted(a) == sorted(b)
}
