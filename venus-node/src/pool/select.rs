//! Choosing messages for a block (node.md 8.4, the greedy way).
//!
//! A sender's messages are cut into chains, each worth more a unit of gas than the one after it;
//! then the best chains are taken while they fit. How good the block's ticket is does not matter:
//! on a small chain nobody shares the messages of a height.

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet},
    sync::Arc,
};

use num_bigint::BigInt;
use venus_core::{
    Address, SignatureType, SignedMessage, TipSet, TokenAmount, consensus::effective_premium,
};

use super::OfSender;
use crate::{
    chain::{Chain, MAX_MESSAGES, MAX_OF_KIND},
    error::Result,
    executor::BLOCK_GAS_LIMIT,
};

/// Messages of one sender that only make sense together.
#[derive(Debug)]
struct Group {
    messages: Vec<SignedMessage>,
    gas: u64,
    reward: BigInt,
    priority: bool,
    /// Which of its sender's groups.
    index: usize,
}

impl Group {
    /// Reward per unit of gas, as a fraction that compares exactly.
    fn beats(&self, other: &Self) -> bool {
        &self.reward * other.gas > &other.reward * self.gas
    }

    fn join(&mut self, other: Self) {
        self.messages.extend(other.messages);
        self.gas += other.gas;
        self.reward += other.reward;
    }
}

impl Chain {
    /// Messages for a block on `base`.
    pub(crate) fn select(&self, base: &Arc<TipSet>) -> Result<Vec<SignedMessage>> {
        self.select_from(&mut self.pool.all(), base)
    }

    /// Messages for several blocks on `base`, each message once; a block for which nothing is left
    /// gets those of the first.
    pub(crate) fn select_many(
        &self,
        base: &Arc<TipSet>,
        blocks: usize,
    ) -> Result<Vec<Option<Vec<SignedMessage>>>> {
        let mut candidates = self.pool.all();
        let mut selections = Vec::new();
        for _ in 0..blocks {
            let selection = self.select_from(&mut candidates, base)?;
            selections.push((!selection.is_empty()).then_some(selection));
            // Later messages of a sender cannot go without the earlier ones: all of its go.
            let taken = selections.last().into_iter().flatten().flatten();
            for message in taken {
                candidates
                    .retain(|_, own| own.get(&message.message.nonce).is_none_or(|m| m != message));
            }
        }
        let first = selections.first().cloned().flatten();
        for selection in selections.iter_mut().filter(|s| s.is_none()) {
            selection.clone_from(&first);
        }
        Ok(selections)
    }

    fn select_from(
        &self,
        candidates: &mut HashMap<Address, OfSender>,
        base: &Arc<TipSet>,
    ) -> Result<Vec<SignedMessage>> {
        let base_fee = self.base_fee(base)?;
        let state = self.view(&self.compute(base)?.state)?;
        let mut groups = Vec::new();
        for (sender, own) in &*candidates {
            let Some(actor) = state.actor(sender)? else { continue };
            let balance = actor.balance.clone().into();
            let priority = self.config.pool.priority.contains(sender);
            groups.extend(chains(own, actor.nonce, balance, &base_fee, priority));
        }
        groups.sort_by(|a, b| {
            let value = (&b.reward * a.gas).cmp(&(&a.reward * b.gas));
            Reverse(a.priority).cmp(&Reverse(b.priority)).then(value).then(a.index.cmp(&b.index))
        });
        Ok(fill(groups))
    }
}

/// Cuts a sender's messages into groups of falling worth.
fn chains(
    own: &OfSender,
    mut next: u64,
    mut balance: TokenAmount,
    base_fee: &TokenAmount,
    priority: bool,
) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut gas = 0u64;
    for (nonce, message) in own.range(next..) {
        let inner = &message.message;
        let required = inner.required_funds();
        gas = gas.saturating_add(inner.gas_limit.unsigned_abs());
        if *nonce != next
            || inner.gas_fee_cap < *base_fee
            || balance < required
            || gas > BLOCK_GAS_LIMIT
        {
            break;
        }
        next += 1;
        balance = balance - required;
        // The value leaves the account only if there is enough of it.
        if inner.value <= balance {
            balance = balance - inner.value.clone();
        }
        let premium = effective_premium(base_fee, &inner.gas_fee_cap, &inner.gas_premium);
        let mut group = Group {
            messages: vec![message.clone()],
            gas: inner.gas_limit.unsigned_abs(),
            reward: premium.atto() * inner.gas_limit,
            priority,
            index: 0,
        };
        while let Some(before) = groups.pop_if(|before| group.beats(before)) {
            let mut joined = before;
            joined.join(group);
            group = joined;
        }
        groups.push(group);
    }
    for (index, group) in groups.iter_mut().enumerate() {
        group.index = index;
    }
    groups
}

/// Takes groups, best first, while they fit. When one of a sender does not, its later ones cannot
/// go either.
fn fill(groups: Vec<Group>) -> Vec<SignedMessage> {
    let mut gas = 0u64;
    let mut bls = 0;
    let mut left_out: HashSet<Address> = HashSet::new();
    let mut chosen: Vec<SignedMessage> = Vec::new();
    for group in groups {
        let Some(sender) = group.messages.first().map(|m| m.message.from) else { continue };
        let own_bls =
            group.messages.iter().filter(|m| m.signature.kind == SignatureType::Bls).count();
        let others = chosen.len() - bls + group.messages.len() - own_bls;
        let fits = gas + group.gas <= BLOCK_GAS_LIMIT
            && chosen.len() + group.messages.len() <= MAX_MESSAGES
            && bls + own_bls <= MAX_OF_KIND
            && others <= MAX_OF_KIND;
        if left_out.contains(&sender) || !fits {
            left_out.insert(sender);
            continue;
        }
        gas += group.gas;
        bls += own_bls;
        chosen.extend(group.messages);
    }
    chosen
}

#[cfg(test)]
mod tests {
    use venus_core::{Bytes, Message, Signature};

    use super::*;

    fn message(from: u64, nonce: u64, premium: u64, gas_limit: i64) -> SignedMessage {
        let (to, value) = (Address::id(1), TokenAmount::zero());
        let mut message = Message::call(Address::id(from), to, value, 0, Bytes::default());
        message.nonce = nonce;
        message.gas_limit = gas_limit;
        message.gas_fee_cap = TokenAmount::from_atto(1_000_000);
        message.gas_premium = TokenAmount::from_atto(premium);
        SignedMessage { message, signature: Signature::bls(vec![0; 96]) }
    }

    fn own(messages: &[SignedMessage]) -> OfSender {
        messages.iter().map(|m| (m.message.nonce, m.clone())).collect()
    }

    fn cut(own: &OfSender, next: u64, fil: u64) -> Vec<Vec<u64>> {
        chains(own, next, TokenAmount::from_fil(fil), &TokenAmount::from_atto(100), false)
            .iter()
            .map(|g| g.messages.iter().map(|m| m.message.nonce).collect())
            .collect()
    }

    #[test]
    fn a_good_message_pulls_the_ones_before_it() {
        let messages = own(&[
            message(100, 5, 10, 1000),
            message(100, 6, 500, 1000),
            message(100, 7, 20, 1000),
            message(100, 9, 900, 1000),
        ]);
        assert_eq!(cut(&messages, 5, 1), [vec![5, 6], vec![7]]);
        assert!(cut(&messages, 4, 1).is_empty());
        assert_eq!(cut(&messages, 7, 1), [vec![7]]);
        assert!(cut(&messages, 5, 0).is_empty());
    }

    #[test]
    fn the_best_are_taken_while_they_fit() {
        let giga = 1_000_000_000;
        let mut groups = Vec::new();
        for (from, premium, gas) in [(100, 10, 6 * giga), (101, 30, 5 * giga), (102, 20, 4 * giga)]
        {
            let messages = own(&[message(from, 0, premium, gas)]);
            let fee = TokenAmount::from_atto(100);
            groups.extend(chains(&messages, 0, TokenAmount::from_fil(1), &fee, from == 100));
        }
        groups.sort_by(|a, b| (&b.reward * a.gas).cmp(&(&a.reward * b.gas)));
        let senders: Vec<_> =
            fill(groups).iter().map(|m| m.message.from.as_id().unwrap()).collect();
        assert_eq!(senders, [101, 102]);
    }
}
