//! Actors, messages and randomness as of a tipset.

use super::NodeClient;
use crate::{
    Actor, Address, Bytes, ChainEpoch, Cid, InvocResult, Message, MsgLookup, TipSetKey, TokenAmount,
};

crate::rpc_interface! {
    /// Reads actors and the fate of messages.
    pub trait StateReader for NodeClient in "Filecoin" {
        /// Returns the key address (f1, f3, f4) of an account.
        #[read]
        fn state_account_key(address: Address, tsk: TipSetKey) -> Address = "StateAccountKey";
        /// Returns the ID address of an actor.
        #[read]
        fn state_lookup_id(address: Address, tsk: TipSetKey) -> Address = "StateLookupID";
        /// Returns an actor.
        #[read]
        fn state_get_actor(address: Address, tsk: TipSetKey) -> Actor = "StateGetActor";
        /// Returns what an address holds at the head, in attoFIL; 0 for an unknown one.
        #[read]
        fn wallet_balance(address: Address) -> TokenAmount = "WalletBalance";
        /// Executes a message without changing anything.
        #[read]
        fn state_call(message: Message, tsk: TipSetKey) -> InvocResult = "StateCall";
        /// Looks for the execution of a message among the ancestors of `from` (empty: head), at
        /// most `limit` epochs back (-1: no limit).
        #[read]
        fn state_search_msg(from: TipSetKey, message: Cid, limit: ChainEpoch, allow_replaced: bool) -> Option<MsgLookup> = "StateSearchMsg";
        /// Waits until a message is executed and `confidence` epochs have passed since.
        #[read]
        fn state_wait_msg(message: Cid, confidence: u64, limit: ChainEpoch, allow_replaced: bool) -> MsgLookup = "StateWaitMsg";
        /// Draws randomness from the tickets up to `epoch`.
        #[read]
        fn state_get_randomness_from_tickets(tag: i64, epoch: ChainEpoch, entropy: Bytes, tsk: TipSetKey) -> Bytes = "StateGetRandomnessFromTickets";
        /// Draws randomness from the beacon of `epoch`.
        #[read]
        fn state_get_randomness_from_beacon(tag: i64, epoch: ChainEpoch, entropy: Bytes, tsk: TipSetKey) -> Bytes = "StateGetRandomnessFromBeacon";
        /// Lists the addresses of all miners.
        #[read]
        fn state_list_miners(tsk: TipSetKey) -> Vec<Address> = "StateListMiners";
    }
}
