//! The chain, actors and the network.

use std::collections::BTreeMap;

use async_trait::async_trait;
use futures::{StreamExt, channel::mpsc};
use venus_core::{
    Actor, Address, ApiMessage, BigInt, BlockHeader, BlockMessages, Bytes, ChainEpoch, Cid,
    HeadChange, HeadChangeType, InvocResult, Message, MsgLookup, NetworkParams, NodeVersion,
    Receipt, SignedMessage, TipSet, TipSetKey, TokenAmount,
    chain_api::{ChainReader, HeadStream, NetworkApi, StateReader},
    rpc::{RpcError, RpcStream},
};

use super::{ScriptedNode, receipt, unscripted::unscripted};

/// The code of accounts in v18 of the actors.
const ACCOUNT: &str = "bafk2bzacedpmhtrp2kdjoga2phrbi3f7z7wn25s3tluxoagcu7hsg2ppktxbw";

fn api_message(signed: &SignedMessage) -> ApiMessage {
    ApiMessage { cid: signed.cid(), message: signed.message.clone() }
}

#[async_trait]
impl ChainReader for ScriptedNode {
    async fn chain_head(&self) -> Result<TipSet, RpcError> {
        Ok(self.called("ChainHead")?.head().tipset.clone())
    }

    async fn chain_get_tipset(&self, tsk: TipSetKey) -> Result<TipSet, RpcError> {
        Ok(self.called("ChainGetTipSet")?.entry(&tsk)?.tipset.clone())
    }

    async fn chain_get_tipset_by_height(
        &self,
        height: ChainEpoch,
        tsk: TipSetKey,
    ) -> Result<TipSet, RpcError> {
        let state = self.called("ChainGetTipSetByHeight")?;
        let found = state.ancestors(&tsk).find(|entry| entry.tipset.height() <= height);
        found.map(|entry| entry.tipset.clone()).ok_or_else(|| RpcError::method("no tipset"))
    }

    async fn chain_get_parent_messages(&self, block: Cid) -> Result<Vec<ApiMessage>, RpcError> {
        let state = self.called("ChainGetParentMessages")?;
        Ok(state.parent_messages(block)?.iter().map(api_message).collect())
    }

    async fn chain_get_parent_receipts(&self, block: Cid) -> Result<Vec<Receipt>, RpcError> {
        let state = self.called("ChainGetParentReceipts")?;
        let messages = state.parent_messages(block)?.iter();
        Ok(messages.skip(state.lost_receipts).map(|signed| receipt(&signed.message)).collect())
    }

    async fn chain_get_messages_in_tipset(
        &self,
        tsk: TipSetKey,
    ) -> Result<Vec<ApiMessage>, RpcError> {
        let state = self.called("ChainGetMessagesInTipset")?;
        Ok(state.entry(&tsk)?.messages.iter().map(api_message).collect())
    }

    async fn chain_get_path(
        &self,
        from: TipSetKey,
        to: TipSetKey,
    ) -> Result<Vec<HeadChange>, RpcError> {
        let state = self.called("ChainGetPath")?;
        let (mut old, mut new) = (state.entry(&from)?, state.entry(&to)?);
        let (mut reverts, mut applies) = (Vec::new(), Vec::new());
        while old.tipset != new.tipset {
            if old.tipset.height() > new.tipset.height() {
                let val = old.tipset.clone();
                reverts.push(HeadChange { r#type: HeadChangeType::Revert, val });
                old = state.entry(&old.tipset.parents())?;
            } else {
                let val = new.tipset.clone();
                applies.push(HeadChange { r#type: HeadChangeType::Apply, val });
                new = state.entry(&new.tipset.parents())?;
            }
        }
        applies.reverse();
        Ok([reverts, applies].concat())
    }

    async fn chain_get_genesis(&self) -> Result<TipSet, RpcError> {
        unscripted("ChainGetGenesis")
    }
    async fn chain_get_tipset_after_height(
        &self,
        _: ChainEpoch,
        _: TipSetKey,
    ) -> Result<TipSet, RpcError> {
        unscripted("ChainGetTipSetAfterHeight")
    }
    async fn chain_get_block(&self, _: Cid) -> Result<BlockHeader, RpcError> {
        unscripted("ChainGetBlock")
    }
    async fn chain_get_block_messages(&self, _: Cid) -> Result<BlockMessages, RpcError> {
        unscripted("ChainGetBlockMessages")
    }
    async fn chain_get_message(&self, _: Cid) -> Result<Message, RpcError> {
        unscripted("ChainGetMessage")
    }
    async fn chain_tipset_weight(&self, _: TipSetKey) -> Result<BigInt, RpcError> {
        unscripted("ChainTipSetWeight")
    }
    async fn chain_read_obj(&self, _: Cid) -> Result<Bytes, RpcError> {
        unscripted("ChainReadObj")
    }
    async fn chain_has_obj(&self, _: Cid) -> Result<bool, RpcError> {
        unscripted("ChainHasObj")
    }
}

#[async_trait]
impl HeadStream for ScriptedNode {
    async fn chain_notify(&self) -> Result<RpcStream<Vec<HeadChange>>, RpcError> {
        let mut state = self.called("ChainNotify")?;
        let (sender, receiver) = mpsc::unbounded();
        let val = state.head().tipset.clone();
        sender.unbounded_send(vec![HeadChange { r#type: HeadChangeType::Current, val }]).unwrap();
        state.subscribers.push(sender);
        Ok(receiver.boxed())
    }
}

#[async_trait]
impl StateReader for ScriptedNode {
    async fn state_account_key(&self, address: Address, _: TipSetKey) -> Result<Address, RpcError> {
        let state = self.called("StateAccountKey")?;
        let Some(id) = address.as_id() else { return Ok(address) };
        let unknown = || RpcError::method(format!("failed to find actor t0{id}: actor not found"));
        state.accounts.get(&id).copied().ok_or_else(unknown)
    }

    async fn state_get_actor(&self, address: Address, tsk: TipSetKey) -> Result<Actor, RpcError> {
        let state = self.called("StateGetActor")?;
        let before = &state.entry(&tsk)?.before;
        let builtin = [0, 1, 4, 1000].map(Address::id);
        if !state.accounts.values().chain(&builtin).any(|known| *known == address) {
            return Err(RpcError::method("actor not found"));
        }
        Ok(Actor {
            code: Cid(ACCOUNT.parse().unwrap()),
            head: Cid::of_cbor(b"state"),
            nonce: before.get(&address).copied().unwrap_or_default(),
            balance: TokenAmount::from_fil(1_000_000),
            delegated_address: None,
        })
    }

    async fn state_search_msg(
        &self,
        from: TipSetKey,
        message: Cid,
        _: ChainEpoch,
        allow_replaced: bool,
    ) -> Result<Option<MsgLookup>, RpcError> {
        let state = self.called("StateSearchMsg")?;
        let wanted =
            state.known.get(&message).ok_or_else(|| RpcError::method("unknown message"))?;
        let place = |signed: &SignedMessage| (signed.message.from, signed.message.nonce);
        let wanted_place = place(wanted);
        let chain: Vec<_> = state.ancestors(&from).collect();
        let lookup = chain.windows(2).find_map(|pair| {
            let [child, entry] = pair else { return None };
            let signed = entry.messages.iter().find(|s| place(s) == wanted_place)?;
            (allow_replaced || signed.cid() == message).then(|| MsgLookup {
                message: signed.cid(),
                receipt: receipt(&signed.message),
                return_dec: serde_json::Value::Null,
                tip_set: child.tipset.key().clone(),
                height: child.tipset.height(),
            })
        });
        Ok(lookup)
    }

    async fn state_lookup_id(&self, _: Address, _: TipSetKey) -> Result<Address, RpcError> {
        unscripted("StateLookupID")
    }
    async fn wallet_balance(&self, _: Address) -> Result<TokenAmount, RpcError> {
        unscripted("WalletBalance")
    }
    async fn state_call(&self, _: Message, _: TipSetKey) -> Result<InvocResult, RpcError> {
        unscripted("StateCall")
    }
    async fn state_wait_msg(
        &self,
        _: Cid,
        _: u64,
        _: ChainEpoch,
        _: bool,
    ) -> Result<MsgLookup, RpcError> {
        unscripted("StateWaitMsg")
    }
    async fn state_get_randomness_from_tickets(
        &self,
        _: i64,
        _: ChainEpoch,
        _: Bytes,
        _: TipSetKey,
    ) -> Result<Bytes, RpcError> {
        unscripted("StateGetRandomnessFromTickets")
    }
    async fn state_get_randomness_from_beacon(
        &self,
        _: i64,
        _: ChainEpoch,
        _: Bytes,
        _: TipSetKey,
    ) -> Result<Bytes, RpcError> {
        unscripted("StateGetRandomnessFromBeacon")
    }
    async fn state_list_miners(&self, _: TipSetKey) -> Result<Vec<Address>, RpcError> {
        unscripted("StateListMiners")
    }
}

#[async_trait]
impl NetworkApi for ScriptedNode {
    async fn version(&self) -> Result<NodeVersion, RpcError> {
        Ok(NodeVersion { version: "scripted".to_owned(), api_version: 0x02_0300 })
    }

    async fn state_network_name(&self) -> Result<String, RpcError> {
        Ok("localnet-recording".to_owned())
    }

    async fn state_network_version(&self, _: TipSetKey) -> Result<u32, RpcError> {
        Ok(28)
    }

    async fn state_get_network_params(&self) -> Result<NetworkParams, RpcError> {
        drop(self.called("StateGetNetworkParams")?);
        Ok(NetworkParams {
            network_name: "localnet-recording".to_owned(),
            block_delay_secs: 4,
            consensus_miner_min_power: BigInt(2048.into()),
            supported_proof_types: vec![5],
            pre_commit_challenge_delay: 10,
            fork_upgrade_params: [("UpgradeSmokeHeight".to_owned(), -2)].into(),
            eip155_chain_id: 31_415_926,
            genesis_timestamp: Some(1_700_000_000),
        })
    }

    async fn state_actor_code_cids(&self, _: u32) -> Result<BTreeMap<String, Cid>, RpcError> {
        unscripted("StateActorCodeCIDs")
    }
}
