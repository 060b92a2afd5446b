//! `venus-wallet run`.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, bail};
use clap::Args;
use venus_core::{
    api::gateway::{GatewayClient, GatewayProviders},
    auth::{JwtSecret, Permission, TOKEN_FILE, TokenGuard, write_secret_file},
    rpc::{self, Client, Endpoint},
    shutdown,
};
use venus_wallet::{SupportBook, Wallet, WalletService, WalletTokens, register::Registrations};

use super::{
    config::{CONFIG_FILE, Config, add_account},
    password::PasswordArgs,
};
use crate::remote::{self, API_FILE};

/// The key that signs this wallet's tokens.
const SECRET_FILE: &str = "token.key";
/// Which network the daemon was started for.
const NETWORK_FILE: &str = "network";
/// The API that a gateway serves to wallets, by its Go name.
const NAMESPACE: &str = "gateway.IGateway";

/// How the wallet is served, and for whom it signs.
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// Where to listen, such as /ip4/127.0.0.1/tcp/5678/http; overrides the configuration.
    #[arg(long)]
    listen: Option<String>,
    /// A gateway to register at, such as /ip4/127.0.0.1/tcp/45132; may be given more than once.
    /// Then all of `APIRegisterHub` comes from the flags.
    #[arg(long, value_delimiter = ',', requires = "gateway_token")]
    gateway_api: Vec<String>,
    /// A token of venus-auth, the same for all gateways.
    #[arg(long, env = "VENUS_WALLET_GATEWAY_TOKEN", hide_env_values = true)]
    gateway_token: Option<String>,
    /// The accounts to sign for, besides that of the token.
    #[arg(long, value_delimiter = ',')]
    support_accounts: Vec<String>,
    /// Unlocks at start; everybody on this machine can read it. Use --password-file instead.
    #[arg(long, alias = "pwd", hide = true, conflicts_with = "password_file")]
    password: Option<String>,
    #[command(flatten)]
    from: PasswordArgs,
}

impl RunArgs {
    pub(super) async fn serve(self: Box<Self>, home: &Path, mainnet: bool) -> anyhow::Result<()> {
        venus_core::set_network(mainnet);
        let this = *self;
        let mut config = Config::load(home)?;
        let settings = config.wallet()?;
        if !this.gateway_api.is_empty() {
            config.hub.register_api = this.gateway_api;
            config.hub.support_accounts = this.support_accounts;
        } else if !this.support_accounts.is_empty() {
            config.hub.support_accounts = this.support_accounts;
        }
        config.hub.token = this.gateway_token.unwrap_or(config.hub.token);
        let listen = this.listen.as_ref().unwrap_or(&config.api.listen_address);
        rpc::listen_addr(listen)?;
        let gateways = gateways(&config)?;
        let password = match this.password {
            Some(password) => Some(password),
            None => this.from.given()?,
        };

        let listener = remote::bind(listen).await?;
        Config::default().write_if_absent(home)?;
        let wallet = Wallet::open(home, settings)?;
        if home.join("keystore.sqlit").exists() {
            tracing::warn!(
                home = %home.display(),
                "there are keys of a Go wallet, which this one does not read; export them there \
                 and import them here"
            );
        }
        if let Some(password) = password {
            wallet.unlock(&password).await.context("cannot unlock the wallet at start")?;
        }
        let tokens = WalletTokens::new(secret(home, &config)?);
        write_secret_file(&home.join(TOKEN_FILE), tokens.make(&Permission::ALL).as_bytes())?;
        let network = if mainnet { "main" } else { "test" };
        write_secret_file(&home.join(NETWORK_FILE), network.as_bytes())?;
        remote::publish(home, &listener)?;

        let registrations = Registrations::new(gateways, config.hub.support_accounts.clone());
        let service = WalletService::new(wallet.clone(), registrations.clone(), tokens.clone())
            .with_support_book(Arc::new(Book(home.to_owned())));
        let stop = shutdown::signal_token();
        let serving = tokio::spawn(registrations.run(wallet.clone(), stop.clone()));
        tracing::info!(
            home = %home.display(), listen = %listener.local_addr()?, network,
            gateways = ?config.hub.register_api, accounts = ?config.hub.support_accounts,
            locked = wallet.is_locked(), "venus-wallet serves"
        );
        let served = rpc::serve(listener, service.router(TokenGuard::new(tokens)), stop.clone());
        let outcome = served.await.context("serving");
        stop.cancel();
        serving.await.context("the registrations ended badly")?;
        outcome
    }
}

/// Clients of the gateways. Streams need WebSockets, whatever the scheme in the configuration.
fn gateways(config: &Config) -> anyhow::Result<Vec<Arc<dyn GatewayProviders>>> {
    let hub = &config.hub;
    if hub.register_api.is_empty() {
        return Ok(Vec::new());
    }
    if hub.token.is_empty() {
        bail!(
            "gateway token not set; make one with `venus-auth token gen --perm read <account>` and \
             give it with --gateway-token or as APIRegisterHub.Token in {CONFIG_FILE}"
        );
    }
    if hub.support_accounts.is_empty() {
        tracing::warn!("no support accounts: signing only for the account of the gateway token");
    }
    let client = |address: &String| {
        let endpoint = Endpoint::parse(address, 1)?;
        let socket = Endpoint::parse(endpoint.ws_url().as_str(), 1)?;
        let client = Client::connect(&socket, Some(hub.token.clone())).with_namespace(NAMESPACE);
        anyhow::Ok(Arc::new(GatewayClient::from(client)) as Arc<dyn GatewayProviders>)
    };
    let clients = hub.register_api.iter().map(client).collect::<Result<_, _>>();
    clients.with_context(|| format!("APIRegisterHub.RegisterAPI in {CONFIG_FILE}"))
}

/// The key of the tokens: that of the configuration, else one of its own.
fn secret(home: &Path, config: &Config) -> anyhow::Result<JwtSecret> {
    if !config.jwt.secret.is_empty() {
        return JwtSecret::from_hex(&config.jwt.secret)
            .with_context(|| format!("JWT.Secret in {CONFIG_FILE}"));
    }
    let path = home.join(SECRET_FILE);
    match std::fs::read_to_string(&path) {
        Ok(text) => JwtSecret::from_hex(&text).with_context(|| {
            format!("{} holds no key; remove it to have a new one made", path.display())
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let secret = JwtSecret::random();
            write_secret_file(&path, secret.to_hex().as_bytes())?;
            Ok(secret)
        }
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// Whether the daemon of a home was last started for mainnet, as it is for the first time.
pub(super) fn is_mainnet(home: &Path) -> bool {
    std::fs::read_to_string(home.join(NETWORK_FILE)).map_or(true, |network| network != "test")
}

/// Where others find the wallet: as configured, unless the daemon was told to listen elsewhere.
pub(super) fn announced(home: &Path, config: &Config) -> String {
    let configured = &config.api.listen_address;
    let written = std::fs::read_to_string(home.join(API_FILE)).unwrap_or_default();
    match (rpc::listen_addr(&written), rpc::listen_addr(configured)) {
        (Ok(written), Ok(same)) if written == same => configured.clone(),
        (Ok(written), _) => remote::multiaddr(written) + "/http",
        (Err(_), _) => configured.clone(),
    }
}

/// Keeps the accounts that `support` adds in the configuration.
#[derive(Debug)]
struct Book(PathBuf);

impl SupportBook for Book {
    fn add(&self, account: &str) -> Result<(), String> {
        add_account(&self.0, account).map_err(|error| format!("{error:#}"))
    }
}
