//! Wallets and provers by hand, as the recordings have them.

use std::time::Duration;

use futures::StreamExt;
use sha2::{Digest, Sha256};
use venus_core::{
    Address, Bytes, ExtendedSectorInfo, MsgMeta, PoStProof, Purpose, RegisteredPoStProof,
    RegisteredSealProof, Signer, WinningProver,
    api::gateway::{
        ConnectedCompleted, GatewayCalls, GatewayClient, GatewayProviders, ProofRegisterPolicy,
        RequestEvent, ResponseEvent, WalletRegisterPolicy, WalletSignRequest,
    },
    auth::{Permission, SignerBindings},
    crypto::{self, PrivateKey},
    rpc::RpcStream,
};
use venus_gateway::{GatewayProver, GatewaySigner};

use crate::world::{World, key};

const SIGN_BYTES: [u8; 32] = [0x20; 32];

async fn next(events: &mut RpcStream<RequestEvent>) -> RequestEvent {
    tokio::time::timeout(Duration::from_secs(5), events.next()).await.unwrap().unwrap()
}

fn answer(event: &RequestEvent, value: &impl serde::Serialize) -> ResponseEvent {
    let payload = serde_json::to_vec(value).unwrap().into();
    ResponseEvent { id: event.id, payload, error: String::new() }
}

/// Registers a wallet with one key as the originals do, step by step.
async fn register(
    client: &GatewayClient,
    key: &PrivateKey,
    accounts: &[&str],
) -> (RpcStream<RequestEvent>, uuid::Uuid) {
    let policy = WalletRegisterPolicy {
        support_accounts: accounts.iter().map(ToString::to_string).collect(),
        sign_bytes: SIGN_BYTES.to_vec().into(),
    };
    let mut events = client.listen_wallet_event(policy).await.unwrap();

    let list = next(&mut events).await;
    assert_eq!((list.method.as_str(), list.payload.len()), ("WalletList", 0));
    client.response_wallet_event(answer(&list, &[key.address()])).await.unwrap();

    let challenge = next(&mut events).await;
    let request: WalletSignRequest = serde_json::from_slice(&challenge.payload).unwrap();
    assert_eq!(request.meta.r#type, Purpose::VerifyAddress);
    let expected = Sha256::new().chain_update(&*request.meta.extra).chain_update(SIGN_BYTES);
    assert_eq!(request.to_sign.as_slice(), expected.finalize().as_slice());
    let signature = key.sign(&request.to_sign).unwrap();
    client.response_wallet_event(answer(&challenge, &signature)).await.unwrap();

    let init = next(&mut events).await;
    assert_eq!(init.method, "InitConnect");
    let completed: ConnectedCompleted = serde_json::from_slice(&init.payload).unwrap();
    (events, completed.channel_id)
}

#[tokio::test]
async fn a_wallet_registers_and_signs_for_an_account_it_supports() {
    let world = World::start().await;
    let wallet = world.client("w_acc", Permission::Read);
    let key = key(1);
    assert_eq!(key.address().to_string(), "f1ksu3ktw4xhyaoltwr546b3epfs5wxxqfyyxipwi");
    let (mut events, channel) = register(&wallet, &key, &["li_sealer"]).await;

    for account in ["w_acc", "li_sealer"] {
        assert!(world.auth.signer_exists_in_user(account, key.address()).await.unwrap());
    }
    let admin = world.client("cluster", Permission::Admin);
    assert!(admin.wallet_has(key.address(), vec!["li_sealer".into()]).await.unwrap());
    assert!(!admin.wallet_has(key.address(), vec!["other".into()]).await.unwrap());
    let detail = admin.list_wallet_info_by_wallet("w_acc".into()).await.unwrap();
    assert_eq!(detail.connect_states.first().unwrap().channel_id, channel);

    // The signer asks auth whose the key is, and the gateway asks the wallet.
    let signer = GatewaySigner::new(std::sync::Arc::new(admin), world.auth.clone());
    let sign = tokio::spawn(async move {
        let meta = MsgMeta::new(Purpose::Unknown);
        (signer.sign(key.address(), b"data", meta).await, key)
    });
    let event = next(&mut events).await;
    assert_eq!(event.method, "WalletSign");
    let request: WalletSignRequest = serde_json::from_slice(&event.payload).unwrap();
    let signature = self::key(1).sign(&request.to_sign).unwrap();
    wallet.response_wallet_event(answer(&event, &signature)).await.unwrap();
    let (signed, key) = sign.await.unwrap();
    crypto::verify(&signed.unwrap(), b"data", key.address()).unwrap();
}

#[tokio::test]
async fn a_wallet_that_cannot_prove_its_key_is_not_registered() {
    let world = World::start().await;
    let wallet = world.client("w_acc", Permission::Read);
    let policy = WalletRegisterPolicy { support_accounts: vec![], sign_bytes: Bytes::default() };
    let mut events = wallet.listen_wallet_event(policy).await.unwrap();
    let list = next(&mut events).await;
    wallet.response_wallet_event(answer(&list, &[key(1).address()])).await.unwrap();
    let challenge = next(&mut events).await;
    let forged = key(2).sign(b"anything").unwrap();
    wallet.response_wallet_event(answer(&challenge, &forged)).await.unwrap();

    // No InitConnect: the stream ends.
    let end = tokio::time::timeout(Duration::from_secs(5), events.next()).await.unwrap();
    assert_eq!(end, None);
    assert!(world.gateway.list_wallet_info().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_lost_wallet_fails_over_to_another_and_then_fails() {
    let world = World::start().await;
    let (one, two) =
        (world.client("w_acc", Permission::Read), world.client("other", Permission::Read));
    let key = key(3);
    let (first, _) = register(&one, &key, &["li_sealer"]).await;
    let (mut second, _) = register(&two, &key, &["li_sealer"]).await;

    let admin = world.client("cluster", Permission::Admin);
    let address = key.address();
    let sign = |admin: GatewayClient| async move {
        let meta = MsgMeta::new(Purpose::Unknown);
        admin.wallet_sign(address, vec!["li_sealer".into()], b"x".as_slice().into(), meta).await
    };
    let pending = tokio::spawn(sign(admin.clone()));
    // Whichever of the two was asked: the first never answers and goes away.
    drop(first);
    let event = next(&mut second).await;
    let signature = key.sign(b"x").unwrap();
    two.response_wallet_event(answer(&event, &signature)).await.unwrap();
    assert_eq!(pending.await.unwrap().unwrap(), signature);

    drop(second);
    for _ in 0..50 {
        if world.gateway.list_wallet_info().await.unwrap().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let error = sign(admin).await.unwrap_err();
    assert_eq!(error.to_string(), "send request must have channel");
}

#[tokio::test]
async fn late_answers_silence_and_errors_are_told_apart() {
    let world = World::start().await;
    let wallet = world.client("w_acc", Permission::Read);
    let key = key(1);
    let (mut events, _) = register(&wallet, &key, &[]).await;
    let admin = world.client("cluster", Permission::Admin);
    let address = key.address();
    let sign = |admin: GatewayClient| async move {
        let meta = MsgMeta::new(Purpose::Unknown);
        admin.wallet_sign(address, vec!["w_acc".into()], b"x".as_slice().into(), meta).await
    };

    let refused = tokio::spawn(sign(admin.clone()));
    let event = next(&mut events).await;
    let response =
        ResponseEvent { id: event.id, payload: Bytes::default(), error: "wallet locked".into() };
    wallet.response_wallet_event(response).await.unwrap();
    assert_eq!(refused.await.unwrap().unwrap_err().to_string(), "wallet locked");

    let silent = tokio::spawn(sign(admin));
    let event = next(&mut events).await;
    let error = silent.await.unwrap().unwrap_err().to_string();
    assert!(error.starts_with("timer clean this request due to exceed wait time 20"), "{error}");
    assert!(error.contains(" +0000 UTC method WalletSign; no answer within 2s"), "{error}");
    let late = wallet.response_wallet_event(answer(&event, &())).await.unwrap_err();
    assert_eq!(late.to_string(), format!("request id {} not exit", event.id));
}

#[tokio::test]
async fn a_prover_serves_the_miner_of_its_account_and_no_other() {
    let world = World::start().await;
    let prover = world.client("li_sealer", Permission::Read);
    let miner = Address::id(1000);
    let mut events =
        prover.listen_proof_event(ProofRegisterPolicy { miner_address: miner }).await.unwrap();
    assert_eq!(next(&mut events).await.method, "InitConnect");

    let stranger = world.client("other", Permission::Read);
    let refused = stranger.listen_proof_event(ProofRegisterPolicy { miner_address: miner }).await;
    assert_eq!(
        refused.err().unwrap().to_string(),
        "verify miner:f01000 failed:miner:f01000 not exist in user:other, please bind it on \
         'sophon-auth'"
    );

    let gateway =
        GatewayProver::new(std::sync::Arc::new(world.client("cluster", Permission::Admin)));
    let sector = ExtendedSectorInfo {
        seal_proof: RegisteredSealProof::StackedDRG2KiBV1P1,
        sector_number: 100,
        sector_key: None,
        sealed_cid: venus_core::Cid::of_cbor(b"x"),
    };
    let asked = sector.clone();
    let proving =
        tokio::spawn(async move { gateway.winning_post(1000, &[asked], [7; 32], 100, 28).await });
    let event = next(&mut events).await;
    let request: venus_core::api::gateway::ComputeProofRequest =
        serde_json::from_slice(&event.payload).unwrap();
    assert_eq!((request.sector_infos, request.height, request.nw_version), (vec![sector], 100, 28));
    let proofs = vec![PoStProof {
        post_proof: RegisteredPoStProof::StackedDRGWinning2KiBV1,
        proof_bytes: vec![3, 4].into(),
    }];
    prover.response_proof_event(answer(&event, &proofs)).await.unwrap();
    assert_eq!(proving.await.unwrap().unwrap(), proofs);
}

#[tokio::test]
async fn api_v1_takes_the_account_first() {
    let world = World::start().await;
    let wallet = world.client("w_acc", Permission::Read);
    let (_events, _) = register(&wallet, &key(1), &[]).await;
    let methods = world.gateway.methods_v1();
    let has = methods.describe().into_iter().find(|m| m.name == "Gateway.WalletHas").unwrap();
    assert_eq!(has.params.first().unwrap().0, "account");
}
