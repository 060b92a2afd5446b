//! Messages that wait for a block.

use super::NodeClient;
use crate::{Address, Cid, MpoolConfig, MpoolUpdate, SignedMessage, TipSetKey};

crate::rpc_interface! {
    /// Hands over messages and looks at those that wait.
    pub trait MessagePool for NodeClient in "Filecoin" {
        /// Returns the pool's settings.
        #[read]
        fn mpool_get_config() -> MpoolConfig = "MpoolGetConfig";
        /// Adds a message.
        #[write]
        fn mpool_push(message: SignedMessage) -> Cid = "MpoolPush";
        /// Adds messages; stops at the first that is refused.
        #[write]
        fn mpool_batch_push(messages: Vec<SignedMessage>) -> Vec<Cid> = "MpoolBatchPush";
        /// As [`mpool_batch_push`](Self::mpool_batch_push), with the checks for strangers.
        #[write]
        fn mpool_batch_push_untrusted(messages: Vec<SignedMessage>) -> Vec<Cid> = "MpoolBatchPushUntrusted";
        /// Returns the next nonce of a sender, pending messages counted.
        #[read]
        fn mpool_get_nonce(address: Address) -> u64 = "MpoolGetNonce";
        /// Returns the waiting messages.
        #[read]
        fn mpool_pending(tsk: TipSetKey) -> Vec<SignedMessage> = "MpoolPending";
        /// Follows the pool.
        #[read]
        stream mpool_sub() -> MpoolUpdate = "MpoolSub";
    }
}
