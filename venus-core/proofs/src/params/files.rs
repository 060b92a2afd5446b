//! Files that are either whole or absent.

use std::fs::{self, File};
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use super::{CircuitId, SEED};
use crate::ProofError;

/// What is known of a file that we made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Fingerprint {
    /// Bytes.
    pub(super) size: u64,
    /// BLAKE2b-512, hexadecimal.
    pub(super) blake2b: String,
}

/// What the set of one circuit consists of; lies beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// The seed that it was made from.
    pub(super) seed: String,
    /// None as long as there is only a key.
    pub(super) params: Option<Fingerprint>,
    pub(super) key: Fingerprint,
}

impl Manifest {
    pub(super) fn path(dir: &Path, circuit: CircuitId) -> PathBuf {
        dir.join(format!("venus-{circuit}.json"))
    }

    /// Reads it. A manifest that is absent, damaged or of another seed counts as none.
    pub(super) fn read(dir: &Path, circuit: CircuitId) -> Option<Self> {
        let text = fs::read(Self::path(dir, circuit)).ok()?;
        serde_json::from_slice(&text).ok().filter(|manifest: &Self| manifest.seed == SEED)
    }
}

/// What a file turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Not there.
    Absent,
    /// Ours, whole.
    Ours,
    /// Ours by name and start, but not whole.
    Damaged,
    /// Listed by the proofs library as coming from the public ceremony.
    Official,
    /// Somebody else's.
    Unknown,
}

/// Reads a file whole and takes its fingerprint; `None` if it is not there.
pub(super) fn fingerprint(path: &Path) -> Result<Option<Fingerprint>, ProofError> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(ProofError::io("open", path)(error)),
    };
    let mut hash = Hashing::new(std::io::sink());
    let mut buffer = vec![0; 1 << 20];
    loop {
        let read = file.read(&mut buffer).map_err(ProofError::io("read", path))?;
        if read == 0 {
            return Ok(Some(hash.finish()));
        }
        hash.write_all(&buffer[..read]).map_err(ProofError::io("hash", path))?;
    }
}

/// A file under a temporary name; deleted when dropped before [`Draft::publish`].
pub(super) struct Draft {
    temporary: PathBuf,
    target: PathBuf,
    pub(super) fingerprint: Fingerprint,
}

impl Draft {
    /// Writes the file and brings it to the disk.
    pub(super) fn write(
        target: PathBuf,
        fill: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
    ) -> Result<Self, ProofError> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let unique = NEXT.fetch_add(1, Ordering::Relaxed);
        let temporary =
            target.with_file_name(format!("{name}.{}-{unique}.part", std::process::id()));
        let empty = Fingerprint { size: 0, blake2b: String::new() };
        let mut draft = Self { temporary, target, fingerprint: empty };
        draft.fingerprint = draft.fill(fill).map_err(ProofError::io("write", &draft.temporary))?;
        Ok(draft)
    }

    fn fill(
        &self,
        fill: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
    ) -> std::io::Result<Fingerprint> {
        let mut writer =
            BufWriter::with_capacity(1 << 20, Hashing::new(File::create_new(&self.temporary)?));
        fill(&mut writer)?;
        let hashing = writer.into_inner().map_err(|error| error.into_error())?;
        hashing.inner.sync_all()?;
        Ok(hashing.finish())
    }

    /// Gives the file its name.
    pub(super) fn publish(self) -> Result<(), ProofError> {
        fs::rename(&self.temporary, &self.target)
            .map_err(ProofError::io("rename into place", &self.target))?;
        if let Some(dir) = self.target.parent() {
            File::open(dir).and_then(|dir| dir.sync_all()).map_err(ProofError::io("sync", dir))?;
        }
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // After `publish` there is nothing left under this name, and that is fine.
        let _ = fs::remove_file(&self.temporary);
    }
}

/// Hashes and counts what passes through.
struct Hashing<W> {
    inner: W,
    state: blake2b_simd::State,
    size: u64,
}

impl<W> Hashing<W> {
    fn new(inner: W) -> Self {
        Self { inner, state: blake2b_simd::State::new(), size: 0 }
    }

    fn finish(&self) -> Fingerprint {
        Fingerprint { size: self.size, blake2b: self.state.finalize().to_hex().to_string() }
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.state.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}
