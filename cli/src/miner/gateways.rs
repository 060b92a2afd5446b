//! Several gateways as one signer and one prover.

use std::sync::Arc;

use async_trait::async_trait;
use venus_core::{
    Address, ChainEpoch, ExtendedSectorInfo, MsgMeta, PoStProof, ProofError, SignError, Signature,
    Signer, WinningProver,
    api::gateway::{GatewayCalls, GatewayClient},
    auth::SignerBindings,
    rpc::RpcError,
};
use venus_gateway::{GatewayProver, GatewaySigner};

use super::config::Gateways;
use crate::peers;

/// The gateways in their order: a wallet or prover may be connected to any of them.
#[derive(Debug, Clone)]
pub(super) struct Pool {
    signers: Vec<GatewaySigner>,
    provers: Vec<GatewayProver>,
}

impl Pool {
    pub(super) fn new(
        gateways: &Gateways,
        accounts: Arc<dyn SignerBindings>,
    ) -> anyhow::Result<Self> {
        let (mut signers, mut provers) = (Vec::new(), Vec::new());
        for url in &gateways.urls {
            let client = peers::client("a gateway", url, &gateways.token, 2, "`gateway.urls`")?;
            let gateway: Arc<dyn GatewayCalls> = Arc::new(GatewayClient::from(client));
            signers.push(GatewaySigner::new(Arc::clone(&gateway), Arc::clone(&accounts)));
            provers.push(GatewayProver::new(gateway));
        }
        Ok(Self { signers, provers })
    }
}

#[async_trait]
impl Signer for Pool {
    async fn addresses(&self) -> Result<Vec<Address>, SignError> {
        let mut all = std::collections::BTreeSet::new();
        for signer in &self.signers {
            all.extend(signer.addresses().await?);
        }
        Ok(all.into_iter().collect())
    }

    async fn sign(&self, by: Address, bytes: &[u8], meta: MsgMeta) -> Result<Signature, SignError> {
        let mut failed = SignError::UnknownKey(by);
        for signer in &self.signers {
            match signer.sign(by, bytes, meta.clone()).await {
                Ok(signature) => return Ok(signature),
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }

    async fn has(&self, address: Address) -> Result<bool, SignError> {
        let mut answer = Ok(false);
        for signer in &self.signers {
            match signer.has(address).await {
                Ok(true) => return Ok(true),
                Ok(false) => {}
                Err(error) => answer = Err(error),
            }
        }
        answer
    }
}

#[async_trait]
impl WinningProver for Pool {
    async fn winning_post(
        &self,
        miner: u64,
        sectors: &[ExtendedSectorInfo],
        randomness: [u8; 32],
        epoch: ChainEpoch,
        network_version: u32,
    ) -> Result<Vec<PoStProof>, ProofError> {
        let mut failed = ProofError::from(RpcError::method("no gateway is configured"));
        for prover in &self.provers {
            match prover.winning_post(miner, sectors, randomness, epoch, network_version).await {
                Ok(proofs) => return Ok(proofs),
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }
}
