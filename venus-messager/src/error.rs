//! What can go wrong between a message and the chain.

use std::time::Duration;

use venus_core::{
    Address, SignError, auth::AuthApiError, rpc::RpcError, store::StoreError, with_causes,
};

/// Why something was not done. Clients of the Go service search these texts.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MessagerError {
    /// There is no such message.
    #[error("get message by id error: record not found")]
    NoMessage,
    /// There is no such sender.
    #[error("record not found")]
    NoSender,
    /// There are no such prices.
    #[error("record not found")]
    NoActorConfig,
    /// Prices by what is called that do not say what.
    #[error("code cid is undefined")]
    NoCode,
    /// There are prices for this call already.
    #[error("UNIQUE constraint failed: actor_cfg.code, actor_cfg.method: change {0} instead")]
    PricedTwice(uuid::Uuid),
    /// There is no such sender, whose prices were to be set.
    #[error("address not exists")]
    NoSenderToPrice,
    /// A message without id.
    #[error("empty uid")]
    EmptyId,
    /// An id that does not fit.
    #[error("the id has {0} characters; give one of at most 256")]
    LongId(usize),
    /// The id is taken.
    #[error("UNIQUE constraint failed: messages.id: there is a message {0:?} already")]
    Duplicate(String),
    /// The messages of this sender are not taken.
    #[error("address({0}) is forbidden")]
    Forbidden(Address),
    /// Nobody has the key of the sender.
    #[error("can't find a wallet, address: {0}")]
    NoWallet(Address),
    /// A wallet without a name.
    #[error("the wallet has no name; give it one")]
    NamelessWallet,
    /// The name of a wallet is taken.
    #[error("record exist: there is a wallet {0}; give another name, or delete that one")]
    WalletExists(String),
    /// There is no wallet of this name.
    #[error("record not found: no wallet {0}; `venus-messager wallet list` shows those there are")]
    NoWalletOfName(String),
    /// A wallet's address is none.
    #[error("{0}; give it as /ip4/<host>/tcp/<port>/http")]
    WalletAddress(String),
    /// The caller may not use this sender.
    #[error("signer {signer} not exist in user {user}: permission deny")]
    NotYours {
        /// The sender.
        signer: Address,
        /// The caller.
        user: String,
    },
    /// The caller has no name.
    #[error("there is no accountKey in the request")]
    Nameless,
    /// Whose the sender is cannot be found out.
    #[error("check signer {signer} exist in user {user} failed when check permission: {source}")]
    OwnerUnknown {
        /// The sender.
        signer: Address,
        /// The caller.
        user: String,
        /// Why.
        source: Box<AuthApiError>,
    },
    /// A message that has its nonce, and so must not be given up: all later ones would wait for it.
    #[error("message {0} has nonce {1}; giving it up would stop all later ones of its sender")]
    HasNonce(String, u64),
    /// A message that is done.
    #[error("message state({0}) has been final, can not update")]
    Final(venus_core::api::messager::MessageState),
    /// A message that was looked for is not on chain.
    #[error("search message {0} from node <nil>: it is not executed yet")]
    NotOnChain(venus_core::Cid),
    /// A message that is not published.
    #[error("need FillMsg got {0}")]
    NotFilled(venus_core::api::messager::MessageState),
    /// A sender whose nonces would be forgotten while some are in flight.
    #[error("{sender} has {count} messages that are published and not on chain; wait for them")]
    InFlight {
        /// The sender.
        sender: Address,
        /// How many.
        count: usize,
    },
    /// The chain is not followed.
    #[error("no head was seen yet; ask again when the messager follows the chain")]
    NotRunning,
    /// A text that is no amount.
    #[error("parsing {what} failed {text}: give a whole number of attoFIL")]
    Amount {
        /// Which price.
        what: &'static str,
        /// What was given.
        text: String,
    },
    /// The key of a sender that was given by its ID is not known.
    #[error("getting key address {address} failed: {source}")]
    NoKeyAddress {
        /// The sender.
        address: Address,
        /// Why not.
        source: Box<RpcError>,
    },
    /// The node did not answer what was asked.
    #[error("{what}: {source}")]
    Node {
        /// What was tried.
        what: &'static str,
        /// Why not.
        source: RpcError,
    },
    /// Something took too long.
    #[error("{what}: no answer within {after:?}")]
    TimedOut {
        /// What was tried.
        what: &'static str,
        /// How long it was waited for.
        after: Duration,
    },
    /// The node's answer makes no sense.
    #[error("messages not match receipts, {messages} != {receipts}")]
    Receipts {
        /// Messages of a tipset.
        messages: usize,
        /// Their receipts.
        receipts: usize,
    },
    /// The key holder did not sign.
    #[error("sign message failed: {}", with_causes(.0))]
    Sign(Box<SignError>),
    /// The messages were changed meanwhile.
    #[error("message {0} was changed while it was selected; it is selected again")]
    Changed(String),
    /// The chain was followed further meanwhile.
    #[error("the chain went on meanwhile; it is tried again at the next head")]
    Moved,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database failed.
    #[cfg(feature = "sql")]
    #[error("{}", with_causes(.0.as_ref()))]
    Sql(Box<venus_core::sql::SqlError>),
    /// The database lacks what later versions have.
    #[error(
        "the database was made by an old version (its table `{table}` has no column `{column}`); \
         start sophon-messager 1.20 on it once, which brings it up to date, or choose another \
         database"
    )]
    Outdated {
        /// The table.
        table: &'static str,
        /// The column.
        column: String,
    },
    /// The database wants what this version does not know.
    #[error(
        "the database is of a newer version: its table `{table}` has the column `{column}`; \
         use a newer program"
    )]
    Newer {
        /// The table.
        table: &'static str,
        /// The column.
        column: String,
    },
    /// Something does not fit into its column.
    #[error("{what} of {length} bytes does not fit into the database, which takes {limit}")]
    TooLong {
        /// What.
        what: &'static str,
        /// How long it is.
        length: usize,
        /// How long it may be.
        limit: usize,
    },
    /// The service ended.
    #[error("the messager is shutting down; ask again when it runs")]
    Stopped,
}

/// The outcome of what this crate does.
pub(crate) type Result<T, E = MessagerError> = std::result::Result<T, E>;

/// Waits for an answer, but not for ever.
pub(crate) async fn ask<T>(
    after: Duration,
    what: &'static str,
    call: impl Future<Output = Result<T, RpcError>>,
) -> Result<T> {
    match tokio::time::timeout(after, call).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(source)) => Err(MessagerError::Node { what, source }),
        Err(_) => Err(MessagerError::TimedOut { what, after }),
    }
}

#[cfg(feature = "sql")]
impl From<venus_core::sql::SqlError> for MessagerError {
    fn from(error: venus_core::sql::SqlError) -> Self {
        Self::Sql(Box::new(error))
    }
}

impl From<SignError> for MessagerError {
    fn from(error: SignError) -> Self {
        Self::Sign(Box::new(error))
    }
}

impl From<MessagerError> for RpcError {
    fn from(error: MessagerError) -> Self {
        Self::from_display(error)
    }
}
