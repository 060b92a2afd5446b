//! `/verify` of venus-auth, beside a bare echo over HTTP.

use criterion::Criterion;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use venus_auth::{Auth, AuthConfig};
use venus_core::auth::{AuthAdmin, AuthClient, Claims, NewUser, Permission, UserDirectory};

use crate::echo;

pub(crate) fn all(criterion: &mut Criterion, runtime: &Runtime) {
    let home = tempfile::tempdir().unwrap();
    let (client, token, bare) = runtime.block_on(async {
        let mut config = AuthConfig::in_home(home.path());
        config.listen = "127.0.0.1:0".parse().unwrap();
        let auth = Auth::builder(config).open().await.unwrap();
        let auth = auth.start(CancellationToken::new()).await.unwrap();
        auth.service().create_user(&NewUser::enabled("bench")).await.unwrap();
        let claims = Claims::new("bench", Permission::Sign);
        let token = auth.service().generate_token(&claims).await.unwrap();
        let client = AuthClient::new(&auth.url(), auth.admin_token()).unwrap();
        (client, token, echo::server().await)
    });
    let (plain, url) = (echo::client(), format!("http://{bare}/"));
    let mut group = criterion.benchmark_group("auth-verify");
    group.bench_function("ours", |b| {
        b.to_async(runtime).iter(|| async { client.verify(&token).await.unwrap() });
    });
    group.bench_function("limit", |b| {
        b.to_async(runtime).iter(|| echo::round_trip(&plain, &url, r#"{"token":"x"}"#));
    });
    group.finish();
}
