//! Accounts and their tokens, and clients with them.

use std::{fmt, sync::Arc, time::Duration};

use venus_auth::AuthService;
use venus_core::{
    Address, ChainApi, MessageSink, Signer,
    api::{
        gateway::GatewayClient,
        messager::{MessagerApi, MessagerClient, RemoteSink},
    },
    auth::{
        AuthAdmin, AuthApi, AuthClient, Claims, MinerBindings, NewUser, Permission, SignerBindings,
        TokenGuard, UserDirectory,
    },
    chain_api::NodeClient,
    rpc::{Client, Endpoint},
};
use venus_gateway::GatewaySigner;

/// How long a proof may take, on a machine that is busy sealing.
pub(super) const PROOF_PATIENCE: Duration = Duration::from_secs(120);

/// The account under which the shared services of the pool call one another.
const POOL: &str = "pool";

/// Whoever asks the services of the pool gets its clients here.
#[derive(Clone)]
pub(crate) struct Access {
    auth: AuthService,
    auth_url: String,
    /// An administrator's.
    token: String,
    pub(crate) node_url: String,
    pub(crate) gateway_url: String,
    pub(crate) messager_url: String,
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("auth_url", &self.auth_url)
            .field("node_url", &self.node_url)
            .field("gateway_url", &self.gateway_url)
            .field("messager_url", &self.messager_url)
            .finish_non_exhaustive()
    }
}

impl Access {
    pub(crate) async fn new(auth: AuthService, auth_url: String) -> anyhow::Result<Self> {
        let mut access = Self {
            auth,
            auth_url,
            token: String::new(),
            node_url: String::new(),
            gateway_url: String::new(),
            messager_url: String::new(),
        };
        access.token = access.token_of(POOL, Permission::Admin).await?;
        Ok(access)
    }

    /// An administrator's token of the pool.
    pub(crate) fn admin_token(&self) -> &str {
        &self.token
    }

    /// The token of an account with this permission: the one there is, or a new one.
    pub(crate) async fn token_of(
        &self,
        account: &str,
        permission: Permission,
    ) -> anyhow::Result<String> {
        if !self.auth.has_user(account).await? {
            self.auth.create_user(&NewUser::enabled(account)).await?;
        }
        let there = match self.auth.tokens_by_name(account).await {
            Ok(there) => there,
            Err(error) if error.is_not_found() => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        match there.into_iter().find(|token| token.perm == permission.as_str()) {
            Some(token) => Ok(token.token),
            None => Ok(self.auth.generate_token(&Claims::new(account, permission)).await?),
        }
    }

    /// Binds a miner to an account and has blocks made for it.
    pub(crate) async fn bind(&self, account: &str, miner: Address) -> anyhow::Result<()> {
        self.auth.upsert_miner(account, miner, true).await?;
        Ok(())
    }

    /// The guard of a shared service: it asks venus-auth.
    pub(crate) fn guard(&self) -> anyhow::Result<TokenGuard> {
        Ok(TokenGuard::new(self.auth_client()?))
    }

    /// Knows the tokens of the pool's accounts.
    pub(crate) fn verifier(&self) -> anyhow::Result<AuthClient> {
        self.auth_client()
    }

    fn auth_client(&self) -> anyhow::Result<AuthClient> {
        Ok(AuthClient::new(&self.auth_url, self.token.clone())?)
    }

    pub(crate) fn signers(&self) -> anyhow::Result<Arc<dyn SignerBindings>> {
        Ok(Arc::new(self.auth_client()?))
    }

    pub(crate) fn auth_api(&self) -> anyhow::Result<Arc<dyn AuthApi>> {
        Ok(Arc::new(self.auth_client()?))
    }

    /// Calls the node, over a connection of its own.
    pub(crate) fn node(&self, token: String) -> anyhow::Result<Arc<dyn ChainApi>> {
        // No limit: some calls wait for epochs. Whoever calls sets its own.
        let client = connect(&self.node_url, 1, token)?.with_timeout(None);
        Ok(Arc::new(NodeClient::from(client)))
    }

    /// Calls the gateway, over a connection of its own.
    pub(crate) fn gateway(&self, token: String) -> anyhow::Result<GatewayClient> {
        let client = connect(&self.gateway_url, 2, token)?;
        Ok(client.with_timeout(Some(PROOF_PATIENCE)).into())
    }

    /// Calls the messager.
    pub(crate) fn messager(&self, token: String) -> anyhow::Result<Arc<dyn MessagerApi>> {
        // No limit: waiting for a message takes epochs.
        let client = connect(&self.messager_url, 0, token)?.with_timeout(None);
        Ok(Arc::new(MessagerClient::from(client)))
    }

    /// Hands messages to the messager.
    pub(crate) fn sink(&self, token: String) -> anyhow::Result<Arc<dyn MessageSink>> {
        Ok(Arc::new(RemoteSink::new(self.messager(token)?)))
    }

    /// Signs through the gateway, for the shared services.
    pub(crate) fn signer(&self) -> anyhow::Result<Arc<dyn Signer>> {
        let gateway = self.gateway(self.token.clone())?;
        Ok(Arc::new(GatewaySigner::new(Arc::new(gateway), Arc::new(self.auth_client()?))))
    }
}

/// A client over WebSocket: the token is looked at once, not at each call.
pub(crate) fn connect(url: &str, version: u32, token: String) -> anyhow::Result<Client> {
    let url = url.replacen("http://", "ws://", 1);
    Ok(Client::connect(&Endpoint::parse(&url, version)?, Some(token)))
}
