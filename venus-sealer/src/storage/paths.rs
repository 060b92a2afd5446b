//! The storage paths of a sealer.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::SealerError;

const PATHS_FILE: &str = "storage.json";
const META_FILE: &str = "sectorstore.json";

/// What a path is for: `sectorstore.json` in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PathMeta {
    /// Names the path, wherever it is mounted.
    #[serde(rename = "ID")]
    pub id: Uuid,
    /// How much it is preferred.
    pub weight: u64,
    /// Whether sectors are sealed here.
    pub can_seal: bool,
    /// Whether sectors are kept here.
    pub can_store: bool,
    /// Bytes to use at most; 0: no limit.
    #[serde(default)]
    pub max_storage: u64,
    /// Groups it belongs to; kept for other sealers.
    #[serde(default)]
    pub groups: Option<Vec<String>>,
    /// Groups that may fetch from it; kept for other sealers.
    #[serde(default)]
    pub allow_to: Option<Vec<String>>,
}

/// How a new path shall be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewPath {
    /// How much it is preferred; 10 is usual.
    pub weight: u64,
    /// Whether sectors are sealed here.
    pub seal: bool,
    /// Whether sectors are kept here.
    pub store: bool,
    /// Bytes to use at most; 0: no limit.
    pub max_storage: u64,
}

/// An attached path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoragePath {
    /// What it is for.
    pub meta: PathMeta,
    /// Where it is mounted.
    pub root: PathBuf,
}

/// The space of a path, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct FsStat {
    /// Of the file system.
    pub capacity: u64,
    /// That sectors may still take.
    pub available: u64,
    /// That are free in the file system.
    #[serde(rename = "FSAvailable")]
    pub fs_available: u64,
    /// Promised to sectors; always 0: room is looked for when it is needed.
    pub reserved: u64,
    /// That sectors may take at most; 0: no limit.
    pub max: u64,
    /// That sectors take.
    pub used: u64,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PathList {
    storage_paths: Vec<PathEntry>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PathEntry {
    path: PathBuf,
}

/// The storage paths of a sealer. Tells provers where sectors lie.
#[derive(Debug)]
pub struct SectorStorage {
    home: PathBuf,
    paths: Mutex<Vec<StoragePath>>,
}

/// A path's role when room is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Sealing,
    Storage,
}

impl SectorStorage {
    /// The paths named in `storage.json` of a sealer's home; none if there is no such file.
    pub fn open(home: impl Into<PathBuf>) -> Result<Self, SealerError> {
        let home = home.into();
        let list: PathList = read_json(&home.join(PATHS_FILE))?.unwrap_or_default();
        let mut paths: Vec<StoragePath> = Vec::new();
        for PathEntry { path: root } in list.storage_paths {
            // A disk that is not mounted must not keep the sectors on the others from proving.
            match read_json::<PathMeta>(&root.join(META_FILE)) {
                Ok(Some(meta)) => paths.push(StoragePath { meta, root }),
                Ok(None) => tracing::error!(path = %root.display(), "storage path is not there"),
                Err(error) => tracing::error!(path = %root.display(), %error, "path unusable"),
            }
        }
        Ok(Self { home, paths: Mutex::new(paths) })
    }

    /// Attaches a path for good; with `new` it is made into one first.
    pub fn attach(&self, root: &Path, new: Option<NewPath>) -> Result<StoragePath, SealerError> {
        let path = match new {
            Some(new) => new.create(root)?,
            None => StoragePath::open(root)?,
        };
        let mut paths = self.lock();
        if let Some(same) = paths.iter().find(|p| p.meta.id == path.meta.id) {
            return match same.root == path.root {
                true => Ok(path),
                false => Err(SealerError::PathTwice(path.root)),
            };
        }
        // The list on disk also has paths that are not mounted now.
        let list_file = self.home.join(PATHS_FILE);
        let mut list: PathList = read_json(&list_file)?.unwrap_or_default();
        if !list.storage_paths.iter().any(|entry| entry.path == path.root) {
            list.storage_paths.push(PathEntry { path: path.root.clone() });
            write_json(&list_file, &list)?;
        }
        paths.push(path.clone());
        Ok(path)
    }

    /// The attached paths.
    pub fn paths(&self) -> Vec<StoragePath> {
        self.lock().clone()
    }

    /// The path with this id.
    pub fn path(&self, id: Uuid) -> Option<StoragePath> {
        self.lock().iter().find(|p| p.meta.id == id).cloned()
    }

    /// Fails if there is no path at all to seal in, or none to keep sectors in.
    pub(crate) fn ready(&self) -> Result<(), SealerError> {
        let paths = self.lock();
        match (
            paths.iter().any(|path| path.meta.can_seal),
            paths.iter().any(|path| path.meta.can_store),
        ) {
            (true, true) => Ok(()),
            (false, _) => Err(SealerError::NoStorage("sealing")),
            (true, false) => Err(SealerError::NoStorage("keeping sectors")),
        }
    }

    /// The best path with room for `need` bytes.
    pub(crate) fn allocate(&self, role: Role, need: u64) -> Result<StoragePath, SealerError> {
        let fits = |path: &StoragePath| match role {
            Role::Sealing => path.meta.can_seal,
            Role::Storage => path.meta.can_store,
        };
        let mut best: Option<(u128, StoragePath)> = None;
        for path in self.paths().into_iter().filter(fits) {
            let available = match path.available() {
                Ok(available) => available,
                Err(error) => {
                    tracing::warn!(path = %path.root.display(), %error, "path left out");
                    continue;
                }
            };
            let score = u128::from(available) * u128::from(path.meta.weight);
            if available >= need && best.as_ref().is_none_or(|(least, _)| score > *least) {
                best = Some((score, path));
            }
        }
        let role = match role {
            Role::Sealing => "sealing",
            Role::Storage => "storage",
        };
        best.map(|(_, path)| path).ok_or(SealerError::NoPath { role, need })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<StoragePath>> {
        // The list is whole at every moment, also if a holder panicked.
        self.paths.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl NewPath {
    /// Makes a directory into a storage path: writes its `sectorstore.json`.
    pub fn create(self, root: &Path) -> Result<StoragePath, SealerError> {
        if !self.seal && !self.store {
            return Err(SealerError::PathUseless);
        }
        fs::create_dir_all(root).map_err(file_error(root, "created"))?;
        let root = root.canonicalize().map_err(file_error(root, "opened"))?;
        let meta_file = root.join(META_FILE);
        if read_json::<PathMeta>(&meta_file)?.is_some() {
            return Err(SealerError::PathInitialized(root));
        }
        let meta = PathMeta {
            id: Uuid::new_v4(),
            weight: self.weight,
            can_seal: self.seal,
            can_store: self.store,
            max_storage: self.max_storage,
            groups: None,
            allow_to: None,
        };
        write_json(&meta_file, &meta)?;
        Ok(StoragePath { meta, root })
    }
}

impl StoragePath {
    /// Reads what a path is for.
    pub fn open(root: &Path) -> Result<Self, SealerError> {
        let root = root.canonicalize().map_err(file_error(root, "opened"))?;
        match read_json::<PathMeta>(&root.join(META_FILE))? {
            Some(meta) => Ok(Self { meta, root }),
            None => Err(SealerError::PathNotInitialized(root)),
        }
    }

    /// Measures the disk and what the sectors take of it. Reads directories: blocks.
    pub fn stat(&self) -> Result<FsStat, SealerError> {
        let stat = rustix::fs::statvfs(&self.root)
            .map_err(|e| file_error(&self.root, "measured")(e.into()))?;
        let free = stat.f_bavail.saturating_mul(stat.f_frsize);
        let used = super::files::used_bytes(&self.root)?;
        let max = self.meta.max_storage;
        Ok(FsStat {
            capacity: stat.f_blocks.saturating_mul(stat.f_frsize),
            available: if max == 0 { free } else { free.min(max.saturating_sub(used)) },
            fs_available: free,
            reserved: 0,
            max,
            used,
        })
    }

    /// Bytes that can still be used, the limit of the path counted.
    pub(crate) fn available(&self) -> Result<u64, SealerError> {
        if self.meta.max_storage > 0 {
            return Ok(self.stat()?.available);
        }
        // Without a limit there is no need to count what the sectors take.
        let stat = rustix::fs::statvfs(&self.root)
            .map_err(|e| file_error(&self.root, "measured")(e.into()))?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }
}

pub(crate) fn file_error<'a>(
    path: &'a Path,
    action: &'static str,
) -> impl FnOnce(io::Error) -> SealerError + 'a {
    move |source| SealerError::File { path: path.to_owned(), action, source }
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, SealerError> {
    match fs::read(path) {
        Ok(text) => serde_json::from_slice(&text)
            .map(Some)
            .map_err(|source| SealerError::Metadata { path: path.to_owned(), source }),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(file_error(path, "read")(e)),
    }
}

/// Writes a file that is whole at every moment.
fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<(), SealerError> {
    let text = serde_json::to_vec_pretty(value)
        .map_err(|source| SealerError::Metadata { path: path.to_owned(), source })?;
    let temporary = path.with_extension("tmp");
    let write = || {
        let mut file = fs::File::create(&temporary)?;
        io::Write::write_all(&mut file, &text)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        sync_parent(path)
    };
    write().map_err(file_error(path, "written"))
}

/// Makes the entry of a file in its directory durable.
pub(crate) fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) => fs::File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}
