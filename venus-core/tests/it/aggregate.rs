//! Aggregates of BLS signatures, as blocks carry one for all their messages.

use venus_core::{
    Address, Signature,
    crypto::{self, CryptoError, KeyKind, PrivateKey, aggregate_bls, verify_aggregate},
};

fn key(seed: u8) -> PrivateKey {
    PrivateKey::from_seed(KeyKind::Bls, &[seed; 32]).unwrap()
}

/// What three keys signed, and the signatures.
fn three() -> (Vec<(Address, Vec<u8>)>, Vec<Signature>) {
    [(1, b"one".to_vec()), (2, b"two".to_vec()), (3, b"three".to_vec())]
        .into_iter()
        .map(|(seed, data)| {
            let signature = key(seed).sign(&data).unwrap();
            ((key(seed).address(), data), signature)
        })
        .unzip()
}

#[test]
fn it_is_of_these_keys_over_these_bytes_and_of_nothing_else() {
    let (signed, signatures) = three();
    let aggregate = aggregate_bls(&signatures).unwrap();
    assert_eq!(aggregate.data.len(), 96);
    verify_aggregate(&aggregate, &signed).unwrap();
    assert_eq!(aggregate_bls(&signatures[..1]).unwrap(), signatures[0], "of one it is that one");

    let refused = |changed: &[(Address, Vec<u8>)]| {
        assert_eq!(
            verify_aggregate(&aggregate, changed),
            Err(CryptoError::Mismatch),
            "{changed:?}"
        );
    };
    let mut other_key = signed.clone();
    other_key[0].0 = key(4).address();
    refused(&other_key);
    let mut other_bytes = signed.clone();
    other_bytes[0].1.push(b'!');
    refused(&other_bytes);
    // Who signed what: the same keys and the same bytes, exchanged.
    let mut exchanged = signed.clone();
    (exchanged[0].1, exchanged[1].1) = (signed[1].1.clone(), signed[0].1.clone());
    refused(&exchanged);
    refused(&signed[..2]);
    refused(&[signed.clone(), signed[..1].to_vec()].concat());
    refused(&[]);
}

/// Two keys never sign the same bytes, as these name the sender; were they allowed to, a key made
/// for it could cancel another one out.
#[test]
fn the_same_bytes_twice_are_refused() {
    let signatures = [1, 2].map(|seed| key(seed).sign(b"same").unwrap());
    let signed = [1, 2].map(|seed| (key(seed).address(), b"same".to_vec()));
    let aggregate = aggregate_bls(&signatures).unwrap();
    assert_eq!(verify_aggregate(&aggregate, &signed), Err(CryptoError::Mismatch));
}

#[test]
fn the_order_of_the_pairs_does_not_matter() {
    let (mut signed, mut signatures) = three();
    let aggregate = aggregate_bls(&signatures).unwrap();
    signatures.reverse();
    assert_eq!(aggregate_bls(&signatures).unwrap(), aggregate);
    signed.reverse();
    verify_aggregate(&aggregate, &signed).unwrap();
}

#[test]
fn a_changed_or_foreign_signature_is_refused() {
    let (signed, mut signatures) = three();
    let aggregate = aggregate_bls(&signatures).unwrap();
    for at in [0, 47, 48, 95] {
        let mut changed = aggregate.clone();
        changed.data.0[at] ^= 1;
        verify_aggregate(&changed, &signed).unwrap_err();
    }
    let mut longer = aggregate.clone();
    longer.data.0.push(0);
    assert!(matches!(verify_aggregate(&longer, &signed), Err(CryptoError::Malformed(_))));

    signatures[2] = key(3).sign(b"four").unwrap();
    let other = aggregate_bls(&signatures).unwrap();
    assert_eq!(verify_aggregate(&other, &signed), Err(CryptoError::Mismatch));

    let secp = PrivateKey::from_seed(KeyKind::Secp256k1, &[1; 32]).unwrap();
    let foreign = secp.sign(b"one").unwrap();
    assert!(matches!(
        aggregate_bls(std::slice::from_ref(&foreign)),
        Err(CryptoError::Malformed(_))
    ));
    assert!(matches!(verify_aggregate(&foreign, &signed), Err(CryptoError::Malformed(_))));
    let stranger = [(secp.address(), b"one".to_vec())];
    let refusal = verify_aggregate(&aggregate, &stranger).unwrap_err();
    assert!(matches!(refusal, CryptoError::Address { address, .. } if address == secp.address()));
}

/// A block without BLS messages carries the neutral element.
#[test]
fn of_nothing_it_is_the_neutral_element() {
    let empty = aggregate_bls(&[]).unwrap();
    let mut neutral = [0; 96];
    neutral[0] = 0xc0;
    assert_eq!(empty, Signature::bls(neutral.to_vec()));
    verify_aggregate(&empty, &[]).unwrap();
    // It is nobody's signature.
    let (signed, signatures) = three();
    assert_eq!(verify_aggregate(&empty, &signed), Err(CryptoError::Mismatch));
    assert_eq!(verify_aggregate(&signatures[0], &[]), Err(CryptoError::Mismatch));
    crypto::verify(&empty, b"one", key(1).address()).unwrap_err();
}
