//! Registration at gateways, over real sockets.

mod gateway;

use std::{sync::Arc, time::Duration};

use tempfile::TempDir;
use tokio_util::sync::{CancellationToken, DropGuard};
use venus_core::{
    Address, MsgMeta, Purpose, Signature,
    api::gateway::{GatewayProviders, WalletSignRequest},
    crypto::{self, KeyKind},
};
use venus_wallet::{Wallet, WalletConfig, register::Registrations};

use self::gateway::FakeGateway;

const PASSWORD: &str = "venus-test";

fn open(home: &TempDir) -> Wallet {
    let config = WalletConfig { scrypt_log_n: 10, ..WalletConfig::default() };
    Wallet::open(home.path(), config).unwrap()
}

async fn unlocked(home: &TempDir) -> Wallet {
    let wallet = open(home);
    wallet.set_password(PASSWORD).await.unwrap();
    wallet
}

/// Registers for `li_sealer` at these gateways until the guard is dropped.
fn run(wallet: &Wallet, gateways: &[&FakeGateway]) -> (Registrations, DropGuard) {
    let clients = gateways.iter().map(|at| Arc::new(at.client()) as Arc<dyn GatewayProviders>);
    let registrations = Registrations::new(clients.collect(), ["li_sealer".to_owned()]);
    let stop = CancellationToken::new();
    tokio::spawn(registrations.clone().run(wallet.clone(), stop.clone()));
    (registrations, stop.drop_guard())
}

async fn until(what: impl Fn() -> bool) {
    for _ in 0..250 {
        if what() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it does not come to pass");
}

#[tokio::test]
async fn a_wallet_lists_signs_and_dials_again_when_the_stream_ends() {
    let home = tempfile::tempdir().unwrap();
    let wallet = unlocked(&home).await;
    let key = wallet.new_key(KeyKind::Secp256k1).await.unwrap();
    let mut gateway = FakeGateway::start().await;
    let (registrations, _run) = run(&wallet, &[&gateway]);

    let listener = gateway.listener().await;
    assert_eq!(listener.policy.support_accounts, ["li_sealer"]);
    assert_eq!(listener.policy.sign_bytes.as_slice(), wallet.sign_secret());
    let listed: Vec<Address> = gateway.ask(&listener, "WalletList", None).await.unwrap();
    assert_eq!(listed, [key]);
    assert!(!registrations.is_complete());
    listener.complete().await;
    until(|| registrations.is_complete()).await;

    let request = WalletSignRequest {
        signer: key,
        to_sign: b"data".as_slice().into(),
        meta: MsgMeta::new(Purpose::Unknown),
    };
    let payload = serde_json::to_vec(&request).unwrap();
    let signed: Signature =
        gateway.ask(&listener, "WalletSign", Some(payload.clone())).await.unwrap();
    crypto::verify(&signed, b"data", key).unwrap();
    // What cannot be done is answered too, so that nobody waits for it.
    let unknown = gateway.ask::<()>(&listener, "WalletDance", None).await.unwrap_err();
    assert_eq!(unknown, "a wallet cannot WalletDance");
    wallet.lock(PASSWORD).unwrap();
    let locked = gateway.ask::<()>(&listener, "WalletSign", Some(payload)).await.unwrap_err();
    assert!(locked.starts_with("wallet locked"), "{locked}");

    wallet.unlock(PASSWORD).await.unwrap();
    drop(listener);
    until(|| !registrations.is_complete()).await;
    let _listener = gateway.register().await;
    until(|| registrations.is_complete()).await;
}

#[tokio::test]
async fn what_changes_while_it_registers_reaches_the_gateway() {
    let home = tempfile::tempdir().unwrap();
    let wallet = unlocked(&home).await;
    let gone = wallet.new_key(KeyKind::Secp256k1).await.unwrap();
    let mut gateway = FakeGateway::start().await;
    let (registrations, _run) = run(&wallet, &[&gateway]);

    let listener = gateway.listener().await;
    registrations.support("late".into()).await.unwrap();
    let listed: Vec<Address> = gateway.ask(&listener, "WalletList", None).await.unwrap();
    assert_eq!(listed, [gone]);
    let new = wallet.new_key(KeyKind::Secp256k1).await.unwrap();
    wallet.delete(gone).await.unwrap();
    listener.complete().await;

    until(|| gateway.told().len() == 3).await;
    let expected = ["support late".into(), format!("remove {gone}"), format!("add {new}")];
    assert_eq!(gateway.told(), expected);
    // Nothing is told twice.
    let error = registrations.support("late".into()).await.unwrap_err();
    assert_eq!(error.to_string(), "account late has exit");
    wallet.delete(new).await.unwrap();
    until(|| gateway.told().len() == 4).await;
    assert_eq!(gateway.told().last().unwrap(), &format!("remove {new}"));
}

#[tokio::test]
async fn what_the_gateway_is_told_keeps_its_order() {
    let home = tempfile::tempdir().unwrap();
    let wallet = unlocked(&home).await;
    let mut gateway = FakeGateway::start().await;
    let (registrations, _run) = run(&wallet, &[&gateway]);
    let _listener = gateway.register().await;
    until(|| registrations.is_complete()).await;

    gateway.answer_after(Duration::from_millis(300));
    let first = wallet.new_key(KeyKind::Secp256k1).await.unwrap();
    until(|| gateway.told().len() == 1).await;
    // All of this happens while the gateway thinks about the first key.
    wallet.delete(first).await.unwrap();
    let second = wallet.new_key(KeyKind::Secp256k1).await.unwrap();
    registrations.support("other".into()).await.unwrap();

    until(|| gateway.told().len() == 4).await;
    assert_eq!(gateway.most_at_once(), 1);
    let told = gateway.told();
    let at = |text: String| told.iter().position(|entry| *entry == text).unwrap();
    assert!(at(format!("add {first}")) < at(format!("remove {first}")), "{told:?}");
    assert!(told.contains(&format!("add {second}")) && told.contains(&"support other".into()));
}

#[tokio::test]
async fn a_gateway_that_fails_is_told_again_and_holds_up_no_other() {
    let home = tempfile::tempdir().unwrap();
    let wallet = unlocked(&home).await;
    let key = wallet.new_key(KeyKind::Secp256k1).await.unwrap();
    let (mut bad, mut good) = (FakeGateway::start().await, FakeGateway::start().await);
    let (registrations, _run) = run(&wallet, &[&bad, &good]);
    let _listeners = (bad.register().await, good.register().await);
    until(|| registrations.is_complete()).await;

    bad.refuse(true);
    let error = registrations.announce(vec![key]).await.unwrap_err();
    assert_eq!(error.to_string(), "gateway 1 of 2: out of order");
    assert_eq!(good.told(), [format!("add {key}")]);
    let error = registrations.support("other".into()).await.unwrap_err();
    assert_eq!(error.to_string(), "gateway 1 of 2: out of order");
    assert_eq!(good.told().last().unwrap(), "support other");

    assert!(bad.told().is_empty());
    bad.refuse(false);
    until(|| bad.told() == ["support other"]).await;
    assert_eq!(good.told().len(), 2);
}

#[tokio::test]
async fn a_locked_wallet_with_keys_does_not_dial_until_it_is_unlocked() {
    let home = tempfile::tempdir().unwrap();
    let wallet = unlocked(&home).await;
    wallet.new_key(KeyKind::Secp256k1).await.unwrap();
    wallet.lock(PASSWORD).unwrap();
    let mut gateway = FakeGateway::start().await;
    let (registrations, _run) = run(&wallet, &[&gateway]);

    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(gateway.dialled(), 0);
    wallet.unlock(PASSWORD).await.unwrap();
    let _listener = gateway.register().await;
    until(|| registrations.is_complete()).await;
}

#[tokio::test]
async fn pauses_grow_while_the_gateway_refuses() {
    let home = tempfile::tempdir().unwrap();
    let wallet = open(&home);
    let gateway = FakeGateway::start().await;
    gateway.refuse(true);
    let (_, _run) = run(&wallet, &[&gateway]);
    // At 0, 1 and 3 seconds, the next one at 7.
    tokio::time::sleep(Duration::from_millis(4500)).await;
    assert_eq!(gateway.dialled(), 3);
}
