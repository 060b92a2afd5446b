//! The pool itself: what is started after what, and stopped before what.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, bail};
use tokio::sync::watch;
use venus_core::{
    Address, ChainApi, MessageSink,
    api::messager::{MessagerApi, RemoteSink},
    clock::SharedClock,
    rpc::Server,
};

use crate::{
    ClusterApi, Events, Goal, HomeLock, Plan, Progress, Service, Status,
    follow::Follower,
    home::Services,
    inspect::Inspector,
    ledger::Ledger,
    plan::Kept,
    services::{
        self, Access, Owned, Ports, Proving, Sealers, Stage, Tools, run_sealer, start_auth,
        start_gateway, start_messager, start_miner, start_node, start_wallet,
    },
};

/// Ports in the order of the services; those of the sealers come after them.
mod offset {
    pub(super) const AUTH: u16 = 0;
    pub(super) const NODE: u16 = 1;
    pub(super) const GATEWAY: u16 = 2;
    pub(super) const WALLET: u16 = 3;
    pub(super) const MESSAGER: u16 = 4;
    pub(super) const MINER: u16 = 5;
    pub(super) const CLUSTER: u16 = 6;
    pub(super) const SEALERS: u16 = 10;
}

/// The name under which the pool itself is among its services.
pub(crate) const CLUSTER: &str = "venus-cluster";

/// A running pool. Dropped, it ends without order; [`stop`](Self::stop) it.
#[derive(Debug)]
pub struct Pool {
    home: PathBuf,
    /// In the order of their start.
    stages: Vec<Stage>,
    access: Access,
    inspector: Inspector,
    clock: Arc<SharedClock>,
    progress: watch::Receiver<Progress>,
    /// The last to go.
    _lock: HomeLock,
}

impl Pool {
    /// Starts a pool in `home`, making what is not there yet. Returns when the services serve;
    /// miners and sectors come in the background, as the events tell.
    ///
    /// # Errors
    ///
    /// When the home is in use or was made by another plan, a port is taken, or a service's store
    /// or the proof parameters are damaged.
    pub async fn start(home: &Path, plan: Plan, events: Events) -> anyhow::Result<Self> {
        venus_core::set_network(false);
        let home =
            std::path::absolute(home).with_context(|| format!("resolving {}", home.display()))?;
        let lock = HomeLock::take(&home)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut kept = Kept::reconcile(&home, &plan, now.as_secs())?;
        let ports = Ports::new(plan.base_port, events.clone());
        let mut stages = Vec::new();

        let mut background = Stage::new("parameters");
        let proving = Proving::start(&plan.network, plan.proofs, &events, &mut background).await?;
        stages.push(background);
        let (stage, service, auth, admin) = start_auth(&home, &ports, offset::AUTH).await?;
        stages.push(stage);
        let mut access = Access::new(auth, service.url.clone()).await?;
        let services = Services::new(&home, &admin)?;
        services.add(service)?;

        let wallet = services::open_wallet(&home, &mut kept).await?;
        let (stage, service, node) =
            start_node(&home, &kept, &access, &ports, offset::NODE).await?;
        stages.push(stage);
        access.node_url.clone_from(&service.url);
        services.add(service)?;

        let (stage, service) = start_gateway(&access, &ports, offset::GATEWAY).await?;
        stages.push(stage);
        access.gateway_url.clone_from(&service.url);
        services.add(service)?;

        let owned = owned(&home, &kept, &plan);
        let accounts: Vec<_> = owned.iter().map(|owned| owned.account.clone()).collect();
        for account in &accounts {
            access.token_of(account, venus_core::auth::Permission::Sign).await?;
        }
        let (stage, service) =
            start_wallet(&home, wallet, accounts, &access, &ports, offset::WALLET).await?;
        stages.push(stage);
        services.add(service)?;

        let (stage, service) = start_messager(&home, &access, &ports, offset::MESSAGER).await?;
        stages.push(stage);
        access.messager_url.clone_from(&service.url);
        services.add(service)?;

        let sealers = Sealers::default();
        let tools = Tools {
            access: access.clone(),
            proving,
            clock: node.clock(),
            ports: ports.clone(),
            events: events.clone(),
            sealers: sealers.clone(),
            services: services.clone(),
            home: home.clone(),
        };
        let mut stage = Stage::new("sealers");
        for owned in owned {
            stage.spawn(run_sealer(tools.clone(), owned, stage.token()));
        }
        stages.push(stage);

        let clock = node.clock();
        let (stage, service, _miner) =
            start_miner(&home, clock.clone(), &access, &ports, offset::MINER).await?;
        stages.push(stage);
        services.add(service)?;

        let ledger = Ledger::default();
        let chain = access.node(access.admin_token().to_owned())?;
        let messager = access.messager(access.admin_token().to_owned())?;
        let (sender, progress) = watch::channel(Progress::default());
        let follower = Follower {
            chain: chain.clone(),
            sealers: sealers.clone(),
            ledger: ledger.clone(),
            events,
            progress: sender,
            first: true,
        };
        let mut stage = Stage::new("venus-cluster");
        stage.spawn(follower.run(stage.token()));
        let inspector = Inspector {
            plan: plan.clone(),
            services: services.clone(),
            sealers: sealers.clone(),
            ledger: ledger.clone(),
            chain: chain.clone(),
            messager: messager.clone(),
        };
        let router = Server::new(access.guard()?)
            .with_info(CLUSTER, env!("CARGO_PKG_VERSION"))
            .route("/rpc/v0", <dyn ClusterApi>::methods(Arc::new(inspector.clone())))
            .into_router();
        let service = ports.serve(&mut stage, CLUSTER, offset::CLUSTER, router).await?;
        stages.push(stage);
        services.add(service)?;
        Ok(Self { home, stages, access, inspector, clock, progress, _lock: lock })
    }

    /// Stops all services in order. What they were doing is gone on with at the next start.
    ///
    /// # Errors
    ///
    /// None so far.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.inspector.sealers.clear();
        while let Some(stage) = self.stages.pop() {
            stage.end().await;
        }
        Ok(())
    }

    /// What counts towards goals, as of the last head.
    pub fn progress(&self) -> Progress {
        *self.progress.borrow()
    }

    /// Waits until a goal is reached.
    ///
    /// # Errors
    ///
    /// If the pool is being stopped.
    pub async fn reached(&self, goal: Goal) -> anyhow::Result<Progress> {
        let mut progress = self.progress.clone();
        match progress.wait_for(|progress| goal.is_reached(*progress)).await {
            Ok(reached) => Ok(*reached),
            Err(_) => bail!("the pool stopped before {goal}"),
        }
    }

    /// [`reached`](Self::reached), for a limited time.
    ///
    /// # Errors
    ///
    /// What was missing when the time was over.
    pub async fn reached_within(&self, goal: Goal, limit: Duration) -> anyhow::Result<Progress> {
        match tokio::time::timeout(limit, self.reached(goal)).await {
            Ok(reached) => reached,
            Err(_) => {
                bail!("not reached within {limit:?}: {}", goal.missing(self.progress()))
            }
        }
    }

    /// The home.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The pool at a glance.
    ///
    /// # Errors
    ///
    /// If a service does not answer.
    pub async fn status(&self) -> anyhow::Result<Status> {
        Ok(ClusterApi::status(&self.inspector).await?)
    }

    /// What it was started with.
    pub fn plan(&self) -> &Plan {
        &self.inspector.plan
    }

    /// Where the services are. Sealers come as their miners do.
    pub fn services(&self) -> Vec<Service> {
        self.inspector.services.all()
    }

    /// A client of the node, with all permissions.
    pub fn chain(&self) -> Arc<dyn ChainApi> {
        self.inspector.chain.clone()
    }

    /// A client of the messager, with all permissions.
    pub fn messager(&self) -> Arc<dyn MessagerApi> {
        self.inspector.messager.clone()
    }

    /// Hands messages to the messager.
    pub fn sink(&self) -> Arc<dyn MessageSink> {
        Arc::new(RemoteSink::new(self.messager()))
    }

    /// The clock of the chain.
    pub fn clock(&self) -> Arc<SharedClock> {
        self.clock.clone()
    }

    /// An administrator's token for all services.
    pub fn token(&self) -> &str {
        self.access.admin_token()
    }

    /// The new miners, as far as they are there.
    pub fn miners(&self) -> Vec<Address> {
        let all = self.inspector.sealers.all().into_iter();
        all.filter(|running| running.is_new).map(|running| running.sealer.miner()).collect()
    }

    /// Blocks of a miner on the canonical chain.
    pub fn wins(&self, miner: Address) -> u64 {
        self.inspector.ledger.wins(miner)
    }

    /// Accepted window PoSts of a miner: deadline, and height of the tipset with the message.
    pub fn window_posts(&self, miner: Address) -> Vec<(u64, i64)> {
        self.inspector
            .ledger
            .posts(miner)
            .into_iter()
            .map(|post| (post.deadline, post.epoch))
            .collect()
    }
}

/// Whose sealers there shall be.
fn owned(home: &Path, kept: &Kept, plan: &Plan) -> Vec<Owned> {
    let sealers = home.join("sealers");
    let genesis = Owned {
        account: "genesis".to_owned(),
        home: sealers.join("genesis"),
        offset: offset::SEALERS,
        worker: None,
        sectors: 0,
    };
    let new = (1u16..).zip(&kept.miner_keys).map(|(number, key)| Owned {
        account: format!("miner-{number}"),
        home: sealers.join(format!("miner-{number}")),
        offset: offset::SEALERS + number,
        worker: Some(*key),
        sectors: plan.sectors,
    });
    std::iter::once(genesis).chain(new).collect()
}
