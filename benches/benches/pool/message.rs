//! CBOR and CID of a message. The limit of the CBOR is that of the FVM's own type, of the CID the
//! hash alone.

use std::hint::black_box;

use criterion::Criterion;
use venus_core::{
    Address, Message, TokenAmount, cbor,
    crypto::{KeyKind, PrivateKey},
};

/// A pre-commit as a sealer sends it, in size.
pub(crate) fn message() -> Message {
    let from = PrivateKey::from_seed(KeyKind::Bls, &[7; 32]).unwrap().address();
    let value = TokenAmount::from_fil(1);
    let mut message = Message::call(from, Address::id(1000), value, 28, vec![7; 200].into());
    message.gas_limit = 20_000_000;
    message.gas_fee_cap = TokenAmount::from_atto(1_000_000_000_u64);
    message.gas_premium = TokenAmount::from_atto(100_000_u64);
    message
}

pub(crate) fn all(criterion: &mut Criterion) {
    let message = message();
    let inner = fvm_shared::message::Message::from(&message);
    let mut group = criterion.benchmark_group("message-cbor");
    group.bench_function("ours", |b| b.iter(|| black_box(&message).cbor()));
    group.bench_function("limit", |b| b.iter(|| cbor(black_box(&inner))));
    group.finish();

    let bytes = message.cbor();
    let mut group = criterion.benchmark_group("message-cid");
    group.bench_function("ours", |b| b.iter(|| black_box(&message).cid()));
    group.bench_function("limit", |b| {
        b.iter(|| blake2b_simd::Params::new().hash_length(32).hash(black_box(&bytes)));
    });
    group.finish();
}
