//! A messager elsewhere as a [`MessageSink`].

use std::sync::Arc;

use async_trait::async_trait;

use super::{MessageState, MessagerApi, QueuedMessage};
use crate::{
    Cid, Message, MessageSendSpec, MessageSink, MsgLookup, Receipt, SinkError, rpc::RpcError,
};

/// Hands messages over to a messager that is called.
///
/// Give it a client without a time limit: waiting takes as long as it takes.
#[derive(Debug, Clone)]
pub struct RemoteSink {
    messager: Arc<dyn MessagerApi>,
}

impl RemoteSink {
    /// Hands over to `messager`.
    pub fn new(messager: Arc<dyn MessagerApi>) -> Self {
        Self { messager }
    }

    /// Tells whether an answer says that there is no such message.
    fn is_missing(error: &RpcError) -> bool {
        matches!(error, RpcError::Remote { message, .. } if message.contains("record not found"))
    }

    /// Succeeds if what was handed over under this id is this message.
    async fn check_same(&self, id: &str, message: &Message) -> Result<(), SinkError> {
        let there = self.messager.get_message_by_uid(id.to_owned()).await?;
        // The sender may have been given by its ID, which the messager resolves.
        let same = there.to == message.to
            && there.value == message.value
            && there.method == message.method
            && there.params == message.params;
        if same {
            Ok(())
        } else {
            Err(SinkError::Refused(format!("id {id} is of another message")))
        }
    }
}

#[async_trait]
impl MessageSink for RemoteSink {
    async fn push(
        &self,
        id: &str,
        message: Message,
        spec: Option<MessageSendSpec>,
    ) -> Result<(), SinkError> {
        if self.has(id).await? {
            return self.check_same(id, &message).await;
        }
        let meta = spec.map(Into::into);
        match self.messager.push_message_with_id(id.to_owned(), message.clone(), meta).await {
            Ok(_) => Ok(()),
            Err(error @ RpcError::Remote { .. }) if !error.is_retryable() => {
                // Another call of ours may have been quicker.
                match self.has(id).await? {
                    true => self.check_same(id, &message).await,
                    false => Err(SinkError::Refused(error.to_string())),
                }
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn wait(&self, id: &str, confidence: u64) -> Result<MsgLookup, SinkError> {
        match self.messager.wait_message(id.to_owned(), confidence).await {
            Ok(message) => message.outcome(),
            Err(error) if Self::is_missing(&error) => Err(SinkError::Unknown(id.to_owned())),
            Err(error) => Err(error.into()),
        }
    }

    async fn has(&self, id: &str) -> Result<bool, SinkError> {
        Ok(self.messager.has_message_by_uid(id.to_owned()).await?)
    }
}

impl QueuedMessage {
    /// The outcome of a message that is on chain or failed.
    ///
    /// # Errors
    ///
    /// [`SinkError::Failed`] if it is not on chain, be it that another message took its nonce.
    pub fn outcome(&self) -> Result<MsgLookup, SinkError> {
        let failed = |reason: String| SinkError::Failed { id: self.id.clone(), reason };
        // After a conflict the receipt is that of the other message.
        let landed = (self.state == MessageState::OnChain).then_some(self.signed_cid).flatten();
        let Some(message) = landed else {
            return Err(failed(match self.error_msg.as_str() {
                "" => format!("its state is {}", self.state),
                error => format!("its state is {}: {error}", self.state),
            }));
        };
        let exit_code = u32::try_from(self.receipt.exit_code)
            .map_err(|_| failed(format!("exit code {} of no chain", self.receipt.exit_code)))?;
        Ok(MsgLookup {
            message: Cid::clone(&message),
            receipt: Receipt {
                exit_code,
                return_data: self.receipt.r#return.clone(),
                gas_used: self.receipt.gas_used,
                events_root: None,
            },
            return_dec: serde_json::Value::Null,
            tip_set: self.tip_set_key.clone(),
            height: self.height,
        })
    }
}
