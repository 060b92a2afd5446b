//! Which set lies in a directory.

use std::fmt;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use fvm_shared::sector::SectorSize;
use serde::Serialize;
use storage_proofs_core::parameter_cache;

use super::files::{Fingerprint, Manifest, Verdict, fingerprint};
use super::{CircuitId, CircuitKind, embedded_key};
use crate::ProofError;

/// Whose set the files of a circuit are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// There are no files.
    Absent,
    /// The development set of this project.
    Ours,
    /// The development set of this project, and not whole: it is made again when it is needed.
    Damaged,
    /// The result of the public ceremony.
    Official,
    /// Of a source that is not known here.
    Unknown,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Absent => "absent",
            Self::Ours => "ours (development)",
            Self::Damaged => "ours (development), damaged",
            Self::Official => "official",
            Self::Unknown => "unknown",
        })
    }
}

impl From<Verdict> for Origin {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Absent => Self::Absent,
            Verdict::Ours => Self::Ours,
            Verdict::Damaged => Self::Damaged,
            Verdict::Official => Self::Official,
            Verdict::Unknown => Self::Unknown,
        }
    }
}

/// What [`doctor`] found for one circuit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The circuit.
    pub circuit: CircuitId,
    /// Whose verifying key lies there.
    pub key: Origin,
    /// Whose proving parameters lie there.
    pub params: Origin,
    /// Bytes of the proving parameters, 0 where there are none.
    pub bytes: u64,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { circuit, key, params, .. } = self;
        write!(f, "{circuit}: verifying key {key}, proving parameters {params}")
    }
}

/// The directory in which the proofs library of this process looks for parameters.
pub fn library_dir() -> PathBuf {
    parameter_cache::parameter_cache_dir()
}

/// Says whose files lie in `dir`. Reads them whole: about a second a gigabyte.
pub fn doctor(dir: &Path, sector_size: SectorSize) -> Result<Vec<Report>, ProofError> {
    CircuitKind::ALL
        .map(|kind| CircuitId::new(kind, sector_size))
        .into_iter()
        .map(|circuit| {
            let key = inspect(dir, circuit)?;
            let params = params_verdict(dir, circuit)?.into();
            let bytes = fs::metadata(dir.join(circuit.params_file()?)).map_or(0, |file| file.len());
            Ok(Report { circuit, key, params, bytes })
        })
        .collect()
}

/// Says whose verifying key of a circuit lies in `dir`.
pub fn inspect(dir: &Path, circuit: CircuitId) -> Result<Origin, ProofError> {
    Ok(key_verdict(dir, circuit)?.into())
}

pub(super) fn key_verdict(dir: &Path, circuit: CircuitId) -> Result<Verdict, ProofError> {
    let name = circuit.key_file()?;
    let path = dir.join(&name);
    let Some(found) = fingerprint(&path)? else { return Ok(Verdict::Absent) };
    if is_official(&name, &found) {
        return Ok(Verdict::Official);
    }
    if let Some(ours) = embedded_key(circuit) {
        let bytes = fs::read(&path).map_err(ProofError::io("read", path))?;
        return Ok(match bytes {
            bytes if bytes == ours => Verdict::Ours,
            bytes if ours.starts_with(&bytes) => Verdict::Damaged,
            _ => Verdict::Unknown,
        });
    }
    Ok(match Manifest::read(dir, circuit) {
        Some(manifest) if manifest.key == found => Verdict::Ours,
        Some(_) => Verdict::Damaged,
        None => Verdict::Unknown,
    })
}

pub(super) fn params_verdict(dir: &Path, circuit: CircuitId) -> Result<Verdict, ProofError> {
    let name = circuit.params_file()?;
    let path = dir.join(&name);
    let Some(found) = fingerprint(&path)? else { return Ok(Verdict::Absent) };
    if is_official(&name, &found) {
        return Ok(Verdict::Official);
    }
    if let Some(ours) = Manifest::read(dir, circuit).and_then(|manifest| manifest.params) {
        return Ok(if ours == found { Verdict::Ours } else { Verdict::Damaged });
    }
    // Without a manifest: parameters start with their verifying key.
    let Some(ours) = embedded_key(circuit) else { return Ok(Verdict::Unknown) };
    let mut start = Vec::new();
    fs::File::open(&path)
        .and_then(|file| file.take(ours.len() as u64).read_to_end(&mut start))
        .map_err(ProofError::io("read", path))?;
    Ok(if ours.starts_with(&start) { Verdict::Damaged } else { Verdict::Unknown })
}

/// The library lists the first 16 bytes of the digest of each official file.
fn is_official(name: &str, found: &Fingerprint) -> bool {
    parameter_cache::get_parameter_data_from_id(name)
        .is_some_and(|official| found.blake2b.starts_with(&official.digest))
}
