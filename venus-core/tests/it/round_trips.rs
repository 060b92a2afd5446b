//! What is written is read, in both forms.

use std::fmt::Debug;

use proptest::prelude::*;
use serde::{Serialize, de::DeserializeOwned};
use venus_core::{
    Address, BeaconEntry, BigInt, BitField, BlockHeader, Bytes, Cid, ElectionProof, Message,
    PoStProof, Receipt, RegisteredPoStProof, Signature, SignatureType, SignedMessage, Ticket,
    TipSetKey, TokenAmount, cbor, from_cbor,
};

fn trips<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
    let bytes = cbor(value);
    assert_eq!(from_cbor::<T>(&bytes).unwrap(), *value);
    let json = serde_json::to_string(value).unwrap();
    assert_eq!(serde_json::from_str::<T>(&json).unwrap(), *value, "{json}");
    assert_eq!(cbor(&from_cbor::<T>(&bytes).unwrap()), bytes);
}

fn bytes(max: usize) -> impl Strategy<Value = Bytes> {
    prop::collection::vec(any::<u8>(), 0..max).prop_map(Bytes)
}

fn cid() -> impl Strategy<Value = Cid> {
    any::<u64>().prop_map(|n| Cid::of_cbor(&n.to_be_bytes()))
}

fn cids() -> impl Strategy<Value = Vec<Cid>> {
    prop::collection::vec(cid(), 0..5)
}

fn big() -> impl Strategy<Value = BigInt> {
    (any::<i128>(), 0u32..100).prop_map(|(n, shift)| BigInt(num_bigint::BigInt::from(n) << shift))
}

fn amount() -> impl Strategy<Value = TokenAmount> {
    big().prop_map(|n| TokenAmount::from_atto(n.0))
}

fn address() -> impl Strategy<Value = Address> {
    let inner = fvm_shared::address::Address::new_actor;
    prop_oneof![
        (0..=i64::MAX as u64).prop_map(Address::id),
        any::<[u8; 20]>().prop_map(move |b| inner(&b).into()),
        any::<[u8; 32]>().prop_map(|b| {
            fvm_shared::address::Address::new_secp256k1(&[&[4u8][..], &b, &b].concat())
                .unwrap()
                .into()
        }),
        prop::collection::vec(any::<u8>(), 48).prop_map(|b| fvm_shared::address::Address::new_bls(
            &b
        )
        .unwrap()
        .into()),
        prop::collection::vec(any::<u8>(), 0..54)
            .prop_map(|b| fvm_shared::address::Address::new_delegated(10, &b).unwrap().into()),
    ]
}

fn signature() -> impl Strategy<Value = Signature> {
    let kind = prop_oneof![
        Just(SignatureType::Secp256k1),
        Just(SignatureType::Bls),
        Just(SignatureType::Delegated)
    ];
    (kind, bytes(100)).prop_map(|(kind, data)| Signature { kind, data })
}

prop_compose! {
    fn message()(
        to in address(), from in address(), nonce: u64, value in amount(), gas_limit: i64,
        gas_fee_cap in amount(), gas_premium in amount(), method: u64, params in bytes(64),
    ) -> Message {
        Message {
            version: 0, to, from, nonce, value, gas_limit, gas_fee_cap, gas_premium, method, params,
        }
    }
}

fn beacon() -> impl Strategy<Value = BeaconEntry> {
    (any::<u64>(), bytes(100)).prop_map(|(round, data)| BeaconEntry { round, data })
}

prop_compose! {
    fn header()(
        miner in address(), vrf in prop::option::of(bytes(100)),
        election in prop::option::of((any::<i64>(), bytes(100))),
        beacon_entries in prop::collection::vec(beacon(), 0..4), proof in bytes(200),
        parents in cids(), weight in big(), height: i64, timestamp: u64, fork_signaling: u64,
        roots in [cid(), cid(), cid()], signatures in [prop::option::of(signature()), prop::option::of(signature())],
        parent_base_fee in amount(),
    ) -> BlockHeader {
        let [parent_state_root, parent_message_receipts, messages] = roots;
        let [bls_aggregate, block_sig] = signatures;
        BlockHeader {
            miner,
            ticket: vrf.map(|vrf_proof| Ticket { vrf_proof }),
            election_proof: election.map(|(win_count, vrf_proof)| ElectionProof { win_count, vrf_proof }),
            beacon_entries,
            win_post_proof: vec![PoStProof {
                post_proof: RegisteredPoStProof::StackedDRGWinning32GiBV1,
                proof_bytes: proof,
            }],
            parents,
            parent_weight: weight,
            height,
            parent_state_root,
            parent_message_receipts,
            messages,
            bls_aggregate,
            timestamp,
            block_sig,
            fork_signaling,
            parent_base_fee,
        }
    }
}

proptest! {
    #[test]
    fn scalars(a in address(), big in big(), amount in amount(), bytes in bytes(64), cid in cid()) {
        trips(&a);
        trips(&big);
        trips(&amount);
        trips(&bytes);
        trips(&cid);
    }

    #[test]
    fn messages(message in message(), signature in signature()) {
        trips(&message);
        trips(&signature);
        trips(&SignedMessage { message, signature });
    }

    #[test]
    fn headers(header in header()) {
        trips(&header);
        let unsigned = BlockHeader { block_sig: None, ..header.clone() };
        prop_assert_eq!(header.signing_bytes(), unsigned.cbor());
    }

    #[test]
    fn parts_of_headers(vrf_proof in bytes(100), entry in beacon(), cids in cids()) {
        trips(&Ticket { vrf_proof });
        trips(&entry);
        trips(&TipSetKey::new(cids));
    }

    #[test]
    fn receipts(exit_code: u32, return_data in bytes(64), gas_used: u64, root in prop::option::of(cid())) {
        trips(&Receipt { exit_code, return_data, gas_used, events_root: root });
    }

    #[test]
    fn bit_fields(bits in prop::collection::btree_set(0u64..5000, 0..200)) {
        let field: BitField = bits.iter().copied().collect();
        trips(&field);
        let json = serde_json::to_string(&field).unwrap();
        let read: BitField = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(read.iter().collect::<Vec<_>>(), bits.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes: Vec<u8>) {
        let _ = from_cbor::<BlockHeader>(&bytes);
        let _ = from_cbor::<SignedMessage>(&bytes);
        let _ = from_cbor::<BitField>(&bytes);
        let _ = from_cbor::<Address>(&bytes);
        let _ = from_cbor::<TokenAmount>(&bytes);
    }

    #[test]
    fn no_json_makes_a_reader_panic(text in ".{0,40}") {
        let _ = serde_json::from_str::<BitField>(&text);
        let _ = serde_json::from_str::<Bytes>(&format!("{text:?}"));
        let _ = text.parse::<TokenAmount>();
        let _ = text.parse::<Address>();
    }
}
