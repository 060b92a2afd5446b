//! The gateway itself.

use std::{io, path::PathBuf, sync::Arc};

use axum::Router;
use venus_core::{
    api::gateway::{GatewayCalls, GatewayProviders},
    auth::{AuthApi, Guard},
    rpc::{Methods, Server},
};

use crate::{GatewayConfig, proof_hub::ProofHub, rpc, switch::Switch, wallet_hub::WalletHub};

/// A gateway. Clones share it.
#[derive(Debug, Clone)]
pub struct Gateway {
    pub(crate) wallets: WalletHub,
    pub(crate) provers: ProofHub,
}

/// Why a gateway cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GatewayError {
    /// The system gave no randomness for the secret.
    #[error("no randomness from the system for the gateway's secret: {0}")]
    Random(String),
    /// Another gateway runs in the home.
    #[error("{0} is in use by another gateway; stop that one, or choose another home")]
    InUse(PathBuf),
    /// The home cannot be used.
    #[error("the home {path} cannot be locked; check that it can be written")]
    Home {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Gateway {
    /// A gateway that asks `auth` who owns what.
    pub fn new(config: GatewayConfig, auth: Arc<dyn AuthApi>) -> Result<Self, GatewayError> {
        let mut secret = [0; 32];
        rand::TryRng::try_fill_bytes(&mut rand::rngs::SysRng, &mut secret)
            .map_err(|e| GatewayError::Random(e.to_string()))?;
        // One table of waiting requests for each, so that a prover cannot answer for a wallet.
        let switch = || Switch::new(config.request_queue_size, config.request_timeout());
        Ok(Self {
            wallets: WalletHub::new(switch(), Arc::clone(&auth), secret),
            provers: ProofHub::new(switch(), auth),
        })
    }

    /// The methods of API v2.
    pub fn methods_v2(&self) -> Methods {
        <dyn GatewayCalls>::methods(Arc::new(self.clone()))
            .merge(<dyn GatewayProviders>::methods(Arc::new(self.clone())))
    }

    /// The methods of API v1: v2 with two methods that name one account, first.
    pub fn methods_v1(&self) -> Methods {
        rpc::with_v1_wallet_methods(self.methods_v2(), self)
    }

    /// What to serve, behind `guard`.
    pub fn router(&self, guard: impl Guard + 'static) -> Router {
        Server::new(guard)
            .with_info("venus-gateway", env!("CARGO_PKG_VERSION"))
            .route("/rpc/v2", self.methods_v2())
            .route("/rpc/v1", self.methods_v1())
            .into_router()
    }
}
