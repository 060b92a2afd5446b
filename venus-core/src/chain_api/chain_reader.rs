//! Blocks, tipsets and messages.

use super::NodeClient;
use crate::{
    ApiMessage, BigInt, BlockHeader, BlockMessages, Bytes, ChainEpoch, Cid, HeadChange, Message,
    Receipt, TipSet, TipSetKey,
};

crate::rpc_interface! {
    /// Reads the chain of blocks.
    pub trait ChainReader for NodeClient in "Filecoin" {
        /// Returns the head.
        #[read]
        fn chain_head() -> TipSet = "ChainHead";
        /// Returns the genesis tipset.
        #[read]
        fn chain_get_genesis() -> TipSet = "ChainGetGenesis";
        /// Returns a tipset by its key; an empty key is an error.
        #[read]
        fn chain_get_tipset(tsk: TipSetKey) -> TipSet = "ChainGetTipSet";
        /// Returns the tipset at `height` among the ancestors of `tsk`; for a null round the one
        /// before it.
        #[read]
        fn chain_get_tipset_by_height(height: ChainEpoch, tsk: TipSetKey) -> TipSet = "ChainGetTipSetByHeight";
        /// As [`chain_get_tipset_by_height`](Self::chain_get_tipset_by_height); for a null round
        /// the one after it.
        #[read]
        fn chain_get_tipset_after_height(height: ChainEpoch, tsk: TipSetKey) -> TipSet = "ChainGetTipSetAfterHeight";
        /// Returns a block header.
        #[read]
        fn chain_get_block(cid: Cid) -> BlockHeader = "ChainGetBlock";
        /// Returns the messages of a block.
        #[read]
        fn chain_get_block_messages(cid: Cid) -> BlockMessages = "ChainGetBlockMessages";
        /// Returns a message, without signature.
        #[read]
        fn chain_get_message(cid: Cid) -> Message = "ChainGetMessage";
        /// Returns the messages of a block's parent tipset in execution order, each once.
        #[read]
        fn chain_get_parent_messages(block: Cid) -> Vec<ApiMessage> = "ChainGetParentMessages";
        /// Returns the receipts of a block's parent tipset, in the order of
        /// [`chain_get_parent_messages`](Self::chain_get_parent_messages).
        #[read]
        fn chain_get_parent_receipts(block: Cid) -> Vec<Receipt> = "ChainGetParentReceipts";
        /// Returns the messages of a tipset in execution order, each once.
        #[read]
        fn chain_get_messages_in_tipset(tsk: TipSetKey) -> Vec<ApiMessage> = "ChainGetMessagesInTipset";
        /// Returns the way from one tipset to another: reverts, then applies.
        #[read]
        fn chain_get_path(from: TipSetKey, to: TipSetKey) -> Vec<HeadChange> = "ChainGetPath";
        /// Returns the weight of the chain up to and including a tipset.
        #[read]
        fn chain_tipset_weight(tsk: TipSetKey) -> BigInt = "ChainTipSetWeight";
        /// Returns a block of the store.
        #[read]
        fn chain_read_obj(cid: Cid) -> Bytes = "ChainReadObj";
        /// Tells whether the store has a block.
        #[read]
        fn chain_has_obj(cid: Cid) -> bool = "ChainHasObj";
    }
}
