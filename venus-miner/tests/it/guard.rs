//! The record of blocks: nothing that slashes is ever safe.

use std::sync::Arc;

use proptest::prelude::*;
use venus_core::{
    BlockHeader, BlockMsg, Cid, TipSet,
    api::miner::{BlockQuery, MineState},
    store::Store,
};
use venus_miner::{BlockStore, EmbeddedStore, Fault, Intent, Verdict};

use crate::node::{header, origin, tipset};

fn open(dir: &std::path::Path) -> EmbeddedStore {
    EmbeddedStore::new(Store::open(dir).unwrap()).unwrap()
}

/// An intent whose content is told apart by `content`.
fn intent(epoch: i64, base: &TipSet, content: u8) -> Intent {
    Intent { miner: 1000, epoch, base: base.clone(), digest: [content; 32] }
}

fn block(content: u8) -> Cid {
    Cid::of_cbor(&[content])
}

fn with_message(header: BlockHeader) -> BlockMsg {
    BlockMsg { header, bls_messages: vec![block(7)], secpk_messages: Vec::new() }
}

async fn is_safe(store: &EmbeddedStore, intent: &Intent) -> bool {
    store.check_and_record(intent, false).await.unwrap() == Verdict::Safe
}

#[tokio::test]
async fn one_block_a_height_also_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let base = tipset(vec![header(9000, 100, origin(), 1)]);
    let store = open(dir.path());
    assert!(is_safe(&store, &intent(101, &base, 1)).await);
    drop(store);
    let store = open(dir.path());
    assert!(is_safe(&store, &intent(101, &base, 1)).await, "the very same block again");
    let other = store.check_and_record(&intent(101, &base, 2), false).await.unwrap();
    assert!(matches!(other, Verdict::NotSafe(Fault::DoubleFork { height: 101, .. })), "{other:?}");
    let stranger = Intent { miner: 1001, ..intent(101, &base, 2) };
    assert!(is_safe(&store, &stranger).await, "another miner is another matter");
}

#[tokio::test]
async fn of_many_at_once_one_is_safe() {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(open(dir.path()));
    let base = tipset(vec![header(9000, 100, origin(), 1)]);
    let tasks = (0..16).map(|content| {
        let (store, intent) = (Arc::clone(&store), intent(101, &base, content));
        tokio::spawn(async move { is_safe(&store, &intent).await })
    });
    let safe = futures::future::join_all(tasks).await;
    assert_eq!(safe.into_iter().filter(|safe| *safe.as_ref().unwrap()).count(), 1);
}

#[tokio::test]
async fn the_same_parents_at_two_heights_are_a_fault_once_a_block_may_be_out() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let [a, b] = [1, 2].map(|ticket| header(u64::from(ticket), 100, origin(), ticket));
    let base = tipset(vec![a.clone(), b.clone()]);
    assert!(is_safe(&store, &intent(101, &base, 1)).await);
    // No signature was ever received: nobody can have the block.
    assert!(is_safe(&store, &intent(102, &base, 2)).await);
    let second = with_message(header(1000, 102, base.key().cids().to_vec(), 2));
    store.signed(1000, &second).await.unwrap();
    let fault = store.check_and_record(&intent(103, &base, 3), false).await.unwrap();
    let Verdict::NotSafe(Fault::TimeOffset { other, .. }) = fault else { panic!("{fault:?}") };
    assert_eq!(other, second.header.cid());
    let grown = tipset(vec![a, b, header(3, 100, origin(), 3)]);
    assert!(is_safe(&store, &intent(103, &grown, 3)).await, "other parents");

    store.unpublished(1000, 102).await.unwrap();
    assert!(is_safe(&store, &intent(104, &base, 4)).await, "the witness reached nobody");
    assert!(!is_safe(&store, &intent(102, &base, 5)).await, "its height stays taken");
}

#[tokio::test]
async fn a_base_must_hold_our_block_unless_that_was_on_another_fork() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let parent = tipset(vec![header(9000, 100, origin(), 1)]);
    assert!(is_safe(&store, &intent(101, &parent, 1)).await);
    let ours = header(1000, 101, parent.key().cids().to_vec(), 7);
    store.signed(1000, &with_message(ours.clone())).await.unwrap();

    let lacking = tipset(vec![header(9000, 101, parent.key().cids().to_vec(), 2)]);
    let fault = store.check_and_record(&intent(102, &lacking, 2), false).await.unwrap();
    let Verdict::NotSafe(Fault::ParentGrinding { expected, .. }) = fault else {
        panic!("{fault:?}")
    };
    assert_eq!(expected, ours.cid());

    let fork = tipset(vec![header(9000, 101, vec![block(9)], 2)]);
    let strict = store.check_and_record(&intent(102, &fork, 2), true).await.unwrap();
    assert!(matches!(strict, Verdict::NotSafe(Fault::ParentGrinding { .. })), "{strict:?}");
    assert!(is_safe(&store, &intent(102, &fork, 2)).await);

    let with_ours = tipset(vec![header(9000, 101, parent.key().cids().to_vec(), 2), ours]);
    assert!(is_safe(&store, &intent(103, &with_ours, 3)).await);
}

#[tokio::test]
async fn a_signed_block_is_kept_until_its_fate_is_known() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let [first, second] = [101, 102].map(|epoch| with_message(header(1000, epoch, origin(), 1)));
    store.signed(1000, &second).await.unwrap();
    store.signed(1000, &first).await.unwrap();
    drop(store);
    let store = open(dir.path());
    assert_eq!(store.kept().await.unwrap(), [first.clone(), second]);
    store.set_state(1000, 102, MineState::Mining).await.unwrap();
    store.set_state(1000, 102, MineState::Success).await.unwrap();
    assert_eq!(store.kept().await.unwrap(), [first]);
    store.set_state(1000, 101, MineState::Error).await.unwrap();
    assert!(store.kept().await.unwrap().is_empty());
}

#[tokio::test]
async fn states_are_those_of_the_original() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let base = tipset(vec![header(9000, 100, origin(), 1)]);
    store.set_state(1000, 101, MineState::Timeout).await.unwrap();
    assert!(store.list(&BlockQuery::default()).await.unwrap().is_empty(), "nothing was won");
    for (epoch, states, shown) in [
        (101, vec![MineState::ChainForked, MineState::Success], MineState::Success),
        (102, vec![MineState::Success, MineState::Timeout], MineState::Success),
        (103, vec![MineState::Error], MineState::Error),
    ] {
        store.won(1000, epoch, &base, 1_700_000_000).await.unwrap();
        for state in states {
            store.set_state(1000, epoch, state).await.unwrap();
        }
        let query = BlockQuery { limit: 1, ..BlockQuery::default() };
        assert_eq!(store.list(&query).await.unwrap()[0].mine_state, shown);
    }
    let query = BlockQuery { limit: 1, offset: 1, ..BlockQuery::default() };
    let listed = store.list(&query).await.unwrap();
    assert_eq!((listed.len(), listed[0].epoch), (1, 102));
    let json = serde_json::to_value(&listed[0]).unwrap();
    assert_eq!(json["ParentKey"], format!("{{ {} }}", base.key().cids()[0]));
    assert_eq!((json["MineState"].as_i64(), json["Cid"].as_str()), (Some(1), Some("")));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever is attempted, the blocks that were signed prove no fault.
    #[test]
    fn what_is_safe_never_slashes(
        attempts in prop::collection::vec((1i64..4, 0usize..6, any::<u8>(), any::<bool>()), 1..40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path());
        let first = tipset(vec![header(9000, 100, origin(), 1)]);
        let mut bases = vec![first];
        let mut signed: Vec<(i64, TipSet, Cid)> = Vec::new();
        for (gap, base, content, joins) in attempts {
            let base = bases[base % bases.len()].clone();
            let epoch = base.height() + gap;
            let intent = intent(epoch, &base, content);
            if !runtime.block_on(is_safe(&store, &intent)) {
                continue;
            }
            let own = header(1000, epoch, base.key().cids().to_vec(), content);
            runtime.block_on(store.signed(1000, &with_message(own.clone()))).unwrap();
            signed.push((epoch, base.clone(), own.cid()));
            let other = header(9001, epoch, base.key().cids().to_vec(), content.wrapping_add(1));
            bases.push(tipset(if joins { vec![own, other] } else { vec![other] }));
        }
        for (i, (epoch, base, cid)) in signed.iter().enumerate() {
            for (later_epoch, later_base, later) in &signed[i + 1..] {
                prop_assert!(cid == later || epoch != later_epoch, "double fork");
                prop_assert!(
                    epoch == later_epoch || base.key() != later_base.key(), "time offset"
                );
                let ground = later_base.height() == *epoch
                    && later_base.parents() == *base.key()
                    && !later_base.key().cids().contains(cid);
                prop_assert!(!ground, "parent grinding");
            }
        }
    }
}
