//! What goes into the executor and what comes out.

use cid::Cid;
use fvm_ipld_encoding::to_vec;
use fvm_shared::address::Address;
use fvm_shared::clock::ChainEpoch;
use fvm_shared::crypto::signature::Signature;
use fvm_shared::econ::TokenAmount;
use fvm_shared::message::Message;
use fvm_shared::receipt::Receipt;
use multihash_codetable::{Code, MultihashDigest};

use super::externs::ChainRand;
use super::gas::GasOutputs;

/// A message and how many bytes of a block it costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainMessage {
    /// The message.
    pub message: Message,
    /// Length in CBOR: of the bare message if its signature is aggregated, else of the signed one.
    pub chain_len: usize,
}

impl ChainMessage {
    /// A message whose signature is part of the block's aggregate.
    pub fn bls(message: Message) -> Self {
        let chain_len = message_bytes(&message).len();
        Self { message, chain_len }
    }

    /// A message that a block carries with its signature.
    pub fn signed(message: Message, signature: &Signature) -> Self {
        let chain_len =
            1 + message_bytes(&message).len() + to_vec(signature).map_or(0, |b| b.len());
        Self { message, chain_len }
    }
}

/// CBOR of a message. Encoding a message in memory cannot fail; an empty vector stands for it.
pub(crate) fn message_bytes(message: &Message) -> Vec<u8> {
    to_vec(message).unwrap_or_default()
}

/// CID of a bare message.
pub fn message_cid(message: &Message) -> Cid {
    Cid::new_v1(fvm_ipld_encoding::DAG_CBOR, Code::Blake2b256.digest(&message_bytes(message)))
}

/// A block as far as execution is concerned.
#[derive(Clone, Debug)]
pub struct ExecBlock {
    /// Who made it.
    pub miner: Address,
    /// How many times the election was won.
    pub win_count: i64,
    /// Messages in the order of the block: BLS first, then the others.
    pub messages: Vec<ChainMessage>,
}

/// A tipset to execute.
#[derive(Debug)]
pub struct TipsetInput<'a> {
    /// State of the parents after their own messages.
    pub parent_state: Cid,
    /// Height of the parents.
    pub parent_epoch: ChainEpoch,
    /// Height of the tipset.
    pub epoch: ChainEpoch,
    /// Its timestamp in seconds.
    pub timestamp: u64,
    /// Base fee that its messages pay.
    pub base_fee: TokenAmount,
    /// Its blocks, in tipset order.
    pub blocks: Vec<ExecBlock>,
    /// Randomness, seen from this tipset.
    pub rand: &'a dyn ChainRand,
}

/// The outcome of a tipset.
#[derive(Clone, Debug)]
pub struct TipsetResult {
    /// State after its messages and cron.
    pub state_root: Cid,
    /// Receipts, one for each message executed.
    pub receipts: Vec<Receipt>,
    /// Root of the receipts, which the next header carries.
    pub receipts_root: Cid,
    /// Gas of all messages.
    pub gas_used: u64,
    /// The messages executed, in the order of the receipts.
    pub traces: Vec<MessageTrace>,
}

/// What became of one message.
#[derive(Clone, Debug)]
pub struct MessageTrace {
    /// CID of the bare message.
    pub cid: Cid,
    /// The message.
    pub message: Message,
    /// Its receipt.
    pub receipt: Receipt,
    /// Who was paid what.
    pub gas: GasOutputs,
    /// Why it failed; empty on success.
    pub error: String,
    /// Time that execution took.
    pub duration: std::time::Duration,
}

/// A message to try on a state that stays as it is.
#[derive(Debug)]
pub struct CallInput<'a> {
    /// The state.
    pub state: Cid,
    /// The epoch that the message runs in.
    pub epoch: ChainEpoch,
    /// Its timestamp in seconds.
    pub timestamp: u64,
    /// Messages to execute before (the sender's pending ones), as they are.
    pub prior: Vec<ChainMessage>,
    /// The message. Nonce, fee cap and premium are ignored; gas limit 0 means that of a block.
    pub message: Message,
    /// Whether it is charged nothing for being on chain.
    pub implicit: bool,
    /// Randomness, seen from the tipset before.
    pub rand: &'a dyn ChainRand,
}
