//! A tipset: null rounds, messages, rewards, cron (node.md 18.1), and the base fee after it.

use std::collections::{HashMap, HashSet};

use cid::Cid;
use fil_actor_reward_state::v18::AwardBlockRewardParams;
use fil_actors_shared::v18::{CRON_ACTOR_ID, SYSTEM_ACTOR_ID};
use fvm_ipld_amt::Amtv0;
use fvm_ipld_blockstore::Blockstore;
use fvm_ipld_encoding::{RawBytes, to_vec};
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::econ::TokenAmount;
use fvm_shared::receipt::Receipt;
use num_traits::Zero;
use std::sync::Arc;

use super::Executor;
use super::actors::reward::AWARD_BLOCK_REWARD;
use super::buffer::Buffer;
use super::config::ExecutorConfig;
use super::error::{ExecutorError, Result};
use super::externs::{ChainRand, SealAndPostVerifier};
use super::gas::BLOCK_GAS_LIMIT;
use super::machine::{Env, Machine, REWARD};
use super::types::{CallInput, ChainMessage, MessageTrace, TipsetInput, TipsetResult};
use crate::blockstore::SharedStore;
use crate::genesis::{self, GenesisTemplate};

const EPOCH_TICK: u64 = 2;

/// Executes with own code over the state of the builtin actors v18.
#[derive(Clone, Debug)]
pub struct NativeExecutor {
    store: SharedStore,
    config: Arc<ExecutorConfig>,
    verifier: Arc<dyn SealAndPostVerifier>,
}

impl NativeExecutor {
    /// An executor over `store`.
    pub fn new(
        store: SharedStore,
        config: ExecutorConfig,
        verifier: Arc<dyn SealAndPostVerifier>,
    ) -> Self {
        Self { store, config: Arc::new(config), verifier }
    }

    pub(crate) fn env<'a>(
        &'a self,
        store: &'a Buffer,
        rand: &'a dyn ChainRand,
        epoch: ChainEpoch,
    ) -> Env<'a> {
        Env { config: &self.config, store, verifier: self.verifier.as_ref(), rand, epoch }
    }
}

impl Executor for NativeExecutor {
    fn store(&self) -> &SharedStore {
        &self.store
    }

    fn config(&self) -> &ExecutorConfig {
        &self.config
    }

    fn apply_tipset(&self, input: &TipsetInput<'_>) -> Result<TipsetResult> {
        let buffer = Buffer::new(self.store.clone());
        let mut root = input.parent_state;
        for epoch in input.parent_epoch + 1..input.epoch {
            let mut machine = Machine::new(self.env(&buffer, input.rand, epoch), &root)?;
            cron(&mut machine)?;
            root = machine.flush()?;
        }

        let mut machine = Machine::new(self.env(&buffer, input.rand, input.epoch), &root)?;
        let traces = apply_blocks(&mut machine, input)?;
        cron(&mut machine)?;
        let state_root = machine.flush()?;
        buffer.check_fault()?;
        buffer.flush(&state_root)?;

        let receipts: Vec<_> = traces.iter().map(|t| t.receipt.clone()).collect();
        let gas_used = receipts.iter().map(|r| r.gas_used).sum();
        let receipts_root = receipts_root(&self.store, &receipts)?;
        Ok(TipsetResult { state_root, receipts, receipts_root, gas_used, traces })
    }

    fn call(&self, input: &CallInput<'_>) -> Result<MessageTrace> {
        let buffer = Buffer::new(self.store.clone());
        let mut machine = Machine::new(self.env(&buffer, input.rand, input.epoch), &input.state)?;
        let free = TokenAmount::zero();
        for prior in &input.prior {
            machine.apply(prior, &free)?;
        }
        let mut message = input.message.clone();
        let sender = machine.tree.resolve(&message.from)?.map(|id| machine.tree.get(id));
        let sender = sender.transpose()?.flatten();
        let sender = sender.ok_or_else(|| ExecutorError::NoActor(message.from.to_string()))?;
        message.sequence = sender.nonce;
        message.gas_fee_cap = TokenAmount::zero();
        message.gas_premium = TokenAmount::zero();
        if message.gas_limit == 0 {
            message.gas_limit = BLOCK_GAS_LIMIT;
        }
        // As long as it will be on chain: an aggregated signature costs nothing, others do.
        let mut chain = ChainMessage::bls(message);
        if chain.message.from.protocol() != fvm_shared::address::Protocol::BLS {
            /// Array head, byte string head, type and 65 bytes of signature.
            const SIGNATURE: usize = 1 + 2 + 1 + 65;
            chain.chain_len += SIGNATURE;
        }
        let trace = if input.implicit {
            machine.apply_for(&chain, 0, &free)?
        } else {
            machine.apply(&chain, &free)?
        };
        buffer.check_fault()?;
        Ok(trace)
    }

    fn genesis(&self, template: &GenesisTemplate) -> Result<Cid> {
        genesis::build(self, template)
    }
}

/// Messages that the blocks contribute, each once and only with the next nonce of its sender;
/// then the block's reward.
fn apply_blocks(machine: &mut Machine<'_>, input: &TipsetInput<'_>) -> Result<Vec<MessageTrace>> {
    let mut traces = Vec::new();
    let mut nonces: HashMap<Address, u64> = HashMap::new();
    let mut miners = HashSet::new();
    for block in &input.blocks {
        if !miners.insert(block.miner) {
            return Err(ExecutorError::InvalidTipset {
                epoch: input.epoch,
                reason: format!("two blocks of miner {}", block.miner),
            });
        }
        let mut tip = TokenAmount::zero();
        let mut penalty = TokenAmount::zero();
        for message in &block.messages {
            let from = message.message.from;
            let sender = machine.tree.resolve(&from)?.map_or(from, Address::new_id);
            let next = match nonces.get(&sender) {
                Some(nonce) => *nonce,
                None => match sender.id() {
                    Ok(id) => machine.tree.get(id)?.map_or(0, |a| a.nonce),
                    Err(_) => 0,
                },
            };
            if message.message.sequence != next {
                continue;
            }
            nonces.insert(sender, next + 1);
            let trace = machine.apply(message, &input.base_fee)?;
            tip += &trace.gas.miner_tip;
            penalty += &trace.gas.miner_penalty;
            traces.push(trace);
        }
        award(machine, block.miner, penalty, tip, block.win_count)?;
    }
    Ok(traces)
}

fn award(
    machine: &mut Machine<'_>,
    miner: Address,
    penalty: TokenAmount,
    gas_reward: TokenAmount,
    win_count: i64,
) -> Result<()> {
    let params = AwardBlockRewardParams { miner, penalty, gas_reward, win_count };
    let params = to_vec(&params).map_err(ExecutorError::any("reward parameters"))?;
    implicit(machine, "the reward of a block", REWARD, AWARD_BLOCK_REWARD, params)
}

pub(crate) fn cron(machine: &mut Machine<'_>) -> Result<()> {
    implicit(machine, "cron", CRON_ACTOR_ID, EPOCH_TICK, Vec::new())
}

fn implicit(
    machine: &mut Machine<'_>,
    what: &'static str,
    to: u64,
    method: u64,
    params: Vec<u8>,
) -> Result<()> {
    let epoch = machine.env.epoch;
    machine
        .implicit(SYSTEM_ACTOR_ID, to, method, &RawBytes::new(params), &TokenAmount::zero())
        .map(drop)
        .map_err(|e| ExecutorError::Implicit {
            what,
            epoch,
            code: e.exit_code().value(),
            cause: e.msg().to_owned(),
        })
}

/// Writes receipts; answers their root.
pub(crate) fn receipts_root(store: &impl Blockstore, receipts: &[Receipt]) -> Result<Cid> {
    let failed = "receipts";
    let mut list = Amtv0::new(store);
    for (i, receipt) in receipts.iter().enumerate() {
        list.set(i as u64, receipt.clone()).map_err(ExecutorError::any(failed))?;
    }
    list.flush().map_err(ExecutorError::any(failed))
}

#[cfg(test)]
mod tests {
    use fvm_ipld_blockstore::MemoryBlockstore;
    use fvm_shared::error::ExitCode;

    use super::*;

    /// `node.md` 29.1.
    #[test]
    fn roots_of_receipts_are_those_of_lotus() {
        let store = MemoryBlockstore::default();
        let receipt = Receipt {
            exit_code: ExitCode::OK,
            return_data: RawBytes::default(),
            gas_used: 1000,
            events_root: None,
        };
        for (receipts, expected) in [
            (vec![], "bafy2bzacedswlcz5ddgqnyo3sak3jmhmkxashisnlpq6ujgyhe4mlobzpnhs6"),
            (vec![receipt], "bafy2bzacebbajfuaeoncaojgwddildzkj3cdu2r2gfuznkihmkhzpzthtggyg"),
        ] {
            assert_eq!(receipts_root(&store, &receipts).unwrap().to_string(), expected);
        }
    }
}
