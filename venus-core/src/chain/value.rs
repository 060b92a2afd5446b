//! Scalars with a Lotus JSON form of their own: byte strings, big integers, amounts, bit fields.

use std::{
    fmt,
    ops::{Add, AddAssign, Deref, Sub},
    str::FromStr,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use fvm_shared::{bigint::bigint_ser, econ};
use num_traits::Zero;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A byte string. JSON: padded standard base64, `null` when empty (as Go writes a nil slice);
/// read from base64, `null` or an array of numbers. CBOR: bytes.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(pub Vec<u8>);

impl Deref for Bytes {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.0
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl From<&[u8]> for Bytes {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", hex::encode(&self.0))
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match (s.is_human_readable(), self.0.is_empty()) {
            (true, true) => s.serialize_none(),
            (true, false) => s.serialize_str(&STANDARD.encode(&self.0)),
            (false, _) => s.serialize_bytes(&self.0),
        }
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Json {
            Text(String),
            Numbers(Vec<u8>),
            Null(()),
        }
        if !d.is_human_readable() {
            return fvm_ipld_encoding::strict_bytes::deserialize(d).map(Self);
        }
        match Json::deserialize(d)? {
            // Go ignores line breaks inside base64.
            Json::Text(text) => {
                STANDARD.decode(text.replace(['\r', '\n'], "")).map(Self).map_err(de::Error::custom)
            }
            Json::Numbers(bytes) => Ok(Self(bytes)),
            Json::Null(()) => Ok(Self::default()),
        }
    }
}

/// A big integer. JSON: decimal string; CBOR: sign byte and big-endian magnitude.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BigInt(pub num_bigint::BigInt);

impl Deref for BigInt {
    type Target = num_bigint::BigInt;

    fn deref(&self) -> &num_bigint::BigInt {
        &self.0
    }
}

impl<T: Into<num_bigint::BigInt>> From<T> for BigInt {
    fn from(value: T) -> Self {
        Self(value.into())
    }
}

impl fmt::Display for BigInt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for BigInt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Serialize for BigInt {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        if s.is_human_readable() {
            s.collect_str(&self.0)
        } else {
            bigint_ser::serialize(&self.0, s)
        }
    }
}

impl<'de> Deserialize<'de> for BigInt {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        if d.is_human_readable() {
            decimal(&String::deserialize(d)?).map(Self).map_err(de::Error::custom)
        } else {
            bigint_ser::deserialize(d).map(Self)
        }
    }
}

/// Reads a decimal integer; Go prints a nil one as `<nil>`, which counts as zero.
fn decimal(text: &str) -> Result<num_bigint::BigInt, String> {
    if text == "<nil>" {
        return Ok(num_bigint::BigInt::zero());
    }
    num_bigint::BigInt::from_str(text).map_err(|_| format!("`{text}` is no decimal integer"))
}

/// An amount of money in attoFIL (10^-18 FIL). JSON: decimal string; CBOR: as [`BigInt`].
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenAmount(pub econ::TokenAmount);

impl TokenAmount {
    /// An amount in attoFIL.
    pub fn from_atto(atto: impl Into<num_bigint::BigInt>) -> Self {
        Self(econ::TokenAmount::from_atto(atto.into()))
    }

    /// A whole number of FIL.
    pub fn from_fil(fil: impl Into<num_bigint::BigInt>) -> Self {
        Self(econ::TokenAmount::from_whole(fil.into()))
    }

    /// Nothing.
    pub fn zero() -> Self {
        Self::default()
    }
}

impl Deref for TokenAmount {
    type Target = econ::TokenAmount;

    fn deref(&self) -> &econ::TokenAmount {
        &self.0
    }
}

impl From<econ::TokenAmount> for TokenAmount {
    fn from(amount: econ::TokenAmount) -> Self {
        Self(amount)
    }
}

impl From<TokenAmount> for econ::TokenAmount {
    fn from(amount: TokenAmount) -> Self {
        amount.0
    }
}

impl Add for TokenAmount {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for TokenAmount {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl AddAssign for TokenAmount {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl fmt::Display for TokenAmount {
    /// Prints FIL, as `1.5 FIL`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} FIL", self.0)
    }
}

impl fmt::Debug for TokenAmount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is no amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no amount; write `1.5 FIL`, `1.5` (FIL) or `1500 attoFIL`")]
pub struct AmountError(pub String);

impl FromStr for TokenAmount {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        let error = || AmountError(text.to_owned());
        let lower = text.trim().to_ascii_lowercase();
        let (number, decimals) = match lower.strip_suffix("attofil").or(lower.strip_suffix("afil"))
        {
            Some(number) => (number.trim(), 0),
            None => (lower.strip_suffix("fil").unwrap_or(&lower).trim(), 18),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        let whole_digits = whole.strip_prefix('-').unwrap_or(whole);
        if fraction.len() > decimals
            || !digits(fraction)
            || !digits(whole_digits)
            || whole_digits.is_empty() && fraction.is_empty()
        {
            return Err(error());
        }
        format!("{whole}{fraction:0<decimals$}")
            .parse()
            .map(|n: num_bigint::BigInt| Self::from_atto(n))
            .map_err(|_| error())
    }
}

impl Serialize for TokenAmount {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        if s.is_human_readable() { s.collect_str(self.0.atto()) } else { self.0.serialize(s) }
    }
}

impl<'de> Deserialize<'de> for TokenAmount {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        if d.is_human_readable() {
            decimal(&String::deserialize(d)?).map(Self::from_atto).map_err(de::Error::custom)
        } else {
            econ::TokenAmount::deserialize(d).map(Self)
        }
    }
}

/// A set of unsigned integers. JSON: run lengths that begin with a run of zeros (`[5,1]` = {5});
/// CBOR: RLE+ bytes.
#[derive(Clone, Default, PartialEq, Debug)]
pub struct BitField(pub fvm_ipld_bitfield::BitField);

impl Deref for BitField {
    type Target = fvm_ipld_bitfield::BitField;

    fn deref(&self) -> &fvm_ipld_bitfield::BitField {
        &self.0
    }
}

impl From<fvm_ipld_bitfield::BitField> for BitField {
    fn from(inner: fvm_ipld_bitfield::BitField) -> Self {
        Self(inner)
    }
}

impl FromIterator<u64> for BitField {
    /// Collects the members; `u64::MAX` cannot be one and is left out.
    fn from_iter<I: IntoIterator<Item = u64>>(bits: I) -> Self {
        let mut field = fvm_ipld_bitfield::BitField::new();
        for bit in bits.into_iter().filter(|bit| *bit != u64::MAX) {
            field.set(bit);
        }
        Self(field)
    }
}

impl Serialize for BitField {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        if !s.is_human_readable() {
            return self.0.serialize(s);
        }
        let mut runs = Vec::new();
        let mut end = 0;
        for range in self.0.ranges() {
            runs.push(range.start - end);
            runs.push(range.end - range.start);
            end = range.end;
        }
        if runs.is_empty() {
            runs.push(0);
        }
        runs.serialize(s)
    }
}

impl<'de> Deserialize<'de> for BitField {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        if !d.is_human_readable() {
            return fvm_ipld_bitfield::BitField::deserialize(d).map(Self);
        }
        let runs = Option::<Vec<u64>>::deserialize(d)?.unwrap_or_default();
        let mut ranges = Vec::new();
        let mut start = 0u64;
        for (index, run) in runs.iter().enumerate() {
            if *run == 0 && index > 0 {
                return Err(de::Error::custom("a run of a bit field has length 0"));
            }
            let end = start
                .checked_add(*run)
                .ok_or_else(|| de::Error::custom("the runs of a bit field overflow 64 bits"))?;
            if index % 2 == 1 {
                ranges.push(start..end);
            }
            start = end;
        }
        Ok(Self(fvm_ipld_bitfield::BitField::from_ranges(fvm_ipld_bitfield::iter::Ranges::new(
            ranges,
        ))))
    }
}
