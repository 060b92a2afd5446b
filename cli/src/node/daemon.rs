//! `venus daemon`.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use async_trait::async_trait;
use clap::Args;
use venus_core::{
    auth::{AuthClient, AuthError, Caller, LocalToken, TokenGuard, TokenVerifier},
    clock::SharedClock,
    rpc, shutdown,
};
use venus_node::{ClockKind, Node, Preset};
use venus_proofs::ParamSet;

use super::{
    config::{CONFIG_FILE, Config, network},
    first_miner::FirstMiner,
    genesis::GenesisArgs,
};
use crate::remote;

/// How the node is served and which chain it keeps.
#[derive(Debug, Args)]
pub(super) struct DaemonArgs {
    /// Where to listen, such as /ip4/127.0.0.1/tcp/3453; overrides `api.apiAddress` of config.json.
    #[arg(long)]
    listen: Option<String>,
    /// The network: 2k, nerpa, or a name of your own that begins with localnet or devnet. All are
    /// development chains inside this node [default: 2k].
    #[arg(long)]
    network: Option<String>,
    /// Where venus-auth is, such as http://127.0.0.1:8989: its tokens are then taken too.
    #[arg(long, alias = "authURL")]
    auth_url: Option<String>,
    /// A token of venus-auth for this node. Without it each token vouches for itself.
    #[arg(long, env = "VENUS_AUTH_TOKEN", hide_env_values = true)]
    auth_token: Option<String>,
    /// The rules of a new chain: `fast` has short periods, `compat` those that Go programs expect
    /// of a 2k network, `nerpa` those of mainnet and sectors of 512 MiB too [default: nerpa for
    /// that network, else fast].
    #[arg(long, value_parser = preset)]
    preset: Option<Preset>,
    /// Seconds between the epochs of a new chain; that of the preset if not given.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    block_time: Option<u64>,
    /// Make the blocks and proofs of the first miner here, while its key is in this home: the chain
    /// goes on by itself, and not while this daemon is away [default: true for nerpa, where others
    /// did].
    #[arg(long, num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    mine: Option<bool>,
    #[command(flatten)]
    genesis: GenesisArgs,
}

fn preset(text: &str) -> Result<Preset, String> {
    [Preset::Fast, Preset::Compat, Preset::Nerpa]
        .into_iter()
        .find(|preset| preset.name() == text)
        .ok_or_else(|| "use fast, compat or nerpa".to_owned())
}

impl DaemonArgs {
    pub(super) async fn serve(mut self: Box<Self>, home: &Path) -> anyhow::Result<()> {
        let mut config = Config::load(home)?;
        if let Some(name) = &self.network {
            config.devnet.network.clone_from(name);
        }
        config.devnet.preset = self.preset.or(config.devnet.preset);
        config.devnet.mine = self.mine.or(config.devnet.mine);
        config.devnet.block_time = self.block_time.or(config.devnet.block_time);
        let wanted = network(&config.devnet.network)?;
        if !wanted.eq(&config.devnet.network) {
            tracing::warn!(
                network = config.devnet.network,
                chain = wanted,
                "this network no longer exists; serving a development chain with its rules instead"
            );
        }
        // What the chain is made with stays; what this process was told about the outside does not.
        let remembered = config.clone();
        config.api.api_address = self.listen.take().unwrap_or(config.api.api_address);
        config.api.venus_auth_url = self.auth_url.take().unwrap_or(config.api.venus_auth_url);
        config.api.venus_auth_token = self.auth_token.take().unwrap_or(config.api.venus_auth_token);
        let auth = verifier(&config, home)?;
        let settings = config.node()?;
        rpc::listen_addr(&settings.listen)?;

        let listener = remote::bind(&settings.listen).await?;
        remembered.write_if_absent(home)?;
        // Only verifying keys; they are part of the program.
        ParamSet::open(remote::parameter_dir()?)?;
        let mines = config.devnet.mines();
        let mut builder = Node::builder(home, settings);
        if mines && config.devnet.clock == ClockKind::Real {
            // The chain goes on where it stopped: while nobody proves, no time passes.
            builder = builder.with_clock(Arc::new(SharedClock::running_from(Duration::ZERO)));
        }
        let storage = self.genesis.storage(home)?;
        let node = self.genesis.apply(builder, home, &wanted)?.open().await?;
        if node.network() != wanted {
            bail!(
                "{} holds the chain of the network {}, not {wanted}; choose another --home, or \
                 leave --network out and mend `devnet.network` in {CONFIG_FILE}",
                home.display(),
                node.network()
            );
        }
        let mut guard = TokenGuard::new(LocalToken::load_or_create(home)?);
        if let Some(auth) = auth {
            guard = guard.or(auth);
        }
        remote::publish(home, &listener)?;
        tracing::info!(
            home = %home.display(), listen = %listener.local_addr()?, network = node.network(),
            height = node.head().height(), auth = config.api.venus_auth_url,
            "venus serves"
        );
        let stop = shutdown::signal_token();
        let serve = async {
            let _ends_both = stop.clone().drop_guard();
            node.serve(listener, guard, stop.clone()).await.context("serving")
        };
        if !mines {
            return serve.await;
        }
        let mine = async {
            let first = FirstMiner { node: node.clone(), home, storage };
            first.run(stop.clone()).await.context("the first miner")
        };
        let (served, mined) = tokio::join!(serve, mine);
        served.and(mined)
    }
}

/// Who judges tokens that are not of this node.
fn verifier(config: &Config, home: &Path) -> anyhow::Result<Option<Arc<dyn TokenVerifier>>> {
    let (url, token) = (&config.api.venus_auth_url, &config.api.venus_auth_token);
    Ok(match (url.is_empty(), token.is_empty()) {
        (true, true) => None,
        (true, false) => bail!(
            "a token for venus-auth, but no address; give --auth-url too, or set \
             `api.venusAuthURL` in {}",
            home.join(CONFIG_FILE).display()
        ),
        (false, false) => Some(Arc::new(AuthClient::new(url, token.as_str())?)),
        (false, true) => {
            rpc::base_url(url)?;
            Some(Arc::new(Voucher { url: url.clone() }))
        }
    })
}

/// Asks venus-auth about a token with that same token, as a node without one of its own can.
#[derive(Debug)]
struct Voucher {
    url: String,
}

#[async_trait]
impl TokenVerifier for Voucher {
    async fn verify_token(&self, token: &str) -> Result<Caller, AuthError> {
        AuthClient::new(&self.url, token)
            .map_err(|error| AuthError::Refused(error.to_string()))?
            .verify_token(token)
            .await
    }
}
