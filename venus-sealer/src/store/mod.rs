//! What a sealer keeps in its home: who it is, its sectors, and the messages it is about to send.

use std::path::Path;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use uuid::Uuid;
use venus_core::{
    Address, ChainEpoch, RegisteredPoStProof, SectorNumber,
    store::{Store, StoreError},
};

use crate::{
    SealerError,
    fsm::{Outgoing, SectorRecord},
};

const META: &str = "meta";
const SECTORS: &str = "sectors";
const POSTS: &str = "posts";

/// Whose home it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The miner, as ID address.
    pub miner: Address,
    /// The proof of its window PoSts.
    pub window_proof: RegisteredPoStProof,
    /// Bytes of its sectors.
    pub sector_size: u64,
    /// Names this home, whatever directory it is moved to.
    pub home_id: Uuid,
}

/// A creation that was begun.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Creation {
    pub message: Outgoing,
    pub window_proof: RegisteredPoStProof,
    pub sector_size: u64,
}

/// A message of the window PoSt scheduler.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct PostRecord {
    pub deadline: u64,
    pub open: ChainEpoch,
    pub close: ChainEpoch,
    pub partitions: Vec<u64>,
    /// The challenge it answers, as hex; a reorg may change it.
    pub challenge: String,
    pub message: Outgoing,
    pub state: PostState,
}

/// What became of such a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum PostState {
    Sent,
    Landed,
    Failed,
}

/// The store of one sealer.
#[derive(Debug, Clone)]
pub(crate) struct SealerStore {
    store: Store,
    meta: sled::Tree,
    sectors: sled::Tree,
    posts: sled::Tree,
}

impl SealerStore {
    /// Opens the store in a home, for this process alone.
    pub(crate) fn open(home: &Path) -> Result<Self, SealerError> {
        let store = Store::open(home.join("datastore"))?;
        Ok(Self {
            meta: store.tree(META)?,
            sectors: store.tree(SECTORS)?,
            posts: store.tree(POSTS)?,
            store,
        })
    }

    pub(crate) async fn commit(&self) -> Result<(), SealerError> {
        Ok(self.store.commit().await?)
    }

    pub(crate) fn identity(&self) -> Result<Option<Identity>, SealerError> {
        get(&self.meta, META, b"identity")
    }

    /// Keeps who this is and forgets the creation, in one step.
    pub(crate) async fn set_identity(&self, identity: &Identity) -> Result<(), SealerError> {
        let mut batch = sled::Batch::default();
        batch.insert(b"identity", json(META, identity)?);
        batch.remove(b"creation");
        self.meta.apply_batch(batch).map_err(StoreError::from)?;
        self.commit().await
    }

    pub(crate) fn creation(&self) -> Result<Option<Creation>, SealerError> {
        get(&self.meta, META, b"creation")
    }

    pub(crate) async fn set_creation(
        &self,
        creation: Option<&Creation>,
    ) -> Result<(), SealerError> {
        match creation {
            Some(creation) => put(&self.meta, META, b"creation", creation)?,
            None => drop(self.meta.remove(b"creation").map_err(StoreError::from)?),
        }
        self.commit().await
    }

    pub(crate) fn activation(&self, of: Address) -> Result<Option<Outgoing>, SealerError> {
        get(&self.meta, META, format!("activate/{of}").as_bytes())
    }

    pub(crate) async fn set_activation(
        &self,
        of: Address,
        message: Option<&Outgoing>,
    ) -> Result<(), SealerError> {
        let key = format!("activate/{of}");
        match message {
            Some(message) => put(&self.meta, META, key.as_bytes(), message)?,
            None => drop(self.meta.remove(key).map_err(StoreError::from)?),
        }
        self.commit().await
    }

    /// The first sector number that was never given out.
    pub(crate) fn next_number(&self) -> Result<SectorNumber, SealerError> {
        Ok(get(&self.meta, META, b"next-sector")?.unwrap_or(0))
    }

    /// Keeps a new sector; its number is given out for good.
    pub(crate) async fn create(&self, record: &SectorRecord) -> Result<(), SealerError> {
        // In this order: a kill between the two wastes a number, and never gives one out twice.
        put(&self.meta, META, b"next-sector", &(record.number + 1))?;
        self.commit().await?;
        self.put_sector(record).await
    }

    pub(crate) async fn put_sector(&self, record: &SectorRecord) -> Result<(), SealerError> {
        put(&self.sectors, SECTORS, &record.number.to_be_bytes(), record)?;
        self.commit().await
    }

    pub(crate) fn sector(&self, number: SectorNumber) -> Result<SectorRecord, SealerError> {
        get(&self.sectors, SECTORS, &number.to_be_bytes())?
            .ok_or(SealerError::UnknownSector(number))
    }

    /// All sectors, by number.
    pub(crate) fn sectors(&self) -> Result<Vec<SectorRecord>, SealerError> {
        all(&self.sectors, SECTORS)
    }

    pub(crate) async fn put_post(&self, post: &PostRecord) -> Result<(), SealerError> {
        put(&self.posts, POSTS, post.message.id.as_bytes(), post)?;
        self.commit().await
    }

    pub(crate) fn posts(&self) -> Result<Vec<PostRecord>, SealerError> {
        all(&self.posts, POSTS)
    }

    /// Forgets the messages of deadlines that closed before an epoch.
    pub(crate) fn forget_posts(&self, before: ChainEpoch) -> Result<(), SealerError> {
        for post in self.posts()? {
            if post.close < before && post.state != PostState::Sent {
                self.posts.remove(post.message.id.as_bytes()).map_err(StoreError::from)?;
            }
        }
        Ok(())
    }
}

fn json<T: Serialize>(tree: &'static str, value: &T) -> Result<Vec<u8>, SealerError> {
    serde_json::to_vec(value)
        .map_err(|e| StoreError::Damaged { tree, reason: e.to_string() }.into())
}

fn put<T: Serialize>(
    tree: &sled::Tree,
    name: &'static str,
    key: &[u8],
    value: &T,
) -> Result<(), SealerError> {
    tree.insert(key, json(name, value)?).map_err(StoreError::from)?;
    Ok(())
}

fn get<T: DeserializeOwned>(
    tree: &sled::Tree,
    name: &'static str,
    key: &[u8],
) -> Result<Option<T>, SealerError> {
    match tree.get(key).map_err(StoreError::from)? {
        Some(bytes) => parse(name, &bytes).map(Some),
        None => Ok(None),
    }
}

fn all<T: DeserializeOwned>(tree: &sled::Tree, name: &'static str) -> Result<Vec<T>, SealerError> {
    tree.iter().map(|row| parse(name, &row.map_err(StoreError::from)?.1)).collect()
}

fn parse<T: DeserializeOwned>(tree: &'static str, bytes: &[u8]) -> Result<T, SealerError> {
    serde_json::from_slice(bytes)
        .map_err(|e| StoreError::Damaged { tree, reason: e.to_string() }.into())
}
