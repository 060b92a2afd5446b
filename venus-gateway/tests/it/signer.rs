//! The wallets behind a gateway as one signer.

use std::{sync::Arc, time::Duration};

use futures::StreamExt;
use tokio::task::JoinHandle;
use venus_core::{
    Address, Purpose, Signature,
    api::gateway::{
        GatewayProviders, RequestEvent, ResponseEvent, WalletRegisterPolicy, WalletSignRequest,
    },
    auth::{Permission, SignerBindings},
    crypto::{KeyKind, PrivateKey},
    test_utils::signer_contract,
};
use venus_gateway::GatewaySigner;

use crate::world::World;

/// Registers a wallet with these keys, which signs whatever it is asked to. Returns once it is
/// registered; the task ends with the gateway.
async fn connect(world: &World, account: &str, keys: Vec<PrivateKey>) -> JoinHandle<()> {
    let client = world.client(account, Permission::Read);
    let policy =
        WalletRegisterPolicy { support_accounts: Vec::new(), sign_bytes: vec![0x20; 32].into() };
    let mut events = client.listen_wallet_event(policy).await.unwrap();
    let (registered, done) = tokio::sync::oneshot::channel();
    let task = tokio::spawn(async move {
        let mut registered = Some(registered);
        while let Some(RequestEvent { id, method, payload }) = events.next().await {
            let payload = match method.as_str() {
                "WalletList" => {
                    let addresses: Vec<Address> = keys.iter().map(PrivateKey::address).collect();
                    serde_json::to_vec(&addresses).unwrap()
                }
                "WalletSign" => {
                    let request: WalletSignRequest = serde_json::from_slice(&payload).unwrap();
                    serde_json::to_vec(&answer(&keys, &request)).unwrap()
                }
                "InitConnect" => {
                    registered.take().unwrap().send(()).unwrap();
                    continue;
                }
                other => panic!("a wallet is not asked for {other}"),
            };
            let response = ResponseEvent { id, payload: payload.into(), error: String::new() };
            client.response_wallet_event(response).await.unwrap();
        }
    });
    tokio::time::timeout(Duration::from_secs(5), done).await.unwrap().unwrap();
    task
}

fn answer(keys: &[PrivateKey], request: &WalletSignRequest) -> Signature {
    let key = keys.iter().find(|key| key.address() == request.signer).unwrap();
    if request.meta.r#type == Purpose::ChainMessage {
        assert!(!request.meta.extra.is_empty(), "the wallet is shown what it signs");
    }
    key.sign(&request.to_sign).unwrap()
}

#[tokio::test]
async fn a_gateway_s_signer_keeps_the_contract() {
    let world = World::start().await;
    let key = |kind, seed| PrivateKey::from_seed(kind, &[seed; 32]).unwrap();
    // Two wallets, each with keys that the other has not.
    let tasks = [
        connect(&world, "w_acc", vec![key(KeyKind::Bls, 1), key(KeyKind::Secp256k1, 2)]).await,
        connect(&world, "other", vec![key(KeyKind::Bls, 3)]).await,
    ];
    let gateway = Arc::new(world.client("cluster", Permission::Admin));
    let accounts: Arc<dyn SignerBindings> = world.auth.clone();
    let signer = GatewaySigner::new(gateway, accounts);
    let addresses = venus_core::Signer::addresses(&signer).await.unwrap();
    assert_eq!(addresses.len(), 3);
    signer_contract(&signer).await;
    tasks.iter().for_each(|task| assert!(!task.is_finished(), "the wallets still answer"));
    tasks.iter().for_each(JoinHandle::abort);
}
