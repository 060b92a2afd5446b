//! A messager as a sink, in process and over a socket.

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use venus_core::{
    MessageSink, SinkError,
    api::messager::{MessageState, MessagerApi, MessagerClient, RemoteSink},
    auth::{AllowAll, Caller, Permission},
    rpc::{self, Client, Endpoint},
    test_utils::sink_contract,
};

use crate::world::World;

/// Makes blocks until it is dropped.
struct Blocks(tokio::task::JoinHandle<()>);

impl Blocks {
    fn of(world: &World) -> Self {
        let node = world.node.clone();
        Self(tokio::spawn(async move {
            loop {
                tokio::time::sleep(std::time::Duration::from_millis(60)).await;
                node.advance(1, true);
            }
        }))
    }
}

impl Drop for Blocks {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[tokio::test]
async fn a_messager_is_a_sink() {
    let world = World::start(1).await;
    let _blocks = Blocks::of(&world);
    sink_contract(&world.messager, world.transfer(0, 5)).await;
    world.stop().await;
}

#[tokio::test]
async fn a_messager_elsewhere_is_a_sink() {
    let world = World::start(1).await;
    let blocks = Blocks::of(&world);
    let stop = CancellationToken::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let guard = AllowAll(Caller::new("cluster", Permission::Admin));
    let serving = tokio::spawn(rpc::serve(listener, world.messager.router(guard), stop.clone()));
    for scheme in ["ws", "http"] {
        let endpoint = Endpoint::parse(&format!("{scheme}://{address}"), 0).unwrap();
        let client = MessagerClient::new(Client::connect(&endpoint, None).with_timeout(None));
        let sink = RemoteSink::new(Arc::new(client));
        sink_contract(&sink, world.transfer(0, 5)).await;

        // The sender may be given by its ID.
        let by_id =
            venus_core::Message { from: venus_core::Address::id(101), ..world.transfer(0, 6) };
        let id = format!("by-id-{scheme}");
        for _ in 0..2 {
            sink.push(&id, by_id.clone(), None).await.unwrap();
        }
        assert_eq!(sink.wait(&id, 1).await.unwrap().receipt.exit_code, 0);
        let refusal = sink.push(&id, world.transfer(0, 7), None).await.unwrap_err();
        assert!(matches!(refusal, SinkError::Refused(_)), "{refusal}");

        // What is given up says so.
        drop_message(&world, &sink, &format!("bad-{scheme}")).await;
    }
    drop(blocks);
    stop.cancel();
    serving.await.unwrap().unwrap();
}

async fn drop_message(world: &World, sink: &RemoteSink, id: &str) {
    let failing = venus_core::Message { to: venus_core::Address::id(666), ..world.transfer(0, 1) };
    sink.push(id, failing, None).await.unwrap();
    world.until("an error", async |w| !w.get(id).await.error_msg.is_empty()).await;
    assert_eq!(world.get(id).await.state, MessageState::UnFill);
    world.messager.mark_bad_message(id.to_owned()).await.unwrap();
    let failed = sink.wait(id, 0).await.unwrap_err();
    assert!(matches!(&failed, SinkError::Failed { reason, .. } if reason.contains("gas estimate")));
}
