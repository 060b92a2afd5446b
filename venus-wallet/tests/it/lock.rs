//! The password, the lock, and what survives a restart.

use venus_core::{
    MsgMeta, Purpose, SignError, Signer, crypto::KeyKind, test_utils::signer_contract,
};
use venus_wallet::{Wallet, WalletConfig, WalletError};

fn open(home: &std::path::Path) -> Wallet {
    Wallet::open(home, WalletConfig { scrypt_log_n: 4, ..WalletConfig::default() }).unwrap()
}

#[tokio::test]
async fn an_unlocked_wallet_keeps_the_contract_of_signers() {
    let home = tempfile::tempdir().unwrap();
    let wallet = open(home.path());
    wallet.set_password("password").await.unwrap();
    wallet.new_key(KeyKind::Bls).await.unwrap();
    wallet.new_key(KeyKind::Secp256k1).await.unwrap();
    signer_contract(&wallet).await;
}

#[tokio::test]
async fn nothing_is_signed_without_the_password() {
    let home = tempfile::tempdir().unwrap();
    let wallet = open(home.path());
    let text = |error: WalletError| error.to_string();
    assert!(wallet.is_locked());
    let error = text(wallet.new_key(KeyKind::Bls).await.unwrap_err());
    assert!(error.starts_with("password not set"), "{error}");

    wallet.set_password("password").await.unwrap();
    let key = wallet.new_key(KeyKind::Bls).await.unwrap();
    let error = text(wallet.set_password("password").await.unwrap_err());
    assert!(error.starts_with("the password already exists"), "{error}");
    assert_eq!(text(wallet.lock("other").unwrap_err()), "password mismatch");
    wallet.lock("password").unwrap();
    assert_eq!(text(wallet.lock("password").unwrap_err()), "wallet already locked");

    let refused = wallet.sign(key, b"x", MsgMeta::new(Purpose::Unknown)).await.unwrap_err();
    assert!(matches!(refused, SignError::Locked), "{refused}");
    assert!(wallet.has_key(key).unwrap(), "who has a key is no secret");
    // The words of the original where there is a key to try the password on.
    let error = text(wallet.unlock("other").await.unwrap_err());
    assert_eq!(error, "could not decrypt key with given password");
    wallet.unlock("password").await.unwrap();
    wallet.sign(key, b"x", MsgMeta::new(Purpose::Unknown)).await.unwrap();
}

#[tokio::test]
async fn keys_survive_a_restart_and_only_the_password_opens_them() {
    let home = tempfile::tempdir().unwrap();
    let wallet = open(home.path());
    wallet.set_password("password").await.unwrap();
    let key = wallet.new_key(KeyKind::Secp256k1).await.unwrap();
    let exported = wallet.export(key).await.unwrap();
    drop(wallet);

    let wallet = open(home.path());
    assert_eq!(wallet.list().unwrap(), [key]);
    let error = wallet.unlock("wrong").await.unwrap_err().to_string();
    assert_eq!(error, "could not decrypt key with given password");
    wallet.unlock("password").await.unwrap();
    assert_eq!(wallet.export(key).await.unwrap().private_key, exported.private_key);

    wallet.delete(key).await.unwrap();
    assert!(wallet.list().unwrap().is_empty());
    assert_eq!(wallet.import(&exported).await.unwrap(), key);
    let second = Wallet::open(home.path(), WalletConfig::default()).unwrap_err().to_string();
    assert!(second.contains("in use by another process"), "{second}");
}
