//! Which messages the pool takes (node.md 8.1).

use venus_core::{
    Address, Cid, Message, SignedMessage, TokenAmount, cbor,
    crypto::{signing_bytes, verify},
};

use super::OfSender;
use crate::{
    chain::{CHAIN_ID, Chain, key_of, lock},
    error::{NodeError, Result},
    executor::{BLOCK_GAS_LIMIT, StateView},
};

/// Bytes that a signed message may have.
const MAX_SIZE: usize = 64 << 10;
/// The lowest fee cap.
const MIN_FEE_CAP: u32 = 100;
/// FIL in existence.
const TOTAL_SUPPLY: u64 = 2_000_000_000;

fn refused<T>(reason: impl Into<String>) -> Result<T> {
    Err(NodeError::Refused(reason.into()))
}

/// Gas that a message of so many bytes costs at least, as pools and blocks check it. The executor
/// charges more: a limit in between makes a message that is mined and fails.
fn inclusion_price(length: usize) -> i64 {
    38_863 + 1300 * (36 + i64::try_from(length).unwrap_or(i64::MAX / 1300 - 100))
}

/// What can be said of a message without any state; `length` is its length on chain.
pub(crate) fn check_static(message: &Message, length: usize) -> Result<()> {
    let not_valid = |reason: &str| {
        Err(NodeError::Refused(format!("message not valid for block inclusion: {reason}")))
    };
    let supply = TokenAmount::from_fil(TOTAL_SUPPLY);
    if message.version != 0 {
        return not_valid("'Version' unsupported");
    }
    if is_zero_bls(message.to) {
        return not_valid("invalid 'To' address");
    }
    if message.value < TokenAmount::zero() {
        return not_valid("'Value' field cannot be negative");
    }
    if message.value > supply {
        return not_valid("'Value' field cannot be greater than total filecoin supply");
    }
    if message.gas_fee_cap < TokenAmount::zero() {
        return not_valid("'GasFeeCap' field cannot be negative");
    }
    if message.gas_premium < TokenAmount::zero() {
        return not_valid("'GasPremium' field cannot be negative");
    }
    if message.gas_premium > message.gas_fee_cap {
        return not_valid("'GasFeeCap' less than 'GasPremium'");
    }
    let limit = message.gas_limit;
    if limit <= 0 {
        return not_valid(&format!("'GasLimit' field {limit} must be positive"));
    }
    if limit.unsigned_abs() > BLOCK_GAS_LIMIT {
        return not_valid(&format!(
            "'GasLimit' field cannot be greater than a block's gas limit ({limit} > {BLOCK_GAS_LIMIT})"
        ));
    }
    let least = inclusion_price(length);
    if limit < least {
        return not_valid(&format!(
            "'GasLimit' field cannot be less than the cost of storing a message on chain {limit} < {least}"
        ));
    }
    Ok(())
}

/// The BLS point at infinity, to which nobody has the key.
fn is_zero_bls(address: Address) -> bool {
    use fvm_shared::address::Payload;
    matches!(address.payload(), Payload::BLS(key) if key.first() == Some(&0xc0) && key.iter().skip(1).all(|b| *b == 0))
}

/// The premium that a replacement needs: a tenth more.
fn replacement_premium(old: &TokenAmount) -> TokenAmount {
    TokenAmount::from_atto(old.atto() * 110u32 / 100u32 + 1u32)
}

/// FIL as Go writes it: no fraction if there is none.
fn fil(amount: &TokenAmount) -> String {
    amount.to_string().replace(".0 FIL", " FIL")
}

impl Chain {
    /// The address under which the pool keeps the messages of a sender.
    pub(crate) fn sender_key(&self, state: &StateView<'_>, from: Address) -> Result<Address> {
        use fvm_shared::address::Protocol;
        match from.protocol() {
            Protocol::ID => match state.actor(&from)?.and_then(|actor| actor.delegated) {
                Some(delegated) => Ok(delegated.into()),
                None => Ok(state.account_key(&from)?.into()),
            },
            _ => Ok(from),
        }
    }

    /// Takes a message into the pool; when this returns it is on disk.
    pub(crate) fn push(&self, message: &SignedMessage) -> Result<Cid> {
        let size = cbor(message).len();
        if size > MAX_SIZE {
            return refused(format!("mpool message too large ({size}B): message too big"));
        }
        let inner = &message.message;
        check_static(inner, message.chain_length())?;
        if inner.gas_fee_cap < TokenAmount::from_atto(MIN_FEE_CAP) {
            return refused("gas fee cap too low");
        }

        let head = self.head();
        let state = self.view(&self.compute(&head)?.state)?;
        let cid = message.cid();
        let bad_signature = |reason: String| {
            NodeError::Refused(format!(
                "signature verification failed: failed to validate signature: invalid signature \
                 for message {cid} (type {}): {reason}",
                message.signature.kind.code()
            ))
        };
        let bytes = signing_bytes(inner, CHAIN_ID).map_err(|e| bad_signature(e.to_string()))?;
        let key = key_of(&state, inner).map_err(|e| bad_signature(e.to_string()))?;
        verify(&message.signature, &bytes, key).map_err(|e| bad_signature(e.to_string()))?;

        let actor = state.actor(&inner.from)?.ok_or_else(|| {
            NodeError::Refused(format!("failed to look up actor {}: actor not found", inner.from))
        })?;
        if !actor.is_account() {
            return refused(format!("sender actor {} is not a valid top-level sender", inner.from));
        }
        if inner.nonce < actor.nonce {
            return refused(format!(
                "minimum expected nonce is {}, got {}: message nonce too low",
                actor.nonce, inner.nonce
            ));
        }
        let sender = self.sender_key(&state, inner.from)?;
        // One at a time from here, or two of one nonce could both be found good.
        let _guard = lock(&self.pool.admitting);
        let own = self.pool.of(sender);
        self.check_funds(inner, &own, &actor.balance.clone().into())?;
        check_replacement(message, &own, sender)?;
        if !own.contains_key(&inner.nonce) && self.pool.len() >= self.config.pool.size_limit {
            return refused("the message pool is full; try again later");
        }
        self.pool.remember_signatures([message], head.height())?;
        // Whoever waits for it must be able to look it up.
        self.store.put_message(message)?;
        self.pool.insert(sender, message)?;
        self.store.commit()?;
        self.measure();
        tracing::debug!(%cid, from = %inner.from, nonce = inner.nonce, "message in pool");
        Ok(cid)
    }

    fn check_funds(&self, message: &Message, own: &OfSender, balance: &TokenAmount) -> Result<()> {
        let required = message.required_funds();
        if *balance < required {
            return refused(format!(
                "failed to check balance: not enough funds (required: {}, balance: {}): not enough \
                 funds to execute transaction",
                fil(&required),
                fil(balance)
            ));
        }
        let others = own.values().filter(|other| other.message.nonce != message.nonce);
        let all = others.fold(required, |sum, other| sum + other.message.required_funds());
        if *balance < all {
            return refused(format!(
                "not enough funds including pending messages (required: {}, balance: {}): \
                 validation failure",
                fil(&all),
                fil(balance)
            ));
        }
        Ok(())
    }
}

fn check_replacement(message: &SignedMessage, own: &OfSender, sender: Address) -> Result<()> {
    let nonce = message.message.nonce;
    let Some(old) = own.get(&nonce) else { return Ok(()) };
    if old.cid() == message.cid() {
        return refused(format!(
            "failed to add locked: message from {sender} with nonce {nonce} already in mpool: \
             message with nonce already exists"
        ));
    }
    let least = replacement_premium(&old.message.gas_premium);
    if message.message.gas_premium < least {
        return refused(format!(
            "failed to add locked: message from {sender} with nonce {nonce} already in mpool, \
             increase GasPremium to {} from {} to trigger replace by fee: replace by fee has too \
             low GasPremium",
            least.atto(),
            old.message.gas_premium.atto()
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replacement_pays_a_tenth_more() {
        for (old, least) in
            [(0u64, 1u64), (1, 2), (100, 111), (100_000, 110_001), (123_456_789, 135_802_468)]
        {
            assert_eq!(
                replacement_premium(&TokenAmount::from_atto(old)),
                TokenAmount::from_atto(least)
            );
        }
    }
}
