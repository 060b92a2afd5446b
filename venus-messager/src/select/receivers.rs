//! The prices that apply to what a message calls.

use std::collections::HashMap;

use venus_core::{
    Address, Cid, TipSetKey,
    api::messager::{ActorConfig, FeeSpec, QueuedMessage},
    rpc::RpcError,
};

use crate::{
    error::{MessagerError, Result, ask},
    service::Inner,
};

/// Looks up prices by the receiver's kind, and asks for each receiver once.
#[derive(Debug)]
pub(super) struct Receivers<'a> {
    inner: &'a Inner,
    head: &'a TipSetKey,
    configs: Vec<ActorConfig>,
    codes: HashMap<Address, Option<Cid>>,
}

impl<'a> Receivers<'a> {
    pub(super) async fn new(inner: &'a Inner, head: &'a TipSetKey) -> Result<Self> {
        let configs = inner.store.actor_configs().await?;
        Ok(Self { inner, head, configs, codes: HashMap::new() })
    }

    /// The prices that apply to what this message calls, if any were set.
    pub(super) async fn fees(&mut self, row: &QueuedMessage) -> Result<FeeSpec> {
        if !self.configs.iter().any(|config| config.method == row.method) {
            return Ok(FeeSpec::default());
        }
        let code = match self.codes.get(&row.to) {
            Some(code) => *code,
            None => {
                let code = self.code(row.to).await?;
                *self.codes.entry(row.to).or_insert(code)
            }
        };
        let same = |config: &&ActorConfig| {
            code.is_some() && config.code == code && config.method == row.method
        };
        Ok(self.configs.iter().find(same).map(|config| config.fees.clone()).unwrap_or_default())
    }

    async fn code(&self, receiver: Address) -> Result<Option<Cid>> {
        let call = self.inner.chain.state_get_actor(receiver, self.head.clone());
        match ask(self.inner.config.ask_timeout, "get actor config failed", call).await {
            Ok(actor) => Ok(Some(actor.code)),
            // It is not on chain, which must not stop the other messages of the sender.
            Err(MessagerError::Node { source: RpcError::Remote { .. }, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
