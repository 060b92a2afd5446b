//! One gateway a home.

use std::{
    fs::{self, File, TryLockError},
    path::Path,
};

use crate::GatewayError;

/// Keeps a home for this process alone until it is dropped: two gateways in one home would write
/// each other's local token.
#[derive(Debug)]
pub struct HomeLock {
    _file: File,
}

impl HomeLock {
    /// Takes the home, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// [`GatewayError::InUse`] if another process has it.
    pub fn take(home: &Path) -> Result<Self, GatewayError> {
        let failed = |source| GatewayError::Home { path: home.to_owned(), source };
        fs::create_dir_all(home).map_err(failed)?;
        let path = home.join("lock");
        let file = File::options().create(true).append(true).open(path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(GatewayError::InUse(home.to_owned())),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_is_of_one_gateway_at_a_time() {
        let home = std::env::temp_dir().join(format!("venus-gateway-lock-{}", std::process::id()));
        let lock = HomeLock::take(&home).unwrap();
        let refused = HomeLock::take(&home).unwrap_err();
        assert!(matches!(&refused, GatewayError::InUse(path) if *path == home), "{refused}");
        drop(lock);
        HomeLock::take(&home).unwrap();
        fs::remove_dir_all(&home).unwrap();
    }
}
