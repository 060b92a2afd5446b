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
        if let Some(NewPath { seal: false, store: false, .. }) = new {
            return Err(SealerError::PathUseless);
        }
        if new.is_some() {
            fs::create_dir_all(root).map_err(file_error(root, "created"))?;
        }
        let root = root.canonicalize().map_err(file_error(root, "opened"))?;
        let meta_file = root.join(META_FILE);
        let meta = match (read_json::<PathMeta>(&meta_file)?, new) {
            (Some(_), Some(_)) => return Err(SealerError::PathInitialized(root)),
            (None, None) => return Err(SealerError::PathNotInitialized(root)),
            (Some(meta), None) => meta,
            (None, Some(new)) => {
                let meta = PathMeta {
                    id: Uuid::new_v4(),
                    weight: new.weight,
                    can_seal: new.seal,
                    can_store: new.store,
                    max_storage: new.max_storage,
                    groups: None,
                    allow_to: None,
                };
                write_json(&meta_file, &meta)?;
                meta
            }
        };
        let path = StoragePath { meta, root };
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

impl StoragePath {
    /// Bytes that can still be used, the limit of the path counted.
    pub(crate) fn available(&self) -> Result<u64, SealerError> {
        let stat = rustix::fs::statvfs(&self.root)
            .map_err(|e| file_error(&self.root, "measured")(e.into()))?;
        let free = stat.f_bavail.saturating_mul(stat.f_frsize);
        if self.meta.max_storage == 0 {
            return Ok(free);
        }
        let used = super::files::used_bytes(&self.root)?;
        Ok(free.min(self.meta.max_storage.saturating_sub(used)))
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
