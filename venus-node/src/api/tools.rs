//! Methods of the Go nodes that tools and older programs call, beside those of
//! [`ChainApi`](venus_core::ChainApi).

use async_trait::async_trait;
use num_bigint::BigInt;
use venus_core::{
    Address, Bytes, ChainEpoch, Cid, SectorNumber, SignedMessage, TipSetKey, TokenAmount,
    rpc::RpcError,
};

use super::{dev::DevClient, miner_state::with_margin, state_reader::while_drawing};
use crate::{error::NodeError, service::Node};

venus_core::rpc_interface! {
    /// What tools ask a node for.
    pub trait NodeTools for DevClient in "Filecoin" {
        /// Pushes a message; here there is no difference from `MpoolPush`.
        #[write]
        fn mpool_push_untrusted(message: SignedMessage) -> Cid = "MpoolPushUntrusted";
        /// Moves the head, for instance back. The heaviest chain wins again with the next block or
        /// after a restart.
        #[admin]
        fn chain_set_head(tsk: TipSetKey) -> () = "ChainSetHead";
        /// Returns what randomness from tickets of an epoch is drawn from.
        #[read]
        fn state_get_randomness_digest_from_tickets(epoch: ChainEpoch, tsk: TipSetKey) -> Bytes = "StateGetRandomnessDigestFromTickets";
        /// Returns what randomness from the beacon of an epoch is drawn from.
        #[read]
        fn state_get_randomness_digest_from_beacon(epoch: ChainEpoch, tsk: TipSetKey) -> Bytes = "StateGetRandomnessDigestFromBeacon";
        /// Tells whether a sector number was ever used.
        #[read]
        fn state_miner_sector_allocated(miner: Address, sector: SectorNumber, tsk: TipSetKey) -> bool = "StateMinerSectorAllocated";
        /// Returns an address of an actor that survives reorganisations.
        #[read]
        fn state_lookup_robust_address(address: Address, tsk: TipSetKey) -> Address = "StateLookupRobustAddress";
        /// Returns the pledge that a sector needs, with a margin.
        #[read]
        fn state_miner_initial_pledge_for_sector(duration: ChainEpoch, sector_size: u64, verified_size: u64, tsk: TipSetKey) -> TokenAmount = "StateMinerInitialPledgeForSector";
    }
}

#[async_trait]
impl NodeTools for Node {
    async fn mpool_push_untrusted(&self, message: SignedMessage) -> Result<Cid, RpcError> {
        self.run(move |chain| chain.push(&message)).await
    }

    async fn chain_set_head(&self, tsk: TipSetKey) -> Result<(), RpcError> {
        self.run(move |chain| chain.set_head(&tsk)).await
    }

    async fn state_get_randomness_digest_from_tickets(
        &self,
        epoch: ChainEpoch,
        tsk: TipSetKey,
    ) -> Result<Bytes, RpcError> {
        self.run(move |chain| {
            let digest = chain.randomness(chain.tipset(&tsk)?).ticket_digest(epoch);
            let digest =
                digest.map_err(while_drawing("failed to get randomness digest from tickets"))?;
            Ok(digest[..].into())
        })
        .await
    }

    async fn state_get_randomness_digest_from_beacon(
        &self,
        epoch: ChainEpoch,
        tsk: TipSetKey,
    ) -> Result<Bytes, RpcError> {
        self.run(move |chain| {
            let digest = chain.randomness(chain.tipset(&tsk)?).beacon_digest(epoch);
            let digest =
                digest.map_err(while_drawing("failed to get randomness digest from beacon"))?;
            Ok(digest[..].into())
        })
        .await
    }

    async fn state_miner_sector_allocated(
        &self,
        miner: Address,
        sector: SectorNumber,
        tsk: TipSetKey,
    ) -> Result<bool, RpcError> {
        self.read(tsk, move |view, _| Ok(view.allocated_sectors(&miner)?.get(sector))).await
    }

    async fn state_lookup_robust_address(
        &self,
        address: Address,
        tsk: TipSetKey,
    ) -> Result<Address, RpcError> {
        self.read(tsk, move |view, _| {
            let found = view.lookup_robust_address(&address)?.map(Address::from);
            found.ok_or_else(|| NodeError::Input(format!("address {address} not found")))
        })
        .await
    }

    async fn state_miner_initial_pledge_for_sector(
        &self,
        duration: ChainEpoch,
        sector_size: u64,
        verified_size: u64,
        tsk: TipSetKey,
    ) -> Result<TokenAmount, RpcError> {
        self.read(tsk, move |view, tipset| {
            if duration <= 0 {
                return Err(NodeError::Input("sector duration must greater than 0".into()));
            }
            if sector_size == 0 {
                return Err(NodeError::Input("sector size must be non-zero".into()));
            }
            if verified_size > sector_size {
                return Err(NodeError::Input(
                    "verified deal size must be less than or equal to sector size".into(),
                ));
            }
            // Verified data counts ten times.
            let power = BigInt::from(sector_size) + BigInt::from(verified_size) * 9;
            Ok(with_margin(&view.initial_pledge(&power, tipset.height())?))
        })
        .await
    }
}
