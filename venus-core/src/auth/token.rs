//! Tokens: JSON web tokens signed by HMAC-SHA256, byte for byte as the Go services make them.

use std::{fmt, str::FromStr};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{Permission, to_go_json};

/// Base64url of `{"alg":"HS256","typ":"JWT"}`, the only header ever made.
const HEADER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";

/// What a token says. The order of the fields is the order on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Claims {
    /// The account that the token belongs to.
    pub name: String,
    /// The level it grants, by its name on the wire. Tokens of Go services may hold anything here.
    pub perm: String,
    /// Free text of whoever asked for the token.
    pub ext: String,
}

impl Claims {
    /// Claims without extra text.
    pub fn new(name: impl Into<String>, permission: Permission) -> Self {
        Self { name: name.into(), perm: permission.as_str().to_owned(), ext: String::new() }
    }

    /// The levels that the token grants: none if `perm` is not one of the four.
    pub fn permissions(&self) -> Vec<Permission> {
        Permission::from_str(&self.perm).map(Permission::up_to).unwrap_or_default()
    }

    /// Reads the claims of a token **without** checking its signature.
    ///
    /// # Errors
    ///
    /// [`TokenError`] if the text is not even shaped like a token.
    pub fn peek(token: &str) -> Result<Self, TokenError> {
        let payload = token.split('.').nth(1).ok_or(TokenError::Shape)?;
        let json = URL_SAFE_NO_PAD.decode(payload).map_err(TokenError::Base64)?;
        // Read as an object first: a struct alone would also be read from an array.
        let members: serde_json::Map<_, _> =
            serde_json::from_slice(&json).map_err(TokenError::Json)?;
        Self::deserialize(serde_json::Value::Object(members)).map_err(TokenError::Json)
    }
}

/// Why a text is no valid token.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Fewer than two parts; the message is that of the Go service.
    #[error("can't parse user from input token")]
    Shape,
    /// A part is not base64url without padding.
    #[error("{}", go_base64(.0))]
    Base64(#[source] base64::DecodeError),
    /// The claims are not JSON of the right shape.
    #[error("the token's claims are unreadable: {0}")]
    Json(#[source] serde_json::Error),
    /// The signature was not made with this secret, or the header is not ours.
    #[error("Verification Failed")]
    Signature,
    /// Text that should be a secret in hexadecimal is not.
    #[error("a token secret must be hexadecimal; write a new one or restore the file")]
    Secret,
}

/// Go names the offset of the first bad byte; ours knows it in most cases.
fn go_base64(error: &base64::DecodeError) -> String {
    use base64::DecodeError::{InvalidByte, InvalidLastSymbol, InvalidLength, InvalidPadding};
    let offset = match error {
        InvalidByte(offset, _) => *offset,
        InvalidLength(length) => length.saturating_sub(1),
        InvalidLastSymbol { offset, .. } => *offset,
        InvalidPadding => 0,
    };
    format!("illegal base64 data at input byte {offset}")
}

/// The key of one or many tokens. Wiped when dropped, and never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct JwtSecret(Zeroizing<Vec<u8>>);

impl JwtSecret {
    /// A fresh key of 32 random bytes.
    pub fn random() -> Self {
        let mut key = Zeroizing::new(vec![0; 32]);
        rand::fill(key.as_mut_slice());
        Self(key)
    }

    /// A key that exists already.
    ///
    /// # Errors
    ///
    /// [`TokenError::Secret`] if it is empty: HMAC would accept it, and anybody could sign.
    pub fn from_bytes(key: &[u8]) -> Result<Self, TokenError> {
        if key.is_empty() {
            return Err(TokenError::Secret);
        }
        Ok(Self(Zeroizing::new(key.to_vec())))
    }

    /// Reads a key as files and databases hold it.
    ///
    /// # Errors
    ///
    /// [`TokenError::Secret`] if it is empty or not hexadecimal.
    pub fn from_hex(text: &str) -> Result<Self, TokenError> {
        let key = Zeroizing::new(hex::decode(text.trim()).map_err(|_| TokenError::Secret)?);
        Self::from_bytes(&key)
    }

    /// The key as lower-case hexadecimal digits, for storing.
    pub fn to_hex(&self) -> Zeroizing<String> {
        Zeroizing::new(hex::encode(self.0.as_slice()))
    }

    /// Makes the token of these claims. The same key and claims give the same token.
    pub fn sign(&self, claims: &Claims) -> String {
        // Three strings always serialize.
        self.sign_json(to_go_json(claims).unwrap_or_default())
    }

    /// Makes the token of a payload of another shape: JSON text, signed as it is.
    pub fn sign_json(&self, payload: impl AsRef<[u8]>) -> String {
        let mut token = format!("{HEADER}.{}", URL_SAFE_NO_PAD.encode(payload));
        let signature = self.mac(&token).finalize().into_bytes();
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        token
    }

    /// Checks the signature in constant time and reads the claims.
    ///
    /// # Errors
    ///
    /// [`TokenError::Signature`] if the header is not exactly ours, the signature is not
    /// canonical base64url, or it does not belong to this key.
    pub fn verify(&self, token: &str) -> Result<Claims, TokenError> {
        self.verify_json(token)?;
        Claims::peek(token)
    }

    /// Checks the signature as [`verify`](Self::verify) does and returns the payload, JSON text.
    ///
    /// # Errors
    ///
    /// As of [`verify`](Self::verify), and [`TokenError::Shape`] if the payload is no base64url.
    pub fn verify_json(&self, token: &str) -> Result<Vec<u8>, TokenError> {
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Shape)?;
        let (header, payload) = signed.split_once('.').ok_or(TokenError::Shape)?;
        if !is_hs256(header) || payload.contains('.') {
            return Err(TokenError::Signature);
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| TokenError::Signature)?;
        self.mac(signed).verify_slice(&signature).map_err(|_| TokenError::Signature)?;
        URL_SAFE_NO_PAD.decode(payload).map_err(|_| TokenError::Shape)
    }

    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    fn mac(&self, text: &str) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("any key length is valid");
        mac.update(text.as_bytes());
        mac
    }
}

impl fmt::Debug for JwtSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JwtSecret(..)")
    }
}

/// Whether the header names HS256. Other spellings of the same JSON are let in: tokens of other
/// libraries may have their keys in another order.
fn is_hs256(header: &str) -> bool {
    #[derive(Deserialize)]
    struct Header {
        alg: String,
    }
    header == HEADER
        || URL_SAFE_NO_PAD
            .decode(header)
            .ok()
            .and_then(|json| serde_json::from_slice::<Header>(&json).ok())
            .is_some_and(|header| header.alg == "HS256")
}

/// What logs may show of a token: the first 8 hexadecimal digits of its SHA-256.
pub fn token_fingerprint(token: &str) -> String {
    let mut digits = hex::encode(Sha256::digest(token.as_bytes()));
    digits.truncate(8);
    digits
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Key, name, permission, extra text, payload and signature: `auth.md` 22.1.
    const VECTORS: [[&str; 6]; 5] = [
        [
            "d6234bf3f14a568a9c8315a6ee4f474e380beb2b65a64e6ba0142df72b454f4e",
            "zl-token",
            "admin",
            "",
            "eyJuYW1lIjoiemwtdG9rZW4iLCJwZXJtIjoiYWRtaW4iLCJleHQiOiIifQ",
            "DQ-ETWoEnNrpGKCikwZax6YUzdQIkhT0pHOTSta8770",
        ],
        [
            "862ed997d2943b7cd0997917f2ad524f4d56a4b50ff27e8bc680f4cc113cdd1b",
            "zl-token-01",
            "admin",
            "",
            "eyJuYW1lIjoiemwtdG9rZW4tMDEiLCJwZXJtIjoiYWRtaW4iLCJleHQiOiIifQ",
            "iw0L1UidBj0qaEddqc83AF36oa1lVeE9A_F9hXTK47c",
        ],
        [
            "93975e8ba920c7408fcfee2948b0929a86ba687894478bfcf1efbfa2c0b699bf",
            "hj",
            "admin",
            "",
            "eyJuYW1lIjoiaGoiLCJwZXJtIjoiYWRtaW4iLCJleHQiOiIifQ",
            "9ZZP-acJY-PwluljFFIZ2ohIXaGoj4QzFrWTThSkAJk",
        ],
        [
            "88b8a61690ee648bef9bc73463b8a05917f1916df169c775a3896719466be04a",
            "Rennbon",
            "admin",
            "eyJBbGxvdyI6WyJyZWFkIiwid3JpdGUiLCJzaWduIiwiYWRtaW4iXX0",
            "eyJuYW1lIjoiUmVubmJvbiIsInBlcm0iOiJhZG1pbiIsImV4dCI6ImV5SkJiR3h2ZHlJNld5SnlaV0ZrSWl3aWQzSnBkR1VpTENKemFXZHVJaXdpWVdSdGFXNGlYWDAifQ",
            "gONkC1v8AuY-ZP2WhU62EonWmyPeOW1pFhnRM-Fl7ko",
        ],
        [
            "88b8a61690ee648bef9bc73463b8a05917f1916df169c775a3896719466be04a",
            "lotus-miner",
            "admin",
            "eyJBbGxvdyI6WyJyZWFkIiwid3JpdGUiLCJzaWduIiwiYWRtaW4iXX0",
            "eyJuYW1lIjoibG90dXMtbWluZXIiLCJwZXJtIjoiYWRtaW4iLCJleHQiOiJleUpCYkd4dmR5STZXeUp5WldGa0lpd2lkM0pwZEdVaUxDSnphV2R1SWl3aVlXUnRhVzRpWFgwIn0",
            "cwK2GgDydEY8pC8NBW2wlOBaoxDZhIdA1xgV6WSF63g",
        ],
    ];

    /// Claims and token under the key 00 01 .. 1f: `auth.md` 22.1, second table.
    const COUNTING_KEY: [([&str; 3], &str); 4] = [
        (
            ["defaultLocalToken", "admin", ""],
            "eyJuYW1lIjoiZGVmYXVsdExvY2FsVG9rZW4iLCJwZXJtIjoiYWRtaW4iLCJleHQiOiIifQ.zXUwuPy70pGnm3HqUUnApFT7gBbUMcjPzvU_5_s4aMc",
        ),
        (
            ["a<b>&c", "read", "x\"y\\z\n"],
            "eyJuYW1lIjoiYVx1MDAzY2JcdTAwM2VcdTAwMjZjIiwicGVybSI6InJlYWQiLCJleHQiOiJ4XCJ5XFx6XG4ifQ.wRuZecx39nRULh6pBUx4fJQk4m3CGmb0rEySaoD5SsE",
        ),
        (
            ["矿工", "write", ""],
            "eyJuYW1lIjoi55-_5belIiwicGVybSI6IndyaXRlIiwiZXh0IjoiIn0.psf4W66VvDQhfzug_Z4iPgrmdZbzlZR2dehcrELq-tE",
        ),
        (
            ["", "admin", ""],
            "eyJuYW1lIjoiIiwicGVybSI6ImFkbWluIiwiZXh0IjoiIn0.7VNhcpNaUyl9QrzO2irAlL7sMV2a50Nc47GnDOw-EEw",
        ),
    ];

    fn claims([name, perm, ext]: [&str; 3]) -> Claims {
        Claims { name: name.into(), perm: perm.into(), ext: ext.into() }
    }

    #[test]
    fn tokens_have_the_bytes_of_the_originals() {
        for [key, name, perm, ext, payload, signature] in VECTORS {
            let (key, claims) = (JwtSecret::from_hex(key).unwrap(), claims([name, perm, ext]));
            let token = format!("{HEADER}.{payload}.{signature}");
            assert_eq!(key.sign(&claims), token);
            assert_eq!(key.verify(&token).unwrap(), claims);
        }
        let key = JwtSecret::from_bytes(&(0..32).collect::<Vec<u8>>()).unwrap();
        for (given, rest) in COUNTING_KEY {
            let token = format!("{HEADER}.{rest}");
            assert_eq!(key.sign(&claims(given)), token);
            assert_eq!(key.verify(&token).unwrap(), claims(given));
        }
    }

    #[test]
    fn foreign_claims_are_read_and_broken_ones_refused() {
        let john = "a.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.c";
        assert_eq!(Claims::peek(john).unwrap().name, "John Doe");
        let cut = "a.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaF0IjoxNTE2MjM5MDIyfQ.c";
        assert!(matches!(Claims::peek(cut), Err(TokenError::Json(_) | TokenError::Base64(_))));
        assert!(matches!(Claims::peek("a.W10.c"), Err(TokenError::Json(_))), "an array");
        let refusal = Claims::peek("I'm just an invalid token").unwrap_err();
        assert_eq!(refusal.to_string(), "can't parse user from input token");
        let refusal = Claims::peek("a.!!!").unwrap_err();
        assert_eq!(refusal.to_string(), "illegal base64 data at input byte 0");
    }

    #[test]
    fn another_key_header_or_spelling_is_refused() {
        let (key, other) = (JwtSecret::random(), JwtSecret::random());
        let token = key.sign(&Claims::new("a", Permission::Read));
        assert!(matches!(other.verify(&token), Err(TokenError::Signature)));

        let (_, rest) = token.split_once('.').unwrap();
        let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
        assert!(matches!(key.verify(&format!("{none}.{rest}")), Err(TokenError::Signature)));

        // 32 bytes fill 43 letters with 2 bits to spare: the next letter decodes to the same bytes.
        let (head, last) = token.split_at(token.len() - 1);
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let next = &alphabet[alphabet.find(last).unwrap() + 1..][..1];
        assert!(matches!(key.verify(&format!("{head}{next}")), Err(TokenError::Signature)));
        assert!(JwtSecret::from_hex("").is_err(), "anybody could sign with an empty key");
    }

    #[test]
    fn unknown_permissions_grant_nothing() {
        assert_eq!(claims(["a", "foo", ""]).permissions(), []);
        assert_eq!(claims(["a", "READ", ""]).permissions(), []);
        assert_eq!(claims(["a", "admin", ""]).permissions(), Permission::ALL);
    }

    #[test]
    fn secrets_are_not_printed() {
        let key = JwtSecret::from_bytes(&[0xab; 32]).unwrap();
        assert_eq!(format!("{key:?}"), "JwtSecret(..)");
        assert_eq!(token_fingerprint("a").len(), 8);
    }

    proptest! {
        #[test]
        fn what_was_signed_verifies(name in ".*", perm in ".*", ext in ".*", key in prop::array::uniform32(any::<u8>())) {
            let key = JwtSecret::from_bytes(&key).unwrap();
            let claims = Claims { name, perm, ext };
            prop_assert_eq!(key.verify(&key.sign(&claims)).unwrap(), claims);
        }

        #[test]
        fn no_text_makes_it_panic(text in ".*") {
            let _ = JwtSecret::from_bytes(&[1; 32]).unwrap().verify(&text);
        }
    }
}
