//! A BLS signature by a wallet behind a gateway, each on its own port, beside the bare signature.

use std::{sync::Arc, time::Duration};

use criterion::Criterion;
use tokio::{net::TcpListener, runtime::Runtime};
use tokio_util::sync::CancellationToken;
use venus_core::{
    MsgMeta, Signer,
    api::gateway::{GatewayClient, GatewayProviders},
    auth::{AllowAll, AuthApi, Caller, Permission, SignerBindings},
    crypto::{KeyKind, PrivateKey},
    rpc::{self, Client, Endpoint},
    test_utils::MemAuth,
};
use venus_gateway::{Gateway, GatewayConfig, GatewaySigner};
use venus_wallet::{Wallet, WalletConfig, register::Registrations};

async fn signer(home: &std::path::Path, key: &PrivateKey) -> GatewaySigner {
    let stop = CancellationToken::new();
    let auth = Arc::new(MemAuth::with_users(&["wallet"]));
    let gateway = Gateway::new(GatewayConfig::default(), Arc::clone(&auth) as Arc<dyn AuthApi>);
    let guard = AllowAll(Caller::new("wallet", Permission::Admin));
    let router = gateway.unwrap().router(guard);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    tokio::spawn(rpc::serve(listener, router, stop.clone()));
    let dial = || {
        let client = Client::connect(&Endpoint::parse(&url, 2).unwrap(), Some("token".to_owned()));
        Arc::new(GatewayClient::new(client))
    };

    let config = WalletConfig { scrypt_log_n: 10, ..WalletConfig::default() };
    let wallet = Wallet::open(home, config).unwrap();
    wallet.unlock("password").await.unwrap();
    wallet.import(&key.to_info()).await.unwrap();
    let registrations = Registrations::new(vec![dial() as Arc<dyn GatewayProviders>], []);
    tokio::spawn(registrations.clone().run(wallet, stop));
    auth.register_signers("wallet", &[key.address()]).await.unwrap();
    while !registrations.is_complete() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    GatewaySigner::new(dial(), auth)
}

pub(crate) fn all(criterion: &mut Criterion, runtime: &Runtime) {
    let home = tempfile::tempdir().unwrap();
    let message = crate::message::message();
    let key = PrivateKey::from_seed(KeyKind::Bls, &[7; 32]).unwrap();
    let signer = runtime.block_on(signer(home.path(), &key));
    let bytes = message.cid().to_bytes();
    let mut group = criterion.benchmark_group("sign-through-gateway");
    group.bench_function("ours", |b| {
        b.to_async(runtime).iter(|| async {
            signer.sign(key.address(), &bytes, MsgMeta::message(&message)).await.unwrap()
        });
    });
    group.bench_function("limit", |b| b.iter(|| key.sign(&bytes).unwrap()));
    group.finish();
}
