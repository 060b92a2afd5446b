//! Encrypted keys on disk.

use std::path::Path;

use serde::{Deserialize, Serialize};
use venus_core::{
    Address,
    crypto::KeyKind,
    store::{Store, StoreError},
};

use crate::CryptoJson;

/// A key as it lies on disk.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SealedKey {
    pub(crate) kind: KeyKind,
    pub(crate) secret: CryptoJson,
}

/// Keys by their address bytes.
#[derive(Debug, Clone)]
pub(crate) struct KeyStore {
    store: Store,
    keys: sled::Tree,
}

const KEYS: &str = "keys";

impl KeyStore {
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let store = Store::open(path)?;
        let keys = store.tree(KEYS)?;
        Ok(Self { store, keys })
    }

    pub(crate) fn get(&self, address: Address) -> Result<Option<SealedKey>, StoreError> {
        let entry = self.keys.get(address.to_bytes())?;
        entry.map(|value| decode(&value)).transpose()
    }

    pub(crate) fn has(&self, address: Address) -> Result<bool, StoreError> {
        Ok(self.keys.contains_key(address.to_bytes())?)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    pub(crate) fn all(&self) -> Result<Vec<(Address, SealedKey)>, StoreError> {
        self.keys
            .iter()
            .map(|entry| {
                let (key, value) = entry?;
                Ok((address(&key)?, decode(&value)?))
            })
            .collect()
    }

    pub(crate) fn addresses(&self) -> Result<Vec<Address>, StoreError> {
        self.keys.iter().keys().map(|key| address(&key?)).collect()
    }

    /// Stores a key; when it returns, the key is on disk.
    pub(crate) async fn put(&self, address: Address, key: &SealedKey) -> Result<(), StoreError> {
        let value = serde_json::to_vec(key)
            .map_err(|e| StoreError::Damaged { tree: KEYS, reason: e.to_string() })?;
        self.keys.insert(address.to_bytes(), value)?;
        self.store.commit().await
    }

    pub(crate) async fn remove(&self, address: Address) -> Result<(), StoreError> {
        self.keys.remove(address.to_bytes())?;
        self.store.commit().await
    }
}

fn address(key: &[u8]) -> Result<Address, StoreError> {
    Address::from_bytes(key)
        .map_err(|e| StoreError::Damaged { tree: KEYS, reason: format!("address: {e}") })
}

fn decode(value: &[u8]) -> Result<SealedKey, StoreError> {
    serde_json::from_slice(value)
        .map_err(|e| StoreError::Damaged { tree: KEYS, reason: e.to_string() })
}
