//! What a test tells the node to do, and asks about it.

use std::collections::{HashMap, HashSet};

use venus_core::{
    Address, Bytes, ChainEpoch, Cid, HeadChange, HeadChangeType, Message, Signature, SignedMessage,
    TipSet, TipSetKey, TokenAmount,
};

use super::{Gas, ScriptedNode};

impl ScriptedNode {
    /// Makes `n` tipsets; the first contains the waiting messages if `include`.
    pub(crate) fn advance(&self, n: usize, include: bool) {
        for number in 0..n {
            let mut state = self.state();
            let messages = match include && number == 0 {
                true => state.executable(),
                false => Vec::new(),
            };
            let change = state.extend(messages);
            state.tell(&[change]);
        }
    }

    /// Takes `depth` tipsets off and puts `length` others on; the last contains the waiting
    /// messages if `include`.
    pub(crate) fn reorg(&self, depth: usize, length: usize, include: bool) {
        let mut state = self.state();
        let mut batch = Vec::new();
        for _ in 0..depth {
            let left = state.head().clone();
            for signed in left.messages {
                let place = (signed.message.from, signed.message.nonce);
                state.pending.entry(place).or_insert(signed);
            }
            state.head = left.tipset.parents();
            batch.push(HeadChange { r#type: HeadChangeType::Revert, val: left.tipset });
        }
        state.branch += 1;
        for number in 1..=length {
            let messages = match include && number == length {
                true => state.executable(),
                false => Vec::new(),
            };
            batch.push(state.extend(messages));
        }
        state.tell(&batch);
    }

    /// Makes the next tipset one higher.
    pub(crate) fn null_round(&self) {
        self.state().null_rounds += 1;
    }

    /// Puts a message of somebody else into the pool, in the place of one that is there.
    pub(crate) fn inject(&self, from: Address, to: Address, nonce: u64, value: u64) {
        let message = Message {
            nonce,
            gas_limit: 1_000_000,
            gas_fee_cap: TokenAmount::from_atto(2_000_000_u64),
            gas_premium: TokenAmount::from_atto(200_000_u64),
            ..Message::transfer(from, to, TokenAmount::from_atto(value))
        };
        let signed = SignedMessage { message, signature: Signature::bls(Bytes(vec![1; 96])) };
        let mut state = self.state();
        state.known.insert(signed.cid(), signed.clone());
        state.pending.insert((from, nonce), signed);
    }

    /// Lets a method fail; `unknown`: as one that does not exist.
    pub(crate) fn fail(&self, method: &str, error: &str) {
        self.state().errors.insert(method.to_owned(), error.to_owned());
    }

    /// Lets a method work again.
    pub(crate) fn heal(&self, method: &str) {
        self.state().errors.remove(method);
    }

    /// Leaves so many receipts out.
    pub(crate) fn lose_receipts(&self, count: usize) {
        self.state().lost_receipts = count;
    }

    /// Ends all subscriptions.
    pub(crate) fn close_subscriptions(&self) {
        self.state().subscribers.clear();
    }

    /// Tells the subscribers something about the head that is no switch.
    pub(crate) fn tell(&self, batch: &[HeadChange]) {
        self.state().tell(batch);
    }

    /// Estimates from now on like this.
    pub(crate) fn set_gas(&self, gas: Gas) {
        self.state().gas = gas;
    }

    /// The base fee of the next tipsets.
    pub(crate) fn set_base_fee(&self, atto: u64) {
        self.state().base_fee = atto;
    }

    /// Forgets the waiting messages, as a pool that was full.
    pub(crate) fn forget_pending(&self) {
        self.state().pending.clear();
    }

    /// The next nonce after the messages of the head.
    pub(crate) fn next_nonce(&self, from: Address) -> u64 {
        self.state().head().after().get(&from).copied().unwrap_or_default()
    }

    pub(crate) fn head(&self) -> TipSet {
        self.state().head().tipset.clone()
    }

    /// How many follow the head.
    pub(crate) fn subscribers(&self) -> usize {
        let mut state = self.state();
        state.subscribers.retain(|subscriber| !subscriber.is_closed());
        state.subscribers.len()
    }

    pub(crate) fn calls(&self, method: &str) -> usize {
        self.state().calls.get(method).copied().unwrap_or_default()
    }

    pub(crate) fn add_account(&self, id: u64, address: Address) {
        self.state().accounts.insert(id, address);
    }

    pub(crate) fn height_of(&self, key: &TipSetKey) -> Option<ChainEpoch> {
        self.state().tipsets.get(key).map(|entry| entry.tipset.height())
    }

    pub(crate) fn all_calls(&self) -> usize {
        self.state().calls.values().sum()
    }

    /// Sender and nonce of the waiting messages.
    pub(crate) fn pending(&self) -> Vec<(Address, u64)> {
        self.state().pending.keys().copied().collect()
    }

    /// Each push since the last time this was asked.
    pub(crate) fn take_pushes(&self) -> Vec<Vec<(Address, u64)>> {
        std::mem::take(&mut self.state().pushes)
    }

    /// All messages that were ever given to the pool, by sender and nonce.
    pub(crate) fn given(&self) -> HashMap<(Address, u64), HashSet<Cid>> {
        self.state().given.clone()
    }

    /// The executed message of a sender and nonce with the tipset that contains it.
    pub(crate) fn executed(
        &self,
        from: Address,
        nonce: u64,
    ) -> Option<(Cid, ChainEpoch, TipSetKey)> {
        let state = self.state();
        // The messages of the head itself are not executed yet.
        state.ancestors(&state.head).skip(1).find_map(|entry| {
            let of = |s: &&SignedMessage| s.message.from == from && s.message.nonce == nonce;
            let signed = entry.messages.iter().find(of)?;
            Some((signed.cid(), entry.tipset.height(), entry.tipset.key().clone()))
        })
    }

    /// A command as the recordings have it.
    pub(crate) fn command(&self, text: &str) {
        let (name, query) = text.split_once('?').unwrap_or((text, ""));
        let query: HashMap<_, _> = query.split('&').filter_map(|p| p.split_once('=')).collect();
        let number = |key: &str| query[key].parse::<u64>().unwrap();
        let count = |key: &str| usize::try_from(number(key)).unwrap();
        let include = query.get("include") == Some(&"1");
        match name {
            "advance" => self.advance(count("n"), include),
            "reorg" => self.reorg(count("depth"), count("length"), include),
            "inject" => {
                let address = |key: &str| query[key].parse().unwrap();
                self.inject(address("from"), address("to"), number("nonce"), number("value"));
            }
            "closesubs" => self.close_subscriptions(),
            "set" => {
                let (method, error) = match (query.get("rpc"), query.get("err")) {
                    (Some(method), Some(error)) => (*method, *error),
                    _ if query.contains_key("pusherr") => ("Push", query["pusherr"]),
                    _ => ("GasBatchEstimateMessageGas", query["batcherr"]),
                };
                match percent_decoded(error) {
                    empty if empty.is_empty() => self.heal(method),
                    error => self.fail(method, &error),
                }
            }
            other => panic!("{other} is no command of the node"),
        }
    }
}

fn percent_decoded(text: &str) -> String {
    let mut parts = text.split('%');
    let mut decoded = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        decoded.push(char::from(u8::from_str_radix(&part[..2], 16).unwrap()));
        decoded += &part[2..];
    }
    decoded
}
