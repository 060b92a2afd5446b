//! Reading `config.toml`.

use std::path::Path;

use anyhow::anyhow;
use venus_core::config::{ConfigError, load_or_create};

use super::config::Config;

/// The file, made if it is not there.
///
/// # Errors
///
/// What is wrong and in which line. The line is not shown: it may have a password in it.
pub(super) fn load(path: &Path) -> anyhow::Result<Config> {
    load_or_create(path).map_err(|error| match error {
        ConfigError::Parse { path, source } => {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            let before = source.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let number = before.split('\n').count();
            let line = text.split('\n').nth(number - 1).unwrap_or_default();
            let key = line.split_once('=').map_or("", |(key, _)| key.trim());
            anyhow!(
                "the configuration {} is broken in line {number} ({key}): {}; mend it, or move it \
                 away to get the defaults",
                path.display(),
                source.message()
            )
        }
        error => error.into(),
    })
}
