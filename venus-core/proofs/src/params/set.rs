//! A directory with the development set.

use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fvm_shared::sector::SectorSize;

use super::doctor::{key_verdict, params_verdict};
use super::files::{Draft, Manifest, Verdict, fingerprint};
use super::keys::{key_bytes, parse_key};
use super::progress::{Progress, Stage};
use super::{CircuitId, CircuitKind, EMBEDDED_SECTOR_SIZE, SEED, embedded_key, generate};
use crate::{ProofError, prove::thread_pool};

/// What [`ParamSet::ensure`] had to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ensured {
    /// The set was there, whole.
    Present,
    /// It was made now.
    Made,
}

/// The development set in a directory of its own.
///
/// Every file is either whole or absent: it is written under a temporary name, brought to the
/// disk, then renamed. Processes that share the directory wait for one another.
#[derive(Clone, Debug)]
pub struct ParamSet {
    dir: PathBuf,
    sector_size: SectorSize,
}

impl ParamSet {
    /// Opens the set for 2 KiB sectors, and writes the verifying keys if they are absent: with
    /// them, verifying and simulated proving work; nothing is generated.
    pub fn open(dir: impl Into<PathBuf>) -> Result<Self, ProofError> {
        Self::open_sized(dir, EMBEDDED_SECTOR_SIZE)
    }

    /// Opens the set for sectors of another size. Keys that are not part of the program are made,
    /// which takes seconds for 8 MiB and 512 MiB sectors.
    pub fn open_sized(
        dir: impl Into<PathBuf>,
        sector_size: SectorSize,
    ) -> Result<Self, ProofError> {
        let set = Self { dir: dir.into(), sector_size };
        fs::create_dir_all(&set.dir).map_err(ProofError::io("create", &set.dir))?;
        for kind in CircuitKind::ALL {
            set.install_key(set.circuit(kind))?;
        }
        Ok(set)
    }

    /// Opens the set in the directory that the proofs library of this process uses.
    pub fn open_default() -> Result<Self, ProofError> {
        Self::open(super::library_dir())
    }

    /// Where it lies.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The size of the sectors that it is for.
    pub fn sector_size(&self) -> SectorSize {
        self.sector_size
    }

    /// Whether the proving parameters of a circuit are there under their name. Their content is
    /// checked by [`ensure`](Self::ensure).
    pub fn has(&self, kind: CircuitKind) -> bool {
        self.circuit(kind).params_file().is_ok_and(|name| self.dir.join(name).is_file())
    }

    /// Makes sure that the proving parameters of a circuit are there and whole.
    ///
    /// Reads them (a second a gigabyte) and compares them with their manifest; makes them again
    /// if they are absent, half-written or damaged. Blocks: seconds for winning and window, two to
    /// three minutes and 1.7 GB of memory for PoRep on two cores. Files of another set are never
    /// overwritten.
    pub fn ensure(
        &self,
        kind: CircuitKind,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<Ensured, ProofError> {
        let circuit = self.circuit(kind);
        let _lock = self.lock(circuit)?;
        let path = self.dir.join(circuit.params_file()?);
        match params_verdict(&self.dir, circuit)? {
            Verdict::Ours => return Ok(Ensured::Present),
            Verdict::Official => return Err(foreign(path, "the official")),
            Verdict::Unknown => return Err(foreign(path, "an unknown")),
            Verdict::Absent => {}
            Verdict::Damaged => {
                tracing::warn!(path = %path.display(), "parameters are damaged; making them again");
            }
        }
        self.remove_drafts(&circuit.params_file()?)?;
        self.make(circuit, progress)?;
        Ok(Ensured::Made)
    }

    /// [`ensure`](Self::ensure) on threads of its own, for callers on a runtime: proofs that are
    /// made meanwhile share the cores with it, and do not wait for it.
    pub async fn ensure_in_background(
        &self,
        kind: CircuitKind,
        progress: Arc<dyn Fn(Progress) + Send + Sync>,
    ) -> Result<Ensured, ProofError> {
        let set = self.clone();
        let (answer, result) = tokio::sync::oneshot::channel();
        let pool = thread_pool(&format!("params-{kind}"))?;
        std::thread::Builder::new()
            .name(format!("params-{kind}"))
            .spawn(move || {
                // A caller that left needs no answer; the set is made all the same.
                let _ = answer.send(pool.install(|| set.ensure(kind, &*progress)));
            })
            .map_err(ProofError::io("start a thread for", &self.dir))?;
        result.await.unwrap_or(Err(ProofError::Stopped { lane: "parameter" }))
    }

    /// The verifying key of a circuit.
    pub(crate) fn key(
        &self,
        kind: CircuitKind,
    ) -> Result<bellperson::groth16::VerifyingKey<blstrs::Bls12>, ProofError> {
        let circuit = self.circuit(kind);
        if let Some(bytes) = embedded_key(circuit) {
            return parse_key(bytes);
        }
        let path = self.dir.join(circuit.key_file()?);
        parse_key(&fs::read(&path).map_err(ProofError::io("read", &path))?)
    }

    fn circuit(&self, kind: CircuitKind) -> CircuitId {
        CircuitId::new(kind, self.sector_size)
    }

    /// Keeps other processes and threads from making the same set.
    fn lock(&self, circuit: CircuitId) -> Result<File, ProofError> {
        let path = self.dir.join(format!(".venus-{circuit}.lock"));
        let open = File::options().create(true).truncate(false).write(true).open(&path);
        let file = open.map_err(ProofError::io("open", &path))?;
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(ProofError::io("lock", path)(error)),
        }
        tracing::info!(%circuit, "waiting for whoever makes these parameters now");
        file.lock().map_err(ProofError::io("lock", path))?;
        Ok(file)
    }

    fn install_key(&self, circuit: CircuitId) -> Result<(), ProofError> {
        let path = self.dir.join(circuit.key_file()?);
        match key_verdict(&self.dir, circuit)? {
            Verdict::Ours => {}
            Verdict::Official => return Err(foreign(path, "the official")),
            Verdict::Unknown if embedded_key(circuit).is_some() => {
                return Err(foreign(path, "an unknown"));
            }
            // A key without a record may be ours: there is no other way to tell.
            Verdict::Unknown => {
                let there = fs::read(&path).map_err(ProofError::io("read", &path))?;
                if there != key_bytes(&generate::verifying_key(circuit)?)? {
                    return Err(foreign(path, "an unknown"));
                }
                self.record_key(circuit)?;
            }
            Verdict::Absent | Verdict::Damaged => {
                let embedded = embedded_key(circuit);
                let bytes = match embedded {
                    Some(bytes) => bytes.to_vec(),
                    None => key_bytes(&generate::verifying_key(circuit)?)?,
                };
                Draft::write(path, |file| file.write_all(&bytes))?.publish()?;
                if embedded.is_none() {
                    self.record_key(circuit)?;
                }
            }
        }
        let path = self.dir.join(circuit.meta_file()?);
        if !path.is_file() {
            let text = format!("{{\"sector_size\":{}}}", circuit.sector_size as u64);
            Draft::write(path, |file| file.write_all(text.as_bytes()))?.publish()?;
        }
        Ok(())
    }

    /// Notes down that the key in the directory is ours, unless that is known.
    fn record_key(&self, circuit: CircuitId) -> Result<(), ProofError> {
        let path = self.dir.join(circuit.key_file()?);
        let key = match (fingerprint(&path)?, Manifest::read(&self.dir, circuit)) {
            (Some(key), None) => key,
            _ => return Ok(()),
        };
        let manifest = Manifest { seed: SEED.to_owned(), params: None, key };
        let path = Manifest::path(&self.dir, circuit);
        Draft::write(path, |file| Ok(serde_json::to_writer_pretty(file, &manifest)?))?.publish()
    }

    fn make(
        &self,
        circuit: CircuitId,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Result<(), ProofError> {
        tracing::info!(%circuit, dir = %self.dir.display(), "making proof parameters");
        let made = generate::parameters(circuit, progress)?;
        let write = |name: String, fill: &dyn Fn(&mut dyn Write) -> std::io::Result<()>| {
            Draft::write(self.dir.join(name), fill)
        };
        let params = write(circuit.params_file()?, &|file| made.write(file))?;
        let key = write(circuit.key_file()?, &|file| made.vk.write(file))?;
        let manifest = Manifest {
            seed: SEED.to_owned(),
            params: Some(params.fingerprint.clone()),
            key: key.fingerprint.clone(),
        };
        let path = Manifest::path(&self.dir, circuit);
        let manifest =
            Draft::write(path, |file| Ok(serde_json::to_writer_pretty(file, &manifest)?))?;
        // The manifest first: what it lists and is not there yet counts as absent.
        manifest.publish()?;
        key.publish()?;
        params.publish()?;
        progress(Progress { circuit, stage: Stage::Write, fraction: 1.0 });
        tracing::info!(%circuit, "proof parameters are ready");
        Ok(())
    }

    /// Removes what a killed run left. The caller holds the lock of the circuit.
    fn remove_drafts(&self, name: &str) -> Result<(), ProofError> {
        for path in drafts(&self.dir, name)? {
            fs::remove_file(&path).map_err(ProofError::io("remove", &path))?;
        }
        Ok(())
    }
}

/// Bytes of the half-written parameters of a circuit in `dir`: what a killed run left, and
/// [`ParamSet::ensure`] removes before it begins.
pub fn leftover(dir: &Path, circuit: CircuitId) -> Result<u64, ProofError> {
    if !dir.exists() {
        return Ok(0);
    }
    let drafts = drafts(dir, &circuit.params_file()?)?;
    // One that is gone by now has been published or removed.
    Ok(drafts.iter().map(|path| fs::metadata(path).map_or(0, |file| file.len())).sum())
}

/// The drafts of the file `name`.
fn drafts(dir: &Path, name: &str) -> Result<Vec<PathBuf>, ProofError> {
    let mut drafts = Vec::new();
    for entry in fs::read_dir(dir).map_err(ProofError::io("list", dir))? {
        let entry = entry.map_err(ProofError::io("list", dir))?;
        let found = entry.file_name().to_string_lossy().into_owned();
        if found.starts_with(name) && found.ends_with(".part") {
            drafts.push(entry.path());
        }
    }
    Ok(drafts)
}

fn foreign(path: PathBuf, origin: &'static str) -> ProofError {
    ProofError::ForeignParameters { path, origin }
}

/// Makes the verifying keys of the seed and writes them as `<circuit>-<size>.vk`, the form in
/// which they lie in this crate.
pub fn write_keys(dir: &Path, sector_size: SectorSize) -> Result<(), ProofError> {
    fs::create_dir_all(dir).map_err(ProofError::io("create", dir))?;
    for kind in CircuitKind::ALL {
        let circuit = CircuitId::new(kind, sector_size);
        let bytes = key_bytes(&generate::verifying_key(circuit)?)?;
        let path = dir.join(format!("{circuit}.vk"));
        Draft::write(path, |file| file.write_all(&bytes))?.publish()?;
    }
    Ok(())
}
