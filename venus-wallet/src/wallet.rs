//! The wallet: password, lock, keys, signatures.

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use tokio::sync::watch;
use venus_core::{
    Address, MsgMeta, Purpose, SignError, Signature, Signer,
    crypto::{KeyInfo, KeyKind, PrivateKey},
};

use crate::{
    CryptoJson, CryptoJsonError, PasswordHash, WalletConfig, WalletError,
    keystore::{KeyStore, SealedKey},
    sign_bytes::sign_bytes,
};

/// Keeps keys and signs. Clones share it.
#[derive(Debug, Clone)]
pub struct Wallet(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    keys: KeyStore,
    config: WalletConfig,
    lock: Mutex<LockState>,
    /// Our part in the proof to gateways that we have the keys: new in every process.
    secret: [u8; 32],
    /// Bumped when the set of keys changes, so that gateways learn of it.
    changes: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct LockState {
    password: Option<PasswordHash>,
    unlocked: bool,
    /// Decrypted keys; emptied when the wallet is locked.
    cache: HashMap<Address, PrivateKey>,
}

impl Wallet {
    /// Opens or creates the wallet in `home`, locked.
    pub fn open(home: &Path, config: WalletConfig) -> Result<Self, WalletError> {
        let mut secret = [0; 32];
        rand::TryRng::try_fill_bytes(&mut rand::rngs::SysRng, &mut secret)
            .map_err(|_| venus_core::crypto::KeyError::Random)?;
        Ok(Self(Arc::new(Inner {
            keys: KeyStore::open(&home.join("keystore"))?,
            config,
            lock: Mutex::default(),
            secret,
            changes: watch::Sender::new(0),
        })))
    }

    fn lock_state(&self) -> MutexGuard<'_, LockState> {
        self.0.lock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The random bytes that this process registers at gateways with.
    pub fn sign_secret(&self) -> &[u8; 32] {
        &self.0.secret
    }

    /// Tells of changes of the set of keys.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.changes.subscribe()
    }

    /// Sets the password for this process, unlocked. It must open every key that is there.
    pub async fn set_password(&self, password: &str) -> Result<(), WalletError> {
        let hash = PasswordHash::new(password);
        let set = self.lock_state().password.clone();
        if let Some(set) = set {
            self.opens_keys(set.matches(&hash))?;
            return Err(WalletError::PasswordExists);
        }
        self.admit(hash).await
    }

    /// Unlocks the keys; after a restart this is where the password comes from.
    pub async fn unlock(&self, password: &str) -> Result<(), WalletError> {
        let hash = PasswordHash::new(password);
        let (set, unlocked) = {
            let state = self.lock_state();
            (state.password.clone(), state.unlocked)
        };
        if let Some(set) = set {
            let matches = set.matches(&hash);
            self.opens_keys(matches)?;
            if unlocked {
                return Err(WalletError::AlreadyUnlocked);
            }
            if !matches {
                return Err(WalletError::PasswordMismatch);
            }
        }
        self.admit(hash).await
    }

    /// What decrypting every key with a password would say, given whether it is the one that is
    /// set: with no key to decrypt, nothing against it.
    fn opens_keys(&self, matches: bool) -> Result<(), WalletError> {
        if matches || self.0.keys.is_empty() {
            return Ok(());
        }
        Err(CryptoJsonError::Password.into())
    }

    async fn admit(&self, hash: PasswordHash) -> Result<(), WalletError> {
        let sealed = self.0.keys.all()?;
        let password = hash.clone();
        let cache = blocking(move || {
            let open = |(address, key): (Address, SealedKey)| {
                open(address, &key, &password).map(|key| (address, key))
            };
            sealed.into_iter().map(open).collect::<Result<HashMap<_, _>, _>>()
        })
        .await?;
        let mut state = self.lock_state();
        // Another call may have set one meanwhile.
        if state.password.as_ref().is_some_and(|set| !set.matches(&hash)) {
            return Err(WalletError::PasswordExists);
        }
        *state = LockState { password: Some(hash), unlocked: true, cache };
        Ok(())
    }

    /// Locks the keys and forgets them.
    pub fn lock(&self, password: &str) -> Result<(), WalletError> {
        let mut state = self.lock_state();
        let set = state.password.as_ref().ok_or(WalletError::PasswordNotSet)?;
        if !state.unlocked {
            return Err(WalletError::AlreadyLocked);
        }
        if !set.matches(&PasswordHash::new(password)) {
            return Err(WalletError::PasswordMismatch);
        }
        state.unlocked = false;
        state.cache.clear();
        Ok(())
    }

    /// Whether the keys cannot be used now.
    pub fn is_locked(&self) -> bool {
        !self.lock_state().unlocked
    }

    /// Checks a password.
    pub fn verify_password(&self, password: &str) -> Result<(), WalletError> {
        let set = self.password()?;
        set.matches(&PasswordHash::new(password)).then_some(()).ok_or(WalletError::PasswordMismatch)
    }

    fn password(&self) -> Result<PasswordHash, WalletError> {
        let state = self.lock_state();
        let set = state.password.clone().ok_or(WalletError::PasswordNotSet)?;
        if state.unlocked { Ok(set) } else { Err(WalletError::Locked) }
    }

    /// Makes a key.
    pub async fn new_key(&self, kind: KeyKind) -> Result<Address, WalletError> {
        self.add(PrivateKey::generate(kind)?).await
    }

    /// Takes a key in. One that is there already is no error.
    pub async fn import(&self, key: &KeyInfo) -> Result<Address, WalletError> {
        self.add(PrivateKey::try_from(key)?).await
    }

    async fn add(&self, key: PrivateKey) -> Result<Address, WalletError> {
        let password = self.password()?;
        let address = key.address();
        if self.0.keys.has(address)? {
            return Ok(address);
        }
        let (kind, log_n) = (key.kind(), self.0.config.scrypt_log_n);
        let info = key.to_info();
        let secret =
            blocking(move || Ok(CryptoJson::encrypt(&info.private_key, &password, log_n)?)).await?;
        self.0.keys.put(address, &SealedKey { kind, secret }).await?;
        {
            let mut state = self.lock_state();
            if state.unlocked {
                state.cache.insert(address, key);
            }
        }
        self.0.changes.send_modify(|change| *change += 1);
        Ok(address)
    }

    /// Gives a key out.
    pub async fn export(&self, address: Address) -> Result<KeyInfo, WalletError> {
        Ok(self.key(address).await?.to_info())
    }

    /// Removes a key for good. An unknown one is no error.
    pub async fn delete(&self, address: Address) -> Result<(), WalletError> {
        self.password()?;
        self.0.keys.remove(address).await?;
        self.lock_state().cache.remove(&address);
        self.0.changes.send_modify(|change| *change += 1);
        Ok(())
    }

    /// The addresses of all keys, locked or not.
    pub fn list(&self) -> Result<Vec<Address>, WalletError> {
        Ok(self.0.keys.addresses()?)
    }

    /// Whether there is a key, locked or not.
    pub fn has_key(&self, address: Address) -> Result<bool, WalletError> {
        Ok(self.0.keys.has(address)?)
    }

    async fn key(&self, address: Address) -> Result<PrivateKey, WalletError> {
        let password = self.password()?;
        if let Some(key) = self.lock_state().cache.get(&address) {
            return Ok(key.clone());
        }
        let sealed = self.0.keys.get(address)?.ok_or(WalletError::UnknownKey(address))?;
        let key = blocking(move || open(address, &sealed, &password)).await?;
        let mut state = self.lock_state();
        if state.unlocked {
            state.cache.insert(address, key.clone());
        }
        Ok(key)
    }

    /// Signs what `meta` describes.
    pub async fn sign_checked(
        &self,
        signer: Address,
        data: &[u8],
        meta: &MsgMeta,
    ) -> Result<Signature, WalletError> {
        self.password()?;
        if self.0.config.refuse_unknown && meta.r#type == Purpose::Unknown {
            let reason = "refused by `refuse_unknown` of the configuration".into();
            return Err(WalletError::SignBytes { purpose: Purpose::Unknown, reason });
        }
        let bytes = sign_bytes(signer, data, meta, &self.0.secret)?;
        let key = self.key(signer).await?;
        tracing::debug!(%signer, purpose = %meta.r#type, "signing");
        // A BLS signature takes 0.4 ms: not worth a thread of its own.
        Ok(key.sign(&bytes)?)
    }
}

/// Decrypts a key and checks that it is the one of the address: the MAC does not cover that.
fn open(
    address: Address,
    sealed: &SealedKey,
    password: &PasswordHash,
) -> Result<PrivateKey, WalletError> {
    let secret = sealed.secret.decrypt(password)?;
    let key = PrivateKey::from_bytes(sealed.kind, &secret)?;
    if key.address() != address {
        return Err(CryptoJsonError::Damaged("it is not the key of its address").into());
    }
    Ok(key)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, WalletError> + Send + 'static,
) -> Result<T, WalletError> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(WalletError::Interrupted))
}

#[async_trait]
impl Signer for Wallet {
    async fn addresses(&self) -> Result<Vec<Address>, SignError> {
        self.list().map_err(|e| SignError::Holder { holder: "wallet", reason: e.to_string() })
    }

    async fn sign(&self, by: Address, bytes: &[u8], meta: MsgMeta) -> Result<Signature, SignError> {
        self.sign_checked(by, bytes, &meta).await.map_err(|error| match error {
            WalletError::UnknownKey(address) => SignError::UnknownKey(address),
            WalletError::Locked | WalletError::PasswordNotSet => SignError::Locked,
            WalletError::SignBytes { .. } | WalletError::NotSender(_) => SignError::Denied {
                address: by,
                purpose: meta.r#type.clone(),
                reason: error.to_string(),
            },
            other => SignError::Holder { holder: "wallet", reason: other.to_string() },
        })
    }
}
