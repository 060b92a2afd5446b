//! A chain node in memory that does what the test says, as the scripted node of the recordings.

mod chain;
mod pool;
mod script;
mod unscripted;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard},
};

use futures::channel::mpsc;
use venus_core::{
    Address, BeaconEntry, BigInt, BlockHeader, Bytes, ChainEpoch, Cid, ElectionProof, HeadChange,
    HeadChangeType, Message, Receipt, Signature, SignedMessage, Ticket, TipSet, TipSetKey,
    TokenAmount, rpc::RpcError,
};

/// Tipsets of two blocks; no message is executed really.
#[derive(Debug, Clone)]
pub(crate) struct ScriptedNode(Arc<Mutex<State>>);

/// A tipset with its messages and the nonces before them.
#[derive(Debug, Clone)]
struct Entry {
    tipset: TipSet,
    messages: Vec<SignedMessage>,
    before: HashMap<Address, u64>,
}

impl Entry {
    fn after(&self) -> HashMap<Address, u64> {
        let mut nonces = self.before.clone();
        for signed in &self.messages {
            nonces.insert(signed.message.from, signed.message.nonce + 1);
        }
        nonces
    }
}

/// What estimates are made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gas {
    pub(crate) used: i64,
    pub(crate) premium: u64,
    /// The fee cap without the premium.
    pub(crate) cap: u64,
    /// Most that a message may cost where none is said.
    pub(crate) max_fee: u64,
}

#[derive(Debug)]
struct State {
    /// All that ever were.
    tipsets: HashMap<TipSetKey, Entry>,
    head: TipSetKey,
    pending: BTreeMap<(Address, u64), SignedMessage>,
    /// All that were ever given to the pool, also what it refused.
    given: HashMap<(Address, u64), HashSet<Cid>>,
    /// Each call of a push method, also refused ones.
    pushes: Vec<Vec<(Address, u64)>>,
    /// Those that the node has heard of.
    known: HashMap<Cid, SignedMessage>,
    accounts: BTreeMap<u64, Address>,
    errors: HashMap<String, String>,
    subscribers: Vec<mpsc::UnboundedSender<Vec<HeadChange>>>,
    branch: u64,
    null_rounds: ChainEpoch,
    base_fee: u64,
    gas: Gas,
    /// Receipts that are left out of every answer.
    lost_receipts: usize,
    calls: HashMap<&'static str, usize>,
}

impl ScriptedNode {
    /// Heights 0 to 10, and these accounts from f0101 on.
    pub(crate) fn new(accounts: &[Address]) -> Self {
        let mut state = State {
            tipsets: HashMap::new(),
            head: TipSetKey::default(),
            pending: BTreeMap::new(),
            given: HashMap::new(),
            pushes: Vec::new(),
            known: HashMap::new(),
            accounts: (101..).zip(accounts.iter().copied()).collect(),
            errors: HashMap::new(),
            subscribers: Vec::new(),
            branch: 0,
            null_rounds: 0,
            base_fee: 100_000,
            gas: Gas {
                used: 1_000_000,
                premium: 100_000,
                cap: 100_000 * 2699 / 256,
                max_fee: 10_000_000_000_000_000_000,
            },
            lost_receipts: 0,
            calls: HashMap::new(),
        };
        for _ in 0..=10 {
            state.extend(Vec::new());
        }
        Self(Arc::new(Mutex::new(state)))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// The state, unless the method was told to fail.
    fn called(&self, method: &'static str) -> Result<MutexGuard<'_, State>, RpcError> {
        let mut state = self.state();
        *state.calls.entry(method).or_default() += 1;
        match state.errors.get(method) {
            Some(text) if text == "unknown" => Err(RpcError::coded(-32601, "method not found")),
            Some(text) => Err(RpcError::method(text)),
            None => Ok(state),
        }
    }
}

impl State {
    fn entry(&self, key: &TipSetKey) -> Result<&Entry, RpcError> {
        let key = if key.is_empty() { &self.head } else { key };
        self.tipsets.get(key).ok_or_else(|| RpcError::method(format!("no tipset {key}")))
    }

    fn head(&self) -> &Entry {
        &self.tipsets[&self.head]
    }

    fn height(&self) -> ChainEpoch {
        self.tipsets.get(&self.head).map_or(-1, |entry| entry.tipset.height())
    }

    /// Puts a tipset with these messages on the head.
    fn extend(&mut self, messages: Vec<SignedMessage>) -> HeadChange {
        let height = self.height() + 1 + std::mem::take(&mut self.null_rounds);
        let before = self.tipsets.get(&self.head).map(Entry::after).unwrap_or_default();
        for signed in &messages {
            self.pending.remove(&(signed.message.from, signed.message.nonce));
        }
        let cids: Vec<_> = messages.iter().flat_map(|signed| signed.cid().to_bytes()).collect();
        let miners = if height == 0 { 1 } else { 2 };
        let blocks = (0..miners).map(|n| self.block(height, 9000 + n, &cids)).collect();
        let tipset = TipSet::new(blocks).unwrap();
        self.head = tipset.key().clone();
        self.tipsets.insert(self.head.clone(), Entry { tipset: tipset.clone(), messages, before });
        HeadChange { r#type: HeadChangeType::Apply, val: tipset }
    }

    fn block(&self, height: ChainEpoch, miner: u64, messages: &[u8]) -> BlockHeader {
        let number = |n: u64| n.to_be_bytes().to_vec();
        let epoch = u64::try_from(height).unwrap();
        let place = [number(epoch), number(self.branch)].concat();
        let round = 10 * epoch + 7;
        BlockHeader {
            miner: Address::id(miner),
            ticket: Some(Ticket {
                vrf_proof: Bytes([place.clone(), number(miner), number(0)].concat()),
            }),
            election_proof: Some(ElectionProof { win_count: 1, vrf_proof: Bytes(place) }),
            beacon_entries: vec![BeaconEntry {
                round,
                data: Bytes([number(round), vec![0; 40]].concat()),
            }],
            win_post_proof: Vec::new(),
            parents: self.head.cids().to_vec(),
            parent_weight: BigInt((1000 * epoch).into()),
            height,
            parent_state_root: Cid::of_cbor(&self.head.to_bytes()),
            parent_message_receipts: Cid::of_cbor(b"receipts"),
            messages: Cid::of_cbor(messages),
            bls_aggregate: Some(Signature::bls(vec![0; 96])),
            timestamp: 1_700_000_000 + 4 * epoch,
            block_sig: Some(Signature::bls(vec![0; 96])),
            fork_signaling: 0,
            parent_base_fee: TokenAmount::from_atto(self.base_fee),
        }
    }

    /// The messages of the pool that can be executed now, in the order of nonces.
    fn executable(&self) -> Vec<SignedMessage> {
        let mut next = self.head().after();
        let ready = |(&(from, nonce), signed): (&(Address, u64), &SignedMessage)| {
            let expected = next.entry(from).or_default();
            (*expected == nonce).then(|| {
                *expected += 1;
                signed.clone()
            })
        };
        self.pending.iter().filter_map(ready).collect()
    }

    fn tell(&mut self, batch: &[HeadChange]) {
        self.subscribers.retain(|subscriber| subscriber.unbounded_send(batch.to_vec()).is_ok());
    }

    /// From a tipset to genesis.
    fn ancestors(&self, key: &TipSetKey) -> impl Iterator<Item = &Entry> {
        let first = self.entry(key).ok();
        std::iter::successors(first, |entry| self.tipsets.get(&entry.tipset.parents()))
    }

    /// The messages that a block's parents contain.
    fn parent_messages(&self, block: Cid) -> Result<&[SignedMessage], RpcError> {
        let child = self.tipsets.values().find(|e| e.tipset.key().cids().contains(&block));
        let child = child.ok_or_else(|| RpcError::method(format!("no block {block}")))?;
        Ok(self.tipsets.get(&child.tipset.parents()).map_or(&[], |parent| &parent.messages))
    }
}

fn receipt(message: &Message) -> Receipt {
    Receipt {
        exit_code: if message.method == 16 { 16 } else { 0 },
        return_data: Bytes(vec![0x43, 1, 2, 3]),
        gas_used: u64::try_from(message.gas_limit * 4 / 5).unwrap(),
        events_root: None,
    }
}
