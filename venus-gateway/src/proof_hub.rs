//! Provers: who proves for which miner.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use uuid::Uuid;
use venus_core::{
    Address, PoStProof,
    api::gateway::{
        ComputeProofRequest, ConnectedCompleted, MinerState, ProofRegisterPolicy, RequestEvent,
        ResponseEvent,
    },
    auth::AuthApi,
    rpc::{RpcError, RpcStream},
};

use crate::switch::{Connection, Switch};

/// All connected provers.
#[derive(Debug, Clone)]
pub(crate) struct ProofHub {
    miners: Arc<Mutex<BTreeMap<Address, HashMap<Uuid, Connection>>>>,
    switch: Switch,
    auth: Arc<dyn AuthApi>,
}

impl ProofHub {
    pub(crate) fn new(switch: Switch, auth: Arc<dyn AuthApi>) -> Self {
        Self { miners: Arc::default(), switch, auth }
    }

    fn miners(&self) -> MutexGuard<'_, BTreeMap<Address, HashMap<Uuid, Connection>>> {
        self.miners.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) async fn listen(
        &self,
        account: String,
        policy: ProofRegisterPolicy,
    ) -> Result<RpcStream<RequestEvent>, RpcError> {
        let miner = policy.miner_address;
        let failed = |why: String| RpcError::method(format!("verify miner:{miner} failed:{why}"));
        match self.auth.miner_exists_in_user(&account, miner).await {
            Ok(true) => {}
            Ok(false) => {
                return Err(failed(format!(
                    "miner:{miner} not exist in user:{account}, please bind it on 'sophon-auth'"
                )));
            }
            Err(e) => {
                return Err(failed(format!(
                    "check miner({miner}) exist in user({account}), failed:{e}"
                )));
            }
        }
        let (connection, stream) = self.switch.connect();
        let id = connection.id;
        self.miners().entry(miner).or_default().insert(id, connection.clone());
        let hub = self.clone();
        tokio::spawn(async move {
            let completed = ConnectedCompleted { channel_id: id };
            match hub.switch.notify(&connection, "InitConnect", &completed).await {
                Ok(()) => tracing::info!(%miner, account, channel = %id, "prover registered"),
                Err(error) => tracing::warn!(%miner, account, %error, "prover not registered"),
            }
            connection.closed().await;
            hub.remove(miner, id);
            tracing::info!(%miner, account, channel = %id, "prover disconnected");
        });
        Ok(stream)
    }

    fn remove(&self, miner: Address, id: Uuid) {
        let mut miners = self.miners();
        if let Some(connections) = miners.get_mut(&miner) {
            connections.remove(&id);
            if connections.is_empty() {
                miners.remove(&miner);
            }
        }
    }

    pub(crate) fn respond(&self, response: ResponseEvent) -> Result<(), RpcError> {
        self.switch.respond(response)
    }

    pub(crate) async fn compute(
        &self,
        miner: Address,
        request: ComputeProofRequest,
    ) -> Result<Vec<PoStProof>, RpcError> {
        let candidates = self.of(miner);
        if candidates.is_empty() {
            return Err(RpcError::method(format!("no connections for this miner {miner}")));
        }
        // Go writes an empty list as null.
        let proofs: Option<_> =
            self.switch.request(candidates, "ComputeProof", Some(&request)).await?;
        Ok(proofs.unwrap_or_default())
    }

    /// The connections that are alive: one that broke may not have been removed yet.
    fn of(&self, miner: Address) -> Vec<Connection> {
        let miners = self.miners();
        let connections = miners.get(&miner).into_iter().flat_map(HashMap::values);
        connections.filter(|connection| !connection.is_closed()).cloned().collect()
    }

    pub(crate) fn list(&self) -> Vec<Address> {
        let miners = self.miners();
        let alive = miners.iter().filter(|(_, of)| of.values().any(|c| !c.is_closed()));
        alive.map(|(miner, _)| *miner).collect()
    }

    pub(crate) fn get(&self, miner: Address) -> Result<MinerState, RpcError> {
        let connections = self.of(miner);
        if connections.is_empty() {
            return Err(RpcError::method(format!("miner {miner} not exit")));
        }
        Ok(MinerState {
            connections: connections.iter().map(Connection::state).collect(),
            connection_count: connections.len(),
        })
    }
}
