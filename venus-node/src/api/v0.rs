//! The old interface: that of v1 but for a few methods.

use venus_core::{
    ChainEpoch, Cid, MsgLookup, NodeVersion, PreCommitOnChainInfo, SectorNumber, TipSetKey,
    auth::Permission,
    chain_api::{MinerState, NetworkApi, StateReader},
    rpc::{MethodDescription, Methods, RpcError},
};

use crate::service::Node;

/// 1.5.128, the version of the old interface.
const API_VERSION: u32 = 66_816;
/// Epochs to look back where the old calls say nothing.
const NO_LIMIT: ChainEpoch = -1;

fn read(name: &str) -> MethodDescription {
    MethodDescription::new(format!("Filecoin.{name}"), Permission::Read)
}

pub(crate) fn methods(node: &Node) -> Methods {
    let (version, search, wait) = (node.clone(), node.clone(), node.clone());
    let precommit = node.clone();
    node.methods_v1()
        .with_call(read("Version"), move |(): ()| {
            let node = version.clone();
            async move {
                let version = node.version().await?;
                Ok::<_, RpcError>(NodeVersion { api_version: API_VERSION, ..version })
            }
        })
        .with_call(read("StateSearchMsg"), move |(message,): (Cid,)| {
            let node = search.clone();
            async move {
                let found: Option<MsgLookup> =
                    node.state_search_msg(TipSetKey::head(), message, NO_LIMIT, true).await?;
                Ok(found)
            }
        })
        .with_call(read("StateWaitMsg"), move |(message, confidence): (Cid, u64)| {
            let node = wait.clone();
            async move { node.state_wait_msg(message, confidence, NO_LIMIT, true).await }
        })
        .with_call(
            read("StateSectorPreCommitInfo"),
            move |(miner, sector, tsk): (venus_core::Address, SectorNumber, TipSetKey)| {
                let node = precommit.clone();
                async move {
                    let found: Option<PreCommitOnChainInfo> =
                        node.state_sector_pre_commit_info(miner, sector, tsk).await?;
                    found.ok_or_else(|| RpcError::method("precommit info does not exist"))
                }
            },
        )
}
