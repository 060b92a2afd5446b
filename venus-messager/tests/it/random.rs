//! Whatever happens in whatever order: in the end each row says what the chain says.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use proptest::prelude::*;
use venus_core::api::messager::MessageState;

use crate::world::{World, atto};

#[derive(Debug, Clone)]
enum Step {
    Advance {
        count: usize,
        include: bool,
    },
    Reorg {
        depth: usize,
        length: usize,
        include: bool,
    },
    NullRound,
    Push {
        sender: usize,
    },
    /// Somebody else uses the next nonce of the chain.
    Foreign {
        sender: usize,
    },
    LosePool,
    LoseSubscription,
    Restart,
    Pause {
        millis: u64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1..4_usize, any::<bool>()).prop_map(|(count, include)| Step::Advance { count, include }),
        3 => (1..5_usize, 1..6_usize, any::<bool>())
            .prop_map(|(depth, length, include)| Step::Reorg { depth, length, include }),
        1 => Just(Step::NullRound),
        4 => (0..2_usize).prop_map(|sender| Step::Push { sender }),
        1 => (0..2_usize).prop_map(|sender| Step::Foreign { sender }),
        1 => Just(Step::LosePool),
        1 => Just(Step::LoseSubscription),
        1 => Just(Step::Restart),
        6 => (0..80_u64).prop_map(|millis| Step::Pause { millis }),
    ]
}

async fn run(steps: Vec<Step>) {
    let mut world = World::start(2).await;
    let mut pushed = 0;
    for step in steps {
        match step {
            Step::Advance { count, include } => world.node.advance(count, include),
            Step::Reorg { depth, length, include } => world.node.reorg(depth, length, include),
            Step::NullRound => world.node.null_round(),
            Step::Push { sender } => {
                pushed += 1;
                let message = world.transfer(sender, pushed);
                world.push_message(&format!("m{pushed}"), message).await;
            }
            Step::Foreign { sender } => {
                let from = world.senders[sender];
                world.node.inject(from, from, world.node.next_nonce(from), 1_000_000);
            }
            Step::LosePool => world.node.forget_pending(),
            Step::LoseSubscription => world.node.close_subscriptions(),
            Step::Restart => world = world.restart().await,
            Step::Pause { millis } => tokio::time::sleep(Duration::from_millis(millis)).await,
        }
    }

    // Then the chain goes on in peace.
    world
        .until("all on chain", async |w| {
            w.node.advance(1, true);
            tokio::time::sleep(Duration::from_millis(60)).await;
            w.all().await.iter().all(|row| row.state.has_landed())
        })
        .await;
    world.node.advance(1, false);
    world.quiet().await;

    let rows = world.all().await;
    assert_eq!(rows.len() as u64, pushed);
    let mut used = HashMap::new();
    for row in &rows {
        let (cid, height, key) = world.node.executed(row.from, row.nonce).unwrap();
        let state = match row.signed_cid == Some(cid) {
            true => MessageState::OnChain,
            false => MessageState::NonceConflict,
        };
        assert_eq!((row.state, row.height, &row.tip_set_key), (state, height, &key), "{}", row.id);
        assert_eq!(row.error_msg, "", "{}", row.id);
        assert!(used.insert((row.from, row.nonce), &row.id).is_none(), "a nonce of two rows");
    }
    // What the pool was given is what the rows say: no message was signed under two nonces.
    let mut nonces = BTreeMap::new();
    for ((from, nonce), cids) in world.node.given() {
        assert_eq!(cids.len(), 1, "nonce {nonce} of two messages");
        let id = used[&(from, nonce)];
        assert!(nonces.insert(id.clone(), nonce).is_none(), "{id} has two nonces");
    }
    assert!(rows.iter().all(|row| row.value < atto(1_000_000)));
    world.stop().await;
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 12,
        max_shrink_iters: 30,
        // How tasks interleave is not repeated, so neither is a failure.
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn each_row_ends_as_the_chain_says(steps in prop::collection::vec(step(), 5..30)) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(run(steps));
    }
}
