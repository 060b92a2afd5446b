//! Registration at gateways: answers their requests for winning PoSts.

use std::{sync::Arc, time::Duration};

use futures::StreamExt;
use tokio_util::sync::CancellationToken;
use venus_core::{
    Address, Bytes, WinningProver,
    api::gateway::{
        ComputeProofRequest, ConnectedCompleted, GatewayProviders, ProofRegisterPolicy,
        RequestEvent, ResponseEvent,
    },
    with_causes,
};

use crate::{SealerError, context::ask};

/// Between a lost registration and the next.
const RECONNECT: Duration = Duration::from_secs(1);

/// Answers a gateway's requests for a miner's winning PoSts until `shutdown`; registers again
/// whenever the connection is lost.
pub async fn serve_proofs(
    gateway: Arc<dyn GatewayProviders>,
    miner: Address,
    prover: Arc<dyn WinningProver>,
    timeout: Duration,
    shutdown: CancellationToken,
) {
    let register_for_ever = async {
        loop {
            match register(&gateway, miner, &prover, timeout).await {
                Ok(()) => tracing::warn!(%miner, "gateway closed the registration; again"),
                Err(error) => {
                    let error = with_causes(&error);
                    tracing::warn!(%miner, error, "not registered at the gateway; trying again");
                }
            }
            tokio::time::sleep(RECONNECT).await;
        }
    };
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = register_for_ever => {}
    }
}

async fn register(
    gateway: &Arc<dyn GatewayProviders>,
    miner: Address,
    prover: &Arc<dyn WinningProver>,
    timeout: Duration,
) -> Result<(), SealerError> {
    let policy = ProofRegisterPolicy { miner_address: miner };
    let mut requests =
        ask(timeout, "a registration at the gateway", gateway.listen_proof_event(policy)).await?;
    // Proofs that a lost connection asked for are of no use to the next.
    let mut answers = tokio::task::JoinSet::new();
    while let Some(request) = requests.next().await {
        while answers.try_join_next().is_some() {}
        match request.method.as_str() {
            "InitConnect" => {
                let channel = serde_json::from_slice::<ConnectedCompleted>(&request.payload)
                    .map(|c| c.channel_id.to_string())
                    .unwrap_or_default();
                tracing::info!(%miner, channel, "registered at the gateway");
            }
            _ => {
                let (gateway, prover) = (Arc::clone(gateway), Arc::clone(prover));
                answers.spawn(answer(gateway, miner, prover, timeout, request));
            }
        }
    }
    Ok(())
}

async fn answer(
    gateway: Arc<dyn GatewayProviders>,
    miner: Address,
    prover: Arc<dyn WinningProver>,
    timeout: Duration,
    request: RequestEvent,
) {
    let result = match request.method.as_str() {
        "ComputeProof" => prove(miner, &prover, &request.payload).await,
        other => Err(format!("a sealer does not serve {other}")),
    };
    let response = match result {
        Ok(payload) => ResponseEvent { id: request.id, payload, error: String::new() },
        Err(error) => {
            tracing::error!(%miner, error, "winning PoSt failed");
            ResponseEvent { id: request.id, payload: Bytes::default(), error }
        }
    };
    let sent = ask(timeout, "an answer to be taken", gateway.response_proof_event(response)).await;
    if let Err(error) = sent {
        tracing::error!(%miner, error = %with_causes(&error), "winning PoSt not handed over");
    }
}

async fn prove(
    miner: Address,
    prover: &Arc<dyn WinningProver>,
    payload: &[u8],
) -> Result<Bytes, String> {
    let request: ComputeProofRequest =
        serde_json::from_slice(payload).map_err(|e| format!("the request is unreadable: {e}"))?;
    let rand = request.rand.as_slice().try_into();
    let rand = rand.map_err(|_| format!("{} bytes of randomness", request.rand.len()))?;
    let miner = miner.as_id().ok_or_else(|| format!("{miner} is no ID address"))?;
    let proofs = prover
        .winning_post(miner, &request.sector_infos, rand, request.height, request.nw_version)
        .await
        .map_err(|error| with_causes(&error))?;
    serde_json::to_vec(&proofs).map(Bytes).map_err(|e| e.to_string())
}
