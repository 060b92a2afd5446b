//! What the command line asks of a running sealer.

use std::collections::BTreeMap;

use async_trait::async_trait;
use venus_core::{
    Address, ExtendedSectorInfo, PoStProof, SectorId, SectorNumber, WinningProver, rpc::RpcError,
};

use crate::{
    Sealer,
    storage::{FsStat, PathMeta, StoragePath},
    view::{DeadlineSummary, SealerInfo, SectorStatus, SectorSummary},
};

venus_core::rpc_client! {
    /// Calls a sealer.
    pub struct SealerClient;
}

venus_core::rpc_interface! {
    /// What a sealer serves: method names of venus-sealer where it has one.
    pub trait SealerApi for SealerClient in "Filecoin" {
        /// Returns the miner.
        #[read]
        fn actor_address() -> Address = "ActorAddress";
        /// Begins a sector without data.
        #[write]
        fn pledge_sector() -> SectorId = "PledgeSector";
        /// Lists the sector numbers.
        #[read]
        fn sectors_list() -> Vec<SectorNumber> = "SectorsList";
        /// Counts the sectors by state.
        #[read]
        fn sectors_summary() -> BTreeMap<String, u64> = "SectorsSummary";
        /// Returns a sector; with `on_chain` as the chain has it too.
        #[read]
        fn sectors_status(number: SectorNumber, on_chain: bool) -> SectorStatus = "SectorsStatus";
        /// Lists the sectors with what matters; without `fast` the chain is asked too. Ours only.
        #[read]
        fn sectors_table(fast: bool) -> Vec<SectorSummary> = "SectorsTable";
        /// Returns the miner at a glance. Ours only.
        #[read]
        fn sealer_info() -> SealerInfo = "SealerInfo";
        /// Lists the deadlines with their partitions. Ours only.
        #[read]
        fn proving_deadlines() -> Vec<DeadlineSummary> = "ProvingDeadlines";
        /// Attaches a storage path that has its `sectorstore.json`.
        #[admin]
        fn storage_add_local(path: String) -> () = "StorageAddLocal";
        /// Lists the attached paths by id.
        #[admin]
        fn storage_local() -> BTreeMap<String, String> = "StorageLocal";
        /// Returns what a path is for.
        #[admin]
        fn storage_meta(id: uuid::Uuid) -> PathMeta = "StorageMeta";
        /// Returns the space of a path.
        #[admin]
        fn storage_stat(id: uuid::Uuid) -> FsStat = "StorageStat";
        /// Proves sectors for a block.
        #[read]
        fn compute_proof(sectors: Vec<ExtendedSectorInfo>, rand: venus_core::Bytes, epoch: i64, network_version: u32) -> Vec<PoStProof> = "ComputeProof";
    }
}

fn fail(error: impl std::error::Error) -> RpcError {
    RpcError::from_error(&error)
}

impl Sealer {
    fn path(&self, id: uuid::Uuid) -> Result<StoragePath, RpcError> {
        let path = self.storage().path(id);
        path.ok_or_else(|| RpcError::method(format!("no storage path {id}")))
    }
}

#[async_trait]
impl SealerApi for Sealer {
    async fn actor_address(&self) -> Result<Address, RpcError> {
        Ok(self.miner())
    }

    async fn pledge_sector(&self) -> Result<SectorId, RpcError> {
        // In a task of its own: a caller that hangs up must not leave half a sector.
        let this = self.clone();
        let pledged = tokio::spawn(async move { this.pledge().await }).await;
        pledged.map_err(fail)?.map_err(fail)
    }

    async fn sectors_list(&self) -> Result<Vec<SectorNumber>, RpcError> {
        let sectors = self.context.store.sectors().map_err(fail)?;
        Ok(sectors.into_iter().map(|record| record.number).collect())
    }

    async fn sectors_summary(&self) -> Result<BTreeMap<String, u64>, RpcError> {
        let states = Sealer::sectors_summary(self).map_err(fail)?;
        Ok(states.into_iter().map(|(state, count)| (state.to_string(), count)).collect())
    }

    async fn sectors_status(
        &self,
        number: SectorNumber,
        on_chain: bool,
    ) -> Result<SectorStatus, RpcError> {
        self.sector(number, on_chain).await.map_err(fail)
    }

    async fn sectors_table(&self, fast: bool) -> Result<Vec<SectorSummary>, RpcError> {
        self.sectors(fast).await.map_err(fail)
    }

    async fn sealer_info(&self) -> Result<SealerInfo, RpcError> {
        self.info().await.map_err(fail)
    }

    async fn proving_deadlines(&self) -> Result<Vec<DeadlineSummary>, RpcError> {
        self.deadlines().await.map_err(fail)
    }

    async fn storage_add_local(&self, path: String) -> Result<(), RpcError> {
        let StoragePath { meta, root } =
            self.storage().attach(path.as_ref(), None).map_err(fail)?;
        tracing::info!(id = %meta.id, path = %root.display(), "storage path attached");
        Ok(())
    }

    async fn storage_local(&self) -> Result<BTreeMap<String, String>, RpcError> {
        let line = |path: StoragePath| (path.meta.id.to_string(), path.root.display().to_string());
        Ok(self.storage().paths().into_iter().map(line).collect())
    }

    async fn storage_meta(&self, id: uuid::Uuid) -> Result<PathMeta, RpcError> {
        Ok(self.path(id)?.meta)
    }

    async fn storage_stat(&self, id: uuid::Uuid) -> Result<FsStat, RpcError> {
        let path = self.path(id)?;
        let measured = tokio::task::spawn_blocking(move || path.stat()).await;
        measured.map_err(fail)?.map_err(fail)
    }

    async fn compute_proof(
        &self,
        sectors: Vec<ExtendedSectorInfo>,
        rand: venus_core::Bytes,
        epoch: i64,
        network_version: u32,
    ) -> Result<Vec<PoStProof>, RpcError> {
        let rand = rand.as_slice().try_into();
        let rand = rand.map_err(|_| RpcError::method("randomness must have 32 bytes"))?;
        let prover = self.winning_prover();
        prover
            .winning_post(self.context.miner_id, &sectors, rand, epoch, network_version)
            .await
            .map_err(fail)
    }
}
