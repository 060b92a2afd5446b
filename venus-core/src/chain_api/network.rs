//! Which network this is.

use std::collections::BTreeMap;

use super::NodeClient;
use crate::{Cid, NetworkParams, NodeVersion, TipSetKey};

crate::rpc_interface! {
    /// Tells the network, its rules and the node's version.
    pub trait NetworkApi for NodeClient in "Filecoin" {
        /// Returns the node's version.
        #[read]
        fn version() -> NodeVersion = "Version";
        /// Returns the network's name.
        #[read]
        fn state_network_name() -> String = "StateNetworkName";
        /// Returns the network version.
        #[read]
        fn state_network_version(tsk: TipSetKey) -> u32 = "StateNetworkVersion";
        /// Returns the network's parameters.
        #[read]
        fn state_get_network_params() -> NetworkParams = "StateGetNetworkParams";
        /// Returns the code CIDs of a network version's actors by name.
        #[read]
        fn state_actor_code_cids(network_version: u32) -> BTreeMap<String, Cid> = "StateActorCodeCIDs";
    }
}
