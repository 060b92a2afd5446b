//! The sealer.

use std::sync::Arc;

use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;
use venus_core::{
    Address, ChainApi, MessageSink, ProofProvider, SectorId, SectorNumber, TipSetKey,
    auth::Guard,
    rpc::{self, Methods},
};

use crate::{
    Identity, MinerWinningProver, SealerApi, SealerBuilder, SealerError, context::Context,
    fsm::SectorRecord, handle, policy, post, storage::SectorStorage,
};

/// Seals, proves and keeps the sectors of one miner. Clones are the same sealer.
#[derive(Debug, Clone)]
pub struct Sealer {
    pub(crate) context: Arc<Context>,
    /// Sectors to be taken on; [`run`](Self::run) has the other end.
    queue: mpsc::UnboundedSender<SectorNumber>,
    queued: Arc<Mutex<mpsc::UnboundedReceiver<SectorNumber>>>,
    /// One number is given out at a time.
    numbering: Arc<Mutex<()>>,
}

impl Sealer {
    /// Begins to put a sealer together: the node, where messages go, and who proves.
    pub fn builder(
        chain: Arc<dyn ChainApi>,
        sink: Arc<dyn MessageSink>,
        prover: Arc<dyn ProofProvider>,
    ) -> SealerBuilder {
        SealerBuilder::new(chain, sink, prover)
    }

    pub(crate) fn new(context: Context) -> Self {
        let (queue, queued) = mpsc::unbounded_channel();
        Self {
            context: Arc::new(context),
            queue,
            queued: Arc::new(Mutex::new(queued)),
            numbering: Arc::default(),
        }
    }

    /// Whose sealer it is.
    pub fn identity(&self) -> &Identity {
        &self.context.identity
    }

    /// The miner, as ID address.
    pub fn miner(&self) -> Address {
        self.context.identity.miner
    }

    /// The storage paths; also the locator for provers.
    pub fn storage(&self) -> &Arc<SectorStorage> {
        &self.context.storage
    }

    /// Proves blocks of this miner, for gateways and for miners in the same process.
    pub fn winning_prover(&self) -> MinerWinningProver {
        MinerWinningProver::new(self.context.miner_id, Arc::clone(&self.context.prover))
    }

    /// The methods to serve on `/rpc/v0`.
    pub fn methods(&self) -> Methods {
        <dyn SealerApi>::methods(Arc::new(self.clone()))
    }

    /// The routes of the sealer, behind `guard`.
    pub fn router(&self, guard: impl Guard + 'static) -> axum::Router {
        rpc::Server::new(guard)
            .with_info("venus-sealer", env!("CARGO_PKG_VERSION"))
            .route("/rpc/v0", self.methods())
            .into_router()
    }

    /// Begins a sector without data. It is kept before this returns; [`run`](Self::run) seals it.
    pub async fn pledge(&self) -> Result<SectorId, SealerError> {
        let context = &self.context;
        // Room may come back by itself, a path that was never attached does not.
        context.storage.ready()?;
        let _one_at_a_time = self.numbering.lock().await;
        let call = context.chain.state_miner_allocated(context.miner(), TipSetKey::head());
        let allocated = context.ask("allocated sector numbers", call).await?;
        let mut number = context.store.next_number()?;
        while allocated.get(number) {
            number += 1;
        }
        let proof = policy::seal_proof(context.identity.window_proof)?;
        context.store.create(&SectorRecord::new(number, proof)).await?;
        tracing::info!(sector = number, "sector pledged");
        // Without `run` nobody listens, and `run` finds it in the store.
        let _ = self.queue.send(number);
        Ok(context.sector(number))
    }

    /// Seals and proves until `shutdown`. What is being done then is gone on with at the next
    /// start.
    pub async fn run(&self, shutdown: CancellationToken) -> Result<(), SealerError> {
        // Also if this future is dropped, the tasks must end and let go of the store.
        let _ends_tasks = self.context.shutdown.clone().drop_guard();
        let mut queued = self.queued.lock().await;
        let mut tasks = tokio::task::JoinSet::new();
        let mut known = std::collections::BTreeSet::new();
        for record in self.context.store.sectors()? {
            if known.insert(record.number) {
                tasks.spawn(drive(Arc::clone(&self.context), record.number));
            }
        }
        if !self.context.config.proving.disable_window_post {
            tasks.spawn(post::run(Arc::clone(&self.context)));
        }
        loop {
            tokio::select! {
                () = shutdown.cancelled() => break,
                Some(number) = queued.recv() => if known.insert(number) {
                    tasks.spawn(drive(Arc::clone(&self.context), number));
                },
                Some(ended) = tasks.join_next(), if !tasks.is_empty() => {
                    if let Err(error) = ended {
                        tracing::error!(%error, "a task of the sealer ended badly; restart it");
                    }
                }
            }
        }
        self.context.shutdown.cancel();
        tasks.shutdown().await;
        self.context.store.commit().await
    }
}

async fn drive(context: Arc<Context>, number: SectorNumber) {
    handle::drive(&context, number).await;
}
