//! An embedded store whose commits survive `kill -9` and power loss.
//!
//! sled acknowledges a write before it leaves the process, and its flush does not reach the drive
//! (no `fdatasync`). [`Store::commit`] does both: call it before anything is acknowledged or has an
//! effect outside.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

/// An embedded store in a directory of its own. Clones share it.
#[derive(Debug, Clone)]
pub struct Store {
    db: sled::Db,
    /// The data file, for `fdatasync`.
    file: Arc<File>,
    path: Arc<Path>,
}

/// What can go wrong with an embedded store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another process has it open.
    #[error("{0} is in use by another process; stop that one, or choose another home")]
    InUse(PathBuf),
    /// It cannot be opened.
    #[error("the store {path} cannot be opened; restore it from a backup, or move it away")]
    Open {
        /// Where it lies.
        path: PathBuf,
        /// Why.
        source: sled::Error,
    },
    /// It cannot be read or written.
    #[error("the store failed; check the disk")]
    Io(#[from] sled::Error),
    /// An entry is not what was written.
    #[error("the store holds a damaged entry in `{tree}`: {reason}")]
    Damaged {
        /// Which tree.
        tree: &'static str,
        /// What is wrong.
        reason: String,
    },
}

impl Store {
    /// Opens or creates the store in `path`, for this process alone.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let open = |source: sled::Error| match &source {
            sled::Error::Io(e)
                if e.kind() == io::ErrorKind::WouldBlock
                    || e.to_string().contains("WouldBlock") =>
            {
                StoreError::InUse(path.to_owned())
            }
            _ => StoreError::Open { path: path.to_owned(), source },
        };
        let db = sled::Config::new()
            .path(path)
            .cache_capacity(64 << 20)
            .flush_every_ms(None)
            .open()
            .map_err(open)?;
        let file = File::open(path.join("db")).map_err(|e| open(e.into()))?;
        Ok(Self { db, file: Arc::new(file), path: path.into() })
    }

    /// Opens or creates a tree.
    pub fn tree(&self, name: &str) -> Result<sled::Tree, StoreError> {
        Ok(self.db.open_tree(name)?)
    }

    /// Makes everything written so far durable. Blocks for a disk write.
    pub fn commit_blocking(&self) -> Result<(), StoreError> {
        self.db.flush()?;
        self.file.sync_data().map_err(sled::Error::from)?;
        Ok(())
    }

    /// Makes everything written so far durable.
    pub async fn commit(&self) -> Result<(), StoreError> {
        let this = self.clone();
        match tokio::task::spawn_blocking(move || this.commit_blocking()).await {
            Ok(result) => result,
            Err(e) => Err(StoreError::Io(sled::Error::Io(io::Error::other(e)))),
        }
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_opening_says_that_the_store_is_in_use() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let error = Store::open(dir.path()).unwrap_err();
        assert!(matches!(error, StoreError::InUse(_)), "{error}");
        drop(store);
    }

    #[tokio::test]
    async fn what_was_committed_is_there_after_reopening() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        store.tree("t").unwrap().insert(b"k", b"v").unwrap();
        store.commit().await.unwrap();
        drop(store);
        let store = Store::open(dir.path()).unwrap();
        assert_eq!(store.tree("t").unwrap().get(b"k").unwrap().unwrap(), b"v");
    }
}
