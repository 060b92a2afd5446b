//! Logs of the process.

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, fmt, prelude::*};

/// The filter could not be parsed, or logs were set up before.
#[derive(Debug, thiserror::Error)]
#[error("logging cannot be set up: {0}")]
pub struct TelemetryError(String);

/// Writes logs to stderr: at `default_level` (such as `info` or `info,venus_messager=debug`)
/// unless `RUST_LOG` says otherwise; colours only on a terminal. Call once, from the binary.
pub fn init(default_level: &str, json: bool) -> Result<(), TelemetryError> {
    let filter = match std::env::var("RUST_LOG") {
        Ok(text) => EnvFilter::try_new(text),
        Err(_) => EnvFilter::try_new(default_level),
    }
    .map_err(|e| TelemetryError(e.to_string()))?;
    let layer = fmt::layer().with_writer(std::io::stderr);
    let layer = match json {
        true => layer.json().boxed(),
        false => layer.with_ansi(std::io::stderr().is_terminal()).boxed(),
    };
    tracing_subscriber::registry()
        .with(filter)
        .with(layer)
        .try_init()
        .map_err(|e| TelemetryError(e.to_string()))
}
