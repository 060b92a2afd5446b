//! The wallet: all keys of the pool.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use venus_core::{
    api::gateway::GatewayProviders,
    auth::{JwtSecret, LocalToken, Permission, TokenGuard},
    crypto::KeyKind,
};
use venus_wallet::{Wallet, WalletConfig, WalletService, WalletTokens, register::Registrations};

use super::{Access, Ports, Stage};
use crate::{Service, plan::Kept};

/// How long the first registration may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Opens the wallet, unlocked, and makes the keys of the plan that are not there yet.
pub(crate) async fn open(home: &Path, kept: &mut Kept) -> anyhow::Result<Wallet> {
    // The password lies beside the keys: a costly derivation would protect nothing here.
    let config = WalletConfig { scrypt_log_n: 10, ..WalletConfig::default() };
    let dir = home.join("wallet");
    std::fs::create_dir_all(&dir).with_context(|| format!("making {}", dir.display()))?;
    let wallet = Wallet::open(&dir, config).context("opening the wallet")?;
    wallet.unlock(&kept.wallet_password).await.context("unlocking the wallet")?;
    // A key that a kill left unnamed stays behind, without funds.
    if kept.genesis_key.is_none() {
        kept.genesis_key = Some(wallet.new_key(KeyKind::Bls).await?);
    }
    while (kept.miner_keys.len() as u64) < kept.miners() {
        kept.miner_keys.push(wallet.new_key(KeyKind::Bls).await?);
    }
    kept.save(home)?;
    Ok(wallet)
}

/// Serves the wallet and registers it at the gateway, for these accounts.
pub(crate) async fn start(
    home: &Path,
    wallet: Wallet,
    accounts: Vec<String>,
    access: &Access,
    ports: &Ports,
    offset: u16,
) -> anyhow::Result<(Stage, Service)> {
    let mut stage = Stage::new("venus-wallet");
    let token = access.token_of("wallet", Permission::Read).await?;
    let gateway: Arc<dyn GatewayProviders> = Arc::new(access.gateway(token)?);
    let registrations = Registrations::new(vec![gateway], accounts);
    let (register, stop) = (registrations.clone(), stage.token());
    let registered = wallet.clone();
    stage.spawn(async move { register.run(registered, stop).await });

    let local = LocalToken::load_or_create(&home.join("wallet"))?;
    let tokens = WalletTokens::new(JwtSecret::random());
    let service = WalletService::new(wallet, registrations.clone(), tokens.clone());
    let router = service.router(TokenGuard::new(local).or(tokens).or(access.verifier()?));
    let service = ports.serve(&mut stage, "venus-wallet", offset, router).await?;

    let complete = async {
        while !registrations.is_complete() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    if tokio::time::timeout(PATIENCE, complete).await.is_err() {
        bail!("the wallet could not register at the gateway within {PATIENCE:?}; see the log");
    }
    Ok((stage, service))
}
