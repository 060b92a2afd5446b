//! Steering a development chain.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use venus_core::{ChainEpoch, clock::Clock, rpc::RpcError};

use crate::service::Node;

/// The time of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ChainTime {
    /// Seconds since 1970 on the chain's clock.
    pub now: f64,
    /// Seconds that it is ahead of the node's wall clock.
    pub ahead: f64,
    /// The epoch that it is.
    pub epoch: ChainEpoch,
    /// The height of the head.
    pub head: ChainEpoch,
}

venus_core::rpc_client! {
    /// Steers a development chain from outside.
    pub struct DevClient;
}

venus_core::rpc_interface! {
    /// Controls of a development chain.
    pub trait DevChain for DevClient in "Dev" {
        /// Returns the time of the chain, by which block producers must go.
        #[read]
        fn dev_time() -> ChainTime = "Time";
        /// Moves the clock to the beginning of an epoch; epochs in between become null rounds.
        #[admin]
        fn dev_skip_to(epoch: ChainEpoch) -> ChainTime = "SkipTo";
        /// Moves the clock forward by so many epochs.
        #[admin]
        fn dev_advance(epochs: u32) -> ChainTime = "Advance";
        /// Returns the next epoch in which a message waits or a deadline opens.
        #[read]
        fn dev_next_due() -> Option<ChainEpoch> = "NextDue";
    }
}

impl Node {
    fn chain_time(&self) -> ChainTime {
        let clock = &self.0.clock;
        ChainTime {
            now: clock.now().as_secs_f64(),
            ahead: clock.ahead().as_secs_f64(),
            epoch: self.current_epoch(),
            head: self.head().height(),
        }
    }
}

#[async_trait]
impl DevChain for Node {
    async fn dev_time(&self) -> Result<ChainTime, RpcError> {
        Ok(self.chain_time())
    }

    async fn dev_skip_to(&self, epoch: ChainEpoch) -> Result<ChainTime, RpcError> {
        self.skip_to(epoch);
        Ok(self.chain_time())
    }

    async fn dev_advance(&self, epochs: u32) -> Result<ChainTime, RpcError> {
        self.0.clock.advance(self.0.config.delay() * epochs);
        Ok(self.chain_time())
    }

    async fn dev_next_due(&self) -> Result<Option<ChainEpoch>, RpcError> {
        self.next_due().await
    }
}
