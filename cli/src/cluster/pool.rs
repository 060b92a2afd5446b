//! The whole pool in one process, each service on its own loopback port, talking real RPC.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;
use venus_auth::{Auth, AuthConfig, AuthHandle};
use venus_core::{
    Address, ChainApi, ProofProvider, TokenAmount,
    api::gateway::{GatewayClient, GatewayProviders},
    auth::{
        AuthAdmin, AuthApi, AuthClient, Claims, JwtSecret, LocalToken, MinerBindings, NewUser, Permission, TokenGuard,
        UserDirectory,
    },
    chain_api::NodeClient,
    clock::SharedClock,
    crypto::KeyKind,
    rpc::{self, Client, Endpoint},
};
use venus_gateway::{Gateway, GatewayConfig, GatewaySigner};
use venus_node::{DevGenesis, Node, NodeConfig, Preset};
use venus_proofs::{DevNetwork, LocalProver, ParamSet};
use venus_wallet::{Wallet, WalletConfig, WalletService, WalletTokens, register::Registrations};

use super::plan::{Plan, Proofs};

/// What the genesis miner has sealed beforehand.
const GENESIS_SECTORS: u64 = 2;
/// What each new miner's key holds at genesis, in FIL.
const MINER_FUNDS: u64 = 100_000;

/// Where a service listens.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// Its URL.
    pub url: String,
}

/// A running pool.
#[derive(Debug)]
pub struct Pool {
    pub(super) home: PathBuf,
    pub(super) plan: Plan,
    pub(super) stop: CancellationToken,
    pub(super) tasks: JoinSet<()>,
    pub(super) services: Vec<Service>,
    pub(super) auth: AuthHandle,
    pub(super) node: Node,
    pub(super) clock: Arc<SharedClock>,
    pub(super) wallet: Wallet,
    pub(super) gateway_url: String,
    node_url: String,
}

impl Pool {
    /// The next port of the plan.
    fn port(plan: &Plan, offset: u16) -> SocketAddr {
        let port = if plan.base_port == 0 { 0 } else { plan.base_port.saturating_add(offset) };
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    /// Starts auth, node, gateway and wallet; what depends on them is started by the caller.
    pub async fn start(home: &Path, mut plan: Plan) -> anyhow::Result<Self> {
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        let mut services = Vec::new();

        let mut config = AuthConfig::in_home(home.join("auth"));
        config.listen = Self::port(&plan, 0);
        let auth = Auth::builder(config).open().await.context("opening venus-auth")?;
        let auth = auth.start(stop.clone()).await.context("starting venus-auth")?;
        services.push(Service { name: "venus-auth".into(), url: auth.url() });

        let wallet = open_wallet(home, &mut plan).await.context("opening venus-wallet")?;
        plan.save(home)?;
        let genesis_key = plan.genesis_key.context("the plan names no genesis key")?;

        let guard = |auth: &AuthHandle| -> anyhow::Result<TokenGuard> {
            Ok(TokenGuard::new(AuthClient::new(&auth.url(), auth.admin_token())?))
        };
        let clock = Arc::new(SharedClock::running(Duration::ZERO));
        let mut config = NodeConfig::new(Preset::Fast);
        config.listen = Self::port(&plan, 1).to_string();
        config.block_delay = Some(plan.block_time);
        let mut genesis =
            DevGenesis::single(plan.network.clone(), genesis_key, GENESIS_SECTORS, home.join("genesis-sectors"));
        for key in &plan.miner_keys {
            genesis = genesis.with_account(*key, TokenAmount::from_fil(MINER_FUNDS));
        }
        let node = Node::builder(home.join("node"), config)
            .with_dev_genesis(genesis)
            .with_clock(Arc::clone(&clock))
            .open()
            .await
            .context("opening the chain node")?;
        let node_url = serve(&mut tasks, &mut services, &stop, "venus", Self::port(&plan, 1), node.router(guard(&auth)?)).await?;

        let pool_token = token(&auth, "pool", Permission::Admin).await?;
        let auth_client = || AuthClient::new(&auth.url(), pool_token.clone());
        let gateway = Gateway::new(GatewayConfig::default(), Arc::new(auth_client()?))?;
        let gateway_url = serve(&mut tasks, &mut services, &stop, "venus-gateway", Self::port(&plan, 2), gateway.router(guard(&auth)?)).await?;

        let accounts: Vec<String> = std::iter::once("genesis".to_owned())
            .chain((1..=plan.miners).map(|n| format!("miner-{n}")))
            .collect();
        for account in &accounts {
            token(&auth, account, Permission::Write).await?;
        }
        let wallet_token = token(&auth, "wallet", Permission::Read).await?;
        let at: Arc<dyn GatewayProviders> = Arc::new(gateway_client(&gateway_url, wallet_token)?);
        let registrations = Registrations::new(vec![at], accounts);
        tasks.spawn(registrations.clone().run(wallet.clone(), stop.clone()));
        let local = LocalToken::load_or_create(&home.join("wallet"))?;
        let tokens = WalletTokens::new(JwtSecret::random());
        let service = WalletService::new(wallet.clone(), registrations, tokens.clone());
        let router = service.router(TokenGuard::new(local).or(tokens));
        serve(&mut tasks, &mut services, &stop, "venus-wallet", Self::port(&plan, 3), router).await?;

        let pool = Self {
            home: home.to_owned(), plan, stop, tasks, services, auth, node, clock, wallet, gateway_url, node_url,
        };
        Ok(pool)
    }

    /// The token of an account, made at first.
    pub async fn token(&self, account: &str, permission: Permission) -> anyhow::Result<String> {
        token(&self.auth, account, permission).await
    }

    /// Calls the node as the pool does.
    pub async fn chain(&self) -> anyhow::Result<Arc<dyn ChainApi>> {
        let endpoint = Endpoint::parse(&self.node_url, 1)?;
        let token = self.token("pool", Permission::Admin).await?;
        Ok(Arc::new(NodeClient::new(Client::connect(&endpoint, Some(token)).with_timeout(None))))
    }

    /// Calls the gateway as an account.
    pub async fn gateway(&self, account: &str, permission: Permission) -> anyhow::Result<GatewayClient> {
        gateway_client(&self.gateway_url, self.token(account, permission).await?)
    }

    /// Calls auth as the pool does.
    pub async fn auth_api(&self) -> anyhow::Result<Arc<dyn AuthApi>> {
        let token = self.token("pool", Permission::Admin).await?;
        Ok(Arc::new(AuthClient::new(&self.auth.url(), token)?))
    }

    /// Signs through the gateway.
    pub async fn signer(&self) -> anyhow::Result<Arc<GatewaySigner>> {
        let gateway = self.gateway("pool", Permission::Admin).await?;
        let token = self.token("pool", Permission::Admin).await?;
        let auth = AuthClient::new(&self.auth.url(), token)?;
        Ok(Arc::new(GatewaySigner::new(Arc::new(gateway), Arc::new(auth))))
    }

    /// Binds a miner to an account.
    pub async fn bind(&self, account: &str, miner: Address) -> anyhow::Result<()> {
        self.auth.service().upsert_miner(account, miner, true).await?;
        Ok(())
    }

    /// The prover of the plan.
    pub fn prover(&self) -> anyhow::Result<LocalProver> {
        let set = ParamSet::open_default().context("opening the proof parameters")?;
        Ok(match self.plan.proofs {
            Proofs::Real => LocalProver::real(&self.plan.network)?,
            Proofs::Simulated => LocalProver::simulated(&DevNetwork::named(&self.plan.network)?, &set)?,
        })
    }
}

/// Opens the wallet, unlocked, and makes the keys of the plan that are not there yet.
async fn open_wallet(home: &Path, plan: &mut Plan) -> anyhow::Result<Wallet> {
    // The password lies beside the keys: a costly derivation would protect nothing here.
    let config = WalletConfig { scrypt_log_n: 10, ..WalletConfig::default() };
    let wallet = Wallet::open(&home.join("wallet"), config)?;
    wallet.unlock(&plan.wallet_password).await?;
    if plan.genesis_key.is_none() {
        plan.genesis_key = Some(wallet.new_key(KeyKind::Bls).await?);
    }
    while (plan.miner_keys.len() as u64) < plan.miners {
        plan.miner_keys.push(wallet.new_key(KeyKind::Bls).await?);
    }
    Ok(wallet)
}

/// The token of an account with this permission: the one there is, or a new one.
async fn token(auth: &AuthHandle, account: &str, permission: Permission) -> anyhow::Result<String> {
    let service = auth.service();
    if !service.has_user(account).await? {
        service.create_user(&NewUser::enabled(account)).await?;
    }
    let there = service.tokens_by_name(account).await.unwrap_or_default();
    match there.into_iter().find(|token| token.perm == permission.as_str()) {
        Some(token) => Ok(token.token),
        None => Ok(service.generate_token(&Claims::new(account, permission)).await?),
    }
}

fn gateway_client(url: &str, token: String) -> anyhow::Result<GatewayClient> {
    Ok(Client::connect(&Endpoint::parse(url, 2)?, Some(token)).into())
}

async fn serve(
    tasks: &mut JoinSet<()>,
    services: &mut Vec<Service>,
    stop: &CancellationToken,
    name: &str,
    address: SocketAddr,
    router: axum::Router,
) -> anyhow::Result<String> {
    let listener = TcpListener::bind(address).await.with_context(|| {
        format!("{name} cannot listen at {address}; stop what does, or choose another --base-port")
    })?;
    let url = format!("http://{}", listener.local_addr()?);
    services.push(Service { name: name.to_owned(), url: url.clone() });
    let (name, stop) = (name.to_owned(), stop.clone());
    tasks.spawn(async move {
        if let Err(error) = rpc::serve(listener, router, stop).await {
            tracing::error!(service = name, %error, "stopped serving");
        }
    });
    Ok(url)
}

/// Keeps the compiler honest about what `prover` gives.
const _: fn(&LocalProver) -> &dyn ProofProvider = |prover| prover;
