//! The keys of the embedded store: one ordered space, a prefix for each kind of entry.

use chrono::{DateTime, Utc};
use venus_core::{
    Address, Cid,
    api::messager::{MessageState, QueuedMessage},
};

pub(super) const SHARED: &[u8] = b"p";
pub(super) const TRACKED: &[u8] = b"t";
pub(super) const SENDERS: &[u8] = b"a";
pub(super) const ACTOR_CONFIGS: &[u8] = b"g";
pub(super) const WALLETS: &[u8] = b"w";

/// A message by id.
pub(super) fn message(id: &str) -> Vec<u8> {
    [b"m", id.as_bytes()].concat()
}

pub(super) fn sender(address: Address) -> Vec<u8> {
    [SENDERS, &address.to_bytes()].concat()
}

fn with_length(address: Address) -> Vec<u8> {
    let bytes = address.to_bytes();
    // An address has at most 66 bytes.
    let length = u8::try_from(bytes.len()).unwrap_or(u8::MAX);
    [&[length], bytes.as_slice()].concat()
}

/// All messages in a state, or those of one sender.
pub(super) fn in_state(state: MessageState, sender: Option<Address>) -> Vec<u8> {
    let mut key = vec![b's'];
    key.extend(state.code().to_be_bytes());
    key.extend(sender.map(with_length).unwrap_or_default());
    key
}

/// The entry of a message among those of its state and sender, ordered by the time of coming.
fn listed(message: &QueuedMessage) -> Vec<u8> {
    let mut key = in_state(message.state, Some(message.from));
    key.extend(nanos(message.created_at).to_be_bytes());
    key.extend(message.id.as_bytes());
    key
}

fn nanos(time: DateTime<Utc>) -> u64 {
    time.timestamp_nanos_opt().and_then(|n| u64::try_from(n).ok()).unwrap_or_default()
}

pub(super) fn nonce(from: Address, nonce: u64) -> Vec<u8> {
    let mut key = vec![b'n'];
    key.extend(with_length(from));
    key.extend(nonce.to_be_bytes());
    key
}

pub(super) fn signed(cid: Cid) -> Vec<u8> {
    [b"cs".as_slice(), &cid.to_bytes()].concat()
}

pub(super) fn unsigned(cid: Cid) -> Vec<u8> {
    [b"cu".as_slice(), &cid.to_bytes()].concat()
}

/// All entries that lead to a message; each has its id as value.
pub(super) fn leading_to(message: &QueuedMessage) -> Vec<Vec<u8>> {
    let mut keys = vec![listed(message)];
    if let Some(cid) = message.signed_cid {
        keys.push(signed(cid));
        keys.push(nonce(message.from, message.nonce));
    }
    keys.extend(message.unsigned_cid.map(unsigned));
    keys
}
