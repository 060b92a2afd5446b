//! The gateway: providers (wallets, provers) listen, the pool's services call.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    Address, Bytes, ExtendedSectorInfo, MsgMeta, NodeVersion, PoStProof, Signature, null_as_default,
};

/// What a provider is asked to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct RequestEvent {
    /// Names the request in the answer.
    pub id: uuid::Uuid,
    /// `InitConnect`, `WalletList`, `WalletSign`, `ComputeProof`, ..
    pub method: String,
    /// JSON, as bytes.
    #[serde(default)]
    pub payload: Bytes,
}

/// What a provider answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ResponseEvent {
    /// The request's.
    pub id: uuid::Uuid,
    /// JSON, as bytes.
    #[serde(default)]
    pub payload: Bytes,
    /// Not empty: the request failed.
    #[serde(default)]
    pub error: String,
}

/// Payload of `InitConnect`: the registration is complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ConnectedCompleted {
    /// Names the connection in later calls. Gateways of 2021 called it `Channel`.
    #[serde(alias = "Channel")]
    pub channel_id: uuid::Uuid,
}

/// Registers a prover.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ProofRegisterPolicy {
    /// For which miner it proves.
    pub miner_address: Address,
}

/// Registers a wallet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct WalletRegisterPolicy {
    /// For which accounts it signs, besides its own.
    #[serde(default, deserialize_with = "null_as_default")]
    pub support_accounts: Vec<String>,
    /// Random bytes of the wallet, mixed into the proof that it has its keys.
    #[serde(default)]
    pub sign_bytes: Bytes,
}

/// Payload of `ComputeProof`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ComputeProofRequest {
    /// What to prove.
    #[serde(default, deserialize_with = "null_as_default")]
    pub sector_infos: Vec<ExtendedSectorInfo>,
    /// As drawn; the prover masks it.
    #[serde(default)]
    pub rand: Bytes,
    /// The epoch.
    #[serde(default)]
    pub height: i64,
    /// The network version.
    #[serde(rename = "NWVersion", default)]
    pub nw_version: u32,
}

/// Payload of `WalletSign`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct WalletSignRequest {
    /// Whose key.
    pub signer: Address,
    /// Over what.
    pub to_sign: Bytes,
    /// What for.
    pub meta: MsgMeta,
}

/// A connection of a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ConnectState {
    /// A wallet's addresses; none for provers.
    #[serde(default)]
    pub addrs: Option<BTreeSet<Address>>,
    /// Its name.
    pub channel_id: uuid::Uuid,
    /// The peer.
    pub ip: String,
    /// Requests queued for it and not yet sent.
    pub request_count: usize,
    /// Since when.
    pub create_time: chrono::DateTime<chrono::Utc>,
}

/// The provers of a miner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MinerState {
    /// Each.
    #[serde(default, deserialize_with = "null_as_default")]
    pub connections: Vec<ConnectState>,
    /// How many.
    pub connection_count: usize,
}

/// The connections of a wallet account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct WalletDetail {
    /// The account.
    pub account: String,
    /// For whom it signs.
    #[serde(default, deserialize_with = "null_as_default")]
    pub support_accounts: BTreeSet<String>,
    /// Each connection.
    #[serde(default, deserialize_with = "null_as_default")]
    pub connect_states: Vec<ConnectState>,
}

crate::rpc_client! {
    /// Calls a gateway (API v2).
    pub struct GatewayClient;
}

crate::rpc_interface! {
    /// What services call: signatures and proofs of whoever is connected.
    pub trait GatewayCalls for GatewayClient in "Gateway" {
        /// Returns the gateway's version.
        #[read]
        fn version() -> NodeVersion = "Version";
        /// Tells whether a wallet that supports one of the accounts has the address.
        #[admin]
        fn wallet_has(address: Address, accounts: Vec<String>) -> bool = "WalletHas";
        /// Has a wallet that supports one of the accounts sign.
        #[admin]
        fn wallet_sign(address: Address, accounts: Vec<String>, to_sign: Bytes, meta: MsgMeta) -> Signature = "WalletSign";
        /// Lists the wallets.
        #[admin]
        fn list_wallet_info() -> Vec<WalletDetail> = "ListWalletInfo";
        /// Returns the wallet of an account.
        #[admin]
        fn list_wallet_info_by_wallet(account: String) -> WalletDetail = "ListWalletInfoByWallet";
        /// Has a prover of the miner prove sectors for a block.
        #[admin]
        fn compute_proof(miner: Address, sectors: Vec<ExtendedSectorInfo>, rand: Bytes, height: i64, network_version: u32) -> Vec<PoStProof> = "ComputeProof";
        /// Lists the miners with provers.
        #[admin]
        fn list_connected_miners() -> Vec<Address> = "ListConnectedMiners";
        /// Returns the provers of a miner.
        #[admin]
        fn list_miner_connection(miner: Address) -> MinerState = "ListMinerConnection";
    }
}

crate::rpc_interface! {
    /// What providers call: register, and answer what they are asked.
    pub trait GatewayProviders for GatewayClient in "Gateway" {
        /// Registers a wallet and streams what it is asked.
        #[read]
        stream listen_wallet_event(policy: WalletRegisterPolicy) -> RequestEvent = "ListenWalletEvent";
        /// Answers.
        #[read]
        fn response_wallet_event(response: ResponseEvent) -> () = "ResponseWalletEvent";
        /// Signs for one more account.
        #[read]
        fn support_new_account(channel: uuid::Uuid, account: String) -> () = "SupportNewAccount";
        /// Has more keys.
        #[read]
        fn add_new_address(channel: uuid::Uuid, addresses: Vec<Address>) -> () = "AddNewAddress";
        /// Has keys no longer.
        #[read]
        fn remove_address(channel: uuid::Uuid, addresses: Vec<Address>) -> () = "RemoveAddress";
        /// Registers a prover and streams what it is asked.
        #[read]
        stream listen_proof_event(policy: ProofRegisterPolicy) -> RequestEvent = "ListenProofEvent";
        /// Answers.
        #[read]
        fn response_proof_event(response: ResponseEvent) -> () = "ResponseProofEvent";
    }
}
