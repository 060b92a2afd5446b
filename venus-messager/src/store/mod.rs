//! Where messages and senders are kept.

mod embedded;
mod keys;
#[cfg(feature = "sql")]
mod sql;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
pub use embedded::EmbeddedStore;
use serde::{Deserialize, Serialize};
#[cfg(feature = "sql")]
pub use sql::SqlStore;
use venus_core::{
    Address, ChainEpoch, Cid, TipSetKey,
    api::messager::{
        ActorConfig, DirectWallet, FeeSpec, MessageQuery, MessageState, QueuedMessage, Sender,
        SenderState, SharedSpec,
    },
};

use crate::error::Result;

/// Keeps messages, senders and how far the chain was followed.
///
/// # Contract
///
/// - What a method wrote is durable when it returns; it wrote all of it or nothing.
/// - Each call is one transaction, and no two calls that write overlap.
#[async_trait]
pub trait MessageStore: std::fmt::Debug + Send + Sync {
    /// Adds a message, and its sender if that is new.
    ///
    /// # Errors
    ///
    /// [`Duplicate`](crate::MessagerError::Duplicate) if its id is taken, which changes nothing;
    /// [`Forbidden`](crate::MessagerError::Forbidden) if the sender is.
    async fn insert(&self, message: QueuedMessage) -> Result<()>;
    /// Finds a message.
    async fn find(&self, key: &Key) -> Result<Option<QueuedMessage>>;
    /// Lists messages.
    async fn list(&self, filter: &Filter) -> Result<Vec<QueuedMessage>>;
    /// Finds a sender.
    async fn sender(&self, address: Address) -> Result<Option<Sender>>;
    /// Lists the senders.
    async fn senders(&self) -> Result<Vec<Sender>>;
    /// Changes a sender; `false` if there is none.
    async fn change_sender(&self, address: Address, change: SenderChange) -> Result<bool>;
    /// Forgets a sender; `false` if there is none. Its messages stay.
    ///
    /// # Errors
    ///
    /// [`InFlight`](crate::MessagerError::InFlight) if it has messages in flight.
    async fn remove_sender(&self, address: Address) -> Result<bool>;
    /// Adds a sender if it is new.
    async fn ensure_sender(&self, address: Address) -> Result<()>;
    /// What applies to all senders.
    async fn shared(&self) -> Result<SharedSpec>;
    /// Sets what applies to all senders.
    async fn set_shared(&self, params: SharedSpec) -> Result<()>;
    /// Prices by what is called.
    async fn actor_configs(&self) -> Result<Vec<ActorConfig>>;
    /// Sets prices by what is called, in place of those with the same id.
    ///
    /// # Errors
    ///
    /// [`PricedTwice`](crate::MessagerError::PricedTwice) if another id has the same call.
    async fn save_actor_config(&self, config: ActorConfig) -> Result<()>;
    /// The wallets that are called without a gateway, by name.
    async fn wallets(&self) -> Result<Vec<DirectWallet>>;
    /// Adds a wallet, or replaces the one of its id.
    async fn put_wallet(&self, wallet: DirectWallet) -> Result<()>;
    /// Forgets a wallet; one that is not there is no error.
    async fn remove_wallet(&self, id: &str) -> Result<()>;
    /// How far the chain was followed; none in a new store.
    async fn tracked(&self) -> Result<Option<Tracked>>;
    /// Writes a batch.
    ///
    /// # Errors
    ///
    /// [`Changed`](crate::MessagerError::Changed) if a message is not in the state that the batch
    /// expects, [`Moved`](crate::MessagerError::Moved) if the chain was not followed up to where it
    /// expects; both change nothing.
    async fn apply(&self, batch: Batch) -> Result<()>;
}

const _: fn(&dyn MessageStore) = |_| {}; // Stays usable as a trait object.

/// By what a message is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// By its id.
    Id(String),
    /// By its CID on chain.
    Signed(Cid),
    /// By its CID without signature.
    Unsigned(Cid),
    /// By sender and nonce; only those that have one.
    Nonce(Address, u64),
}

/// Which messages to list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// States, senders, change time, order by change (last first) or by coming, and the page.
    pub query: MessageQuery,
    /// Came before.
    pub created_before: Option<DateTime<Utc>>,
    /// Only those with an error text.
    pub failing: bool,
    /// Orders by the time of coming, last first.
    pub newest_first: bool,
}

impl Filter {
    /// Messages of a sender in these states, in the order in which they came.
    pub fn of(sender: Address, states: &[MessageState]) -> Self {
        let query = MessageQuery {
            state: states.to_vec(),
            from: vec![sender],
            asc: true,
            ..MessageQuery::default()
        };
        Self { query, ..Self::default() }
    }

    /// Messages of all senders in these states, in the order in which they came.
    pub fn in_states(states: &[MessageState]) -> Self {
        let query = MessageQuery { state: states.to_vec(), asc: true, ..MessageQuery::default() };
        Self { query, ..Self::default() }
    }
}

/// A change of a sender.
#[derive(Debug, Clone)]
pub enum SenderChange {
    /// Whether it takes part.
    State(SenderState),
    /// How many messages may be in flight.
    SelMsgNum(u64),
    /// All prices.
    Fees(FeeSpec),
    /// The next nonce, unless the chain or what is in flight says more.
    Nonce(u64),
}

/// How far the chain was followed: the outcome of all messages of its ancestors is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tracked {
    /// The tipset.
    pub key: TipSetKey,
    /// Its height.
    pub height: ChainEpoch,
}

/// What is written at once.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// Messages as they are from now on, each with the state that it must still be in.
    pub messages: Vec<(MessageState, QueuedMessage)>,
    /// Error texts of messages that otherwise stay as they are; not kept of those on chain.
    pub errors: Vec<(String, String)>,
    /// The next nonce of a sender.
    pub nonce: Option<(Address, u64)>,
    /// How far the chain was followed.
    pub tracked: Option<Tracked>,
    /// Nothing is written unless the chain was followed up to this tipset.
    pub only_at: Option<TipSetKey>,
}

impl Batch {
    /// Whether nothing is written.
    pub const fn is_empty(&self) -> bool {
        self.messages.is_empty()
            && self.errors.is_empty()
            && self.nonce.is_none()
            && self.tracked.is_none()
    }
}
