//! The home of a pool: who uses it, and where its services are.

use std::{
    fs,
    io::{Read, Seek, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};
use venus_core::auth::write_secret_file;

const LOCK: &str = "lock";
const SERVICES: &str = "services.json";
/// How often, and after what pause, a lock that is taken is tried.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(10);

/// Holds a home for this process, whose id it says.
#[derive(Debug)]
pub struct HomeLock(fs::File);

impl HomeLock {
    /// Makes the home if need be, and locks it.
    ///
    /// # Errors
    ///
    /// If another process has it, or it cannot be written.
    pub fn take(home: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(home).with_context(|| format!("making {}", home.display()))?;
        let path = home.join(LOCK);
        let mut file = fs::File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .with_context(|| format!("opening {}", path.display()))?;
        let mut tries = 0;
        let locked = loop {
            match file.try_lock() {
                // `running_pid` holds it for a moment.
                Err(fs::TryLockError::WouldBlock) if tries < TRIES => {
                    tries += 1;
                    std::thread::sleep(PAUSE);
                }
                other => break other,
            }
        };
        match locked {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => bail!(
                "{} is in use by another venus-cluster; stop it with `venus-cluster down`, or use \
                 another --home",
                home.display()
            ),
            Err(fs::TryLockError::Error(e)) => {
                return Err(e).context(format!("locking {}", path.display()));
            }
        }
        let id = std::process::id().to_string();
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(id.as_bytes()))
            .with_context(|| format!("writing {}", path.display()))?;
        Ok(Self(file))
    }
}

impl Drop for HomeLock {
    fn drop(&mut self) {
        // The system would do it as well, a little later.
        let _ = self.0.unlock();
    }
}

/// The process that uses a home, if one does.
///
/// # Errors
///
/// If the lock cannot be read.
pub fn running_pid(home: &Path) -> anyhow::Result<Option<u32>> {
    let path = home.join(LOCK);
    let mut file = match fs::File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).context(format!("opening {}", path.display())),
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(None),
        Err(fs::TryLockError::WouldBlock) => {
            let mut text = String::new();
            file.read_to_string(&mut text)?;
            let pid = text
                .trim()
                .parse()
                .with_context(|| format!("{} is held, but names no process", path.display()))?;
            Ok(Some(pid))
        }
        Err(fs::TryLockError::Error(e)) => Err(e).context(format!("locking {}", path.display())),
    }
}

/// Where a service listens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// Its URL.
    pub url: String,
}

/// What the file with the services has.
#[derive(Serialize, Deserialize)]
struct Directory {
    services: Vec<Service>,
    /// Opens all of them.
    token: String,
}

impl std::fmt::Debug for Directory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Directory").field("services", &self.services).finish_non_exhaustive()
    }
}

impl Directory {
    fn save(&self, home: &Path) -> anyhow::Result<()> {
        let text = serde_json::to_vec_pretty(self)?;
        write_secret_file(&home.join(SERVICES), &text).context("writing where the services are")
    }

    fn load(home: &Path) -> anyhow::Result<Self> {
        let path = home.join(SERVICES);
        let text = fs::read_to_string(&path).with_context(|| {
            format!("{} cannot be read; did `venus-cluster up` run with this home?", path.display())
        })?;
        serde_json::from_str(&text)
            .with_context(|| format!("{} is damaged; start the pool again", path.display()))
    }
}

/// The services of a running pool, told in its home as they come.
#[derive(Debug, Clone)]
pub(crate) struct Services {
    home: PathBuf,
    directory: Arc<Mutex<Directory>>,
}

impl Services {
    /// None yet: those of the last run are forgotten.
    pub(crate) fn new(home: &Path, token: &str) -> anyhow::Result<Self> {
        let directory = Directory { services: Vec::new(), token: token.to_owned() };
        directory.save(home)?;
        Ok(Self { home: home.to_owned(), directory: Arc::new(Mutex::new(directory)) })
    }

    pub(crate) fn add(&self, service: Service) -> anyhow::Result<()> {
        let mut directory = self.directory.lock().unwrap_or_else(PoisonError::into_inner);
        directory.services.push(service);
        directory.save(&self.home)
    }

    pub(crate) fn all(&self) -> Vec<Service> {
        self.directory.lock().unwrap_or_else(PoisonError::into_inner).services.clone()
    }
}

/// Where the services of a home were when they last ran, and the token that opens them.
///
/// # Errors
///
/// If none ever ran there.
pub fn read_services(home: &Path) -> anyhow::Result<(Vec<Service>, String)> {
    let Directory { services, token } = Directory::load(home)?;
    Ok((services, token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_is_for_one_and_says_for_whom() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(running_pid(home.path()).unwrap(), None);
        let lock = HomeLock::take(home.path()).unwrap();
        assert_eq!(running_pid(home.path()).unwrap(), Some(std::process::id()));
        let error = HomeLock::take(home.path()).unwrap_err().to_string();
        assert!(error.contains("is in use"), "{error}");
        drop(lock);
        assert_eq!(running_pid(home.path()).unwrap(), None);
        HomeLock::take(home.path()).unwrap();
    }
}
