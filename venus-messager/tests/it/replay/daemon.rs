//! A messager on a scripted node, served over a real socket.

use std::{sync::Arc, time::Duration};

use serde::Deserialize;
use tempfile::TempDir;
use venus_core::{
    Address, Bytes,
    auth::{LocalToken, SignerBindings, TokenGuard},
    crypto::{KeyKind, PrivateKey},
    test_utils::{MemAuth, MemSigner, replay::Served},
};
use venus_messager::{Messager, MessagerConfig};

use crate::{
    node::ScriptedNode,
    store::{Dsn, Place},
    world::Running,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Key {
    address: Address,
    r#type: KeyKind,
    private_key: Bytes,
    account: String,
    id: Address,
}

pub(crate) struct Daemon {
    _home: TempDir,
    pub(crate) node: ScriptedNode,
    pub(crate) served: Served,
    pub(crate) local: String,
    running: Running,
}

impl Daemon {
    /// Begins with an empty store and the keys of the recordings.
    pub(crate) async fn start(over_database: bool) -> Self {
        let keys: Vec<Key> =
            serde_json::from_str(include_str!("../../fixtures/keys.json")).unwrap();
        let auth = MemAuth::with_users(&["cluster", "w1", "w2", "nosign"]);
        let node = ScriptedNode::new(&[]);
        let mut secrets = Vec::new();
        for key in keys {
            let secret = PrivateKey::from_bytes(key.r#type, &key.private_key.0).unwrap();
            assert_eq!(secret.address(), key.address);
            secrets.push(secret);
            auth.register_signers(&key.account, &[key.address]).await.unwrap();
            node.add_account(key.id.as_id().unwrap(), key.address);
        }
        let home = tempfile::tempdir().unwrap();
        let auth = Arc::new(auth);
        let config =
            MessagerConfig { stable: Duration::from_millis(50), ..MessagerConfig::default() };
        let signer = Arc::new(MemSigner::with(secrets));
        let place: &dyn Place = if over_database { &Dsn::empty() } else { &home };
        let messager = Messager::builder(Arc::new(node.clone()), signer)
            .with_signers(Arc::clone(&auth) as Arc<dyn SignerBindings>)
            .with_config(config)
            .with_store(place.open().await.into());
        let running = Running::start(&messager);
        while node.calls("ChainGetMessagesInTipset") == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let local = LocalToken::ephemeral();
        let token = local.token().to_owned();
        let served = Served::start(messager.router(TokenGuard::new(local).or(auth))).await;
        Self { _home: home, node, served, local: token, running }
    }

    pub(crate) async fn stop(self) {
        drop(self.served);
        self.running.stop().await;
    }
}
