//! Registration at a gateway.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use venus_core::{
    Address, Bytes, ExtendedSectorInfo, PoStProof, RegisteredSealProof, WinningProver,
    api::gateway::{
        ComputeProofRequest, GatewayProviders, ProofRegisterPolicy, RequestEvent, ResponseEvent,
        WalletRegisterPolicy,
    },
    proof::ProofError,
    rpc::{RpcError, RpcStream},
};
use venus_sealer::{MinerWinningProver, gateway::serve_proofs};

use crate::world::{MINER, World, sealed_cid};

/// A gateway that asks its questions in each registration, then hangs up.
#[derive(Debug, Default)]
struct Gateway {
    questions: Vec<RequestEvent>,
    registrations: Mutex<Vec<Address>>,
    answers: Mutex<Vec<ResponseEvent>>,
}

#[async_trait]
impl GatewayProviders for Gateway {
    async fn listen_proof_event(
        &self,
        policy: ProofRegisterPolicy,
    ) -> Result<RpcStream<RequestEvent>, RpcError> {
        self.registrations.lock().unwrap().push(policy.miner_address);
        let questions = futures::stream::iter(self.questions.clone());
        let hang_up = futures::stream::once(async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            RequestEvent { id: Uuid::nil(), method: "Bye".into(), payload: Bytes::default() }
        });
        Ok(Box::pin(futures::StreamExt::chain(questions, hang_up)))
    }

    async fn response_proof_event(&self, response: ResponseEvent) -> Result<(), RpcError> {
        self.answers.lock().unwrap().push(response);
        Ok(())
    }

    async fn listen_wallet_event(
        &self,
        _: WalletRegisterPolicy,
    ) -> Result<RpcStream<RequestEvent>, RpcError> {
        Err(RpcError::method("no wallets here"))
    }

    async fn response_wallet_event(&self, _: ResponseEvent) -> Result<(), RpcError> {
        Err(RpcError::method("no wallets here"))
    }

    async fn support_new_account(&self, _: Uuid, _: String) -> Result<(), RpcError> {
        Err(RpcError::method("no wallets here"))
    }

    async fn add_new_address(&self, _: Uuid, _: Vec<Address>) -> Result<(), RpcError> {
        Err(RpcError::method("no wallets here"))
    }

    async fn remove_address(&self, _: Uuid, _: Vec<Address>) -> Result<(), RpcError> {
        Err(RpcError::method("no wallets here"))
    }
}

fn sector() -> ExtendedSectorInfo {
    ExtendedSectorInfo {
        seal_proof: RegisteredSealProof::StackedDRG2KiBV1P1,
        sector_number: 7,
        sector_key: None,
        sealed_cid: sealed_cid(7, b""),
    }
}

fn question(n: u8, sector_infos: Vec<ExtendedSectorInfo>) -> RequestEvent {
    let request = ComputeProofRequest {
        sector_infos,
        rand: Bytes(vec![1; 32]),
        height: 1000,
        nw_version: 28,
    };
    let payload = serde_json::to_vec(&request).unwrap().into();
    RequestEvent { id: Uuid::from_bytes([n; 16]), method: "ComputeProof".into(), payload }
}

#[tokio::test]
async fn requests_are_answered_and_a_lost_registration_is_made_again() {
    let channel = format!("{{\"ChannelId\":\"{}\"}}", Uuid::nil());
    let connect = RequestEvent {
        id: Uuid::nil(),
        method: "InitConnect".into(),
        payload: channel.into_bytes().into(),
    };
    let questions = vec![connect, question(1, vec![sector()]), question(2, Vec::new())];
    let gateway = Arc::new(Gateway { questions, ..Gateway::default() });
    let prover = Arc::new(MinerWinningProver::new(1000, Arc::new(World::at(1))));
    let stop = CancellationToken::new();
    let serving = tokio::spawn(serve_proofs(
        gateway.clone(),
        MINER,
        prover,
        Duration::from_secs(5),
        stop.clone(),
    ));
    tokio::time::sleep(Duration::from_millis(1300)).await;
    stop.cancel();
    serving.await.unwrap();
    assert_eq!(*gateway.registrations.lock().unwrap(), [MINER; 2]);
    let answers = gateway.answers.lock().unwrap();
    let proven = answers.iter().find(|a| a.id == Uuid::from_bytes([1; 16])).unwrap();
    let proofs: Vec<PoStProof> = serde_json::from_slice(&proven.payload).unwrap();
    assert_eq!(proofs[0].proof_bytes, Bytes(vec![7; 192]));
    assert!(proven.error.is_empty());
    let refused = answers.iter().find(|a| a.id == Uuid::from_bytes([2; 16])).unwrap();
    assert!(refused.payload.is_empty());
    assert!(refused.error.contains("must provide sectors for winning post"), "{}", refused.error);
}

#[tokio::test]
async fn blocks_of_other_miners_are_not_proven() {
    let prover = MinerWinningProver::new(1000, Arc::new(World::at(1)));
    let refused = prover.winning_post(1001, &[sector()], [1; 32], 5, 28).await;
    assert!(matches!(refused, Err(ProofError::Invalid { what: "miner", .. })), "{refused:?}");
    let made = prover.winning_post(1000, &[sector()], [1; 32], 5, 28).await.unwrap();
    assert_eq!(made.len(), 1);
}
