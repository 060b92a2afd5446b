//! What every part of a running sealer works with.

use std::{future::Future, sync::Arc, time::Duration};

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use venus_core::{
    Address, Bytes, ChainApi, ChainEpoch, Message, MessageSendSpec, MessageSink, MsgLookup,
    ProofProvider, SectorId, SectorNumber, SinkError, TipSet, TipSetKey, TokenAmount,
    rpc::RpcError, with_causes,
};

use crate::{
    SealerConfig, SealerError,
    fsm::{Outgoing, Randomness},
    head::Head,
    policy,
    storage::SectorStorage,
    store::{Identity, SealerStore},
};

/// How long one wait for a message lasts before it is begun anew.
const WAIT_ROUND: Duration = Duration::from_secs(30 * 60);

/// What every part of a running sealer works with.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) chain: Arc<dyn ChainApi>,
    pub(crate) sink: Arc<dyn MessageSink>,
    pub(crate) prover: Arc<dyn ProofProvider>,
    pub(crate) storage: Arc<SectorStorage>,
    pub(crate) store: SealerStore,
    pub(crate) config: SealerConfig,
    pub(crate) identity: Identity,
    /// Actor number of the miner.
    pub(crate) miner_id: u64,
    pub(crate) head: Head,
    pub(crate) pre_commits: Semaphore,
    pub(crate) commits: Semaphore,
    pub(crate) shutdown: CancellationToken,
}

impl Drop for Context {
    fn drop(&mut self) {
        // Ends the follower of the head, for a sealer that never ran.
        self.shutdown.cancel();
    }
}

/// What became of a message.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "made once a message and taken apart at once")]
pub(crate) enum Delivery {
    /// It was executed, with whatever exit code.
    Executed(MsgLookup),
    /// It never will be.
    Lost(String),
}

/// For which list of senders a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    PreCommit,
    Commit,
    Post,
}

/// Asks somebody outside, for a limited time.
pub(crate) async fn ask<T>(
    limit: Duration,
    what: &'static str,
    call: impl Future<Output = Result<T, RpcError>>,
) -> Result<T, SealerError> {
    match tokio::time::timeout(limit, call).await {
        Ok(result) => result.map_err(|source| SealerError::Chain { what, source }),
        Err(_) => Err(SealerError::Timeout(what)),
    }
}

/// Hands over a kept message and waits for its fate. Repeatable.
pub(crate) async fn deliver(
    sink: &dyn MessageSink,
    limit: Duration,
    confidence: u64,
    outgoing: &Outgoing,
) -> Result<Delivery, SealerError> {
    let id = &outgoing.id;
    let fail = |source| SealerError::Sink { id: id.clone(), source };
    let push = sink.push(id, outgoing.message.clone(), outgoing.spec.clone());
    match tokio::time::timeout(limit, push).await {
        Ok(Ok(())) => {}
        Ok(Err(SinkError::Refused(reason))) => return Ok(Delivery::Lost(reason)),
        Ok(Err(source)) => return Err(fail(source)),
        Err(_) => return Err(SealerError::Timeout("a message to be handed over")),
    }
    loop {
        match tokio::time::timeout(WAIT_ROUND, sink.wait(id, confidence)).await {
            Ok(Ok(lookup)) => return Ok(Delivery::Executed(lookup)),
            Ok(Err(SinkError::Failed { reason, .. })) => return Ok(Delivery::Lost(reason)),
            Ok(Err(source)) => return Err(fail(source)),
            Err(_) => tracing::warn!(%id, "the message is not on chain yet; still waiting"),
        }
    }
}

impl Context {
    pub(crate) async fn ask<T>(
        &self,
        what: &'static str,
        call: impl Future<Output = Result<T, RpcError>>,
    ) -> Result<T, SealerError> {
        ask(self.config.request_timeout(), what, call).await
    }

    pub(crate) const fn miner(&self) -> Address {
        self.identity.miner
    }

    pub(crate) const fn sector(&self, number: SectorNumber) -> SectorId {
        SectorId { miner: self.miner_id, number }
    }

    pub(crate) async fn chain_head(&self) -> Result<TipSet, SealerError> {
        self.ask("the head", self.chain.chain_head()).await
    }

    /// Draws from the tickets.
    pub(crate) async fn ticket_randomness(
        &self,
        tag: i64,
        epoch: ChainEpoch,
        entropy: Bytes,
        tsk: TipSetKey,
    ) -> Result<Randomness, SealerError> {
        let call = self.chain.state_get_randomness_from_tickets(tag, epoch, entropy, tsk);
        thirty_two(epoch, &self.ask("ticket randomness", call).await?)
    }

    /// Draws from the beacon, for this miner.
    pub(crate) async fn beacon_randomness(
        &self,
        tag: i64,
        epoch: ChainEpoch,
        tsk: TipSetKey,
    ) -> Result<Randomness, SealerError> {
        let entropy = policy::entropy(self.miner_id);
        let call = self.chain.state_get_randomness_from_beacon(tag, epoch, entropy, tsk);
        thirty_two(epoch, &self.ask("beacon randomness", call).await?)
    }

    /// Makes a message to the miner actor under an id that is unique for all time.
    pub(crate) async fn miner_message(
        &self,
        purpose: Use,
        what: &str,
        method: u64,
        params: Bytes,
        value: TokenAmount,
    ) -> Result<Outgoing, SealerError> {
        let fees = &self.config.fees;
        let max_fee = match purpose {
            Use::PreCommit => &fees.pre_commit,
            Use::Commit => &fees.commit,
            Use::Post => &fees.window_post,
        };
        let from = self.sender(purpose, &(value.clone() + max_fee.clone())).await?;
        let id = format!("{}-{what}-{}", self.miner(), Uuid::new_v4());
        let spec = MessageSendSpec { max_fee: max_fee.clone(), ..MessageSendSpec::default() };
        let message = Message::call(from, self.miner(), value, method, params);
        Ok(Outgoing { id, message, spec: Some(spec) })
    }

    /// The first configured sender with enough money, else the worker.
    async fn sender(&self, purpose: Use, funds: &TokenAmount) -> Result<Address, SealerError> {
        let lists = &self.config.addresses;
        let candidates = match purpose {
            Use::PreCommit => &lists.pre_commit,
            Use::Commit => &lists.commit,
            Use::Post => &lists.post,
        };
        for &candidate in candidates {
            let balance = self.ask("a balance", self.chain.wallet_balance(candidate)).await?;
            if balance >= *funds {
                return self.key_of(candidate).await;
            }
            tracing::warn!(sender = %candidate, %balance, need = %funds, "sender is short of money");
        }
        let info = self.chain.state_miner_info(self.miner(), TipSetKey::head());
        self.key_of(self.ask("the miner's addresses", info).await?.worker).await
    }

    async fn key_of(&self, address: Address) -> Result<Address, SealerError> {
        let call = self.chain.state_account_key(address, TipSetKey::head());
        self.ask("a sender's key", call).await
    }

    /// What a message has to bring so that the miner actor can lock `need`.
    pub(crate) async fn collateral(&self, need: TokenAmount) -> Result<TokenAmount, SealerError> {
        let config = &self.config.sealing;
        if !config.collateral_from_miner_balance {
            return Ok(need);
        }
        let call = self.chain.state_miner_available_balance(self.miner(), TipSetKey::head());
        let available = self.ask("the miner's available balance", call).await?;
        let usable = available - config.available_balance_buffer.clone();
        if usable >= need || config.disable_collateral_fallback {
            return Ok(TokenAmount::zero());
        }
        Ok(if usable > TokenAmount::zero() { need - usable } else { need })
    }

    pub(crate) async fn deliver(&self, outgoing: &Outgoing) -> Result<Delivery, SealerError> {
        let limit = self.config.request_timeout();
        deliver(&self.sink, limit, self.config.sealing.message_confidence, outgoing).await
    }
}

fn thirty_two(epoch: ChainEpoch, bytes: &Bytes) -> Result<Randomness, SealerError> {
    let value = bytes.as_slice().try_into().map_err(|_| SealerError::Answer {
        what: "randomness",
        reason: format!("{} bytes instead of 32", bytes.len()),
    })?;
    Ok(Randomness { value, epoch })
}

/// How a receipt that is no success reads in an error.
pub(crate) fn exit_text(what: &str, lookup: &MsgLookup) -> String {
    format!("{what} failed on chain with exit code {}", lookup.receipt.exit_code)
}

/// An error with its causes, as events keep it.
pub(crate) fn reason(error: impl std::error::Error) -> String {
    with_causes(&error)
}
