//! A call and its answer over HTTP and over WebSocket, beside a bare echo over the same.

use std::sync::Arc;

use async_trait::async_trait;
use criterion::Criterion;
use futures::{SinkExt, StreamExt};
use tokio::{net::TcpListener, runtime::Runtime, sync::Mutex};
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_util::sync::CancellationToken;
use venus_core::{
    auth::{AllowAll, Caller, Permission},
    rpc::{self, Client, Endpoint, RpcError},
};

use crate::echo;

venus_core::rpc_client! {
    /// Calls a repeater.
    struct RepeaterClient;
}
venus_core::rpc_interface! {
    /// Says what it is told.
    trait Repeater for RepeaterClient in "Bench" {
        /// Says it.
        #[read]
        fn say(text: String) -> String = "Say";
    }
}

#[derive(Debug)]
struct Service;

#[async_trait]
impl Repeater for Service {
    async fn say(&self, text: String) -> Result<String, RpcError> {
        Ok(text)
    }
}

const BODY: &str = r#"{"jsonrpc":"2.0","method":"Bench.Say","params":["hello"],"id":1}"#;

async fn serve() -> String {
    let guard = AllowAll(Caller::new("bench", Permission::Admin));
    let methods = <dyn Repeater>::methods(Arc::new(Service));
    let router = rpc::Server::new(guard).route("/rpc/v0", methods).into_router();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(rpc::serve(listener, router, CancellationToken::new()));
    address.to_string()
}

pub(crate) fn all(criterion: &mut Criterion, runtime: &Runtime) {
    let (ours, bare) = runtime.block_on(async { (serve().await, echo::server().await) });
    let dial = |scheme: &str| {
        let endpoint = Endpoint::parse(&format!("{scheme}://{ours}"), 0).unwrap();
        RepeaterClient::new(Client::connect(&endpoint, None))
    };

    let (client, plain) = (runtime.block_on(async { dial("http") }), echo::client());
    let url = format!("http://{bare}/");
    let mut group = criterion.benchmark_group("rpc-http");
    group.bench_function("ours", |b| b.to_async(runtime).iter(|| client.say("hello".to_owned())));
    group.bench_function("limit", |b| {
        b.to_async(runtime).iter(|| echo::round_trip(&plain, &url, BODY));
    });
    group.finish();

    let client = runtime.block_on(async { dial("ws") });
    let socket = runtime.block_on(tokio_tungstenite::connect_async(format!("ws://{bare}/ws")));
    let socket = Mutex::new(socket.unwrap().0);
    let mut group = criterion.benchmark_group("rpc-websocket");
    group.bench_function("ours", |b| b.to_async(runtime).iter(|| client.say("hello".to_owned())));
    group.bench_function("limit", |b| {
        b.to_async(runtime).iter(|| async {
            let mut socket = socket.lock().await;
            socket.send(Frame::text(BODY)).await.unwrap();
            socket.next().await.unwrap().unwrap().len()
        });
    });
    group.finish();
}
