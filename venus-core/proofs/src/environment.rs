//! The environment variables of the proofs library.
//!
//! The library reads `FIL_PROOFS_*` once, at its first use, from the environment of the process.
//! A process cannot change its own environment safely, so a program that wants another directory
//! starts itself anew in its own place (`exec`): same process id, same arguments, variables set.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::ProofError;

/// Where the library looks for parameters and keys.
pub const PARAMETER_CACHE: &str = "FIL_PROOFS_PARAMETER_CACHE";
/// Where the library keeps the parents of the graph; must be writable.
pub const PARENT_CACHE: &str = "FIL_PROOFS_PARENT_CACHE";
/// Stops a second `exec` should the first have had no effect.
const GUARD: &str = "VENUS_PROOFS_ENVIRONMENT";

/// The parameter directory to use: what the environment names, else `default`.
pub fn parameter_dir(default: impl Into<PathBuf>) -> PathBuf {
    env::var_os(PARAMETER_CACHE).map_or_else(|| default.into(), PathBuf::from)
}

/// Makes sure that the proofs library of this process uses `dir` for parameters.
///
/// Call it first in `main`, before a thread, a lock or a listener exists: unless the environment
/// is right already, the program is replaced by a new run of itself and this does not return.
/// The graph's parents go to `dir/parents` unless the environment names a place for them.
pub fn ensure_environment(dir: &Path) -> Result<(), ProofError> {
    let dir = std::path::absolute(dir).map_err(ProofError::io("resolve", dir))?;
    let parameters_set = env::var_os(PARAMETER_CACHE).as_deref() == Some(dir.as_os_str());
    if parameters_set && env::var_os(PARENT_CACHE).is_some() {
        return Ok(());
    }
    if env::var_os(GUARD).as_deref() == Some(dir.as_os_str()) {
        return Err(ProofError::Environment(format!(
            "{PARAMETER_CACHE} cannot be set to {}; set it before the program starts",
            dir.display()
        )));
    }
    let parents = env::var_os(PARENT_CACHE).unwrap_or_else(|| dir.join("parents").into());
    restart(&dir, &parents)
}

#[cfg(unix)]
fn restart(dir: &Path, parents: &OsStr) -> Result<(), ProofError> {
    use std::os::unix::process::CommandExt;

    let program = env::current_exe().map_err(ProofError::io("find", "the running program"))?;
    let mut args = env::args_os();
    let mut command = std::process::Command::new(&program);
    if let Some(name) = args.next() {
        command.arg0(name);
    }
    command.args(args).env(PARAMETER_CACHE, dir).env(PARENT_CACHE, parents).env(GUARD, dir);
    let error = command.exec();
    Err(ProofError::io("start anew", program)(error))
}

#[cfg(not(unix))]
fn restart(dir: &Path, parents: &OsStr) -> Result<(), ProofError> {
    Err(ProofError::Environment(format!(
        "set {PARAMETER_CACHE} to {} and {PARENT_CACHE} to {} before the program starts",
        dir.display(),
        Path::new(parents).display()
    )))
}
