//! The rules that every block must meet, whoever made it (miner.md 4.13, node.md 22).

use std::sync::Arc;

use fvm_shared::{
    randomness::Randomness as FvmRandomness,
    sector::{PoStProof as FvmPoSt, SectorInfo, WinningPoStVerifyInfo},
};
use venus_core::{
    Address, BeaconEntry, BlockHeader, ElectionProof, TipSet,
    consensus::{election_params, ticket_params, verify_vrf, win_count, winning_post_randomness},
    crypto::verify,
};

use super::{
    Chain,
    lookback::{Lookback, winning_sectors},
};
use crate::{
    error::{NodeError, Result},
    store::BlockContent,
};

/// Seconds that a block may be ahead of our clock.
const DRIFT: u64 = 1;

fn invalid<T>(reason: impl Into<String>) -> Result<T> {
    Err(NodeError::InvalidBlock(reason.into()))
}

fn rule(holds: bool, reason: impl FnOnce() -> String) -> Result<()> {
    if holds { Ok(()) } else { invalid(reason()) }
}

impl Chain {
    /// Checks everything about a block. `Err(InvalidBlock)` says which rule it breaks, another
    /// error why that cannot be told.
    pub(crate) fn validate(&self, block: &BlockHeader, content: &BlockContent) -> Result<()> {
        let Some(election) = &block.election_proof else {
            return invalid("block cannot have nil election proof");
        };
        rule(block.ticket.is_some(), || "block cannot have nil ticket".into())?;
        rule(block.block_sig.is_some(), || "block had nil signature".into())?;
        rule(block.bls_aggregate.is_some(), || "block had nil bls aggregate signature".into())?;
        rule(block.miner.as_id().is_some(), || "block had non-ID miner address".into())?;
        rule(!block.parents.is_empty(), || "block has no parents".into())?;
        let base = self.store.tipset(&block.parent_key())?;
        rule(block.height > base.height(), || {
            format!("block height {} is not above its parents', {}", block.height, base.height())
        })?;
        self.check_time(block, &base)?;
        self.check_base(block, &base)?;

        let lookback = self.lookback(&base, block.height)?;
        if !self.is_eligible(block.miner, &base, &lookback)? {
            return invalid("block's miner is ineligible to mine");
        }
        let worker = self.worker_key(block.miner, &base, &lookback)?;
        let rbase = self.check_beacon(block, &base)?;
        self.check_draws(block, election, &base, &lookback, worker, &rbase)?;
        let signature = block.block_sig.as_ref();
        signature
            .map(|signature| verify(signature, &block.signing_bytes(), worker))
            .transpose()
            .map_err(|e| NodeError::InvalidBlock(format!("check block signature failed: {e}")))?;
        self.check_winning_post(block, &lookback, &rbase)?;
        self.check_messages(block, content, &base)
    }

    fn check_time(&self, block: &BlockHeader, base: &TipSet) -> Result<()> {
        let epochs = (block.height - base.height()).unsigned_abs();
        // A height from far away must not overflow.
        let expected = epochs
            .checked_mul(self.delay())
            .and_then(|later| later.checked_add(base.min_timestamp()));
        rule(expected == Some(block.timestamp), || {
            format!(
                "block has wrong timestamp: {} != {}",
                block.timestamp,
                expected.unwrap_or_default()
            )
        })?;
        let now = self.now();
        rule(block.timestamp <= now + DRIFT, || {
            format!("block was from the future (now={now}, blk={})", block.timestamp)
        })
    }

    /// What the header says of its base must be what we computed.
    fn check_base(&self, block: &BlockHeader, base: &Arc<TipSet>) -> Result<()> {
        let weight = self.weight(base)?;
        rule(weight == block.parent_weight, || {
            format!(
                "parent weight different: {} (header) != {weight} (computed)",
                block.parent_weight
            )
        })?;
        let fee = self.base_fee(base)?;
        rule(fee == block.parent_base_fee, || {
            format!(
                "base fee doesn't match: {} (header) != {} (computed)",
                block.parent_base_fee.atto(),
                fee.atto()
            )
        })?;
        let computed = self.compute(base)?;
        rule(computed.state == block.parent_state_root, || {
            format!(
                "parent state root did not match computed state ({} != {})",
                block.parent_state_root, computed.state
            )
        })?;
        rule(computed.receipts == block.parent_message_receipts, || {
            format!(
                "parent receipts root did not match computed value ({} != {})",
                block.parent_message_receipts, computed.receipts
            )
        })
    }

    /// The key that must sign for a miner: its worker of the lookback.
    fn worker_key(
        &self,
        miner: Address,
        base: &Arc<TipSet>,
        lookback: &Lookback,
    ) -> Result<Address> {
        let info = self.view(&lookback.state)?.miner_info(&miner)?;
        let now = self.view(&self.compute(base)?.state)?;
        Ok(now.account_key(&info.worker)?.into())
    }

    /// Returns the entry that the draws go by.
    fn check_beacon(&self, block: &BlockHeader, base: &Arc<TipSet>) -> Result<BeaconEntry> {
        let last = self.latest_beacon(base)?;
        self.beacon
            .check(base.height(), block.height, last.round, &block.beacon_entries)
            .map_err(|e| NodeError::InvalidBlock(e.to_string()))?;
        Ok(block.beacon_entries.last().cloned().unwrap_or(last))
    }

    fn check_draws(
        &self,
        block: &BlockHeader,
        election: &ElectionProof,
        base: &TipSet,
        lookback: &Lookback,
        worker: Address,
        rbase: &BeaconEntry,
    ) -> Result<()> {
        let (round, miner) = (block.height, block.miner);
        rule(election.win_count >= 1, || "block is not claiming to be a winner".into())?;
        let seed = election_params(&rbase.data, round, miner).digest();
        verify_vrf(worker, &seed, &election.vrf_proof).map_err(|e| {
            NodeError::InvalidBlock(format!("validating block election proof failed: {e}"))
        })?;
        let power = self.view(&lookback.state)?.miner_power(&miner)?;
        let wins =
            win_count(&election.vrf_proof, &power.quality_adjusted, &power.total_quality_adjusted);
        rule(wins == election.win_count, || {
            format!(
                "miner claims wrong number of wins: miner: {}, computed: {wins}",
                election.win_count
            )
        })?;
        let seed = ticket_params(&rbase.data, round, miner, base.min_ticket()).digest();
        let ticket = block.ticket.as_ref().map(|t| &t.vrf_proof[..]).unwrap_or_default();
        verify_vrf(worker, &seed, ticket)
            .map_err(|e| NodeError::InvalidBlock(format!("validating block tickets failed: {e}")))
    }

    fn check_winning_post(
        &self,
        block: &BlockHeader,
        lookback: &Lookback,
        rbase: &BeaconEntry,
    ) -> Result<()> {
        let state = self.view(&lookback.state)?;
        let sectors = winning_sectors(&state, block.miner, block.height, rbase)?;
        let seed = winning_post_randomness(&rbase.data, block.height, block.miner);
        let info = WinningPoStVerifyInfo {
            randomness: FvmRandomness(seed.to_vec()),
            proofs: block
                .win_post_proof
                .iter()
                .map(|p| FvmPoSt { post_proof: p.post_proof, proof_bytes: p.proof_bytes.0.clone() })
                .collect(),
            challenge_sectors: sectors
                .iter()
                .map(|s| SectorInfo {
                    proof: s.seal_proof,
                    sector_number: s.sector_number,
                    sealed_cid: s.sealed_cid.0,
                })
                .collect(),
            prover: block.miner.as_id().unwrap_or_default(),
        };
        self.verifier.verify_winning_post(&info).map_err(|error| {
            if error.is_invalid_proof() {
                NodeError::InvalidBlock("winning post was invalid".into())
            } else {
                NodeError::Unchecked(error.to_string())
            }
        })
    }
}
