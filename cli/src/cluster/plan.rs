//! What a cluster is made of, kept in its home so that it goes on as it was.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use venus_core::{Address, auth::write_secret_file};

/// Which prover the sealers use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Proofs {
    /// Real SNARKs: minutes of work, gigabytes of parameters made on first use.
    Real,
    /// Real replicas and vanilla proofs, SNARKs from the known secret of the development keys.
    Simulated,
}

/// What `up` was told when the home was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The network's name.
    pub network: String,
    /// Which prover.
    pub proofs: Proofs,
    /// Seconds between epochs.
    pub block_time: u64,
    /// First of the services' ports; 0: any free ones.
    pub base_port: u16,
    /// New miners.
    pub miners: u64,
    /// Sectors that each new miner pledges.
    pub sectors: u64,
    /// Password of the wallet.
    pub wallet_password: String,
    /// Key of the genesis miner, once made.
    pub genesis_key: Option<Address>,
    /// Keys of the new miners, once made.
    pub miner_keys: Vec<Address>,
}

/// The file with the plan. It has the wallet's password: for the owner's eyes only.
const FILE: &str = "cluster.json";

impl Plan {
    /// Reads the plan of a home; none if no cluster was made there.
    pub fn load(home: &Path) -> anyhow::Result<Option<Self>> {
        let path = home.join(FILE);
        if !path.exists() {
            return Ok(None);
        }
        let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        let plan = serde_json::from_str(&text).with_context(|| {
            format!("{} is damaged; restore it, or use another --home", path.display())
        })?;
        Ok(Some(plan))
    }

    /// Writes the plan.
    pub fn save(&self, home: &Path) -> anyhow::Result<()> {
        let text = serde_json::to_vec_pretty(self)?;
        write_secret_file(&home.join(FILE), &text).context("writing the plan of the cluster")
    }
}

/// Holds a home for one process.
#[derive(Debug)]
pub struct HomeLock(#[expect(dead_code, reason = "the lock lives as long as the file")] fs::File);

impl HomeLock {
    /// Makes the home if need be, and locks it.
    pub fn take(home: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(home).with_context(|| format!("making {}", home.display()))?;
        let path: PathBuf = home.join("lock");
        let file = fs::File::create(&path).with_context(|| format!("opening {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(fs::TryLockError::WouldBlock) => bail!(
                "{} is in use by another venus-cluster; stop it with `venus-cluster down`, or use \
                 another --home",
                home.display()
            ),
            Err(fs::TryLockError::Error(e)) => {
                Err(e).with_context(|| format!("locking {}", path.display()))
            }
        }
    }
}
