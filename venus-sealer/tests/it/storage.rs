//! Storage paths.

use venus_core::{
    ExtendedSectorInfo, RegisteredSealProof, SectorId,
    proof::{ProofError, SectorLocator},
};
use venus_sealer::{
    SealerError,
    storage::{NewPath, SectorStorage, sector_name},
};

use crate::world::sealed_cid;

const PROOF: RegisteredSealProof = RegisteredSealProof::StackedDRG2KiBV1P1;

fn new(seal: bool, store: bool) -> Option<NewPath> {
    Some(NewPath { weight: 10, seal, store, max_storage: 0 })
}

#[test]
fn a_path_is_attached_for_good_and_has_the_metadata_of_the_originals() {
    let dir = tempfile::tempdir().unwrap();
    let storage = SectorStorage::open(dir.path()).unwrap();
    let root = dir.path().join("disk");
    let path = storage.attach(&root, new(true, true)).unwrap();
    let text = std::fs::read_to_string(root.join("sectorstore.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        json,
        serde_json::json!({
            "ID": path.meta.id, "Weight": 10, "CanSeal": true, "CanStore": true,
            "MaxStorage": 0, "Groups": null, "AllowTo": null
        })
    );
    let list = std::fs::read_to_string(dir.path().join("storage.json")).unwrap();
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    let real = root.canonicalize().unwrap();
    assert_eq!(list, serde_json::json!({"StoragePaths": [{"Path": real}]}));
    assert_eq!(SectorStorage::open(dir.path()).unwrap().paths(), std::slice::from_ref(&path));
    assert_eq!(storage.attach(&root, None).unwrap(), path);
}

#[test]
fn paths_that_make_no_sense_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let storage = SectorStorage::open(dir.path()).unwrap();
    let root = dir.path().join("disk");
    assert!(matches!(storage.attach(&root, new(false, false)), Err(SealerError::PathUseless)));
    assert!(matches!(storage.attach(&root, None), Err(SealerError::File { .. })));
    std::fs::create_dir(&root).unwrap();
    let result = storage.attach(&root, None);
    assert!(matches!(result, Err(SealerError::PathNotInitialized(_))), "{result:?}");
    storage.attach(&root, new(true, false)).unwrap();
    let result = storage.attach(&root, new(true, false));
    assert!(matches!(result, Err(SealerError::PathInitialized(_))), "{result:?}");
    let copy = dir.path().join("copy");
    std::fs::create_dir(&copy).unwrap();
    std::fs::copy(root.join("sectorstore.json"), copy.join("sectorstore.json")).unwrap();
    let result = storage.attach(&copy, None);
    assert!(matches!(result, Err(SealerError::PathTwice(_))), "{result:?}");
}

#[tokio::test]
async fn sectors_are_found_where_they_lie_and_checked() {
    let dir = tempfile::tempdir().unwrap();
    let storage = SectorStorage::open(dir.path()).unwrap();
    let path = storage.attach(&dir.path().join("disk"), new(false, true)).unwrap();
    let id = SectorId { miner: 1000, number: 7 };
    assert_eq!(sector_name(id), "s-t01000-7");
    let info = ExtendedSectorInfo {
        seal_proof: PROOF,
        sector_number: 7,
        sector_key: None,
        sealed_cid: sealed_cid(7, b""),
    };
    assert!(matches!(storage.locate(1000, &info).await, Err(ProofError::File { .. })));
    let job = path.job(id, PROOF);
    std::fs::create_dir_all(&job.cache).unwrap();
    std::fs::create_dir_all(job.sealed.parent().unwrap()).unwrap();
    std::fs::write(&job.sealed, [0; 100]).unwrap();
    let reason = storage.check(id, PROOF).unwrap_err();
    assert!(reason.ends_with("is wrong size (got 100, expect 2048)"), "{reason}");
    std::fs::write(&job.sealed, [0; 2048]).unwrap();
    assert!(storage.check(id, PROOF).unwrap_err().contains("p_aux"));
    std::fs::write(job.cache.join("p_aux"), [1; 64]).unwrap();
    assert_eq!(storage.check(id, PROOF).unwrap(), job);
    assert_eq!(storage.locate(1000, &info).await.unwrap().sealed, job.sealed);
}
