//! Putting a messager together.

use std::{path::Path, sync::Arc};

use tokio::sync::{Mutex, watch};
use venus_core::{ChainApi, FanOut, Signer, auth::SignerBindings, store::Store};

use crate::{
    EmbeddedStore, MessageStore, Messager, MessagerConfig, error::Result, gauges::Gauges,
    service::Inner, wallets::Wallets,
};

/// Collects the parts of a [`Messager`].
#[derive(Debug)]
pub struct MessagerBuilder {
    chain: Arc<dyn ChainApi>,
    signer: Arc<dyn Signer>,
    signers: Option<Arc<dyn SignerBindings>>,
    config: MessagerConfig,
}

impl MessagerBuilder {
    pub(crate) fn new(chain: Arc<dyn ChainApi>, signer: Arc<dyn Signer>) -> Self {
        Self { chain, signer, signers: None, config: MessagerConfig::default() }
    }

    /// Lets callers who are no administrators use the senders that are theirs. Without it they may
    /// use none.
    pub fn with_signers(mut self, signers: Arc<dyn SignerBindings>) -> Self {
        self.signers = Some(signers);
        self
    }

    /// Other settings than the defaults.
    pub fn with_config(mut self, config: MessagerConfig) -> Self {
        self.config = config;
        self
    }

    /// Opens or creates the embedded store in `home`.
    ///
    /// # Errors
    ///
    /// When it is damaged or another process has it open.
    pub async fn open(self, home: impl AsRef<Path>) -> Result<Messager> {
        let store = EmbeddedStore::new(Store::open(home.as_ref().join("store"))?)?;
        Ok(self.with_store(Arc::new(store)))
    }

    /// Keeps messages in a store of the caller's.
    pub fn with_store(self, store: Arc<dyn MessageStore>) -> Messager {
        let wallets = Arc::new(Wallets::new(Arc::clone(&store)));
        let direct = Arc::clone(&wallets) as Arc<dyn Signer>;
        Messager(Arc::new(Inner {
            chain: self.chain,
            signer: Arc::new(FanOut::new([self.signer, direct])),
            signers: self.signers,
            config: self.config,
            store,
            wallets,
            gauges: Gauges::new(),
            tracking: Mutex::new(()),
            head: watch::Sender::new(None),
            changed: watch::Sender::new(()),
        }))
    }
}
