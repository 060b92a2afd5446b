//! The sealers: one a miner, each in a home of its own.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::Context;
use tokio_util::sync::CancellationToken;
use venus_core::{
    Address, ChainApi, MessageSink, ProofProvider, SectorNumber,
    api::gateway::GatewayProviders,
    auth::{LocalToken, Permission, TokenGuard},
    clock::SharedClock,
};
use venus_sealer::{
    InitOptions, NewMiner, Sealer, SealerConfig, SealerError,
    gateway::serve_proofs,
    identity, init_existing, init_new, peer_id,
    storage::{NewPath, SectorStorage},
};

use super::{Access, Ports, Proving, Stage, node::GENESIS_STORAGE, patient::PatientProver};
use crate::{Event, Events, home::Services};

/// The miner that the genesis makes.
pub(crate) const GENESIS_MINER: Address = Address::id(1000);
const SECTOR_SIZE: u64 = 2048;
/// On a chain of our own a tipset is settled as soon as it has a child.
const CONFIDENCE: u64 = 1;
const TIMEOUT: Duration = Duration::from_secs(60);
/// Between two tries of a set-up.
const RETRY: Duration = Duration::from_secs(2);
/// How often is looked for news of sectors.
const WATCH: Duration = Duration::from_millis(200);

/// Whose sealer it is.
#[derive(Debug, Clone)]
pub(crate) struct Owned {
    /// The account.
    pub(crate) account: String,
    /// Home of the sealer.
    pub(crate) home: PathBuf,
    /// Number of its port.
    pub(crate) offset: u16,
    /// The key of a miner that is to be created; none for that of the genesis.
    pub(crate) worker: Option<Address>,
    /// How many sectors it shall have sealed.
    pub(crate) sectors: u64,
}

/// A sealer that runs.
#[derive(Debug, Clone)]
pub(crate) struct Running {
    pub(crate) account: String,
    pub(crate) sealer: Sealer,
    pub(crate) is_new: bool,
}

/// The sealers that run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sealers(Arc<Mutex<Vec<Running>>>);

impl Sealers {
    fn lock(&self) -> MutexGuard<'_, Vec<Running>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn all(&self) -> Vec<Running> {
        self.lock().clone()
    }

    /// Lets go of them: their stores close when their tasks have ended.
    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    fn add(&self, running: Running) {
        self.lock().push(running);
    }
}

/// What a sealer is put together from.
#[derive(Debug, Clone)]
pub(crate) struct Tools {
    pub(crate) access: Access,
    pub(crate) proving: Proving,
    pub(crate) clock: Arc<SharedClock>,
    pub(crate) ports: Ports,
    pub(crate) events: Events,
    pub(crate) sealers: Sealers,
    pub(crate) services: Services,
    pub(crate) home: PathBuf,
}

/// Sets a sealer up, as often as it takes, and runs it until `stop`.
pub(crate) async fn run(tools: Tools, owned: Owned, stop: CancellationToken) {
    let opened = async {
        loop {
            match open(&tools, &owned).await {
                Ok(opened) => return opened,
                Err(error) => {
                    let (what, error) =
                        (format!("sealer of {}", owned.account), format!("{error:#}"));
                    tools.events.send(Event::Trouble { what, error });
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    };
    let Some((sealer, stage)) = stop.run_until_cancelled(opened).await else { return };
    let running = sealer.clone();
    let run = running.run(stop.clone());
    let work = async {
        tokio::join!(watch(&tools.events, &sealer), pledge(&tools, &owned, &sealer));
    };
    let (outcome, _) = tokio::join!(run, stop.run_until_cancelled(work));
    if let Err(error) = outcome {
        tracing::error!(account = owned.account, %error, "the sealer stopped badly");
    }
    stage.end().await;
}

/// Makes the miner and its home if need be, and opens the sealer.
async fn open(tools: &Tools, owned: &Owned) -> anyhow::Result<(Sealer, Stage)> {
    let Owned { account, home, .. } = owned;
    let access = &tools.access;
    let token = access.token_of(account, Permission::Sign).await?;
    let chain = access.node(token.clone())?;
    let sink = access.sink(token.clone())?;
    let miner = match identity(home)? {
        Some(identity) => identity.miner,
        None => init(owned, home, &chain, &sink).await.context("making the miner")?,
    };
    access.bind(account, miner).await.context("binding the miner to its account")?;
    tools.events.send(Event::MinerCreated { miner, account: account.clone() });

    let storage = Arc::new(SectorStorage::open(home)?);
    let root = match owned.worker {
        Some(_) => home.join("storage"),
        None => tools.home.join(GENESIS_STORAGE),
    };
    attach(&storage, &root).context("attaching the storage path")?;
    let Proving { prover, seal_ready } = tools.proving.clone();
    let prover: Arc<dyn ProofProvider> = Arc::new(PatientProver {
        prover: Arc::new(prover.with_locator(storage.clone())),
        clock: tools.clock.clone(),
        seal_ready,
    });
    let sealer = Sealer::builder(chain, sink, prover)
        .with_storage(storage)
        .with_config(config())
        .open(home)
        .await
        .context("opening the sealer")?;

    let mut stage = Stage::new("venus-sealer");
    let guard = TokenGuard::new(LocalToken::load_or_create(home)?).or(access.verifier()?);
    let router = sealer.router(guard);
    let name = format!("venus-sealer {account}");
    let service = tools.ports.serve(&mut stage, &name, owned.offset, router).await?;
    tools.services.add(service)?;
    let gateway: Arc<dyn GatewayProviders> = Arc::new(access.gateway(token)?);
    let winning = Arc::new(sealer.winning_prover());
    stage.spawn(serve_proofs(gateway, miner, winning, TIMEOUT, stage.token()));
    let running = Running {
        account: account.clone(),
        sealer: sealer.clone(),
        is_new: owned.worker.is_some(),
    };
    tools.sealers.add(running);
    tools.events.send(Event::SealerUp { miner });
    Ok((sealer, stage))
}

async fn init(
    owned: &Owned,
    home: &Path,
    chain: &Arc<dyn ChainApi>,
    sink: &Arc<dyn MessageSink>,
) -> anyhow::Result<Address> {
    let options = InitOptions { confidence: CONFIDENCE, timeout: TIMEOUT };
    let made = match owned.worker {
        None => init_existing(home, chain, GENESIS_MINER, options).await?,
        Some(worker) => {
            let new = NewMiner {
                owner: None,
                worker,
                from: None,
                sector_size: SECTOR_SIZE,
                peer_id: peer_id(home)?,
                multiaddrs: Vec::new(),
            };
            init_new(home, chain, sink, &new, options).await?
        }
    };
    Ok(made.miner)
}

/// Attaches a path, making it one first if it is none.
fn attach(storage: &SectorStorage, root: &Path) -> anyhow::Result<()> {
    let new = NewPath { weight: 10, seal: true, store: true, max_storage: 0 };
    let is_path = root.join("sectorstore.json").exists();
    storage.attach(root, (!is_path).then_some(new))?;
    Ok(())
}

/// Settings for a chain whose deadlines are five epochs long and whose forks are one.
fn config() -> SealerConfig {
    let mut config = SealerConfig::default();
    config.sealing.retry_secs = 1;
    config.sealing.message_confidence = CONFIDENCE;
    config.sealing.seed_confidence = 1;
    config.proving.challenge_confidence = 1;
    config.proving.submit_confidence = 0;
    config
}

/// Pledges what is missing.
async fn pledge(tools: &Tools, owned: &Owned, sealer: &Sealer) {
    loop {
        let missing = async {
            let there = sealer.sectors(true).await?.len() as u64;
            for _ in there..owned.sectors {
                sealer.pledge().await?;
            }
            Ok::<_, SealerError>(())
        };
        match missing.await {
            Ok(()) => return,
            Err(error) => {
                let error = format!("{:#}", anyhow::Error::from(error));
                let what = format!("pledging a sector of {}", sealer.miner());
                tools.events.send(Event::Trouble { what, error });
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}

/// Tells of each new state of each sector.
async fn watch(events: &Events, sealer: &Sealer) {
    // Of each sector, how much of its history was told.
    let mut told: BTreeMap<SectorNumber, usize> = BTreeMap::new();
    let mut first = true;
    loop {
        match news(sealer, &mut told).await {
            // What was before this run is no news.
            Ok(news) if !first => news.into_iter().for_each(|event| events.send(event)),
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "sectors not read"),
        }
        first = false;
        tokio::time::sleep(WATCH).await;
    }
}

async fn news(
    sealer: &Sealer,
    told: &mut BTreeMap<SectorNumber, usize>,
) -> Result<Vec<Event>, SealerError> {
    let miner = sealer.miner();
    let mut news = Vec::new();
    for summary in sealer.sectors(true).await? {
        let number = summary.number;
        let log = sealer.sector(number, false).await?.log;
        let told = told.entry(number).or_default();
        for line in log.iter().skip(*told) {
            let (state, error) = (line.message.clone(), line.trace.clone());
            news.push(Event::Sector { miner, sector: number, state, error });
        }
        *told = log.len();
    }
    Ok(news)
}
