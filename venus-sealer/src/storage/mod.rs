//! Where sectors lie: storage paths, allocation, and moving files between them.
//!
//! Files are named as every Filecoin sealer names them: `sealed/s-t01000-7`, `cache/s-t01000-7`,
//! `unsealed/s-t01000-7` below a path with a `sectorstore.json`.

mod files;
mod locate;
mod paths;

pub use files::sector_name;
pub use paths::{FsStat, NewPath, PathMeta, SectorStorage, StoragePath};
