//! The node as others hold it.

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use venus_core::{
    ChainApi, ChainEpoch, TipSet, TokenAmount,
    auth::Guard,
    chain_api::{
        ChainReader, GasOracle, HeadStream, MessagePool, MinerState, MiningApi, NetworkApi,
        StateReader,
    },
    clock::SharedClock,
    rpc::{self, Methods, RpcError},
};

use crate::{
    api::{DevChain, NodeTools, v0},
    builder::NodeBuilder,
    chain::Chain,
    config::NodeConfig,
    error::{NodeError, Result},
};

/// A chain node with its chain. Clones share it.
///
/// It implements every trait of [`ChainApi`](venus_core::ChainApi), so it can stand in for a
/// [`NodeClient`](venus_core::chain_api::NodeClient) in the same process.
#[derive(Debug, Clone)]
pub struct Node(pub(crate) Arc<Chain>);

const _: fn(Node) -> Arc<dyn ChainApi> = |node| Arc::new(node);

impl Node {
    /// Makes a node with its chain in `home`.
    pub fn builder(home: impl Into<std::path::PathBuf>, config: NodeConfig) -> NodeBuilder {
        NodeBuilder::new(home.into(), config)
    }

    /// The clock of the chain: block producers must go by it.
    pub fn clock(&self) -> Arc<SharedClock> {
        Arc::clone(&self.0.clock)
    }

    /// The head.
    pub fn head(&self) -> Arc<TipSet> {
        self.0.head()
    }

    /// The name of the network.
    pub fn network(&self) -> &str {
        &self.0.network
    }

    /// The settings, as the chain has them.
    pub fn config(&self) -> &NodeConfig {
        &self.0.config
    }

    /// Does blocking work off the runtime's threads.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Chain) -> Result<T> + Send + 'static,
    ) -> Result<T, RpcError> {
        let chain = Arc::clone(&self.0);
        match tokio::task::spawn_blocking(move || work(&chain)).await {
            Ok(result) => result.map_err(RpcError::from),
            Err(error) => Err(NodeError::Worker(error.to_string()).into()),
        }
    }

    /// The methods of `/rpc/v1`.
    pub fn methods_v1(&self) -> Methods {
        let node = || Arc::new(self.clone());
        <dyn ChainReader>::methods(node())
            .merge(<dyn StateReader>::methods(node()))
            .merge(<dyn MinerState>::methods(node()))
            .merge(<dyn HeadStream>::methods(node()))
            .merge(<dyn GasOracle>::methods(node()))
            .merge(<dyn MessagePool>::methods(node()))
            .merge(<dyn MiningApi>::methods(node()))
            .merge(<dyn NetworkApi>::methods(node()))
            .merge(<dyn DevChain>::methods(node()))
            .merge(<dyn NodeTools>::methods(node()))
    }

    /// The methods of `/rpc/v0`: those of v1, some with the signatures of old.
    pub fn methods_v0(&self) -> Methods {
        v0::methods(self)
    }

    /// The routes of the node, behind `guard`.
    pub fn router(&self, guard: impl Guard + 'static) -> axum::Router {
        // Without a runtime nothing is served either.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let gauges = Arc::clone(&self.0.gauges);
            runtime.spawn(gauges.follow(self.clock(), Arc::downgrade(&self.0)));
        }
        rpc::Server::new(guard)
            .with_info("venus", env!("CARGO_PKG_VERSION"))
            .with_metrics(self.0.gauges.metrics.clone())
            .route("/rpc/v1", self.methods_v1())
            .route("/rpc/v0", self.methods_v0())
            .into_router()
    }

    /// Opens the configured address. Port 0 takes a free one: ask the listener.
    ///
    /// # Errors
    ///
    /// [`NodeError::Listen`] when something else uses it.
    pub async fn listen(&self) -> Result<TcpListener> {
        let address = &self.0.config.listen;
        let failed = |source| NodeError::Listen { address: address.clone(), source };
        let socket = rpc::listen_addr(address)
            .map_err(|e| failed(std::io::Error::new(std::io::ErrorKind::InvalidInput, e)))?;
        TcpListener::bind(socket).await.map_err(failed)
    }

    /// Serves the RPC until `shutdown`.
    ///
    /// # Errors
    ///
    /// When the listener fails for good.
    pub async fn serve(
        &self,
        listener: TcpListener,
        guard: impl Guard + 'static,
        shutdown: CancellationToken,
    ) -> std::io::Result<()> {
        rpc::serve(listener, self.router(guard), shutdown).await
    }

    /// The time at which an epoch begins, since 1970.
    pub fn time_of(&self, epoch: ChainEpoch) -> std::time::Duration {
        std::time::Duration::from_secs(self.0.time_of(epoch))
    }

    /// The epoch of the chain's clock.
    pub fn current_epoch(&self) -> ChainEpoch {
        self.0.current_epoch()
    }

    /// Moves the clock to the beginning of an epoch; the epochs in between become null rounds
    /// unless somebody made blocks for them. Does nothing if it has begun.
    pub fn skip_to(&self, epoch: ChainEpoch) {
        self.0.clock.advance_to(self.time_of(epoch));
    }

    /// What an account holds at the head.
    ///
    /// # Errors
    ///
    /// When the state cannot be read.
    pub async fn balance(&self, address: venus_core::Address) -> Result<TokenAmount, RpcError> {
        self.wallet_balance(address).await
    }
}

impl Chain {
    pub(crate) fn current_epoch(&self) -> ChainEpoch {
        let since = self.now().saturating_sub(self.genesis.min_timestamp());
        ChainEpoch::try_from(since / self.delay()).unwrap_or(ChainEpoch::MAX)
    }
}
