//! Following the head.

use super::NodeClient;
use crate::HeadChange;

crate::rpc_interface! {
    /// Follows the head of the chain.
    ///
    /// The first batch is one element of type `current`. Every later batch is one head switch: all
    /// reverts downwards, then all applies upwards. A subscriber that is too slow is cut off: when
    /// the stream ends, subscribe again and reconcile by `chain_get_path`.
    pub trait HeadStream for NodeClient in "Filecoin" {
        /// Subscribes.
        #[read]
        stream chain_notify() -> Vec<HeadChange> = "ChainNotify";
    }
}
