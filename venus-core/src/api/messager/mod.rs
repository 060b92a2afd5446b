//! The RPC of a messager.

mod actor_config;
mod remote;
mod sender;
mod types;
mod wallets;

pub use actor_config::{ActorConfig, FeeChange};
pub use remote::RemoteSink;
pub use sender::{FeeSpec, Sender, SenderFees, SenderState, SharedSpec};
pub use types::{MessageQuery, MessageState, QueuedMessage, QueuedReceipt, SendSpec};
pub use wallets::{DirectWallet, DirectWallets};

use crate::{Address, Cid, MaybeAddress, Message, NodeVersion};

crate::rpc_client! {
    /// Calls a messager.
    pub struct MessagerClient;
}

crate::rpc_interface! {
    /// Takes messages and gets them on chain. Callers who are no administrators see and touch the
    /// messages of their own keys alone.
    pub trait MessagerApi for MessagerClient in "Message" {
        /// Tells whether there is a message of this id.
        #[read]
        fn has_message_by_uid(id: String) -> bool = "HasMessageByUid";
        /// Waits until more than `confidence` epochs have passed since the message came on chain,
        /// or until it failed.
        #[read]
        fn wait_message(id: String, confidence: u64) -> QueuedMessage = "WaitMessage";
        /// Takes a message and returns a new id.
        #[write]
        fn push_message(message: Message, meta: Option<SendSpec>) -> String = "PushMessage";
        /// Takes a message under an id; one that is taken already is an error.
        #[write]
        fn push_message_with_id(id: String, message: Message, meta: Option<SendSpec>) -> String = "PushMessageWithId";
        /// Returns a message.
        #[read]
        fn get_message_by_uid(id: String) -> QueuedMessage = "GetMessageByUid";
        /// Returns a message by its CID on chain.
        #[read]
        fn get_message_by_signed_cid(cid: Cid) -> QueuedMessage = "GetMessageBySignedCid";
        /// Returns a message by its CID without signature.
        #[read]
        fn get_message_by_unsigned_cid(cid: Cid) -> QueuedMessage = "GetMessageByUnsignedCid";
        /// Returns the message that has a nonce.
        #[read]
        fn get_message_by_from_and_nonce(from: Address, nonce: u64) -> QueuedMessage = "GetMessageByFromAndNonce";
        /// Lists messages.
        #[read]
        fn list_message(query: Option<MessageQuery>) -> Option<Vec<QueuedMessage>> = "ListMessage";
        /// Lists messages of a state and, unless empty, a sender by the time of their coming: page
        /// `page` (from 1 on) of `size` (0: all), and those that are older than `age` nanoseconds.
        #[admin]
        fn list_message_by_from_state(from: MaybeAddress, state: MessageState, asc: bool, page: i64, size: i64, age: i64) -> Vec<QueuedMessage> = "ListMessageByFromState";
        /// Lists all messages of a sender.
        #[admin]
        fn list_message_by_address(from: Address) -> Vec<QueuedMessage> = "ListMessageByAddress";
        /// Lists the messages that wait and cannot be estimated or signed.
        #[read]
        fn list_failed_message() -> Option<Vec<QueuedMessage>> = "ListFailedMessage";
        /// Lists the messages of a sender (of all, if empty) that are not on chain after `age`
        /// nanoseconds.
        #[read]
        fn list_blocked_message(from: MaybeAddress, age: i64) -> Vec<QueuedMessage> = "ListBlockedMessage";
        /// Gives a message up that has no nonce yet.
        #[write]
        fn mark_bad_message(id: String) -> () = "MarkBadMessage";
        /// Gives up all messages of a sender that have no nonce yet; returns how many.
        #[write]
        fn clear_unfill_message(sender: Address) -> u64 = "ClearUnFillMessage";
        /// Publishes given up messages again whose nonce is still free; returns their ids.
        #[write]
        fn recover_failed_msg(sender: Address) -> Vec<String> = "RecoverFailedMsg";
        /// Looks for a published message on chain; returns its id.
        #[write]
        fn update_filled_message_by_id(id: String) -> String = "UpdateFilledMessageByID";
        /// Looks for all published messages on chain; returns how many are there.
        #[admin]
        fn update_all_filled_message() -> u64 = "UpdateAllFilledMessage";
        /// Publishes a message again.
        #[admin]
        fn republish_message(id: String) -> () = "RepublishMessage";
        /// Sets the next nonce of a sender; that of the chain and those in flight count all the
        /// same.
        #[admin]
        fn update_nonce(address: Address, nonce: u64) -> () = "UpdateNonce";
        /// Forgets a sender that has nothing in flight.
        #[write]
        fn delete_address(address: Address) -> () = "DeleteAddress";
        /// Returns a sender.
        #[read]
        fn get_address(address: Address) -> Sender = "GetAddress";
        /// Tells whether a sender is known.
        #[read]
        fn has_address(address: Address) -> bool = "HasAddress";
        /// Tells whether the key of a sender can be used.
        #[read]
        fn wallet_has(address: Address) -> bool = "WalletHas";
        /// Lists the senders.
        #[read]
        fn list_address() -> Option<Vec<Sender>> = "ListAddress";
        /// Takes no more messages of a sender, and selects none.
        #[write]
        fn forbidden_address(address: Address) -> () = "ForbiddenAddress";
        /// Takes and selects messages of a sender again.
        #[write]
        fn active_address(address: Address) -> () = "ActiveAddress";
        /// Sets how many messages of a sender may be in flight; 0: as for all.
        #[write]
        fn set_select_msg_num(address: Address, number: u64) -> () = "SetSelectMsgNum";
        /// Sets prices of a sender.
        #[write]
        fn set_fee_params(fees: SenderFees) -> () = "SetFeeParams";
        /// Sets prices by what is called; in place of those with the same id.
        #[admin]
        fn save_actor_cfg(config: ActorConfig) -> () = "SaveActorCfg";
        /// Changes prices by what is called; an unknown id changes nothing.
        #[admin]
        fn update_actor_cfg(id: uuid::Uuid, change: FeeChange) -> () = "UpdateActorCfg";
        /// Lists prices by what is called.
        #[read]
        fn list_actor_cfg() -> Vec<ActorConfig> = "ListActorCfg";
        /// Returns prices by what is called.
        #[read]
        fn get_actor_cfg_by_id(id: uuid::Uuid) -> ActorConfig = "GetActorCfgByID";
        /// Returns what applies to all senders.
        #[read]
        fn get_shared_params() -> SharedSpec = "GetSharedParams";
        /// Sets what applies to all senders.
        #[admin]
        fn set_shared_params(params: SharedSpec) -> () = "SetSharedParams";
        /// Returns the version.
        #[read]
        fn version() -> NodeVersion = "Version";
    }
}
