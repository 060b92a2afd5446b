//! What messages will cost.

use super::NodeClient;
use crate::{
    Address, EstimateMessage, EstimateResult, Message, MessageSendSpec, TipSetKey, TokenAmount,
};

crate::rpc_interface! {
    /// Estimates gas.
    pub trait GasOracle for NodeClient in "Filecoin" {
        /// Fills in the gas fields that are zero.
        #[read]
        fn gas_estimate_message_gas(message: Message, spec: Option<MessageSendSpec>, tsk: TipSetKey) -> Message = "GasEstimateMessageGas";
        /// Fills in gas and nonces, counted up from `from_nonce`, of messages of one sender;
        /// venus only.
        #[read]
        fn gas_batch_estimate_message_gas(messages: Vec<EstimateMessage>, from_nonce: u64, tsk: TipSetKey) -> Vec<EstimateResult> = "GasBatchEstimateMessageGas";
        /// Estimates the units that a message uses.
        #[read]
        fn gas_estimate_gas_limit(message: Message, tsk: TipSetKey) -> i64 = "GasEstimateGasLimit";
        /// Estimates the premium, in attoFIL a unit, to be included within so many blocks.
        #[read]
        fn gas_estimate_gas_premium(blocks: u64, sender: Address, gas_limit: i64, tsk: TipSetKey) -> TokenAmount = "GasEstimateGasPremium";
        /// Estimates the fee cap, in attoFIL a unit, that survives so many blocks of queueing.
        #[read]
        fn gas_estimate_fee_cap(message: Message, max_queue_blocks: i64, tsk: TipSetKey) -> TokenAmount = "GasEstimateFeeCap";
    }
}
