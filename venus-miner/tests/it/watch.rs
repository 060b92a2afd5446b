//! What operators watch: the warm-up at the start, and what is counted.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use venus_core::{
    api::miner::MinerApi,
    auth::{AllowAll, Caller, Permission},
    rpc,
};

use crate::{
    node::DELAY,
    world::{World, calm},
};

#[tokio::test]
async fn provers_are_tried_at_the_start_and_a_failure_is_told() {
    let mut world = World::new(&[1000]);
    world.config.warm_up = true;
    // The node does not know the miner's deadlines.
    let running = world.start().await;
    let wait = async {
        loop {
            let states = running.miner.states_for_mining(None).await.unwrap();
            if let Some(errors) = states[0].err.clone() {
                return errors;
            }
            calm().await;
        }
    };
    let errors = tokio::time::timeout(Duration::from_secs(20), wait).await.unwrap();
    assert!(errors[0].contains("failed to get the deadlines: "), "{errors:?}");
    running.stop().await;
}

async fn metrics(miner: &venus_miner::Miner) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = miner.router(AllowAll(Caller::new("admin", Permission::Admin)));
    let stop = CancellationToken::new();
    tokio::spawn(rpc::serve(listener, router, stop.clone()));
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = "GET /metrics HTTP/1.1\r\nHost: miner\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    stop.cancel();
    answer
}

#[tokio::test]
async fn draws_blocks_and_miners_are_counted() {
    let mut world = World::new(&[1000, 1001]);
    world.config.miner_once_timeout_secs = 1;
    world.prover.hold(1001);
    let running = world.start().await;
    world.at(12);
    world.wallet.until_signed(1).await;
    world.at(DELAY);
    world.node.until(|script| script.submitted.len() == 1).await;
    calm().await;
    let text = metrics(&running.miner).await;
    for line in [
        r#"venus_miner_miner_num{category="open_for_mining"} 2"#,
        r#"venus_miner_miner_num{category="close_for_mining"} 0"#,
        r#"venus_miner_draws_won_total{miner_id="f01000"} 1"#,
        r#"venus_miner_draws_won_total{miner_id="f01001"} 1"#,
        r#"venus_miner_blocks_total{miner_id="f01000",outcome="mined"} 1"#,
        r#"venus_miner_blocks_total{miner_id="f01001",outcome="timeout"} 1"#,
        r#"venus_miner_winning_post_milliseconds{miner_id="f01000"} "#,
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    running.stop().await;
}
