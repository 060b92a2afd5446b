//! Opening a node, making its chain first if there is none.

use std::{fmt, io::Read, path::PathBuf, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use venus_core::{
    BeaconEntry, BlockHeader, ElectionProof, Ticket, TipSetKey, TokenAmount,
    auth::write_secret_file,
    blake2b_256,
    clock::{Clock, SharedClock},
    consensus::MockBeacon,
};
use venus_proofs::{ProofVerifier, Verifier};

use crate::{
    beacon::{Beacon, ChainBeacon},
    chain::{Chain, notify},
    config::{ClockKind, NodeConfig},
    dev_genesis::DevGenesis,
    error::{NodeError, Result},
    executor::{Executor, NativeExecutor, ProofsVerifier},
    gauges::Gauges,
    genesis::GenesisTemplate,
    pool::Pool,
    service::Node,
    snapshot,
    store::{BlockContent, ChainStore},
};

/// The base fee of genesis, attoFIL.
const INITIAL_BASE_FEE: u32 = 100_000_000;
/// The parent that every genesis block names.
const GENESIS_PARENT: &str = "bafyreiaqpwbbyjo4a42saasj36kkrpv4tsherf2e7bvezkert2a7dhonoi";

/// The file that says that there is a chain, and which.
const MARKER: &str = "chain.json";

/// What a chain begins from.
enum Origin {
    None,
    Template(Box<GenesisTemplate>),
    Dev(Box<DevGenesis>),
    Snapshot(Box<dyn Read + Send>),
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Template(_) => "Template",
            Self::Dev(_) => "Dev",
            Self::Snapshot(_) => "Snapshot",
        })
    }
}

/// What a home remembers of its chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct ChainParams {
    preset: crate::config::Preset,
    block_delay: u64,
    network: String,
    genesis: TipSetKey,
    #[serde(default = "mock_beacon")]
    beacon: String,
}

fn mock_beacon() -> String {
    MockBeacon.name()
}

/// Sets up a [`Node`].
#[derive(Debug)]
pub struct NodeBuilder {
    home: PathBuf,
    config: NodeConfig,
    verifier: Arc<dyn ProofVerifier>,
    clock: Option<Arc<SharedClock>>,
    beacon: Arc<dyn Beacon>,
    origin: Origin,
}

impl NodeBuilder {
    pub(crate) fn new(home: PathBuf, config: NodeConfig) -> Self {
        Self {
            home,
            config,
            verifier: Arc::new(Verifier),
            clock: None,
            beacon: Arc::new(MockBeacon),
            origin: Origin::None,
        }
    }

    /// Sets who checks proofs; by default the verifier of real (and simulated) proofs.
    #[must_use]
    pub fn with_verifier(mut self, verifier: impl ProofVerifier + 'static) -> Self {
        self.verifier = Arc::new(verifier);
        self
    }

    /// Shares a clock; by default the node has its own, as configured.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<SharedClock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// What to make a chain from if the home holds none.
    #[must_use]
    pub fn with_template(mut self, template: GenesisTemplate) -> Self {
        self.origin = Origin::Template(Box::new(template));
        self
    }

    /// What to make a development chain from if the home holds none.
    #[must_use]
    pub fn with_dev_genesis(mut self, genesis: DevGenesis) -> Self {
        self.origin = Origin::Dev(Box::new(genesis));
        self
    }

    /// What to import a chain from if the home holds none: a CAR file, not compressed, with the
    /// blocks of the head as its roots. It must have the state before the head. Nothing is executed
    /// on the way. A chain from elsewhere mostly needs its beacon, too.
    #[must_use]
    pub fn with_snapshot(mut self, car: impl Read + Send + 'static) -> Self {
        self.origin = Origin::Snapshot(Box::new(car));
        self
    }

    /// Sets the beacon of the chain; by default the mock of development chains.
    #[must_use]
    pub fn with_beacon(mut self, beacon: impl Beacon + 'static) -> Self {
        self.beacon = Arc::new(beacon);
        self
    }

    /// Opens the chain, or makes it. What was left half done by a crash is done again.
    ///
    /// # Errors
    ///
    /// When another process uses the home, it is broken, holds another chain, or holds none and
    /// there is nothing to make one from.
    pub async fn open(self) -> Result<Node> {
        match tokio::task::spawn_blocking(move || self.open_blocking()).await {
            Ok(node) => node,
            Err(error) => Err(NodeError::Worker(error.to_string())),
        }
    }

    fn open_blocking(mut self) -> Result<Node> {
        std::fs::create_dir_all(&self.home)
            .map_err(|source| NodeError::Io { path: self.home.clone(), source })?;
        let store = ChainStore::open(&self.home.join("chain"))?;
        let executor: Arc<dyn Executor> = Arc::new(NativeExecutor::new(
            store.blocks().clone(),
            self.config.preset.executor(),
            Arc::new(ProofsVerifier(Arc::clone(&self.verifier))),
        ));
        // sled takes a damaged file for an empty one; this tells the two apart.
        let marker = self.home.join(MARKER);
        let params = match store.meta::<ChainParams>("chain")? {
            Some(params) => self.check(params)?,
            None if marker.exists() => return Err(NodeError::LostChain(self.home)),
            None => self.make(&store, executor.as_ref())?,
        };
        if !marker.exists() {
            let text = serde_json::to_vec_pretty(&params)
                .map_err(|e| NodeError::Genesis(e.to_string()))?;
            write_secret_file(&marker, &text).map_err(|e| NodeError::Genesis(e.to_string()))?;
        }
        self.config.block_delay = Some(params.block_delay);
        let genesis = store.tipset(&params.genesis)?;
        // A crash between genesis and its entry in the index cannot be: both come in one commit.
        let head = store.tipset(&store.head()?.unwrap_or_else(|| params.genesis.clone()))?;
        let pool = Pool::open(store.pool.clone(), store.signatures.clone(), head.height())?;
        let time = Duration::from_secs(head.min_timestamp());
        let clock = self.clock.take().unwrap_or_else(|| {
            Arc::new(match self.config.clock {
                ClockKind::Real => SharedClock::running(Duration::ZERO),
                ClockKind::Stepped => SharedClock::stepped(time),
            })
        });
        // What was skipped before the node stopped stays skipped.
        clock.advance_to(time);
        tracing::info!(
            network = params.network, height = head.height(), head = %head.key(),
            ahead = ?clock.ahead(), now = ?clock.now(), "chain open"
        );
        let chain = Arc::new(Chain {
            network: params.network,
            executor,
            verifier: self.verifier,
            clock,
            genesis,
            beacon: ChainBeacon(self.beacon),
            head: std::sync::RwLock::new(Arc::clone(&head)),
            ingest: std::sync::Mutex::default(),
            computing: std::sync::Mutex::default(),
            notifier: notify::Notifier::new(notify::QUEUE),
            pool,
            gauges: Arc::new(Gauges::new()),
            config: self.config,
            store,
        });
        chain.compute(&head)?;
        chain.pool.head_changed(&chain, &[], &[], &head)?;
        chain.recover()?;
        chain.clock.advance_to(Duration::from_secs(chain.head().min_timestamp()));
        chain.measure();
        Ok(Node(chain))
    }

    /// Refuses a configuration that contradicts the chain.
    fn check(&self, params: ChainParams) -> Result<ChainParams> {
        let other = |what, there: String, wanted: String| {
            Err(NodeError::OtherChain { home: self.home.clone(), what, there, wanted })
        };
        if self.config.preset != params.preset {
            let (there, wanted) = (params.preset.name(), self.config.preset.name());
            return other("preset", there.into(), wanted.into());
        }
        if self.beacon.name() != params.beacon {
            return other("beacon", params.beacon, self.beacon.name());
        }
        match self.config.block_delay {
            Some(wanted) if wanted != params.block_delay => {
                other("block delay", params.block_delay.to_string(), wanted.to_string())
            }
            _ => Ok(params),
        }
    }

    fn make(&mut self, store: &ChainStore, executor: &dyn Executor) -> Result<ChainParams> {
        let mut template = match &mut self.origin {
            Origin::None => return Err(NodeError::NoGenesis(self.home.clone())),
            Origin::Template(template) => GenesisTemplate::clone(template),
            Origin::Dev(dev) => dev.template()?,
            Origin::Snapshot(car) => {
                let delay = self.config.delay().as_secs();
                let found = snapshot::import(store, executor.config(), delay, car)?;
                return self.remember(store, found.network, found.genesis);
            }
        };
        if template.timestamp == 0 {
            let now = self
                .clock
                .as_ref()
                .map_or_else(|| venus_core::clock::SystemClock.now(), |clock| clock.now());
            template.timestamp = now.as_secs();
        }
        let state = executor.genesis(&template)?;
        let header = genesis_block(store, &template, state.into())?;
        let cid = store.put(&header)?;
        let genesis = TipSetKey::new(vec![cid]);
        let tipset = store.tipset(&genesis)?;
        store.switch(&[], &[tipset])?;
        let params = self.remember(store, template.network_name, genesis)?;
        tracing::info!(network = params.network, %cid, "genesis made");
        Ok(params)
    }

    /// Writes down which chain this is, and makes it durable.
    fn remember(
        &self,
        store: &ChainStore,
        network: String,
        genesis: TipSetKey,
    ) -> Result<ChainParams> {
        let params = ChainParams {
            preset: self.config.preset,
            block_delay: self.config.delay().as_secs(),
            network,
            genesis,
            beacon: self.beacon.name(),
        };
        store.set_meta("chain", &params)?;
        store.commit()?;
        Ok(params)
    }
}

/// The genesis block (node.md 16.2).
fn genesis_block(
    store: &ChainStore,
    template: &GenesisTemplate,
    state: venus_core::Cid,
) -> Result<BlockHeader> {
    let failed = |e: String| NodeError::Genesis(e);
    let content = BlockContent::default();
    let seed = format!("{} {}", template.network_name, template.timestamp);
    let parent = GENESIS_PARENT.parse().map_err(|e: cid::Error| failed(e.to_string()))?;
    let receipts = store.empty_list()?;
    Ok(BlockHeader {
        miner: venus_core::Address::id(0),
        ticket: Some(Ticket { vrf_proof: blake2b_256(seed.as_bytes())[..].into() }),
        election_proof: Some(ElectionProof::default()),
        beacon_entries: vec![BeaconEntry { round: 0, data: [0; 32][..].into() }],
        win_post_proof: Vec::new(),
        parents: vec![parent],
        parent_weight: 0.into(),
        height: 0,
        parent_state_root: state,
        parent_message_receipts: receipts,
        messages: store.put_content(&content)?,
        bls_aggregate: None,
        timestamp: template.timestamp,
        block_sig: None,
        fork_signaling: 0,
        parent_base_fee: TokenAmount::from_atto(INITIAL_BASE_FEE),
    })
}
