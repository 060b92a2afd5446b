//! What a pool is made of, kept in its home so that it goes on as it was.

use std::{fmt, fs, path::Path};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use venus_core::{Address, auth::write_secret_file};

/// Which prover the sealers use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Proofs {
    /// Real SNARKs: minutes of work, and parameters of gigabytes made on first use.
    Real,
    /// Real replicas and vanilla proofs, SNARKs from the known secret of the development keys.
    #[default]
    Simulated,
}

impl fmt::Display for Proofs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Real => "real",
            Self::Simulated => "simulated",
        })
    }
}

/// What a pool is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The network's name, one for development.
    pub network: String,
    /// Which prover.
    pub proofs: Proofs,
    /// Seconds between epochs.
    pub block_time: u64,
    /// First of the services' ports; 0: any free ones.
    pub base_port: u16,
    /// Miners to be created, besides that of the genesis.
    pub miners: u64,
    /// Sectors that each of them pledges.
    pub sectors: u64,
    /// Passes over epochs in which nothing is due.
    pub skip_idle: bool,
}

impl Default for Plan {
    /// One miner with one sector, simulated proofs, a block each second, any free ports.
    fn default() -> Self {
        Self {
            network: "localnet-cluster".to_owned(),
            proofs: Proofs::default(),
            block_time: 1,
            base_port: 0,
            miners: 1,
            sectors: 1,
            skip_idle: true,
        }
    }
}

impl Plan {
    /// The default with other proofs. Real ones keep the machine busy, so blocks come each 2 s
    /// then; the chain waits for each proof besides.
    pub fn with_proofs(proofs: Proofs) -> Self {
        let block_time = match proofs {
            Proofs::Real => 2,
            Proofs::Simulated => 1,
        };
        Self { proofs, block_time, ..Self::default() }
    }

    /// What the pool of a home was made of; none if none was made there.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or understood.
    pub fn of_home(home: &Path) -> anyhow::Result<Option<Self>> {
        Ok(Kept::load(home)?.map(|kept| kept.plan()))
    }
}

/// The plan as it lies in the home, with what belongs to it. It has the wallet's password: for the
/// owner's eyes only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kept {
    pub(crate) network: String,
    proofs: Proofs,
    pub(crate) block_time: u64,
    base_port: u16,
    miners: u64,
    sectors: u64,
    pub(crate) skip_idle: bool,
    /// When the chain begins, Unix seconds.
    pub(crate) genesis_time: u64,
    pub(crate) wallet_password: String,
    /// Key of the genesis miner, once made.
    pub(crate) genesis_key: Option<Address>,
    /// Keys of the new miners, as far as made.
    pub(crate) miner_keys: Vec<Address>,
}

const FILE: &str = "cluster.json";

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").field("plan", &self.plan()).finish_non_exhaustive()
    }
}

impl Kept {
    pub(crate) fn load(home: &Path) -> anyhow::Result<Option<Self>> {
        let path = home.join(FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).context(format!("reading {}", path.display())),
        };
        let kept = serde_json::from_str(&text).with_context(|| {
            format!("{} is damaged; restore it, or use another --home", path.display())
        })?;
        Ok(Some(kept))
    }

    pub(crate) fn save(&self, home: &Path) -> anyhow::Result<()> {
        let text = serde_json::to_vec_pretty(self)?;
        write_secret_file(&home.join(FILE), &text).context("writing the plan of the pool")
    }

    /// The kept plan of a home, or a new one, brought to what is wanted now. What the chain was
    /// made with cannot change.
    pub(crate) fn reconcile(home: &Path, wanted: &Plan, now: u64) -> anyhow::Result<Self> {
        let Some(mut kept) = Self::load(home)? else {
            let kept = Self {
                network: wanted.network.clone(),
                proofs: wanted.proofs,
                block_time: wanted.block_time.max(1),
                base_port: wanted.base_port,
                miners: wanted.miners,
                sectors: wanted.sectors,
                skip_idle: wanted.skip_idle,
                genesis_time: now,
                wallet_password: venus_core::auth::JwtSecret::random().to_hex().to_string(),
                genesis_key: None,
                miner_keys: Vec::new(),
            };
            kept.save(home)?;
            return Ok(kept);
        };
        let fixed = |what: &str, there: String, now: String| match there == now {
            true => Ok(()),
            false => bail!(
                "the pool in {} was made with {what} {there}, not {now}; leave the flag out, or \
                 use another --home",
                home.display()
            ),
        };
        fixed("network", kept.network.clone(), wanted.network.clone())?;
        fixed("--block-time", kept.block_time.to_string(), wanted.block_time.max(1).to_string())?;
        fixed("--miners", kept.miners.to_string(), wanted.miners.to_string())?;
        if wanted.sectors < kept.sectors {
            bail!(
                "the pool in {} has --sectors {} already; ask for at least as many, or use \
                 another --home",
                home.display(),
                kept.sectors
            );
        }
        (kept.proofs, kept.base_port) = (wanted.proofs, wanted.base_port);
        (kept.sectors, kept.skip_idle) = (wanted.sectors, wanted.skip_idle);
        kept.save(home)?;
        Ok(kept)
    }

    pub(crate) const fn miners(&self) -> u64 {
        self.miners
    }

    pub(crate) fn plan(&self) -> Plan {
        Plan {
            network: self.network.clone(),
            proofs: self.proofs,
            block_time: self.block_time,
            base_port: self.base_port,
            miners: self.miners,
            sectors: self.sectors,
            skip_idle: self.skip_idle,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_keeps_its_plan_and_refuses_another() {
        let home = tempfile::tempdir().unwrap();
        let plan = Plan { miners: 2, ..Plan::default() };
        assert_eq!(Plan::of_home(home.path()).unwrap(), None);
        let first = Kept::reconcile(home.path(), &plan, 7).unwrap();
        let again = Kept::reconcile(home.path(), &Plan { sectors: 3, ..plan.clone() }, 9).unwrap();
        assert_eq!((again.genesis_time, again.sectors), (7, 3));
        assert_eq!(again.wallet_password, first.wallet_password);
        for other in [
            Plan { miners: 1, ..plan.clone() },
            Plan { block_time: 9, ..plan.clone() },
            Plan { sectors: 1, ..plan.clone() },
        ] {
            let error = Kept::reconcile(home.path(), &other, 0).unwrap_err().to_string();
            assert!(error.contains("use another --home"), "{error}");
        }
        fs::write(home.path().join(FILE), "{").unwrap();
        let error = Plan::of_home(home.path()).unwrap_err().to_string();
        assert!(error.contains("cluster.json is damaged"), "{error}");
    }
}
