//! What every message sink must do.

use crate::{Message, MessageSink, SinkError};

/// Checks the contract of [`MessageSink`] on an implementation over a running chain. `message` must
/// be one that the sink can get executed with exit code 0, such as a small transfer.
///
/// # Panics
///
/// Where the contract is broken.
pub async fn sink_contract(sink: &dyn MessageSink, message: Message) {
    let id = format!("contract-{}", uuid::Uuid::new_v4());
    assert!(!sink.has(&id).await.expect("it can be asked"));
    let unknown = sink.wait(&id, 0).await.expect_err("an unknown message cannot be waited for");
    assert!(matches!(unknown, SinkError::Unknown(_)), "{unknown}");

    for _ in 0..2 {
        let pushed = sink.push(&id, message.clone(), None).await;
        pushed.expect("pushing is idempotent by id");
    }
    assert!(sink.has(&id).await.expect("it can be asked"));
    let outcome = sink.wait(&id, 0).await.expect("it gets on chain");
    assert_eq!(outcome.receipt.exit_code, 0);
    let again = sink.wait(&id, 0).await.expect("waiting again is harmless");
    assert_eq!(again.message, outcome.message, "there is one message of the id");
}
