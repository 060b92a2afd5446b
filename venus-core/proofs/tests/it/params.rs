//! Parameter sets on disk.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use fvm_shared::sector::SectorSize;
use tempfile::TempDir;
use venus_proofs::params::{
    CircuitId, CircuitKind, Ensured, Estimate, Origin, Progress, Stage, doctor, embedded_key,
    inspect, leftover,
};
use venus_proofs::{ParamSet, ProofError};

const WINDOW: CircuitId = CircuitId::new(CircuitKind::Window, SectorSize::_2KiB);

fn ensure(set: &ParamSet) -> Result<Ensured, ProofError> {
    set.ensure(CircuitKind::Window, &|_| {})
}

fn params_path(dir: &TempDir) -> PathBuf {
    dir.path().join(WINDOW.params_file().unwrap())
}

#[tokio::test]
async fn a_set_is_made_once_and_made_again_when_it_is_not_whole() {
    let dir = tempfile::tempdir().unwrap();
    let set = ParamSet::open(dir.path()).unwrap();
    assert!(!set.has(CircuitKind::Window));
    let reports = Arc::new(Mutex::new(Vec::new()));
    let seen = reports.clone();
    let record = Arc::new(move |report| seen.lock().unwrap().push(report));
    let made = set.ensure_in_background(CircuitKind::Window, record).await;
    assert_eq!(made, Ok(Ensured::Made));
    let reports = reports.lock().unwrap().split_off(0);
    assert!(reports.is_sorted_by(|a, b| a.fraction <= b.fraction));
    let last = Progress { circuit: WINDOW, stage: Stage::Write, fraction: 1.0 };
    assert_eq!(reports.last(), Some(&last));
    assert!(set.has(CircuitKind::Window));
    assert_eq!(ensure(&set), Ok(Ensured::Present));
    let path = params_path(&dir);
    let whole = fs::read(&path).unwrap();

    // Cut off.
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    assert_eq!(ensure(&set), Ok(Ensured::Made));
    assert!(fs::read(&path).unwrap() == whole);

    // A flipped bit far inside, and what a killed run leaves.
    let mut damaged = whole.clone();
    damaged[5_000_000] ^= 1;
    fs::write(&path, &damaged).unwrap();
    let draft = path.with_extension("params.1-1.part");
    fs::write(&draft, b"half").unwrap();
    assert_eq!(leftover(dir.path(), WINDOW), Ok(4));
    assert_eq!(leftover(&dir.path().join("none"), WINDOW), Ok(0));
    let report = &doctor(dir.path(), SectorSize::_2KiB).unwrap()[1];
    assert_eq!((report.params, report.bytes), (Origin::Damaged, whole.len() as u64));
    assert_eq!(ensure(&set), Ok(Ensured::Made));
    assert!(fs::read(&path).unwrap() == whole);
    assert!(!draft.exists());
    assert_eq!(whole.len() as u64, Estimate::of(WINDOW).unwrap().disk);

    // Without a manifest the start of the file tells whose it is.
    fs::remove_file(dir.path().join("venus-window-2048.json")).unwrap();
    assert_eq!(ensure(&set), Ok(Ensured::Made));
}

#[test]
fn opening_writes_the_embedded_keys_and_repairs_cut_off_ones() {
    let dir = tempfile::tempdir().unwrap();
    ParamSet::open(dir.path()).unwrap();
    let path = dir.path().join(WINDOW.key_file().unwrap());
    let key = embedded_key(WINDOW).unwrap();
    assert_eq!(key.len(), 3076);
    assert!(fs::read(&path).unwrap() == key);
    let meta = fs::read_to_string(dir.path().join(WINDOW.meta_file().unwrap())).unwrap();
    assert_eq!(meta, r#"{"sector_size":2048}"#);
    for report in doctor(dir.path(), SectorSize::_2KiB).unwrap() {
        assert_eq!((report.key, report.params), (Origin::Ours, Origin::Absent), "{report}");
    }

    fs::write(&path, &key[..1000]).unwrap();
    assert_eq!(inspect(dir.path(), WINDOW), Ok(Origin::Damaged));
    ParamSet::open(dir.path()).unwrap();
    assert_eq!(inspect(dir.path(), WINDOW), Ok(Origin::Ours));
}

#[test]
fn files_of_another_set_are_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let set = ParamSet::open(dir.path()).unwrap();
    let params = params_path(&dir);
    fs::write(&params, b"somebody else's parameters").unwrap();
    let refused = ensure(&set).unwrap_err();
    assert!(matches!(refused, ProofError::ForeignParameters { .. }), "{refused}");
    assert_eq!(fs::read(&params).unwrap(), b"somebody else's parameters");

    let key = dir.path().join(WINDOW.key_file().unwrap());
    fs::write(&key, b"somebody else's key").unwrap();
    let refused = ParamSet::open(dir.path()).unwrap_err();
    assert!(matches!(refused, ProofError::ForeignParameters { .. }), "{refused}");
    assert_eq!(inspect(dir.path(), WINDOW), Ok(Origin::Unknown));
}

#[test]
fn an_unusable_directory_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, b"").unwrap();
    let refused = ParamSet::open(&file).unwrap_err();
    assert!(refused.to_string().contains(file.to_str().unwrap()), "{refused}");
}

#[test]
fn a_set_whose_keys_are_made_is_known_again() {
    let dir = tempfile::tempdir().unwrap();
    let open = || ParamSet::open_sized(dir.path(), SectorSize::_8MiB).map(drop);
    let circuit = CircuitId::new(CircuitKind::Window, SectorSize::_8MiB);
    open().unwrap();
    assert_eq!(inspect(dir.path(), circuit), Ok(Origin::Ours));
    open().unwrap();

    // Without the record of it the key itself tells.
    let record = dir.path().join(format!("venus-{circuit}.json"));
    fs::remove_file(&record).unwrap();
    assert_eq!(inspect(dir.path(), circuit), Ok(Origin::Unknown));
    open().unwrap();
    assert!(record.exists());

    fs::remove_file(&record).unwrap();
    fs::write(dir.path().join(circuit.key_file().unwrap()), b"another").unwrap();
    assert!(matches!(open(), Err(ProofError::ForeignParameters { .. })));
}
