//! The node of the scripted world: what the sealer asks is answered, all else refused.

use std::collections::BTreeMap;

use async_trait::async_trait;
use venus_core::{
    chain_api::*,
    rpc::{RpcError, RpcStream},
    *,
};

use crate::world::*;

/// Implements a trait whose other methods refuse.
macro_rules! refusing {
    (impl $trait:ident { $($body:tt)* } refuse {
        $($name:ident($($ty:ty),*) -> $ret:ty;)*
    }) => {
        #[async_trait]
        impl $trait for World {
            $($body)*
            $(
                async fn $name(&self, $(_: $ty),*) -> Result<$ret, RpcError> {
                    Err(RpcError::method(concat!(stringify!($name), " is not scripted")))
                }
            )*
        }
    };
}

refusing! {
    impl ChainReader {
        async fn chain_head(&self) -> Result<TipSet, RpcError> {
            self.called("chain_head").await;
            Ok(self.state().head.clone())
        }
        async fn chain_get_tipset_after_height(
            &self, _: ChainEpoch, _: TipSetKey,
        ) -> Result<TipSet, RpcError> {
            self.called("chain_get_tipset_after_height").await;
            Ok(self.state().head.clone())
        }
        async fn chain_read_obj(&self, _: Cid) -> Result<Bytes, RpcError> {
            let link = Cid::of_cbor(b"link");
            let amounts = [1, 2, 3, 4].map(TokenAmount::from_fil);
            let [pre_commit, vesting, debt, pledge] = amounts;
            Ok(cbor(&(link, pre_commit, vesting, Some((link, 7)), debt, pledge, link, 0i64)).into())
        }
    }
    refuse {
        chain_get_genesis() -> TipSet;
        chain_get_tipset(TipSetKey) -> TipSet;
        chain_get_tipset_by_height(ChainEpoch, TipSetKey) -> TipSet;
        chain_get_block(Cid) -> BlockHeader;
        chain_get_block_messages(Cid) -> BlockMessages;
        chain_get_message(Cid) -> Message;
        chain_get_parent_messages(Cid) -> Vec<ApiMessage>;
        chain_get_parent_receipts(Cid) -> Vec<Receipt>;
        chain_get_messages_in_tipset(TipSetKey) -> Vec<ApiMessage>;
        chain_get_path(TipSetKey, TipSetKey) -> Vec<HeadChange>;
        chain_tipset_weight(TipSetKey) -> BigInt;
        chain_has_obj(Cid) -> bool;
    }
}

refusing! {
    impl StateReader {
        async fn state_account_key(&self, _: Address, _: TipSetKey) -> Result<Address, RpcError> {
            Ok(worker_key())
        }
        async fn state_lookup_id(&self, address: Address, _: TipSetKey) -> Result<Address, RpcError> {
            if address.as_id().is_some() {
                return Ok(address);
            }
            match self.state().known.contains(&address) {
                true => Ok(Address::id(100)),
                false => Err(RpcError::method("actor not found")),
            }
        }
        async fn state_get_actor(&self, _: Address, _: TipSetKey) -> Result<Actor, RpcError> {
            let cid = Cid::of_cbor(b"actor");
            let balance = TokenAmount::from_fil(7);
            Ok(Actor { code: cid, head: cid, nonce: 0, balance, delegated_address: None })
        }
        async fn wallet_balance(&self, _: Address) -> Result<TokenAmount, RpcError> {
            Ok(TokenAmount::from_fil(1000))
        }
        async fn state_get_randomness_from_tickets(
            &self, tag: i64, epoch: ChainEpoch, entropy: Bytes, _: TipSetKey,
        ) -> Result<Bytes, RpcError> {
            self.called("ticket").await;
            Ok(self.state().draw(b"ticket", tag, epoch, &entropy))
        }
        async fn state_get_randomness_from_beacon(
            &self, tag: i64, epoch: ChainEpoch, entropy: Bytes, _: TipSetKey,
        ) -> Result<Bytes, RpcError> {
            self.called("beacon").await;
            Ok(self.state().draw(b"beacon", tag, epoch, &entropy))
        }
    }
    refuse {
        state_call(Message, TipSetKey) -> InvocResult;
        state_search_msg(TipSetKey, Cid, ChainEpoch, bool) -> Option<MsgLookup>;
        state_wait_msg(Cid, u64, ChainEpoch, bool) -> MsgLookup;
        state_list_miners(TipSetKey) -> Vec<Address>;
    }
}

refusing! {
    impl MinerState {
        async fn state_miner_info(&self, _: Address, _: TipSetKey) -> Result<MinerInfo, RpcError> {
            Ok(miner_info())
        }
        async fn state_miner_power(&self, _: MaybeAddress, _: TipSetKey) -> Result<MinerPower, RpcError> {
            let claim = |n: u64| Claim { raw_byte_power: n.into(), quality_adj_power: n.into() };
            let power = self.state().sectors.len() as u64 * SECTOR_SIZE;
            Ok(MinerPower { miner_power: claim(power), total_power: claim(4 * SECTOR_SIZE), has_min_power: power > 0 })
        }
        async fn state_miner_proving_deadline(&self, _: Address, _: TipSetKey) -> Result<DeadlineInfo, RpcError> {
            Ok(self.state().deadline())
        }
        async fn state_miner_deadlines(&self, _: Address, _: TipSetKey) -> Result<Vec<Deadline>, RpcError> {
            let state = self.state();
            let deadline = |index: u64| Deadline {
                post_submissions: state.submissions.iter().filter(|(d, _)| *d == index).map(|(_, p)| *p).collect(),
                disputable_proof_count: 0,
                daily_fee: TokenAmount::zero(),
            };
            Ok((0..48).map(deadline).collect())
        }
        async fn state_miner_partitions(&self, _: Address, deadline: u64, _: TipSetKey) -> Result<Vec<Partition>, RpcError> {
            self.called("partitions").await;
            Ok(self.state().partitions.get(&deadline).cloned().unwrap_or_default())
        }
        async fn state_miner_sectors(&self, _: Address, which: Option<BitField>, _: TipSetKey) -> Result<Vec<SectorOnChainInfo>, RpcError> {
            let state = self.state();
            Ok(state.sectors.values().filter(|s| which.as_ref().is_none_or(|w| w.get(s.sector_number))).cloned().collect())
        }
        async fn state_miner_active_sectors(&self, _: Address, _: TipSetKey) -> Result<Vec<SectorOnChainInfo>, RpcError> {
            Ok(self.state().sectors.values().cloned().collect())
        }
        async fn state_miner_allocated(&self, _: Address, _: TipSetKey) -> Result<BitField, RpcError> {
            Ok(self.state().allocated.iter().copied().collect())
        }
        async fn state_miner_sector_count(&self, _: Address, _: TipSetKey) -> Result<MinerSectors, RpcError> {
            let live = self.state().sectors.len() as u64;
            Ok(MinerSectors { live, active: live, faulty: 0 })
        }
        async fn state_miner_available_balance(&self, _: Address, _: TipSetKey) -> Result<TokenAmount, RpcError> {
            Ok(TokenAmount::from_fil(3))
        }
        async fn state_miner_pre_commit_deposit_for_power(&self, _: Address, _: PreCommitInfo, _: TipSetKey) -> Result<TokenAmount, RpcError> {
            Ok(TokenAmount::from_fil(DEPOSIT))
        }
        async fn state_miner_initial_pledge_collateral(&self, _: Address, _: PreCommitInfo, _: TipSetKey) -> Result<TokenAmount, RpcError> {
            Ok(TokenAmount::from_fil(PLEDGE))
        }
        async fn state_miner_creation_deposit(&self, _: TipSetKey) -> Result<TokenAmount, RpcError> {
            self.called("creation_deposit").await;
            Ok(TokenAmount::from_fil(100))
        }
        async fn state_sector_pre_commit_info(&self, _: Address, number: SectorNumber, _: TipSetKey) -> Result<Option<PreCommitOnChainInfo>, RpcError> {
            self.called("pre_commit_info").await;
            Ok(self.state().pre_commits.get(&number).cloned())
        }
        async fn state_sector_get_info(&self, _: Address, number: SectorNumber, _: TipSetKey) -> Result<Option<SectorOnChainInfo>, RpcError> {
            self.called("sector_info").await;
            Ok(self.state().sectors.get(&number).cloned())
        }
        async fn state_sector_partition(&self, _: Address, _: SectorNumber, _: TipSetKey) -> Result<SectorLocation, RpcError> {
            Ok(SectorLocation { deadline: 2, partition: 0 })
        }
    }
    refuse {
        state_miner_faults(Address, TipSetKey) -> BitField;
        state_miner_recoveries(Address, TipSetKey) -> BitField;
        state_sector_expiration(Address, SectorNumber, TipSetKey) -> SectorExpiration;
    }
}

refusing! {
    impl HeadStream {
        async fn chain_notify(&self) -> Result<RpcStream<Vec<HeadChange>>, RpcError> {
            let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
            let mut state = self.state();
            let current = HeadChange { r#type: HeadChangeType::Current, val: state.head.clone() };
            sender.send(vec![current]).unwrap();
            state.subscribers.push(sender);
            Ok(Box::pin(futures::stream::unfold(receiver, |mut receiver| async {
                receiver.recv().await.map(|batch| (batch, receiver))
            })))
        }
    }
    refuse {
    }
}

refusing! {
    impl GasOracle {    }
    refuse {
        gas_estimate_message_gas(Message, Option<MessageSendSpec>, TipSetKey) -> Message;
        gas_batch_estimate_message_gas(Vec<EstimateMessage>, u64, TipSetKey) -> Vec<EstimateResult>;
        gas_estimate_gas_limit(Message, TipSetKey) -> i64;
        gas_estimate_gas_premium(u64, Address, i64, TipSetKey) -> TokenAmount;
        gas_estimate_fee_cap(Message, i64, TipSetKey) -> TokenAmount;
    }
}

refusing! {
    impl MessagePool {    }
    refuse {
        mpool_get_config() -> MpoolConfig;
        mpool_push(SignedMessage) -> Cid;
        mpool_batch_push(Vec<SignedMessage>) -> Vec<Cid>;
        mpool_batch_push_untrusted(Vec<SignedMessage>) -> Vec<Cid>;
        mpool_get_nonce(Address) -> u64;
        mpool_pending(TipSetKey) -> Vec<SignedMessage>;
        mpool_sub() -> RpcStream<MpoolUpdate>;
    }
}

refusing! {
    impl MiningApi {    }
    refuse {
        miner_get_base_info(Address, ChainEpoch, TipSetKey) -> Option<MiningBaseInfo>;
        state_get_beacon_entry(ChainEpoch) -> BeaconEntry;
        mpool_select(TipSetKey, f64) -> Vec<SignedMessage>;
        mpool_selects(TipSetKey, Vec<f64>) -> Vec<Option<Vec<SignedMessage>>>;
        miner_create_block(BlockTemplate) -> BlockMsg;
        sync_submit_block(BlockMsg) -> ();
        sync_state() -> SyncState;
    }
}

refusing! {
    impl NetworkApi {
        async fn state_get_network_params(&self) -> Result<NetworkParams, RpcError> {
            Ok(NetworkParams {
                network_name: "test".into(),
                block_delay_secs: 4,
                consensus_miner_min_power: 2048.into(),
                supported_proof_types: Vec::new(),
                pre_commit_challenge_delay: CHALLENGE_DELAY,
                fork_upgrade_params: Default::default(),
                eip155_chain_id: 1,
                genesis_timestamp: None,
            })
        }
    }
    refuse {
        version() -> NodeVersion;
        state_network_name() -> String;
        state_network_version(TipSetKey) -> u32;
        state_actor_code_cids(u32) -> BTreeMap<String, Cid>;
    }
}
