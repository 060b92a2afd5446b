//! A wallet over its RPC, as others sign through it.

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use venus_core::{
    MsgMeta, Purpose, SignError, Signer, WalletSigner,
    api::wallet::WalletClient,
    auth::{JwtSecret, LocalToken, TokenGuard},
    crypto::KeyKind,
    rpc::{self, Client, Endpoint},
    test_utils::signer_contract,
};
use venus_wallet::{Wallet, WalletConfig, WalletService, WalletTokens, register::Registrations};

#[tokio::test]
async fn a_wallet_elsewhere_keeps_the_contract_and_its_keys_are_followed() {
    let home = tempfile::tempdir().unwrap();
    let config = WalletConfig { scrypt_log_n: 4, ..WalletConfig::default() };
    let wallet = Wallet::open(home.path(), config).unwrap();
    wallet.set_password("password").await.unwrap();
    let first = wallet.new_key(KeyKind::Bls).await.unwrap();

    let tokens = WalletTokens::new(JwtSecret::random());
    let service =
        WalletService::new(wallet.clone(), Registrations::new(Vec::new(), []), tokens.clone());
    let local = LocalToken::ephemeral();
    let token = local.token().to_owned();
    let router = service.router(TokenGuard::new(local).or(tokens));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(rpc::serve(listener, router, CancellationToken::new()));
    let client = Client::connect(&Endpoint::parse(&url, 0).unwrap(), Some(token));
    let signer = WalletSigner::new("w", Arc::new(WalletClient::new(client)));

    signer_contract(&signer).await;
    assert_eq!(signer.addresses().await.unwrap(), [first]);
    let second = wallet.new_key(KeyKind::Secp256k1).await.unwrap();
    assert!(signer.has(second).await.unwrap());

    wallet.lock("password").unwrap();
    let error = signer.sign(first, b"x", MsgMeta::new(Purpose::Unknown)).await.unwrap_err();
    assert!(matches!(error, SignError::Locked), "{error:?}");
}
