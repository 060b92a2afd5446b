//! A wallet served over a real socket.

use tempfile::TempDir;
use venus_core::{
    auth::{JwtSecret, TokenGuard},
    test_utils::replay::Served,
};
use venus_wallet::{Wallet, WalletConfig, WalletService, WalletTokens, register::Registrations};

use super::recording::SECRET;

pub(crate) struct Daemon {
    home: TempDir,
    pub(crate) wallet: Wallet,
    pub(crate) served: Served,
}

impl Daemon {
    /// Begins with an empty store.
    pub(crate) async fn start() -> Self {
        Self::open(tempfile::tempdir().unwrap()).await
    }

    async fn open(home: TempDir) -> Self {
        let config = WalletConfig { scrypt_log_n: 10, ..WalletConfig::default() };
        let wallet = Wallet::open(home.path(), config).unwrap();
        let tokens = WalletTokens::new(JwtSecret::from_bytes(SECRET).unwrap());
        let gateways = Registrations::new(Vec::new(), Vec::new());
        let service = WalletService::new(wallet.clone(), gateways, tokens.clone());
        let served = Served::start(service.router(TokenGuard::new(tokens))).await;
        Self { home, wallet, served }
    }

    /// Ends the process, so to speak, and starts another with the same store.
    pub(crate) async fn restart(self) -> Self {
        let Self { home, wallet, mut served } = self;
        served.stop().await;
        drop(wallet);
        Self::open(home).await
    }
}
