//! Wallets that are called without a gateway between.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use venus_core::{
    Address, Bytes, Message, MessageSink, MsgMeta, NodeVersion, Signature, Signer, TokenAmount,
    api::{
        messager::{DirectWallet, DirectWallets, MessageState, MessagerApi},
        wallet::WalletApi,
    },
    auth::{AllowAll, Caller, Permission},
    crypto::{KeyInfo, KeyKind, PrivateKey},
    rpc::{self, RpcError},
    test_utils::MemSigner,
};

use crate::world::World;

/// A wallet that can do what a messager asks of it.
#[derive(Debug)]
struct Service(Mutex<MemSigner>);

impl Service {
    fn keys(&self) -> MemSigner {
        self.0.lock().unwrap().clone()
    }
}

fn refused<T>() -> Result<T, RpcError> {
    Err(RpcError::method("not scripted"))
}

#[async_trait]
impl WalletApi for Service {
    async fn wallet_has(&self, address: Address) -> Result<bool, RpcError> {
        Ok(self.keys().has(address).await.unwrap())
    }
    async fn wallet_list(&self) -> Result<Vec<Address>, RpcError> {
        Ok(self.keys().addresses().await.unwrap())
    }
    async fn wallet_sign(&self, by: Address, b: Bytes, m: MsgMeta) -> Result<Signature, RpcError> {
        self.keys().sign(by, &b, m).await.map_err(RpcError::from_display)
    }
    async fn wallet_new(&self, _: String) -> Result<Address, RpcError> {
        refused()
    }
    async fn wallet_export(&self, _: Address) -> Result<KeyInfo, RpcError> {
        refused()
    }
    async fn wallet_import(&self, _: KeyInfo) -> Result<Address, RpcError> {
        refused()
    }
    async fn wallet_delete(&self, _: Address) -> Result<(), RpcError> {
        refused()
    }
    async fn unlock(&self, _: String) -> Result<(), RpcError> {
        refused()
    }
    async fn lock(&self, _: String) -> Result<(), RpcError> {
        refused()
    }
    async fn set_password(&self, _: String) -> Result<(), RpcError> {
        refused()
    }
    async fn verify_password(&self, _: String) -> Result<(), RpcError> {
        refused()
    }
    async fn add_support_account(&self, _: String) -> Result<(), RpcError> {
        refused()
    }
    async fn add_new_address(&self, _: Vec<Address>) -> Result<(), RpcError> {
        refused()
    }
    async fn lock_state(&self) -> Result<bool, RpcError> {
        refused()
    }
    async fn auth_new(&self, _: Vec<String>) -> Result<Bytes, RpcError> {
        refused()
    }
    async fn auth_verify(&self, _: String) -> Result<Vec<String>, RpcError> {
        refused()
    }
    async fn version(&self) -> Result<NodeVersion, RpcError> {
        refused()
    }
}

fn wallet(name: &str, url: &str) -> DirectWallet {
    DirectWallet {
        id: String::new(),
        name: name.to_owned(),
        url: url.to_owned(),
        token: "secret".to_owned(),
        created_at: Default::default(),
        updated_at: Default::default(),
    }
}

#[tokio::test]
async fn its_keys_sign_as_long_as_it_is_there() {
    let world = World::start(1).await;
    let messager = &world.messager;
    let key = PrivateKey::from_seed(KeyKind::Bls, &[77; 32]).unwrap();
    let from = key.address();
    let message = Message::transfer(from, world.senders[0], TokenAmount::from_atto(5));
    let error = messager.push("before", message.clone(), None).await.unwrap_err().to_string();
    assert!(error.contains("can't find a wallet"), "{error}");

    // One that does not answer is not taken.
    let error = messager.save_wallet(wallet("w", "/ip4/127.0.0.1/tcp/1/http")).await.unwrap_err();
    assert!(error.to_string().contains("cannot reach") || error.to_string().contains("wallet w"));
    assert!(!messager.has_wallet("w".to_owned()).await.unwrap());

    let service = Arc::new(Service(Mutex::new(MemSigner::with([key]))));
    let methods = <dyn WalletApi>::methods(service);
    let guard = AllowAll(Caller::new("messager", Permission::Sign));
    let router = rpc::Server::new(guard).route("/rpc/v0", methods).into_router();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("/ip4/127.0.0.1/tcp/{}/http", listener.local_addr().unwrap().port());
    tokio::spawn(rpc::serve(listener, router, CancellationToken::new()));
    messager.save_wallet(wallet("testminer", &url)).await.unwrap();
    let error = messager.save_wallet(wallet("testminer", &url)).await.unwrap_err().to_string();
    assert!(error.contains("record exist"), "{error}");
    let [listed] = &messager.list_wallet().await.unwrap()[..] else { panic!("one wallet") };
    assert_eq!((listed.name.as_str(), listed.token.as_str()), ("testminer", ""));
    assert!(messager.has_address(from).await.unwrap(), "its key is a sender");

    world.node.add_account(777, from);
    messager.push("through it", message.clone(), None).await.unwrap();
    world.round().await;
    world.until_state("through it", MessageState::Fill).await;
    world.land().await;
    let landed = world.until_state("through it", MessageState::OnChain).await;
    assert_eq!((landed.from, landed.receipt.exit_code), (from, 0));

    messager.delete_wallet("testminer".to_owned()).await.unwrap();
    let error = messager.push("after", message, None).await.unwrap_err().to_string();
    assert!(error.contains("can't find a wallet"), "{error}");
    let error = messager.delete_wallet("testminer".to_owned()).await.unwrap_err().to_string();
    assert!(error.contains("record not found"), "{error}");
}
