//! What is wrong with a configuration, without the values in it.
//!
//! The words of serde and of the parsers repeat what they found, which may be a token that stands
//! in the wrong place.

use std::path::Path;

use serde::de::DeserializeOwned;
use serde_path_to_error as keyed;

use super::ConfigError;

/// For a type that words its refusal itself: the value may be in it.
const REFUSED: &str = "the value cannot be used here";

pub(super) fn toml<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T, ConfigError> {
    let at = |error: &toml::de::Error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or(text);
        let line = before.rsplit('\n').next().unwrap_or_default();
        line_and_column(before.matches('\n').count() + 1, line.chars().count() + 1)
    };
    // A parser's words are about signs, those of a type about values.
    let parsed = toml::Deserializer::parse(text).map_err(|error| ConfigError::Parse {
        path: path.to_owned(),
        place: at(&error),
        reason: error.message().into(),
    })?;
    keyed::deserialize(parsed).map_err(|error| {
        let inner = error.inner();
        let place = at(inner) + &key(error.path());
        ConfigError::Parse { path: path.to_owned(), place, reason: without_value(inner.message()) }
    })
}

/// For a table that stands in no file as it is: only the key is known.
pub(super) fn table<T: DeserializeOwned>(
    path: &Path,
    table: toml::Table,
) -> Result<T, ConfigError> {
    keyed::deserialize(toml::Value::Table(table)).map_err(|error| ConfigError::Parse {
        path: path.to_owned(),
        place: format!("`{}`", error.path()),
        reason: without_value(error.inner().message()),
    })
}

pub(super) fn json<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T, ConfigError> {
    let mut parsed = serde_json::Deserializer::from_str(text);
    let read = keyed::deserialize(&mut parsed);
    let outcome = read.map_err(|error| (key(error.path()), error.into_inner()));
    let ended = |value| parsed.end().map(|()| value).map_err(|error| (String::new(), error));
    outcome.and_then(ended).map_err(|(key, error)| {
        let words = error.to_string();
        let words = words.rsplit_once(" at line ").map_or(words.as_str(), |(words, _)| words);
        ConfigError::Parse {
            path: path.to_owned(),
            place: line_and_column(error.line(), error.column()) + &key,
            reason: if error.is_data() { without_value(words) } else { words.to_owned() },
        }
    })
}

fn line_and_column(line: usize, column: usize) -> String {
    format!("line {line}, column {column}")
}

fn key(path: &keyed::Path) -> String {
    match path.iter().next() {
        Some(_) => format!(" (`{path}`)"),
        None => String::new(),
    }
}

/// The words of serde about a value, without the value.
fn without_value(words: &str) -> String {
    let known = ["missing field ", "duplicate field ", "unknown field ", "invalid length "];
    if known.iter().any(|known| words.starts_with(known)) {
        return words.to_owned();
    }
    // Only serde's own words end with what the type expects; the value may have the same in it.
    let (kind, expected) = match words.rsplit_once(", expected ") {
        Some((found, expected)) if found.starts_with("unknown variant ") => ("", expected),
        Some((found, expected)) if found.starts_with("invalid ") => {
            let mut words = found.split(['"', '`', '\'']).next().unwrap_or_default().split(": ");
            match (words.next(), words.next()) {
                (Some("invalid type" | "invalid value"), Some(kind)) => (kind, expected),
                _ => return REFUSED.into(),
            }
        }
        _ => return REFUSED.into(),
    };
    match kind.trim() {
        "" => format!("expected {expected}"),
        kind => format!("expected {expected}, found {kind}"),
    }
}
