//! Configuration files: TOML, with a default for every key.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Serialize, de::DeserializeOwned};

/// What can go wrong with a configuration file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// It cannot be read or written.
    #[error("the configuration {path} cannot be read or written")]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Its content makes no sense. The line is not shown: it may have a token in it.
    #[error(
        "the configuration {path} is broken in line {line} ({key}): {reason}; mend it, or move it \
         away to get the defaults"
    )]
    Parse {
        /// Which file.
        path: PathBuf,
        /// In which line, from 1 on.
        line: usize,
        /// What the line sets; empty if it sets nothing.
        key: String,
        /// What is wrong.
        reason: String,
    },
    /// The file with the defaults cannot be written.
    #[error("the configuration {path} cannot be written")]
    Create {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: crate::auth::LocalTokenError,
    },
    /// A value cannot be written as TOML.
    #[error("the configuration cannot be written as TOML")]
    Write(#[from] toml::ser::Error),
}

/// Loads a file; what it leaves out keeps its default. A file that is not there gives the defaults.
pub fn load<T: DeserializeOwned + Default>(path: &Path) -> Result<T, ConfigError> {
    match fs::read_to_string(path) {
        Ok(text) => toml::from_str(&text).map_err(|error| broken(path, &text, &error)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(T::default()),
        Err(source) => Err(ConfigError::Io { path: path.to_owned(), source }),
    }
}

fn broken(path: &Path, text: &str, error: &toml::de::Error) -> ConfigError {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.split('\n').count();
    let content = text.split('\n').nth(line - 1).unwrap_or_default();
    let key = content.split_once('=').map_or("", |(key, _)| key.trim()).to_owned();
    ConfigError::Parse { path: path.to_owned(), line, key, reason: error.message().to_owned() }
}

/// Loads a file, writing it with the defaults first if it is not there. It may hold tokens: only
/// the owner can read it.
pub fn load_or_create<T: Serialize + DeserializeOwned + Default>(
    path: &Path,
) -> Result<T, ConfigError> {
    if !path.exists() {
        let io = |source| ConfigError::Io { path: path.to_owned(), source };
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(io)?;
        }
        let text = toml::to_string_pretty(&T::default())?;
        crate::auth::write_secret_file(path, text.as_bytes())
            .map_err(|source| ConfigError::Create { path: path.to_owned(), source })?;
    }
    load(path)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Sample {
        listen: String,
        limit: u32,
    }

    #[test]
    fn a_file_overrides_defaults_and_errors_name_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("home/config.toml");
        assert_eq!(load_or_create::<Sample>(&path).unwrap(), Sample::default());
        fs::write(&path, "limit = 7").unwrap();
        assert_eq!(load::<Sample>(&path).unwrap(), Sample { limit: 7, ..Default::default() });
        fs::write(&path, "limt = 7").unwrap();
        let error = load::<Sample>(&path).unwrap_err();
        assert!(error.to_string().contains("config.toml"), "{error}");
        fs::write(&path, "limit = 7\nlisten = \"secret\" x").unwrap();
        let error = load::<Sample>(&path).unwrap_err().to_string();
        assert!(error.contains("line 2 (listen)") && !error.contains("secret"), "{error}");
    }
}
