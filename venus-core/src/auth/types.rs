//! What venus-auth knows, in the JSON that goes over the wire.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use fvm_shared::address::Network;
use serde::{Deserialize, Serialize};

use crate::chain::Address;

/// Reads an address of either network; the letter in front makes no difference.
///
/// # Errors
///
/// What is wrong with the text, in the words of the Go services.
pub fn parse_address(text: &str) -> Result<Address, AddressTextError> {
    use fvm_shared::address::Error as Fvm;
    let network = if text.starts_with('t') { Network::Testnet } else { Network::Mainnet };
    // Two limits of Go's that the library does not have: IDs are below 2^63, of 19 digits at most.
    if let Some(digits) = text.strip_prefix(['f', 't']).and_then(|rest| rest.strip_prefix('0')) {
        match digits.len() {
            0 | 20.. => return Err(AddressTextError::Length),
            _ if !digits.bytes().all(|digit| digit.is_ascii_digit()) => {
                return Err(AddressTextError::Payload);
            }
            _ if digits.parse::<i64>().is_err() => return Err(AddressTextError::Payload),
            _ => {}
        }
    }
    network.parse_address(text).map(Address::from).map_err(|error| match error {
        Fvm::UnknownNetwork => AddressTextError::Network,
        Fvm::UnknownProtocol => AddressTextError::Protocol,
        Fvm::InvalidLength => AddressTextError::Length,
        Fvm::InvalidChecksum => AddressTextError::Checksum,
        Fvm::Base32Decoding(_) => AddressTextError::Encoding,
        _ => AddressTextError::Payload,
    })
}

/// The address with the letter `f`, which venus-auth prints on every network.
pub fn format_address(address: &Address) -> String {
    let text = address.to_string();
    format!("f{}", text.get(1..).unwrap_or_default())
}

/// Why a text is no address. The messages are those of the Go services.
#[expect(missing_docs, reason = "the messages say it")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressTextError {
    #[error("unknown address network")]
    Network,
    #[error("unknown address protocol")]
    Protocol,
    #[error("invalid address payload")]
    Payload,
    #[error("invalid address length")]
    Length,
    #[error("invalid address checksum")]
    Checksum,
    #[error("invalid encoding")]
    Encoding,
}

/// An address as text in JSON.
mod address_text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use super::{Address, format_address, parse_address};

    pub(super) fn serialize<S: Serializer>(address: &Address, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&format_address(address))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Address, D::Error> {
        let text = String::deserialize(from)?;
        parse_address(&text).map_err(|error| D::Error::custom(format!("address `{text}`: {error}")))
    }
}

/// A time in RFC 3339 as Go writes it: nanoseconds without trailing zeros, `Z` for UTC.
mod go_time {
    use chrono::{DateTime, Utc};
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(time: &DateTime<Utc>, to: S) -> Result<S::Ok, S::Error> {
        let text = time.format("%Y-%m-%dT%H:%M:%S%.9f").to_string();
        let text = text.trim_end_matches('0').trim_end_matches('.');
        to.collect_str(&format_args!("{text}Z"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<DateTime<Utc>, D::Error> {
        DateTime::<Utc>::deserialize(from)
    }
}

/// A token and what it says.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenInfo {
    /// The token itself.
    pub token: String,
    /// Its account.
    pub name: String,
    /// Its level; tokens taken over from Go services may have anything here.
    pub perm: String,
    /// Always empty; the Go services have it.
    pub custom: String,
    /// When it was made.
    #[serde(with = "go_time")]
    pub create_time: DateTime<Utc>,
}

impl fmt::Debug for TokenInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenInfo")
            .field("token", &super::token_fingerprint(&self.token))
            .field("name", &self.name)
            .field("perm", &self.perm)
            .field("create_time", &self.create_time)
            .finish_non_exhaustive()
    }
}

/// Whether a user may use the pool. Values besides the three named ones are kept as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserState(pub i64);

impl UserState {
    /// Not said: counts as enabled for tokens, as not enabled for mining. In a filter: any state;
    /// in an update: leave it.
    pub const UNDEFINED: Self = Self(0);
    /// May use the pool.
    pub const ENABLED: Self = Self(1);
    /// May not.
    pub const DISABLED: Self = Self(2);
}

impl fmt::Display for UserState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match *self {
            Self::ENABLED => "enabled",
            Self::DISABLED => "disabled",
            _ => "unknown state",
        })
    }
}

impl FromStr for UserState {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "enabled" => Ok(Self::ENABLED),
            "disabled" => Ok(Self::DISABLED),
            number => number.parse().map(Self),
        }
    }
}

/// A user, also called account or tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// A UUID; a name that is deleted and created again gets a new one.
    pub id: String,
    /// The key everywhere; never changes.
    pub name: String,
    /// Free text.
    pub comment: String,
    /// Whether it may use the pool.
    pub state: UserState,
    /// Seconds since 1970.
    pub create_time: i64,
    /// Seconds since 1970.
    pub update_time: i64,
}

impl User {
    /// When it was created.
    pub fn created_at(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.create_time, 0).unwrap_or_default()
    }

    /// When it was last changed.
    pub fn updated_at(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.update_time, 0).unwrap_or_default()
    }
}

/// A miner and the user it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MinerBinding {
    /// The actor's ID address.
    #[serde(with = "address_text")]
    pub miner: Address,
    /// The one user it belongs to.
    pub user: String,
    /// Whether blocks shall be made for it.
    pub open_mining: bool,
    /// When it was first bound; moving it to another user keeps this.
    #[serde(with = "go_time")]
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    #[serde(with = "go_time")]
    pub updated_at: DateTime<Utc>,
}

/// A signing key and one of the users that may use it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SignerBinding {
    /// The key's address (f1, f3 or f4).
    #[serde(with = "address_text")]
    pub signer: Address,
    /// One of its users.
    pub user: String,
    /// When it was first bound.
    #[serde(with = "go_time")]
    pub created_at: DateTime<Utc>,
    /// When it was last bound.
    #[serde(with = "go_time")]
    pub updated_at: DateTime<Utc>,
}

/// A user with all its miners.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserWithMiners {
    /// The user.
    pub user: User,
    /// Its miners, in the order of their addresses.
    pub miners: Vec<MinerBinding>,
}

/// How many requests a user may make; enforced by the services that it asks.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct RateLimit {
    /// Names the limit; empty in a request for a new one.
    pub id: String,
    /// The user.
    pub name: String,
    /// Meant for limits of one service; only limits with an empty one are applied.
    pub service: String,
    /// Meant for limits of one method; only limits with an empty one are applied.
    #[serde(rename = "API")]
    pub api: String,
    /// The limit.
    pub req_limit: RequestLimit,
}

/// So many requests in so long a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct RequestLimit {
    /// Requests; zero means no limit.
    pub cap: i64,
    /// The length of the window in nanoseconds.
    pub reset_dur: i64,
}

/// A part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Page {
    /// How many entries to leave out.
    pub skip: usize,
    /// How many to give; zero means all.
    pub limit: usize,
}

impl Page {
    /// The most entries that one request can ask for, unless it asks for all.
    pub const MAX: usize = 1000;

    /// Reads the numbers as the service does: a negative `skip` is none, a `limit` that is
    /// negative or too large becomes the largest.
    pub fn from_wire(skip: i64, limit: i64) -> Self {
        let skip = usize::try_from(skip.max(0)).unwrap_or(usize::MAX);
        let limit = usize::try_from(limit).unwrap_or(Self::MAX).min(Self::MAX);
        Self { skip, limit }
    }

    /// Takes this part of a sequence.
    pub fn of<I: Iterator>(self, entries: I) -> impl Iterator<Item = I::Item> {
        let limit = if self.limit == 0 { usize::MAX } else { self.limit };
        entries.skip(self.skip).take(limit)
    }
}

/// A user to create.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct NewUser {
    /// Its name; must be free.
    pub name: String,
    /// Free text.
    pub comment: Option<String>,
    /// Whether it may use the pool.
    pub state: UserState,
}

impl NewUser {
    /// An enabled user without comment.
    pub fn enabled(name: impl Into<String>) -> Self {
        Self { name: name.into(), comment: None, state: UserState::ENABLED }
    }
}

/// What to change of a user.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct UserUpdate {
    /// Whom.
    pub name: String,
    /// The new comment; `None` leaves it.
    pub comment: Option<String>,
    /// The new state; [`UserState::UNDEFINED`] leaves it.
    pub state: UserState,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECP: &str = "15rynkupqyfx5ebvaishg7duutwb5ooq2qpaikua";

    #[test]
    fn json_is_that_of_the_go_service() {
        let user = r#"{"id":"dc922b61-65ac-4045-8894-f0356879cf7a","name":"test-user01","comment":"","state":1,"createTime":1662605450,"updateTime":1662605450}"#;
        let parsed: User = serde_json::from_str(user).unwrap();
        assert_eq!(serde_json::to_string(&parsed).unwrap(), user);

        let miner = r#"{"Miner":"f0128788","User":"test-user01","OpenMining":true,"CreatedAt":"2022-08-25T17:20:11+08:00","UpdatedAt":"2022-08-25T17:20:11.868000826+08:00"}"#;
        let parsed: MinerBinding = serde_json::from_str(miner).unwrap();
        let utc = miner.replace("17:20", "09:20").replace("+08:00", "Z");
        assert_eq!(serde_json::to_string(&parsed).unwrap(), utc);

        let limit = r#"{"Id":"794fc9a4-2b80-4503-835a-7e8e27360b3d","Name":"test_user_01","Service":"","API":"","ReqLimit":{"Cap":10,"ResetDur":120000000000}}"#;
        let parsed: RateLimit = serde_json::from_str(limit).unwrap();
        assert_eq!(serde_json::to_string(&parsed).unwrap(), limit);

        let signer = format!(
            r#"{{"Signer":"t{SECP}","User":"a","CreatedAt":"2026-11-24T11:53:31.14933723Z","UpdatedAt":"2026-11-24T11:53:31.1Z"}}"#
        );
        let parsed: SignerBinding = serde_json::from_str(&signer).unwrap();
        assert_eq!(serde_json::to_string(&parsed).unwrap(), signer.replace("\"t", "\"f"));

        let token = r#"{"token":"a.b.c","name":"bob","perm":"sign","custom":"","createTime":"2026-11-24T11:53:33.454981104Z"}"#;
        let parsed: TokenInfo = serde_json::from_str(token).unwrap();
        assert_eq!(serde_json::to_string(&parsed).unwrap(), token);
        assert!(!format!("{parsed:?}").contains("a.b.c"), "tokens are not for logs");
    }

    #[test]
    fn wrong_addresses_are_called_wrong_in_the_words_of_go() {
        for (text, error) in [
            ("1000", "unknown address network"),
            ("x01000", "unknown address network"),
            ("F01000", "unknown address network"),
            ("f91000", "unknown address protocol"),
            ("f0abc", "invalid address payload"),
            ("f0", "invalid address length"),
            ("zz", "invalid address length"),
            ("f099999999999999999999", "invalid address length"),
            ("f09223372036854775808", "invalid address payload"),
            ("f15rynkupqyfx5ebvaishg7duutwb5ooq2qpaikub", "invalid encoding"),
            ("f1mpvdqt2acgihevibd4greavlsfn3dfph5sckcaa", "invalid address checksum"),
        ] {
            assert_eq!(parse_address(text).unwrap_err().to_string(), error, "{text}");
        }
        assert_eq!(format_address(&parse_address("t0009").unwrap()), "f09");
        assert_eq!(parse_address(&format!("t{SECP}")), parse_address(&format!("f{SECP}")));
        let delegated = "f410ffhviosf3a4ymvgm3sxrugj2qkir33qnlhqjrauq";
        assert_eq!(format_address(&parse_address(delegated).unwrap()), delegated);
    }

    #[test]
    fn pages_are_cut_as_the_service_cuts_them() {
        let cut = |skip, limit| Page::from_wire(skip, limit).of(0..3).collect::<Vec<_>>();
        assert_eq!(cut(0, 0), [0, 1, 2]);
        assert_eq!(cut(-5, -5), [0, 1, 2]);
        assert_eq!(cut(1, 1), [1]);
        assert_eq!(cut(1, i64::MAX), [1, 2]);
        assert_eq!(cut(3, 10), [0; 0]);
        assert_eq!(Page::from_wire(0, 1001).limit, 1000);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,60}") {
            let _ = parse_address(&text);
        }

        #[test]
        fn an_id_address_survives_its_text(id in 0..=i64::MAX as u64) {
            let address = Address::id(id);
            prop_assert_eq!(parse_address(&format_address(&address)), Ok(address));
        }
    }
}
