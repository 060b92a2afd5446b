//! The RPC: who sees what, and the list of miners.

use std::sync::Arc;

use venus_core::{
    Address,
    api::miner::{BlockQuery, MinerApi, RecordQuery},
    auth::{Caller, MinerBindings, Permission},
    test_utils::MemAuth,
};
use venus_miner::{AuthMiners, Miner, MinerConfig};

use crate::world::{World, calm};

async fn pool(world: &World, auth: &Arc<MemAuth>) -> (Miner, crate::node::Served) {
    let served = world.node.serve().await;
    let mut config = MinerConfig::default();
    config.recorder.enable = true;
    let builder = Miner::builder(
        served.client(),
        Arc::clone(&world.wallet) as _,
        Arc::clone(&world.prover) as _,
        Arc::clone(&world.clock) as _,
    );
    let miner = builder
        .with_miners(AuthMiners(Arc::clone(auth) as _))
        .with_config(config)
        .open(world.home.path())
        .await
        .unwrap();
    (miner, served)
}

async fn three_miners() -> Arc<MemAuth> {
    let auth = Arc::new(MemAuth::with_users(&["w1", "w2"]));
    for (user, miner, open) in [("w1", 1000, true), ("w1", 1001, false), ("w2", 2000, true)] {
        auth.upsert_miner(user, Address::id(miner), open).await.unwrap();
    }
    auth
}

#[tokio::test]
async fn a_tenant_sees_its_own_miners_alone_however_it_asks() {
    let world = World::new(&[]);
    let (miner, _served) = pool(&world, &three_miners().await).await;
    let w1 = Caller::new("w1", Permission::Read);
    let seen = async |ask: Option<Vec<u64>>| -> Vec<u64> {
        let ask = ask.map(|ids| ids.into_iter().map(Address::id).collect());
        let states = w1.clone().scope(miner.states_for_mining(ask)).await.unwrap();
        states.into_iter().map(|state| state.addr.as_id().unwrap()).collect()
    };
    assert_eq!(seen(None).await, [1000, 1001]);
    assert_eq!(seen(Some(vec![])).await, [1000, 1001]);
    assert_eq!(seen(Some(vec![2000])).await, [0; 0], "foreign ones are not widened to all");
    assert_eq!(seen(Some(vec![2000, 1001])).await, [1001]);
    let listed = w1.clone().scope(miner.list_address()).await.unwrap();
    assert_eq!(listed.len(), 2);
    let foreign = BlockQuery { miners: vec![Address::id(2000)], ..BlockQuery::default() };
    assert!(w1.clone().scope(miner.list_blocks(Some(foreign))).await.unwrap().is_empty());

    let query = RecordQuery { miner: Address::id(2000), epoch: 5, limit: 1 };
    let refusal = w1.clone().scope(miner.query_record(query)).await.unwrap_err();
    let expected = "miner f02000 not exist in user w1: permission deny";
    assert_eq!((refusal.code(), refusal.to_string().as_str()), (1, expected));
    let off = w1.clone().scope(miner.warmup_for_miner(Address::id(1001))).await.unwrap_err();
    assert_eq!(off.to_string(), "f01001 not exist");

    let admin = Caller::new("cluster", Permission::Admin);
    let unknown = Some(vec![Address::id(9999)]);
    let states = admin.clone().scope(miner.states_for_mining(unknown)).await.unwrap();
    assert_eq!(
        serde_json::to_string(&states).unwrap(),
        r#"[{"Addr":"f09999","IsMining":false,"Err":null}]"#
    );
    assert_eq!(admin.scope(miner.list_address()).await.unwrap().len(), 3);
    let nobody = Caller { name: String::new(), permissions: vec![Permission::Read] };
    let refusal = nobody.scope(miner.list_address()).await.unwrap_err();
    assert_eq!(refusal.to_string(), "there is no accountKey in the request");
}

#[tokio::test]
async fn mining_is_switched_for_good_in_venus_auth() {
    let world = World::new(&[]);
    let auth = three_miners().await;
    let (miner, _served) = pool(&world, &auth).await;
    let mining = async || {
        let states = miner.states_for_mining(None).await.unwrap();
        states.iter().filter(|s| s.is_mining).filter_map(|s| s.addr.as_id()).collect::<Vec<_>>()
    };
    assert_eq!(mining().await, [1000, 2000]);
    miner.stop(Some(vec![Address::id(2000), Address::id(7777)])).await.unwrap();
    assert_eq!(mining().await, [1000]);
    miner.stop(None).await.unwrap();
    assert_eq!(mining().await, [1000], "saying nothing stops nobody");
    miner.start(Some(vec![])).await.unwrap();
    assert_eq!(mining().await, [1000, 1001, 2000], "and starts all");
    assert!(auth.miners("w1").await.unwrap().iter().all(|binding| binding.open_mining));

    let updated = miner.update_address(0, 1).await.unwrap();
    assert_eq!(updated.len(), 2, "the miners of the first user");
    assert_eq!(mining().await, [1000, 1001]);
    miner.update_address(-1, -1).await.unwrap();
    assert_eq!(mining().await, [1000, 1001, 2000]);
}

#[tokio::test]
async fn winners_are_counted_one_epoch_later_and_rounds_recorded() {
    let world = World::new(&[]);
    world.node.script().wins_from = 99;
    let (miner, _served) = pool(&world, &three_miners().await).await;
    let own = Some(vec![Address::id(1000), Address::id(1001)]);
    let counts = miner.count_winners(own.clone(), 97, 100).await.unwrap();
    let epochs = counts[0].win_epoch_list.as_ref().unwrap();
    assert_eq!(epochs.iter().map(|epoch| epoch.epoch).collect::<Vec<_>>(), [99, 100, 101]);
    let sum: i64 = epochs.iter().map(|epoch| epoch.win_count).sum();
    assert!(sum > 3 && sum == counts[0].total_win_count, "{counts:?}");
    let off = serde_json::to_string(&counts[1]).unwrap();
    let expected =
        r#"{"miner":"f01001","totalWinCount":0,"msg":"miner not exist","winEpochList":null}"#;
    assert_eq!(off, expected);
    let refusal = miner.count_winners(own, 1, 101).await.unwrap_err();
    assert_eq!(refusal.to_string(), "start or end greater than cur tipset height: 100");

    let stop = tokio_util::sync::CancellationToken::new();
    let task = tokio::spawn({
        let (miner, stop) = (miner.clone(), stop.clone());
        async move { miner.run(stop).await }
    });
    world.at(12);
    world.wallet.until_signed(2).await;
    world.at(30);
    world.node.until(|script| script.submitted.len() == 2).await;
    calm().await;
    let query = RecordQuery { miner: Address::id(1000), epoch: 101, limit: 0 };
    let record = miner.query_record(query).await.unwrap().remove(0);
    assert_eq!((record["baseEpoch"].as_str(), record["nullRounds"].as_str()), ("100", "0"));
    assert_eq!((record["baseDelta"].as_str(), record["lateStart"].as_str()), ("12s", "false"));
    assert_eq!(record["start"], "2023-11-14 22:13:32.000000000 +0000 UTC");
    assert!(record.contains_key("createBlock") && !record.contains_key("error"), "{record:?}");
    miner.shutdown().await.unwrap();
    miner.stopped().await;
    task.await.unwrap();
}
