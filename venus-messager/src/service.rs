//! The messager.

use std::sync::Arc;

use tokio::sync::{Mutex, watch};
use tokio_util::sync::CancellationToken;
use venus_core::{ChainApi, NetworkParams, Signer, TipSet, auth::SignerBindings};

use crate::{
    MessageStore, MessagerBuilder, MessagerConfig,
    error::{Result, ask},
    gauges::Gauges,
    select::Selector,
    track,
    wallets::Wallets,
};

/// Gets messages on chain. Clones share it.
#[derive(Debug, Clone)]
pub struct Messager(pub(crate) Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) chain: Arc<dyn ChainApi>,
    pub(crate) signer: Arc<dyn Signer>,
    /// Who may use which sender; without it only administrators may call.
    pub(crate) signers: Option<Arc<dyn SignerBindings>>,
    pub(crate) config: MessagerConfig,
    pub(crate) store: Arc<dyn MessageStore>,
    /// Those that are called without a gateway; part of the signer.
    pub(crate) wallets: Arc<Wallets>,
    pub(crate) gauges: Gauges,
    /// Held by who says that messages are on chain, or not any more.
    pub(crate) tracking: Mutex<()>,
    /// The head, once the outcome of all messages below it is stored.
    pub(crate) head: watch::Sender<Option<Arc<TipSet>>>,
    /// Wakes those who wait for a message when messages changed otherwise.
    pub(crate) changed: watch::Sender<()>,
}

impl Messager {
    /// A messager over a chain, signing with `signer`.
    pub fn builder(chain: Arc<dyn ChainApi>, signer: Arc<dyn Signer>) -> MessagerBuilder {
        MessagerBuilder::new(chain, signer)
    }

    /// Follows the chain, and selects, signs and publishes messages, until `stop`.
    ///
    /// One process may do so for a store.
    pub async fn run(&self, stop: CancellationToken) {
        let Some(network) = self.network(&stop).await else { return };
        let inner = &self.0;
        let block_time = std::time::Duration::from_secs(network.block_delay_secs);
        let stable = match inner.config.stable < block_time {
            true => inner.config.stable,
            false => block_time / 2,
        };
        tracing::info!(network = network.network_name, ?stable, "getting messages on chain");
        let selector = Selector::new(Arc::clone(inner), stable, network.eip155_chain_id);
        tokio::join!(track::follow(inner, &stop), selector.run(&stop), inner.wallets.follow(&stop));
    }

    /// Asks for the network's parameters until they are told.
    async fn network(&self, stop: &CancellationToken) -> Option<NetworkParams> {
        let Inner { chain, config, .. } = &*self.0;
        loop {
            let call = chain.state_get_network_params();
            match ask(config.ask_timeout, "asking for the network's parameters", call).await {
                Ok(network) => return Some(network),
                Err(error) => tracing::warn!(%error, "waiting for the chain node"),
            }
            tokio::select! {
                () = stop.cancelled() => return None,
                () = tokio::time::sleep(std::time::Duration::from_secs(1)) => {}
            }
        }
    }

    /// The height of the head.
    pub(crate) async fn height(&self) -> Result<venus_core::ChainEpoch> {
        let Inner { chain, config, head, .. } = &*self.0;
        if let Some(head) = head.borrow().as_ref() {
            return Ok(head.height());
        }
        Ok(ask(config.ask_timeout, "asking for the head", chain.chain_head()).await?.height())
    }
}
