//! The gateway's methods.

use async_trait::async_trait;
use uuid::Uuid;
use venus_core::{
    Address, Bytes, ExtendedSectorInfo, MsgMeta, NodeVersion, PoStProof, Signature,
    api::gateway::{
        ComputeProofRequest, GatewayCalls, GatewayProviders, MinerState, ProofRegisterPolicy,
        RequestEvent, ResponseEvent, WalletDetail, WalletRegisterPolicy,
    },
    auth::{Permission, current_caller},
    rpc::{MethodDescription, Methods, RpcError, RpcStream},
};

use crate::Gateway;

#[async_trait]
impl GatewayCalls for Gateway {
    async fn version(&self) -> Result<NodeVersion, RpcError> {
        Ok(NodeVersion { version: env!("CARGO_PKG_VERSION").into(), api_version: 0 })
    }

    async fn wallet_has(&self, address: Address, accounts: Vec<String>) -> Result<bool, RpcError> {
        Ok(self.wallets.has(address, &accounts))
    }

    async fn wallet_sign(
        &self,
        address: Address,
        accounts: Vec<String>,
        to_sign: Bytes,
        meta: MsgMeta,
    ) -> Result<Signature, RpcError> {
        self.wallets.sign(address, &accounts, to_sign, meta).await
    }

    async fn list_wallet_info(&self) -> Result<Vec<WalletDetail>, RpcError> {
        Ok(self.wallets.list())
    }

    async fn list_wallet_info_by_wallet(&self, account: String) -> Result<WalletDetail, RpcError> {
        self.wallets.get(&account)
    }

    async fn compute_proof(
        &self,
        miner: Address,
        sector_infos: Vec<ExtendedSectorInfo>,
        rand: Bytes,
        height: i64,
        nw_version: u32,
    ) -> Result<Vec<PoStProof>, RpcError> {
        let request = ComputeProofRequest { sector_infos, rand, height, nw_version };
        self.provers.compute(miner, request).await
    }

    async fn list_connected_miners(&self) -> Result<Vec<Address>, RpcError> {
        Ok(self.provers.list())
    }

    async fn list_miner_connection(&self, miner: Address) -> Result<MinerState, RpcError> {
        self.provers.get(miner)
    }
}

#[async_trait]
impl GatewayProviders for Gateway {
    async fn listen_wallet_event(
        &self,
        policy: WalletRegisterPolicy,
    ) -> Result<RpcStream<RequestEvent>, RpcError> {
        self.wallets.listen(account("ListenWalletEvent")?, policy).await
    }

    async fn response_wallet_event(&self, response: ResponseEvent) -> Result<(), RpcError> {
        self.wallets.respond(response)
    }

    async fn support_new_account(&self, channel: Uuid, supported: String) -> Result<(), RpcError> {
        self.wallets.support(&account("SupportNewAccount")?, channel, supported).await
    }

    async fn add_new_address(
        &self,
        channel: Uuid,
        addresses: Vec<Address>,
    ) -> Result<(), RpcError> {
        self.wallets.add_addresses(&account("AddNewAddress")?, channel, addresses).await
    }

    async fn remove_address(&self, channel: Uuid, addresses: Vec<Address>) -> Result<(), RpcError> {
        self.wallets.remove_addresses(&account("RemoveAddress")?, channel, &addresses)
    }

    async fn listen_proof_event(
        &self,
        policy: ProofRegisterPolicy,
    ) -> Result<RpcStream<RequestEvent>, RpcError> {
        self.provers.listen(account("ListenProofEvent")?, policy).await
    }

    async fn response_proof_event(&self, response: ResponseEvent) -> Result<(), RpcError> {
        self.provers.respond(response)
    }
}

/// The account of the request's token, by which everything of a provider is filed.
fn account(method: &str) -> Result<String, RpcError> {
    match current_caller() {
        Some(caller) if !caller.name.is_empty() => Ok(caller.name),
        _ => {
            Err(RpcError::method(format!("unable to get account name in method {method} request")))
        }
    }
}

/// API v1 names one account, before the address.
pub(crate) fn with_v1_wallet_methods(methods: Methods, gateway: &Gateway) -> Methods {
    let (has, sign) = (gateway.clone(), gateway.clone());
    methods
        .with_call(
            MethodDescription {
                docs: "Tells whether a wallet that supports the account has the address.",
                params: &[("account", "String"), ("address", "Address")],
                result: "bool",
                ..MethodDescription::new("Gateway.WalletHas", Permission::Admin)
            },
            move |(account, address): (String, Address)| {
                let gateway = has.clone();
                async move { gateway.wallet_has(address, vec![account]).await }
            },
        )
        .with_call(
            MethodDescription {
                docs: "Has a wallet that supports the account sign.",
                params: &[
                    ("account", "String"),
                    ("address", "Address"),
                    ("to_sign", "Bytes"),
                    ("meta", "MsgMeta"),
                ],
                result: "Signature",
                ..MethodDescription::new("Gateway.WalletSign", Permission::Admin)
            },
            move |(account, address, to_sign, meta): (String, Address, Bytes, MsgMeta)| {
                let gateway = sign.clone();
                async move { gateway.wallet_sign(address, vec![account], to_sign, meta).await }
            },
        )
}
