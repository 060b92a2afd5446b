//! Handing signed messages to the node.

use venus_core::{SignedMessage, api::messager::QueuedMessage, rpc::RpcError};

use crate::{
    Batch,
    error::{MessagerError, ask},
    service::Inner,
};

/// What the node says of messages that need nothing more: they are in its pool or on chain.
const HARMLESS: [&str; 3] =
    ["minimum expected nonce", "message with nonce already exists", "already in mpool"];

const MAX_ERROR: usize = 2048;

/// Cuts an error text to what the store of the Go service takes.
pub(crate) fn cut(text: String) -> String {
    match text.char_indices().nth(MAX_ERROR) {
        Some((end, _)) => text.get(..end).unwrap_or_default().to_owned(),
        None => text,
    }
}

/// Publishes messages of one sender in the order of their nonces. What fails is published again at
/// the next head.
pub(crate) async fn publish(inner: &Inner, mut messages: Vec<QueuedMessage>) {
    messages.sort_by_key(|message| message.nonce);
    let signed: Vec<_> = messages.iter().filter_map(QueuedMessage::signed).collect();
    if signed.is_empty() {
        return;
    }
    let mut batch = Batch::default();
    let Err(error) = push(inner, signed).await else {
        messages.iter().for_each(|message| forget_error(&mut batch, message));
        return record(inner, batch).await;
    };
    if !is_refusal(&error) {
        tracing::warn!(%error, "messages not published; they are again at the next head");
        return;
    }
    // The node stopped at the first that it refused: those behind it may be fine.
    for message in messages {
        let Some(signed) = message.signed() else { continue };
        match push(inner, vec![signed]).await {
            Ok(()) => forget_error(&mut batch, &message),
            Err(MessagerError::Node { source: RpcError::Remote { message: text, .. }, .. }) => {
                if HARMLESS.iter().any(|harmless| text.contains(harmless)) {
                    forget_error(&mut batch, &message);
                    continue;
                }
                tracing::warn!(id = message.id, nonce = message.nonce, error = text, "refused");
                if message.error_msg != text {
                    batch.errors.push((message.id, cut(text)));
                }
            }
            Err(error) => {
                tracing::warn!(%error, "messages not published; they are again at the next head");
                break;
            }
        }
    }
    record(inner, batch).await;
}

/// The node has the message now.
fn forget_error(batch: &mut Batch, message: &QueuedMessage) {
    if !message.error_msg.is_empty() {
        batch.errors.push((message.id.clone(), String::new()));
    }
}

async fn record(inner: &Inner, batch: Batch) {
    if batch.is_empty() {
        return;
    }
    if let Err(error) = inner.store.apply(batch).await {
        tracing::error!(%error, "what the node said of messages is not recorded");
    }
}

async fn push(inner: &Inner, messages: Vec<SignedMessage>) -> Result<(), MessagerError> {
    let call = inner.chain.mpool_batch_push_untrusted(messages);
    ask(inner.config.push_timeout, "pushing messages", call).await.map(drop)
}

fn is_refusal(error: &MessagerError) -> bool {
    matches!(error, MessagerError::Node { source: RpcError::Remote { .. }, .. })
}
