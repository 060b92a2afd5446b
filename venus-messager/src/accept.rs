//! Taking messages in, and telling how they fared.

use async_trait::async_trait;
use chrono::Utc;
use venus_core::{
    Address, Message, MessageSendSpec, MessageSink, MsgLookup, SignError, SinkError, TipSetKey,
    api::messager::{MessageState, QueuedMessage, SendSpec},
};

use crate::{
    Key, Messager,
    error::{MessagerError, Result, ask},
};

/// Characters of an id.
const MAX_ID: usize = 256;

impl Messager {
    /// The key address of a sender that may be given by its ID.
    pub(crate) async fn key_address(&self, address: Address) -> Result<Address> {
        if address.as_id().is_none() {
            return Ok(address);
        }
        let call = self.0.chain.state_account_key(address, TipSetKey::head());
        match ask(self.0.config.ask_timeout, "getting key address failed", call).await {
            Err(MessagerError::Node { source, .. }) => {
                Err(MessagerError::NoKeyAddress { address, source: Box::new(source) })
            }
            key => key,
        }
    }

    /// Takes a message whose sender is a key address.
    pub(crate) async fn accept(
        &self,
        id: String,
        message: Message,
        meta: SendSpec,
        account: String,
    ) -> Result<()> {
        let length = id.chars().count();
        if length == 0 {
            return Err(MessagerError::EmptyId);
        }
        if length > MAX_ID {
            return Err(MessagerError::LongId(length));
        }
        let from = message.from;
        if !self.has_key(from).await? {
            return Err(MessagerError::NoWallet(from));
        }
        tracing::info!(%id, %from, to = %message.to, method = message.method, "message taken");
        let row = QueuedMessage::new(id, message, meta, account, Utc::now());
        self.0.store.insert(row).await
    }

    /// Whether the wallet has the key of a sender.
    pub(crate) async fn has_key(&self, sender: Address) -> Result<bool> {
        let waited = self.0.config.sign_timeout;
        match tokio::time::timeout(waited, self.0.signer.has(sender)).await {
            Ok(has) => Ok(has?),
            Err(_) => Err(SignError::Timeout { holder: "the wallet".to_owned(), waited }.into()),
        }
    }

    /// The message of an id with its confidence.
    pub(crate) async fn message(&self, id: &str) -> Result<QueuedMessage> {
        let found = self.0.store.find(&Key::Id(id.to_owned())).await?;
        self.with_confidence(found.ok_or(MessagerError::NoMessage)?).await
    }

    /// Sets the confidence, which is not stored.
    pub(crate) async fn with_confidence(
        &self,
        mut message: QueuedMessage,
    ) -> Result<QueuedMessage> {
        message.confidence = match message.state.has_landed() {
            true => self.height().await? - message.height,
            false => 0,
        };
        Ok(message)
    }

    /// Waits until a message failed, or is on chain with more than so many epochs on top.
    pub(crate) async fn settled(&self, id: &str, confidence: u64) -> Result<QueuedMessage> {
        let (mut head, mut changed) = (self.0.head.subscribe(), self.0.changed.subscribe());
        let confidence = i64::try_from(confidence).unwrap_or(i64::MAX);
        loop {
            head.mark_unchanged();
            changed.mark_unchanged();
            let message = self.message(id).await?;
            let deep = message.state.has_landed() && message.confidence > confidence;
            if deep || message.state == MessageState::Failed {
                return Ok(message);
            }
            let woken = tokio::select! {
                woken = head.changed() => woken,
                woken = changed.changed() => woken,
            };
            woken.map_err(|_| MessagerError::Stopped)?;
        }
    }
}

#[async_trait]
impl MessageSink for Messager {
    async fn push(
        &self,
        id: &str,
        message: Message,
        spec: Option<MessageSendSpec>,
    ) -> Result<(), SinkError> {
        let from = self.key_address(message.from).await.map_err(|e| sink_error(id, e))?;
        let message = Message { from, nonce: 0, ..message };
        let meta = spec.map(SendSpec::from).unwrap_or_default();
        match self.accept(id.to_owned(), message.clone(), meta, String::new()).await {
            Ok(()) => Ok(()),
            Err(MessagerError::Duplicate(_)) => {
                let there = self.message(id).await.map_err(|e| sink_error(id, e))?;
                let there = Message { nonce: 0, ..there.message() };
                match there.is_same_call(&message) {
                    true => Ok(()),
                    false => Err(SinkError::Refused(format!("id {id} is of another message"))),
                }
            }
            Err(error) => Err(sink_error(id, error)),
        }
    }

    async fn wait(&self, id: &str, confidence: u64) -> Result<MsgLookup, SinkError> {
        self.settled(id, confidence).await.map_err(|e| sink_error(id, e))?.outcome()
    }

    async fn has(&self, id: &str) -> Result<bool, SinkError> {
        let found = self.0.store.find(&Key::Id(id.to_owned())).await;
        Ok(found.map_err(|e| sink_error(id, e))?.is_some())
    }
}

fn sink_error(id: &str, error: MessagerError) -> SinkError {
    match error {
        MessagerError::NoMessage => SinkError::Unknown(id.to_owned()),
        MessagerError::Node { source, .. } => SinkError::Rpc(source),
        MessagerError::NoKeyAddress { source, .. } => SinkError::Rpc(*source),
        MessagerError::TimedOut { what, after } => {
            SinkError::Rpc(venus_core::rpc::RpcError::Timeout { method: what.to_owned(), after })
        }
        MessagerError::Store(error) => SinkError::Store(error.to_string()),
        MessagerError::Stopped => SinkError::Store(error.to_string()),
        MessagerError::Sign(source) if source.is_retryable() => {
            SinkError::Store(format!("the sender's wallet could not be asked: {source}"))
        }
        error => SinkError::Refused(error.to_string()),
    }
}
