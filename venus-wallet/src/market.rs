//! What market programs have signed: deals, asks and vouchers.
//!
//! Each is decoded and encoded again, so that only what it says can be signed. Maps may have their
//! keys in any order, or more of them; for all else there is one encoding, and others are refused.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};
use venus_core::{Address, Bytes, ChainEpoch, Cid, Signature, TokenAmount, cbor, from_cbor};

/// The bytes that are signed for the purpose `name`; none if it is not one of the market's.
pub(crate) fn sign_bytes(name: &str, data: &[u8]) -> Option<Result<Vec<u8>, String>> {
    Some(match name {
        "dealproposal" => exact::<DealProposal<String>>(data).map(|deal| cbor(&deal)),
        "clientdeal" => exact::<ClientDeal>(data).map(|deal| sha256_cid(&cbor(&deal))),
        "signedvoucher" => {
            exact::<Voucher>(data).map(|voucher| cbor(&Voucher { signature: None, ..voucher }))
        }
        "storageask" => decode::<StorageAsk>(data).map(|ask| cbor(&ask)),
        "askresponse" => decode::<AskResponse>(data).map(|response| response.ask.ask.as_tuple()),
        // Misspelt on the wire.
        "networkresposne" => decode::<DealResponse>(data).map(|response| cbor(&response)),
        "providerdealstate" => decode::<ProviderDealState>(data).map(|state| cbor(&state)),
        _ => return None,
    })
}

fn decode<'a, T: Deserialize<'a>>(data: &'a [u8]) -> Result<T, String> {
    from_cbor(data).map_err(|e| e.to_string())
}

/// Reads what has only one encoding. The decoder takes more, such as a label of bytes for a text:
/// that would become the signature of something else.
fn exact<'a, T: Deserialize<'a> + Serialize>(data: &'a [u8]) -> Result<T, String> {
    let value = decode(data)?;
    match cbor(&value) == data {
        true => Ok(value),
        false => Err("it is not encoded as DAG-CBOR wants it".into()),
    }
}

/// Unlike everywhere on chain, the CID of a client's deal is made with SHA-256.
fn sha256_cid(block: &[u8]) -> Vec<u8> {
    let mut cid = vec![0x01, 0x71, 0x12, 0x20];
    cid.extend(Sha256::digest(block));
    cid
}

/// Piece CID, piece size, verified deal, client, provider, label, start and end epoch, storage
/// price per epoch, provider and client collateral.
type DealProposal<L> = (
    Cid,
    u64,
    bool,
    Address,
    Address,
    L,
    ChainEpoch,
    ChainEpoch,
    TokenAmount,
    TokenAmount,
    TokenAmount,
);

/// A proposal and the client's signature.
type ClientDeal = (DealProposal<String>, Signature);

/// A label of a deal: text or bytes.
enum Label {
    Text(String),
    Bytes(Vec<u8>),
}

impl Serialize for Label {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => s.serialize_str(text),
            Self::Bytes(bytes) => s.serialize_bytes(bytes),
        }
    }
}

impl<'de> Deserialize<'de> for Label {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Either;

        impl de::Visitor<'_> for Either {
            type Value = Label;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a label, text or bytes")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Label, E> {
                Ok(Label::Text(text.to_owned()))
            }

            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Label, E> {
                Ok(Label::Bytes(bytes.to_vec()))
            }
        }

        d.deserialize_any(Either)
    }
}

/// A payment channel voucher, an array of 11.
struct Voucher {
    /// Channel, earliest and latest epoch, preimage of the secret.
    terms: (Address, ChainEpoch, ChainEpoch, Bytes),
    /// A call that must succeed: actor, method, data.
    extra: Option<(Address, u64, Bytes)>,
    lane: u64,
    nonce: u64,
    amount: TokenAmount,
    min_settle_height: ChainEpoch,
    /// Lane and nonce of each.
    merges: Vec<(u64, u64)>,
    signature: Option<Signature>,
}

impl Serialize for Voucher {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let Self { terms, extra, lane, nonce, amount, min_settle_height, merges, signature } = self;
        let (channel, from, until, preimage) = terms;
        let array = (
            channel,
            from,
            until,
            preimage,
            extra,
            lane,
            nonce,
            amount,
            min_settle_height,
            merges,
            signature,
        );
        array.serialize(s)
    }
}

impl<'de> Deserialize<'de> for Voucher {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let (
            channel,
            from,
            until,
            preimage,
            extra,
            lane,
            nonce,
            amount,
            min_settle_height,
            merges,
            signature,
        ) = Deserialize::deserialize(d)?;
        let terms = (channel, from, until, preimage);
        Ok(Self { terms, extra, lane, nonce, amount, min_settle_height, merges, signature })
    }
}

/// What storage costs. A map whose keys are written in the order of DAG-CBOR.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StorageAsk {
    miner: Address,
    #[serde(default)]
    price: TokenAmount,
    #[serde(default)]
    seq_no: u64,
    #[serde(default)]
    expiry: ChainEpoch,
    #[serde(default)]
    timestamp: ChainEpoch,
    #[serde(default)]
    max_piece_size: u64,
    #[serde(default)]
    min_piece_size: u64,
    #[serde(default)]
    verified_price: TokenAmount,
}

impl StorageAsk {
    /// The older form, an array.
    fn as_tuple(&self) -> Vec<u8> {
        let Self {
            miner,
            price,
            seq_no,
            expiry,
            timestamp,
            max_piece_size,
            min_piece_size,
            verified_price,
        } = self;
        cbor(&(
            price,
            verified_price,
            min_piece_size,
            max_piece_size,
            miner,
            timestamp,
            expiry,
            seq_no,
        ))
    }
}

/// An ask as it is sent to those who query it. Its signature is what is asked for here.
#[derive(Deserialize)]
struct AskResponse {
    #[serde(rename = "Ask")]
    ask: SignedAsk,
}

#[derive(Deserialize)]
struct SignedAsk {
    #[serde(rename = "Ask")]
    ask: StorageAsk,
}

/// The answer to a deal proposal.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DealResponse {
    #[serde(default)]
    state: u64,
    #[serde(default)]
    message: String,
    proposal: Cid,
    #[serde(default)]
    publish_message: Option<Cid>,
}

/// What a provider says of a deal.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ProviderDealState {
    #[serde(default)]
    state: u64,
    #[serde(rename = "DealID", default)]
    deal_id: u64,
    #[serde(default)]
    message: String,
    #[serde(default)]
    proposal: Option<DealProposal<Label>>,
    #[serde(default)]
    publish_cid: Option<Cid>,
    #[serde(default)]
    add_funds_cid: Option<Cid>,
    #[serde(default)]
    proposal_cid: Option<Cid>,
    #[serde(default)]
    fast_retrieval: bool,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TYPES: [&str; 7] = [
        "dealproposal",
        "clientdeal",
        "signedvoucher",
        "storageask",
        "askresponse",
        "networkresposne",
        "providerdealstate",
    ];

    /// Piece, size 2048, not verified, a key, f01000, "label", epochs 10 and 20, amounts 1 to 3.
    const PROPOSAL: &str = "8bd82a5828000181e2039220204242424242424242424242424242424242424242424242424242424242424242190800f45501fc58e91d12bbaa54aa2ebe8cf8e0147b2405e71a4300e807656c6162656c0a14420001420002420003";

    #[test]
    fn a_proposal_has_one_encoding() {
        let sign = |hex: &str| sign_bytes("dealproposal", &hex::decode(hex).unwrap()).unwrap();
        assert_eq!(hex::encode(sign(PROPOSAL).unwrap()), PROPOSAL);
        sign(&PROPOSAL.replace("656c6162656c", "456c6162656c")).unwrap_err(); // label as bytes
        sign(&PROPOSAL.replace("190800", "1a00000800")).unwrap_err(); // longer than needed
        sign(&format!("{PROPOSAL}00")).unwrap_err();
    }

    #[test]
    fn other_purposes_are_not_of_the_market() {
        for name in ["networkresponse", "message", ""] {
            assert!(sign_bytes(name, &[]).is_none(), "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            for name in TYPES {
                let _ = sign_bytes(name, &bytes);
            }
        }
    }
}
