//! Secrets encrypted under a password: the JSON of the Go wallet, a Web3 keystore whose password is
//! hashed with Keccak-256 first.

use aes::Aes128;
use ctr::{
    Ctr128BE,
    cipher::{KeyIvInit, StreamCipher},
};
use serde::{Deserialize, Serialize};
use sha3::{Digest, Keccak256};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Keccak-256 of the password: what stays in memory, and what scrypt derives keys from.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct PasswordHash([u8; 32]);

impl PasswordHash {
    /// Hashes a password.
    pub fn new(password: &str) -> Self {
        Self(Keccak256::digest(password.as_bytes()).into())
    }

    /// Compares in constant time.
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

/// An encrypted secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CryptoJson {
    cipher: String,
    ciphertext: String,
    cipherparams: CipherParams,
    kdf: String,
    kdfparams: KdfParams,
    mac: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct CipherParams {
    iv: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct KdfParams {
    dklen: usize,
    n: u64,
    p: u32,
    r: u32,
    salt: String,
}

/// Why a secret cannot be encrypted or decrypted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CryptoJsonError {
    /// The password is wrong, or the data was changed.
    #[error("could not decrypt key with given password")]
    Password,
    /// Another derivation than scrypt.
    #[error("unsupported KDF: {0}")]
    Kdf(String),
    /// Another cipher than AES-128-CTR.
    #[error("cipher not supported: {0}")]
    Cipher(String),
    /// The data is damaged.
    #[error("the encrypted key is damaged: {0}")]
    Damaged(&'static str),
    /// The system gave no randomness.
    #[error("no randomness from the system to encrypt a key")]
    Random,
}

/// scrypt asks for 128 * N * r bytes: a forged file must not ask for all memory.
const MAX_LOG_N: u8 = 20;

impl CryptoJson {
    /// Encrypts `secret`; scrypt costs N = 2^`log_n`.
    pub fn encrypt(
        secret: &[u8],
        password: &PasswordHash,
        log_n: u8,
    ) -> Result<Self, CryptoJsonError> {
        let (mut salt, mut iv) = ([0; 32], [0; 16]);
        for random in [salt.as_mut_slice(), iv.as_mut_slice()] {
            rand::TryRng::try_fill_bytes(&mut rand::rngs::SysRng, random)
                .map_err(|_| CryptoJsonError::Random)?;
        }
        Self::encrypt_with(secret, password, log_n, salt, iv)
    }

    fn encrypt_with(
        secret: &[u8],
        password: &PasswordHash,
        log_n: u8,
        salt: [u8; 32],
        iv: [u8; 16],
    ) -> Result<Self, CryptoJsonError> {
        let key = derive(password, &salt, log_n, 8, 1)?;
        let mut text = secret.to_vec();
        let (cipher_key, mac_key) = key.split_at(16);
        apply(cipher_key, &iv, &mut text)?;
        Ok(Self {
            cipher: "aes-128-ctr".into(),
            mac: hex::encode(mac(mac_key, &text)),
            ciphertext: hex::encode(&text),
            cipherparams: CipherParams { iv: hex::encode(iv) },
            kdf: "scrypt".into(),
            kdfparams: KdfParams { dklen: 32, n: 1 << log_n, p: 1, r: 8, salt: hex::encode(salt) },
        })
    }

    /// Decrypts the secret.
    pub fn decrypt(&self, password: &PasswordHash) -> Result<Zeroizing<Vec<u8>>, CryptoJsonError> {
        if self.cipher != "aes-128-ctr" {
            return Err(CryptoJsonError::Cipher(self.cipher.clone()));
        }
        if self.kdf != "scrypt" {
            return Err(CryptoJsonError::Kdf(self.kdf.clone()));
        }
        let bytes =
            |text: &str, what| hex::decode(text).map_err(|_| CryptoJsonError::Damaged(what));
        let text = bytes(&self.ciphertext, "ciphertext")?;
        let expected = bytes(&self.mac, "mac")?;
        let salt = bytes(&self.kdfparams.salt, "salt")?;
        let iv: [u8; 16] = bytes(&self.cipherparams.iv, "iv")?
            .try_into()
            .map_err(|_| CryptoJsonError::Damaged("iv"))?;
        let KdfParams { dklen, n, p, r, .. } = self.kdfparams;
        if !n.is_power_of_two() || dklen != 32 {
            return Err(CryptoJsonError::Damaged("kdfparams"));
        }
        // Keys sealed before v1.0.0 recorded p = N by mistake; p = 1 was used.
        let p = if u64::from(p) == n { 1 } else { p };
        let key = derive(password, &salt, n.trailing_zeros() as u8, r, p)?;
        let (cipher_key, mac_key) = key.split_at(16);
        if !bool::from(mac(mac_key, &text).as_slice().ct_eq(&expected)) {
            return Err(CryptoJsonError::Password);
        }
        let mut secret = Zeroizing::new(text);
        apply(cipher_key, &iv, &mut secret)?;
        Ok(secret)
    }
}

fn derive(
    password: &PasswordHash,
    salt: &[u8],
    log_n: u8,
    r: u32,
    p: u32,
) -> Result<Zeroizing<[u8; 32]>, CryptoJsonError> {
    let damaged = |_| CryptoJsonError::Damaged("kdfparams");
    if log_n > MAX_LOG_N || r > 16 || p > 16 {
        return Err(CryptoJsonError::Damaged("kdfparams (too costly)"));
    }
    let params = scrypt::Params::new(log_n, r, p).map_err(damaged)?;
    let mut key = Zeroizing::new([0; 32]);
    scrypt::scrypt(&password.0, salt, &params, &mut *key)
        .map_err(|_| CryptoJsonError::Damaged("kdfparams"))?;
    Ok(key)
}

fn apply(key: &[u8], iv: &[u8; 16], data: &mut [u8]) -> Result<(), CryptoJsonError> {
    Ctr128BE::<Aes128>::new_from_slices(key, iv)
        .map_err(|_| CryptoJsonError::Damaged("key length"))?
        .apply_keystream(data);
    Ok(())
}

fn mac(key: &[u8], text: &[u8]) -> [u8; 32] {
    Keccak256::new().chain_update(key).chain_update(text).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "2a2a2a2a2a2a2a2a5fbf0ed0f8364c01ff27540ecd6669ff4cc548cbe60ef5ab";

    fn vector() -> CryptoJson {
        let salt = std::array::from_fn(|i| i as u8);
        let iv = std::array::from_fn(|i| 0x10 + i as u8);
        let secret = hex::decode(SECRET).unwrap();
        CryptoJson::encrypt_with(&secret, &PasswordHash::new("venus-test"), 10, salt, iv).unwrap()
    }

    #[test]
    fn a_key_is_sealed_as_the_go_wallet_seals_it() {
        let sealed = vector();
        assert_eq!(
            sealed.ciphertext,
            "814a1e1d75a6e439a4ac14bd04afba1d6718af76421f9d9f3aef05b868c46ce4"
        );
        assert_eq!(sealed.mac, "07ff7101fde52892c9c3f6c81e9a366c5a02f912c810fdccca73ad191b2b02da");
        let opened = sealed.decrypt(&PasswordHash::new("venus-test")).unwrap();
        assert_eq!(hex::encode(&*opened), SECRET);
    }

    /// At the cost that the Go wallet has by default: 256 MiB.
    #[test]
    fn a_key_is_sealed_as_the_go_wallet_seals_it_by_default() {
        let (salt, iv) =
            (std::array::from_fn(|i| i as u8), std::array::from_fn(|i| 0x10 + i as u8));
        let password = PasswordHash::new("venus-test");
        let secret = hex::decode(SECRET).unwrap();
        let sealed = CryptoJson::encrypt_with(&secret, &password, 18, salt, iv).unwrap();
        assert_eq!(sealed.kdfparams.n, 262_144);
        assert_eq!(
            sealed.ciphertext,
            "3067e95ab8114b2bbf705be38f7919eecf128cae23f859d2ca66aed05f653451"
        );
        assert_eq!(sealed.mac, "4c1da5ef8a8a287bf5d48e3dac1a39d0d0dc1fbfd277a84b366f5e0685df3cbf");
    }

    #[test]
    fn a_wrong_password_and_a_changed_text_are_refused() {
        let mut sealed = vector();
        assert_eq!(
            sealed.decrypt(&PasswordHash::new("venus-tesT")).unwrap_err(),
            CryptoJsonError::Password
        );
        sealed.ciphertext.replace_range(0..2, "82");
        assert_eq!(
            sealed.decrypt(&PasswordHash::new("venus-test")).unwrap_err(),
            CryptoJsonError::Password
        );
    }

    #[test]
    fn a_forged_cost_is_refused_before_memory_is_spent() {
        let mut sealed = vector();
        sealed.kdfparams.n = 1 << 40;
        assert!(matches!(
            sealed.decrypt(&PasswordHash::new("venus-test")),
            Err(CryptoJsonError::Damaged(_))
        ));
    }
}
