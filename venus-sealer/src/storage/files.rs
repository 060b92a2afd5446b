//! The files of a sector in a storage path.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use venus_core::{RegisteredSealProof, SectorId, proof::SealJob};

use super::{
    SectorStorage, StoragePath,
    paths::{Role, file_error, sync_parent},
};
use crate::{SealerError, policy};

const UNSEALED: &str = "unsealed";
const SEALED: &str = "sealed";
const CACHE: &str = "cache";
/// Where copies between disks grow until they are whole.
const FETCHING: &str = "fetching";

/// The name of a sector's files, the same on every network.
pub fn sector_name(sector: SectorId) -> String {
    format!("s-t0{}-{}", sector.miner, sector.number)
}

impl StoragePath {
    /// A sector's files, if they lay here.
    pub fn job(&self, sector: SectorId, proof: RegisteredSealProof) -> SealJob {
        let name = sector_name(sector);
        let file = |kind: &str| self.root.join(kind).join(&name);
        SealJob {
            sector,
            proof,
            unsealed: file(UNSEALED),
            sealed: file(SEALED),
            cache: file(CACHE),
        }
    }
}

impl SectorStorage {
    /// Where to seal a sector: where it was begun, else the best path. Makes the directories.
    pub(crate) fn begin(
        &self,
        sector: SectorId,
        proof: RegisteredSealProof,
    ) -> Result<StoragePath, SealerError> {
        let name = sector_name(sector);
        let has = |path: &StoragePath| {
            path.meta.can_seal
                && [UNSEALED, SEALED, CACHE].iter().any(|k| path.root.join(k).join(&name).exists())
        };
        let path = match self.paths().into_iter().find(has) {
            Some(path) => path,
            None => {
                // Tenths of the sector size: data 10, replica 10, layers and trees 141.
                let need = policy::sector_size(proof) * (10 + 10 + 141) / 10;
                self.allocate(Role::Sealing, need)?
            }
        };
        for kind in [UNSEALED, SEALED, CACHE] {
            let directory = path.root.join(kind);
            fs::create_dir_all(&directory).map_err(file_error(&directory, "created"))?;
        }
        let cache = path.job(sector, proof).cache;
        fs::create_dir_all(&cache).map_err(file_error(&cache, "created"))?;
        Ok(path)
    }

    /// Moves a finalized sector to where it is kept: where it was sealed, if that path keeps
    /// sectors, else to the best path that does. Can be repeated after a kill.
    pub(crate) fn keep(
        &self,
        from: &StoragePath,
        sector: SectorId,
        proof: RegisteredSealProof,
        with_data: bool,
    ) -> Result<StoragePath, SealerError> {
        let source = from.job(sector, proof);
        if !with_data {
            remove(&source.unsealed)?;
        }
        if from.meta.can_store {
            sector_files(&source, sector)?;
            return Ok(from.clone());
        }
        let name = sector_name(sector);
        let begun = |p: &StoragePath| {
            p.meta.can_store
                && p.meta.id != from.meta.id
                && p.root.join(SEALED).join(&name).exists()
        };
        let to = match self.paths().into_iter().find(begun) {
            Some(path) => path,
            None => {
                let need = policy::sector_size(proof) * (10 + 10 + 1) / 10;
                self.allocate(Role::Storage, need)?
            }
        };
        let target = to.job(sector, proof);
        // The replica goes first: while its cache is not moved, provers still find both at home.
        for (source, target) in [
            (&source.unsealed, &target.unsealed),
            (&source.sealed, &target.sealed),
            (&source.cache, &target.cache),
        ] {
            move_to(source, target, &to.root.join(FETCHING).join(&name))?;
        }
        sector_files(&target, sector)?;
        Ok(to)
    }

    /// Removes what there is of a sector from every path.
    pub(crate) fn remove(
        &self,
        sector: SectorId,
        proof: RegisteredSealProof,
    ) -> Result<(), SealerError> {
        for path in self.paths() {
            let job = path.job(sector, proof);
            for file in [job.unsealed, job.sealed, job.cache] {
                remove(&file)?;
            }
        }
        Ok(())
    }
}

/// Checks that replica and cache are there.
fn sector_files(job: &SealJob, sector: SectorId) -> Result<(), SealerError> {
    match job.sealed.is_file() && job.cache.is_dir() {
        true => Ok(()),
        false => Err(SealerError::FilesMissing(sector.number)),
    }
}

fn remove(path: &Path) -> Result<(), SealerError> {
    let result = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match result {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(file_error(path, "removed")(e)),
        _ => Ok(()),
    }
}

/// Moves a file or directory, across file systems if need be; what is not there was moved before.
fn move_to(source: &Path, target: &Path, temporary: &Path) -> Result<(), SealerError> {
    if !source.exists() {
        return Ok(());
    }
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent).map_err(file_error(parent, "created"))?;
    }
    if target.exists() {
        // It appeared whole; a kill came before the source was gone.
        return remove(source);
    }
    if fs::rename(source, target).is_err() {
        remove(temporary)?;
        if let Some(parent) = temporary.parent() {
            fs::create_dir_all(parent).map_err(file_error(parent, "created"))?;
        }
        copy(source, temporary).map_err(file_error(source, "copied"))?;
        fs::rename(temporary, target).map_err(file_error(target, "moved into place"))?;
        sync_parent(target).map_err(file_error(target, "synced"))?;
        return remove(source);
    }
    sync_parent(target).map_err(file_error(target, "synced"))
}

fn copy(source: &Path, target: &Path) -> io::Result<()> {
    if !source.is_dir() {
        fs::copy(source, target)?;
        return fs::File::open(target)?.sync_all();
    }
    fs::create_dir_all(target)?;
    for entry in fs::read_dir(source)? {
        let entry = entry?;
        copy(&entry.path(), &target.join(entry.file_name()))?;
    }
    fs::File::open(target)?.sync_all()
}

/// Bytes of the sector files below a path.
pub(super) fn used_bytes(root: &Path) -> Result<u64, SealerError> {
    fn sum(path: PathBuf) -> io::Result<u64> {
        let meta = match fs::symlink_metadata(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(0),
            other => other?,
        };
        if !meta.is_dir() {
            return Ok(meta.len());
        }
        fs::read_dir(path)?.try_fold(0, |total, entry| Ok(total + sum(entry?.path())?))
    }
    [UNSEALED, SEALED, CACHE, FETCHING]
        .iter()
        .map(|kind| root.join(kind))
        .try_fold(0, |total, path| Ok(total + sum(path)?))
        .map_err(file_error(root, "measured"))
}
