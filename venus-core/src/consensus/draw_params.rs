//! What a wallet is asked to sign for a draw of the lottery.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};

use super::draw_from_digest;
use crate::{Bytes, ChainEpoch, blake2b_256, from_cbor};

/// The parameters of a draw. The wallet signs their [`digest`](Self::digest), so that it can see
/// that it signs nothing else.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DrawRandomParams {
    /// Data of the beacon entry.
    pub rbase: Vec<u8>,
    /// The domain tag.
    pub pers: i64,
    /// The epoch.
    pub round: ChainEpoch,
    /// What else is mixed in.
    pub entropy: Vec<u8>,
}

/// The bytes are no draw.
#[derive(Debug, thiserror::Error)]
#[error("these bytes are no lottery draw (DrawRandomParams): {0}")]
pub struct DrawParamsError(String);

impl DrawRandomParams {
    /// What is signed: the randomness of the draw.
    pub fn digest(&self) -> [u8; 32] {
        draw_from_digest(&blake2b_256(&self.rbase), self.pers, self.round, &self.entropy)
    }

    /// The CBOR: unlike all other chain objects a map, its keys in the order of the Go struct.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![0xa4];
        text(&mut out, "Rbase");
        bytes(&mut out, &self.rbase);
        text(&mut out, "Pers");
        integer(&mut out, self.pers);
        text(&mut out, "Round");
        integer(&mut out, self.round);
        text(&mut out, "Entropy");
        bytes(&mut out, &self.entropy);
        out
    }

    /// Reads the CBOR, its keys in any order and case; unknown ones are ignored.
    pub fn decode(cbor: &[u8]) -> Result<Self, DrawParamsError> {
        from_cbor(cbor).map_err(|e| DrawParamsError(e.to_string()))
    }
}

impl<'de> Deserialize<'de> for DrawRandomParams {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = DrawRandomParams;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map with Rbase, Pers, Round and Entropy")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut params = DrawRandomParams::default();
                let mut seen = Vec::new();
                while let Some(key) = map.next_key::<String>()? {
                    let key = key.to_lowercase();
                    // Of two values, readers may each take another one: none is signed.
                    if seen.contains(&key) {
                        return Err(serde::de::Error::custom(format!(
                            "`{key}` stands there twice"
                        )));
                    }
                    match key.as_str() {
                        "rbase" => params.rbase = nullable(&mut map)?,
                        "pers" => params.pers = map.next_value()?,
                        "round" => params.round = map.next_value()?,
                        "entropy" => params.entropy = nullable(&mut map)?,
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                    seen.push(key);
                }
                Ok(params)
            }
        }

        fn nullable<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Vec<u8>, A::Error> {
            Ok(map.next_value::<Option<Bytes>>()?.unwrap_or_default().0)
        }

        d.deserialize_map(Fields)
    }
}

fn text(out: &mut Vec<u8>, text: &str) {
    head(out, 3, text.len() as u64);
    out.extend(text.as_bytes());
}

fn bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    head(out, 2, bytes.len() as u64);
    out.extend(bytes);
}

fn integer(out: &mut Vec<u8>, value: i64) {
    match u64::try_from(value) {
        Ok(value) => head(out, 0, value),
        Err(_) => head(out, 1, !value as u64), // -1 - value
    }
}

/// Writes the head of a CBOR item in its shortest form.
fn head(out: &mut Vec<u8>, major: u8, argument: u64) {
    let major = major << 5;
    match argument {
        0..24 => out.push(major | argument as u8),
        24..0x100 => out.extend([major | 24, argument as u8]),
        0x100..0x1_0000 => {
            out.push(major | 25);
            out.extend((argument as u16).to_be_bytes());
        }
        0x1_0000..0x1_0000_0000 => {
            out.push(major | 26);
            out.extend((argument as u32).to_be_bytes());
        }
        _ => {
            out.push(major | 27);
            out.extend(argument.to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Address, consensus::election_params};

    const GO: &str = "a46552626173655830000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f64506572730265526f756e6419303967456e74726f7079444300e807";

    #[test]
    fn the_bytes_are_those_of_go() {
        let rbase: Vec<u8> = (0..0x30).collect();
        let params = election_params(&rbase, 12345, Address::id(1000));
        assert_eq!(hex::encode(params.encode()), GO);
        assert_eq!(DrawRandomParams::decode(&params.encode()).unwrap(), params);
    }

    #[test]
    fn keys_come_in_any_order_and_case_and_null_is_empty() {
        // {"ENTROPY": null, "more": [1, {"x": 2}], "round": 5, "pers": -2, "rBase": h'01'}
        let mut cbor = vec![0xa5];
        text(&mut cbor, "ENTROPY");
        cbor.push(0xf6);
        text(&mut cbor, "more");
        cbor.extend([0x82, 1, 0xa1]);
        text(&mut cbor, "x");
        cbor.push(2);
        text(&mut cbor, "round");
        cbor.push(5);
        text(&mut cbor, "pers");
        cbor.push(0x21);
        text(&mut cbor, "rBase");
        cbor.extend([0x41, 1]);
        let expected = DrawRandomParams { rbase: vec![1], pers: -2, round: 5, entropy: vec![] };
        assert_eq!(DrawRandomParams::decode(&cbor).unwrap(), expected);
        DrawRandomParams::decode(&[0x84, 1, 2, 3, 4]).unwrap_err();
        DrawRandomParams::decode(b"").unwrap_err();
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            rbase: Vec<u8>, pers: i64, round: i64, entropy in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            let params = DrawRandomParams { rbase, pers, round, entropy };
            prop_assert_eq!(DrawRandomParams::decode(&params.encode()).unwrap(), params);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _ = DrawRandomParams::decode(&bytes);
        }
    }
}
