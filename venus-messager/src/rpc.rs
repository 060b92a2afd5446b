//! The RPC. Who is no administrator sees and touches the messages of its own keys alone.

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use venus_core::{
    Address, Cid, MaybeAddress, Message, NodeVersion, TokenAmount,
    api::messager::{
        ActorConfig, DirectWallets, FeeChange, MessageQuery, MessageState, MessagerApi,
        QueuedMessage, SendSpec, Sender, SenderFees, SenderState, SharedSpec,
    },
    auth::{Guard, current_caller},
    rpc::{self, Methods, RpcError},
};

use uuid::Uuid;

use crate::{
    Batch, Filter, Key, Messager, SenderChange,
    error::{MessagerError, Result},
};

impl Messager {
    /// The methods of `/rpc/v0`.
    pub fn methods(&self) -> Methods {
        let this = std::sync::Arc::new(self.clone());
        <dyn MessagerApi>::methods(this.clone()).merge(<dyn DirectWallets>::methods(this))
    }

    /// The routes of the messager, behind `guard`.
    pub fn router(&self, guard: impl Guard + 'static) -> axum::Router {
        rpc::Server::new(guard)
            .with_info("venus-messager", env!("CARGO_PKG_VERSION"))
            .with_metrics(self.0.gauges.metrics.clone())
            .route("/rpc/v0", self.methods())
            .into_router()
    }

    /// Succeeds if the caller may use `signer`.
    async fn check_owner(&self, signer: Address) -> Result<()> {
        let Some(user) = restricted_to()? else { return Ok(()) };
        let Some(signers) = &self.0.signers else {
            return Err(MessagerError::NotYours { signer, user });
        };
        match signers.signer_exists_in_user(&user, signer).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(MessagerError::NotYours { signer, user }),
            Err(source) => {
                let source = Box::new(source);
                Err(MessagerError::OwnerUnknown { signer, user, source })
            }
        }
    }

    /// The senders that the caller may use; none: all.
    async fn own_senders(&self) -> Result<Option<Vec<Address>>> {
        let Some(user) = restricted_to()? else { return Ok(None) };
        let Some(signers) = &self.0.signers else { return Ok(Some(Vec::new())) };
        let own = signers.signers(&user).await.map_err(|error| MessagerError::Node {
            what: "asking for the caller's signers",
            source: RpcError::from_display(error),
        })?;
        Ok(Some(own.into_iter().map(|binding| binding.signer).collect()))
    }

    /// A message that the caller may see.
    async fn shown(&self, key: Key) -> Result<QueuedMessage> {
        let found = self.0.store.find(&key).await?.ok_or(MessagerError::NoMessage)?;
        self.check_owner(found.from).await?;
        self.with_confidence(found).await
    }

    async fn list(&self, filter: Filter) -> Result<Vec<QueuedMessage>> {
        let found = self.0.store.list(&filter).await?;
        let mut shown = Vec::with_capacity(found.len());
        for message in found {
            shown.push(self.with_confidence(message).await?);
        }
        Ok(shown)
    }

    async fn take(&self, id: String, message: Message, meta: Option<SendSpec>) -> Result<String> {
        let from = self.key_address(message.from).await?;
        self.check_owner(from).await?;
        let account = current_caller().map(|caller| caller.name).unwrap_or_default();
        let message = Message { from, ..message };
        self.accept(id.clone(), message, meta.unwrap_or_default(), account).await?;
        Ok(id)
    }

    /// Changes a sender; one that is not known is no error.
    async fn change_sender(&self, address: Address, change: SenderChange) -> Result<bool> {
        self.check_owner(address).await?;
        self.0.store.change_sender(address, change).await
    }
}

/// The account to which the caller is restricted; none for administrators and calls in process.
fn restricted_to() -> Result<Option<String>> {
    match current_caller() {
        Some(caller) if !caller.is_admin() => match caller.name.is_empty() {
            true => Err(MessagerError::Nameless),
            false => Ok(Some(caller.name)),
        },
        _ => Ok(None),
    }
}

/// So many nanoseconds ago; none for none.
fn ago(nanos: i64) -> Option<DateTime<Utc>> {
    (nanos > 0).then(|| Utc::now() - TimeDelta::nanoseconds(nanos))
}

fn atto(what: &'static str, text: &str, old: TokenAmount) -> Result<TokenAmount> {
    if text.is_empty() {
        return Ok(old);
    }
    let number: Result<num_bigint::BigUint, _> = text.parse();
    let number = number.map_err(|_| MessagerError::Amount { what, text: text.to_owned() })?;
    Ok(TokenAmount::from_atto(num_bigint::BigInt::from(number)))
}

#[async_trait]
impl MessagerApi for Messager {
    async fn has_message_by_uid(&self, id: String) -> Result<bool, RpcError> {
        Ok(self.0.store.find(&Key::Id(id)).await?.is_some())
    }

    async fn wait_message(&self, id: String, confidence: u64) -> Result<QueuedMessage, RpcError> {
        self.shown(Key::Id(id.clone())).await?;
        Ok(self.settled(&id, confidence).await?)
    }

    async fn push_message(
        &self,
        message: Message,
        meta: Option<SendSpec>,
    ) -> Result<String, RpcError> {
        Ok(self.take(uuid::Uuid::new_v4().to_string(), message, meta).await?)
    }

    async fn push_message_with_id(
        &self,
        id: String,
        message: Message,
        meta: Option<SendSpec>,
    ) -> Result<String, RpcError> {
        Ok(self.take(id, message, meta).await?)
    }

    async fn get_message_by_uid(&self, id: String) -> Result<QueuedMessage, RpcError> {
        Ok(self.shown(Key::Id(id)).await?)
    }

    async fn get_message_by_signed_cid(&self, cid: Cid) -> Result<QueuedMessage, RpcError> {
        Ok(self.shown(Key::Signed(cid)).await?)
    }

    async fn get_message_by_unsigned_cid(&self, cid: Cid) -> Result<QueuedMessage, RpcError> {
        Ok(self.shown(Key::Unsigned(cid)).await?)
    }

    async fn get_message_by_from_and_nonce(
        &self,
        from: Address,
        nonce: u64,
    ) -> Result<QueuedMessage, RpcError> {
        Ok(self.shown(Key::Nonce(from, nonce)).await?)
    }

    async fn list_message(
        &self,
        query: Option<MessageQuery>,
    ) -> Result<Option<Vec<QueuedMessage>>, RpcError> {
        let mut query = query.unwrap_or_default();
        if query.from.is_empty() {
            match self.own_senders().await? {
                Some(own) if own.is_empty() => return Ok(None),
                own => query.from = own.unwrap_or_default(),
            }
        } else {
            for from in &query.from {
                self.check_owner(*from).await?;
            }
        }
        Ok(Some(self.list(Filter { query, ..Filter::default() }).await?))
    }

    async fn list_message_by_from_state(
        &self,
        from: MaybeAddress,
        state: MessageState,
        asc: bool,
        page: i64,
        size: i64,
        age: i64,
    ) -> Result<Vec<QueuedMessage>, RpcError> {
        let limit = u64::try_from(size).unwrap_or_default();
        let skipped = u64::try_from(page - 1).unwrap_or_default();
        let query = MessageQuery {
            state: vec![state],
            from: from.0.into_iter().collect(),
            asc: true,
            limit,
            offset: skipped.saturating_mul(limit),
            ..MessageQuery::default()
        };
        let created_before = ago(age);
        Ok(self.list(Filter { query, created_before, newest_first: !asc, failing: false }).await?)
    }

    async fn list_message_by_address(&self, from: Address) -> Result<Vec<QueuedMessage>, RpcError> {
        Ok(self.list(Filter::of(from, &[])).await?)
    }

    async fn list_failed_message(&self) -> Result<Option<Vec<QueuedMessage>>, RpcError> {
        let mut filter = Filter::in_states(&[MessageState::UnFill]);
        filter.failing = true;
        match self.own_senders().await? {
            Some(own) if own.is_empty() => return Ok(None),
            own => filter.query.from = own.unwrap_or_default(),
        }
        Ok(Some(self.list(filter).await?))
    }

    async fn list_blocked_message(
        &self,
        from: MaybeAddress,
        age: i64,
    ) -> Result<Vec<QueuedMessage>, RpcError> {
        let own = match from.0 {
            Some(from) => {
                self.check_owner(from).await?;
                Some(vec![from])
            }
            None => self.own_senders().await?,
        };
        if own.as_ref().is_some_and(Vec::is_empty) {
            return Ok(Vec::new());
        }
        let query = MessageQuery {
            state: vec![MessageState::Fill, MessageState::UnFill],
            from: own.unwrap_or_default(),
            ..MessageQuery::default()
        };
        let created_before = Some(ago(age).unwrap_or_else(Utc::now));
        Ok(self.list(Filter { query, created_before, ..Filter::default() }).await?)
    }

    async fn mark_bad_message(&self, id: String) -> Result<(), RpcError> {
        let row = self.shown(Key::Id(id.clone())).await?;
        match row.state {
            MessageState::Failed => return Ok(()),
            MessageState::Fill => return Err(MessagerError::HasNonce(id, row.nonce).into()),
            state if state.has_landed() => return Err(MessagerError::Final(state).into()),
            _ => {}
        }
        let state = row.state;
        let failed = QueuedMessage { state: MessageState::Failed, updated_at: Utc::now(), ..row };
        let batch = Batch { messages: vec![(state, failed)], ..Batch::default() };
        Ok(self.change(batch).await?)
    }

    async fn clear_unfill_message(&self, sender: Address) -> Result<u64, RpcError> {
        self.check_owner(sender).await?;
        Ok(self.clear(sender).await?)
    }

    async fn recover_failed_msg(&self, sender: Address) -> Result<Vec<String>, RpcError> {
        self.check_owner(sender).await?;
        Ok(self.recover(sender).await?)
    }

    async fn update_filled_message_by_id(&self, id: String) -> Result<String, RpcError> {
        let row = self.shown(Key::Id(id.clone())).await?;
        self.look_for(row).await?;
        Ok(id)
    }

    async fn update_all_filled_message(&self) -> Result<u64, RpcError> {
        Ok(self.look_for_all().await?)
    }

    async fn republish_message(&self, id: String) -> Result<(), RpcError> {
        let row = self.shown(Key::Id(id)).await?;
        Ok(self.republish(row).await?)
    }

    async fn update_nonce(&self, address: Address, nonce: u64) -> Result<(), RpcError> {
        self.change_sender(address, SenderChange::Nonce(nonce)).await?;
        Ok(())
    }

    async fn delete_address(&self, address: Address) -> Result<(), RpcError> {
        self.check_owner(address).await?;
        self.0.store.remove_sender(address).await?;
        Ok(())
    }

    async fn get_address(&self, address: Address) -> Result<Sender, RpcError> {
        self.check_owner(address).await?;
        Ok(self.0.store.sender(address).await?.ok_or(MessagerError::NoSender)?)
    }

    async fn has_address(&self, address: Address) -> Result<bool, RpcError> {
        self.check_owner(address).await?;
        Ok(self.0.store.sender(address).await?.is_some())
    }

    async fn wallet_has(&self, address: Address) -> Result<bool, RpcError> {
        self.check_owner(address).await?;
        Ok(self.has_key(address).await?)
    }

    async fn list_address(&self) -> Result<Option<Vec<Sender>>, RpcError> {
        let senders = self.0.store.senders().await?;
        let Some(own) = self.own_senders().await? else { return Ok(Some(senders)) };
        let own: Vec<_> = senders.into_iter().filter(|s| own.contains(&s.addr)).collect();
        Ok((!own.is_empty()).then_some(own))
    }

    async fn forbidden_address(&self, address: Address) -> Result<(), RpcError> {
        self.change_sender(address, SenderChange::State(SenderState::Forbidden)).await?;
        Ok(())
    }

    async fn active_address(&self, address: Address) -> Result<(), RpcError> {
        self.change_sender(address, SenderChange::State(SenderState::Alive)).await?;
        Ok(())
    }

    async fn set_select_msg_num(&self, address: Address, number: u64) -> Result<(), RpcError> {
        self.change_sender(address, SenderChange::SelMsgNum(number)).await?;
        Ok(())
    }

    async fn set_fee_params(&self, fees: SenderFees) -> Result<(), RpcError> {
        let address = fees.address;
        self.check_owner(address).await?;
        let sender = self.0.store.sender(address).await?.ok_or(MessagerError::NoSenderToPrice)?;
        let mut new = sender.fees;
        if fees.gas_over_estimation != 0.0 {
            new.gas_over_estimation = fees.gas_over_estimation;
        }
        if fees.gas_over_premium != 0.0 {
            new.gas_over_premium = fees.gas_over_premium;
        }
        new.max_fee = atto("maxfee", &fees.max_fee_str, new.max_fee)?;
        new.gas_fee_cap = atto("gas-feecap", &fees.gas_fee_cap_str, new.gas_fee_cap)?;
        new.base_fee = atto("basefee", &fees.base_fee_str, new.base_fee)?;
        self.0.store.change_sender(address, SenderChange::Fees(new)).await?;
        Ok(())
    }

    async fn save_actor_cfg(&self, config: ActorConfig) -> Result<(), RpcError> {
        if config.code.is_none() {
            return Err(MessagerError::NoCode.into());
        }
        let now = Utc::now();
        let configs = self.0.store.actor_configs().await?;
        let old = configs.into_iter().find(|old| old.id == config.id);
        let created_at = old.map_or(now, |old| old.created_at);
        let config = ActorConfig { created_at, updated_at: now, ..config };
        Ok(self.0.store.save_actor_config(config).await?)
    }

    async fn update_actor_cfg(&self, id: Uuid, change: FeeChange) -> Result<(), RpcError> {
        let configs = self.0.store.actor_configs().await?;
        let Some(old) = configs.into_iter().find(|c| c.id == id) else { return Ok(()) };
        let fees = change.apply(old.fees);
        let new = ActorConfig { fees, updated_at: Utc::now(), ..old };
        Ok(self.0.store.save_actor_config(new).await?)
    }

    async fn list_actor_cfg(&self) -> Result<Vec<ActorConfig>, RpcError> {
        Ok(self.0.store.actor_configs().await?)
    }

    async fn get_actor_cfg_by_id(&self, id: Uuid) -> Result<ActorConfig, RpcError> {
        let found = self.0.store.actor_configs().await?.into_iter().find(|c| c.id == id);
        Ok(found.ok_or(MessagerError::NoActorConfig)?)
    }

    async fn get_shared_params(&self) -> Result<SharedSpec, RpcError> {
        Ok(self.0.store.shared().await?)
    }

    async fn set_shared_params(&self, params: SharedSpec) -> Result<(), RpcError> {
        Ok(self.0.store.set_shared(params).await?)
    }

    async fn version(&self) -> Result<NodeVersion, RpcError> {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        Ok(NodeVersion { version, api_version: 0 })
    }
}
