//! Configuration files, with a default for every key: TOML, and JSON for the node.
//!
//! An error names the place and what is expected there, never what it found: it may be a token.

mod broken;

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
    /// Its content makes no sense.
    #[error(
        "the configuration {path} is broken in {place}: {reason}; mend it, or move it away to get \
         the defaults"
    )]
    Parse {
        /// Which file.
        path: PathBuf,
        /// Line, column and key, as far as known.
        place: String,
        /// What is wrong. No value of the file is in it.
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

/// Loads a TOML file; what it leaves out keeps its default. A file that is not there gives the
/// defaults.
pub fn load<T: DeserializeOwned + Default>(path: &Path) -> Result<T, ConfigError> {
    read(path)?.map_or_else(|| Ok(T::default()), |text| from_toml(path, &text))
}

/// Loads a JSON file, as [`load`].
pub fn load_json<T: DeserializeOwned + Default>(path: &Path) -> Result<T, ConfigError> {
    read(path)?.map_or_else(|| Ok(T::default()), |text| from_json(path, &text))
}

/// Reads TOML; `path` is where it came from, for errors.
pub fn from_toml<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T, ConfigError> {
    broken::toml(path, text)
}

/// Reads JSON; `path` is where it came from, for errors.
pub fn from_json<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T, ConfigError> {
    broken::json(path, text)
}

/// Reads a table that [`from_toml`] gave and that was changed since; errors name the key alone.
pub fn from_table<T: DeserializeOwned>(path: &Path, table: toml::Table) -> Result<T, ConfigError> {
    broken::table(path, table)
}

fn read(path: &Path) -> Result<Option<String>, ConfigError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(ConfigError::Io { path: path.to_owned(), source }),
    }
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
        assert!(error.contains("line 2, column") && !error.contains("secret"), "{error}");
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Node {
        url: String,
        limit: u32,
        pause: crate::duration::GoDuration,
        order: Order,
        tokens: Vec<String>,
        inner: Sample,
        file: Box<Node2>,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct Node2 {
        address: Option<crate::Address>,
        limits: Vec<u32>,
    }

    #[derive(Debug, Default, Deserialize)]
    enum Order {
        #[default]
        Fifo,
    }

    const SECRET: &str = "eyJhbGciOi, expected nothing = x";

    fn toml(text: &str) -> String {
        let text = text.replace('$', SECRET);
        from_toml::<Node>(Path::new("config.toml"), &text).unwrap_err().to_string()
    }

    fn json(text: &str) -> String {
        let text = text.replace('$', SECRET);
        from_json::<Node>(Path::new("config.json"), &text).unwrap_err().to_string()
    }

    fn table(text: &str) -> String {
        let table = text.replace('$', SECRET).parse().unwrap();
        from_table::<Node>(Path::new("config.toml"), table).unwrap_err().to_string()
    }

    /// What an error says, without what to do.
    fn said(error: &str) -> &str {
        let said = error.split_once(" is broken in ").unwrap().1;
        said.split_once("; mend it").unwrap().0
    }

    #[test]
    fn an_error_names_place_and_type_and_never_the_value() {
        for (loader, text, expected) in [
            (
                toml as fn(&str) -> String,
                "url = \"\"\nlimit = \"$\"",
                "line 2, column 9 (`limit`): expected u32, found string",
            ),
            (
                toml,
                "inner = \"$\"",
                "line 1, column 9 (`inner`): expected struct Sample, found string",
            ),
            (
                toml,
                "[inner]\nlisten = ''\nlimit = \"$\"",
                "line 3, column 9 (`inner.limit`): expected u32, found string",
            ),
            (
                toml,
                "tokens = [\n  \"$\",\n  { a = \"$\" },\n]",
                "line 3, column 3 (`tokens[1]`): expected a string, found map",
            ),
            (toml, "order = \"$\"", "line 1, column 9 (`order`): expected `Fifo`"),
            (
                toml,
                "pause = \"$\"",
                "line 1, column 9 (`pause`): expected a duration, such as `8s`, `1m30s` or \
                 `500ms`, found string",
            ),
            (
                toml,
                "[file]\naddress = \"$\"",
                "line 2, column 11 (`file.address`): the value cannot be used here",
            ),
            (
                json,
                "{\"url\": \"\\\"{\",\n \"limit\": \"$\"}",
                "line 2, column 44 (`limit`): expected u32, found string",
            ),
            (
                json,
                "{\"inner\": \"$\"}",
                "line 1, column 44 (`inner`): expected struct Sample, found string",
            ),
            (
                json,
                "{\"tokens\": [\"$\"],\n\"inner\": {\"listen\": \"$\", \"limit\": \"$\"}}",
                "line 2, column 99 (`inner.limit`): expected u32, found string",
            ),
            (
                json,
                "{\"file\": {\"limits\": [1, \"$\"]}}",
                "line 1, column 58 (`file.limits[1]`): expected u32, found string",
            ),
            (table, "limit = \"$\"", "`limit`: expected u32, found string"),
            (table, "inner = \"$\"", "`inner`: expected struct Sample, found string"),
        ] {
            let error = loader(text);
            assert_eq!(said(&error), expected, "{text}");
            assert!(!error.contains("eyJ"), "{error}");
        }
    }

    #[test]
    fn unknown_keys_and_broken_files_are_placed() {
        assert!(toml("[inner]\nlimt = 1").contains("line 2, column 1 (`inner.limt`): unknown"));
        assert!(
            json("{\"inner\": {\"limt\": 1}}").contains("(`inner.limt`): unknown field `limt`")
        );
        let error = toml("tokens = [\n \"$\"\n \"$\"]");
        assert!(error.contains("line 3, column") && !error.contains("eyJ"), "{error}");
        let error = json("{\"url\": \"$\" 7}");
        assert!(error.contains("line 1, column") && !error.contains("eyJ"), "{error}");
    }
}
