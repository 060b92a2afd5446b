//! `venus-sealer init`: a home for a new miner, or for one that is on chain.

use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use venus_core::{
    Address, TipSetKey,
    api::messager::{MessagerClient, RemoteSink},
    auth::write_secret_file,
    chain_api::{ChainReader, MinerState, NetworkApi, NodeClient},
    rpc::{Endpoint, listen_addr},
};
use venus_proofs::DevNetwork;
use venus_sealer::{
    Identity, InitOptions, NewMiner, SealerConfig, identity, init_existing, init_new, peer_id,
    storage::{NewPath, SectorStorage},
};

use super::{Proofs, Session, units};
use crate::{output, peers};

/// What `init` takes.
#[derive(Debug, Args)]
pub(super) struct Init {
    /// A miner that is on chain already, such as t01000; without it a new one is created.
    #[arg(long, short, conflicts_with_all = ["worker", "owner", "from", "sector_size"])]
    actor: Option<Address>,
    /// The new miner's worker: a BLS address (t3..) of a wallet that the messager can sign with.
    #[arg(long, short, required_unless_present = "actor")]
    worker: Option<Address>,
    /// The new miner's owner [default: the worker].
    #[arg(long, short)]
    owner: Option<Address>,
    /// Who pays for the creation [default: the worker].
    #[arg(long)]
    from: Option<Address>,
    /// Bytes of the new miner's sectors: 2KiB, 8MiB, 512MiB, 32GiB or 64GiB, as the network allows
    /// [default: the smallest it allows].
    #[arg(long, value_parser = units::parse_size)]
    sector_size: Option<u64>,
    /// The chain node.
    #[arg(long)]
    node_url: Option<String>,
    /// The messager.
    #[arg(long)]
    messager_url: Option<String>,
    /// A gateway that asks for proofs of blocks; may be given more than once.
    #[arg(long)]
    gateway_url: Vec<String>,
    /// The token of venus-auth for node, messager and gateways.
    #[arg(long, env = "VENUS_SEALER_AUTH_TOKEN", hide_env_values = true)]
    auth_token: Option<String>,
    /// Another token for the node.
    #[arg(long)]
    node_token: Option<String>,
    /// Another token for the messager.
    #[arg(long)]
    messager_token: Option<String>,
    /// Another token for the gateways.
    #[arg(long)]
    gateway_token: Option<String>,
    /// How sectors are proven.
    #[arg(long, value_enum)]
    proofs: Option<Proofs>,
    /// Do not seal and keep sectors in the home itself; attach a path later.
    #[arg(long)]
    no_local_storage: bool,
    /// Do not wait until the node has caught up with the chain.
    #[arg(long)]
    nosync: bool,
    /// Epochs after the creation until it is relied on.
    #[arg(long, default_value_t = InitOptions::default().confidence)]
    confidence: u64,
    /// Taken as the deployment guide has it; the messager knows by itself who signs.
    #[arg(long, hide = true)]
    wallet_name: Option<String>,
}

impl Init {
    pub(super) async fn run(self, session: Session) -> anyhow::Result<String> {
        let home = &session.home;
        tracing::info!("Checking if repo exists");
        if let Some(Identity { miner, .. }) = identity(home)? {
            bail!(
                "repo is already initialized at {}: it is the home of {miner}; choose another \
                 --home for another miner",
                home.display()
            );
        }
        if self.wallet_name.is_some() {
            tracing::warn!("--wallet-name means nothing any more: the messager knows who signs");
        }
        let mut config = self.settings(session.config.clone())?;
        if let Some(listen) = &session.listen {
            config.listen = listen_addr(listen).context("--listen")?;
        }
        let node = NodeClient::from(peers::client(
            "the node",
            &config.node.url,
            &config.node.token,
            1,
            "--node-url",
        )?);
        tracing::info!("Checking full node version");
        let version = node.version().await.context("the node cannot be used")?;
        tracing::info!(version = version.version, "node found");
        config.network = peers::network(&node, &config.network).await?;
        if config.simulated_proofs {
            DevNetwork::named(&config.network)?;
        }
        let size = match self.actor {
            Some(miner) => {
                let known = node.state_miner_info(miner, TipSetKey::head()).await;
                known.with_context(|| {
                    format!("--actor {miner} is no miner of {}", config.network)
                })?;
                None
            }
            None => Some(self.allowed_size(&node).await?),
        };
        if !self.nosync && DevNetwork::named(&config.network).is_err() {
            synced(&node).await?;
        }
        tracing::info!("Initializing repo");
        // Before the creation: whatever happens then, calling again goes on with it.
        save(&session, &config)?;
        let options = InitOptions { confidence: self.confidence, ..InitOptions::default() };
        let identity = match (self.actor, self.worker, size) {
            (Some(miner), ..) => init_existing(home, &node, miner, options).await?,
            (None, Some(worker), Some(sector_size)) => {
                let messager = &config.messager;
                let client = peers::client(
                    "the messager",
                    &messager.url,
                    &messager.token,
                    0,
                    "--messager-url",
                )?;
                let client = MessagerClient::from(client.with_timeout(None));
                let sink = RemoteSink::new(std::sync::Arc::new(client));
                tracing::info!("Initializing libp2p identity");
                let miner = NewMiner {
                    owner: self.owner,
                    worker,
                    from: self.from,
                    sector_size,
                    peer_id: peer_id(home)?,
                    multiaddrs: Vec::new(),
                };
                let made = init_new(home, &node, &sink, &miner, options).await?;
                tracing::info!("Created new miner: {}", made.miner);
                made
            }
            _ => bail!("give --worker for a new miner, or --actor for one that is on chain"),
        };
        if !self.no_local_storage {
            let new = NewPath { weight: 10, seal: true, store: true, max_storage: 0 };
            let new = (!home.join("sectorstore.json").exists()).then_some(new);
            SectorStorage::open(home)?.attach(home, new)?;
        }
        done(&session, &identity)
    }

    /// The configuration with what the flags say; whatever is missing is an error.
    fn settings(&self, mut config: SealerConfig) -> anyhow::Result<SealerConfig> {
        let given = |flag: &Option<String>| flag.clone().or(self.auth_token.clone());
        let set = |to: &mut String, value: Option<String>| *to = value.unwrap_or(to.clone());
        set(&mut config.node.url, self.node_url.clone());
        set(&mut config.node.token, given(&self.node_token));
        set(&mut config.messager.url, self.messager_url.clone());
        set(&mut config.messager.token, given(&self.messager_token));
        set(&mut config.register_proof.token, given(&self.gateway_token));
        if !self.gateway_url.is_empty() {
            config.register_proof.urls = self.gateway_url.clone();
        }
        if let Some(proofs) = self.proofs {
            config.simulated_proofs = proofs == Proofs::Simulated;
        }
        let check = |what: &str, url: &str, version| match url {
            "" => bail!("no address of the {what}; give it with --{what}-url"),
            url => Endpoint::parse(url, version).map(drop).with_context(|| format!("--{what}-url")),
        };
        check("node", &config.node.url, 1)?;
        check("messager", &config.messager.url, 0)?;
        if config.register_proof.urls.is_empty() {
            check("gateway", "", 2)?;
        }
        for url in &config.register_proof.urls {
            check("gateway", url, 2)?;
        }
        Ok(config)
    }

    /// The sector size asked for, if the network takes it; the smallest it takes if none was.
    async fn allowed_size(&self, node: &NodeClient) -> anyhow::Result<u64> {
        let params = node.state_get_network_params().await.context("the network's parameters")?;
        let mut allowed: Vec<u64> =
            params.supported_proof_types.iter().copied().filter_map(sector_size).collect();
        allowed.sort_unstable();
        allowed.dedup();
        let names: Vec<_> = allowed.iter().map(|size| units::size(*size)).collect();
        match (self.sector_size, allowed.first()) {
            (Some(size), Some(_)) if !allowed.contains(&size) => bail!(
                "--sector-size {} is not allowed on {}; use {}",
                units::size(size),
                params.network_name,
                names.join(" or ")
            ),
            (Some(size), _) => Ok(size),
            (None, Some(smallest)) => Ok(*smallest),
            (None, None) => bail!("the node does not tell the sector sizes; give --sector-size"),
        }
    }
}

/// The bytes of sectors of a seal proof; none for a number that is not known.
fn sector_size(proof: i64) -> Option<u64> {
    venus_core::RegisteredSealProof::from(proof).sector_size().ok().map(|size| size as u64)
}

fn save(session: &Session, config: &SealerConfig) -> anyhow::Result<()> {
    let home = session.home.display();
    std::fs::create_dir_all(&session.home).with_context(|| format!("{home} cannot be created"))?;
    let text = toml::to_string_pretty(config)?;
    Ok(write_secret_file(&session.config_file(), text.as_bytes())?)
}

/// Waits until the head is not older than a few epochs.
async fn synced(node: &NodeClient) -> anyhow::Result<()> {
    tracing::info!("Checking full node sync status");
    let delay = node.state_get_network_params().await?.block_delay_secs.max(1);
    loop {
        let head = node.chain_head().await.context("the head of the chain")?;
        let now = chrono::Utc::now().timestamp().unsigned_abs();
        let behind = now.saturating_sub(head.min_timestamp());
        if behind < delay * 5 {
            return Ok(());
        }
        tracing::warn!(height = head.height(), "the node is {behind} s behind; --nosync goes on");
        tokio::time::sleep(Duration::from_secs(delay)).await;
    }
}

fn done(session: &Session, identity: &Identity) -> anyhow::Result<String> {
    if session.json {
        return output::json(identity);
    }
    Ok(format!(
        "Miner: {} ({} sectors)\n\
         Sealer successfully created, you can now start it with 'venus-sealer run'\n",
        identity.miner,
        units::size(identity.sector_size)
    ))
}
