//! What commands print: tables for people, JSON for programs.

use std::io::{self, Write};

use anyhow::Context;
use chrono::DateTime;
use comfy_table::{Table, presets};
use serde::Serialize;
use venus_core::TokenAmount;

/// Writes a result to standard output.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    match io::stdout().write_all(text.as_bytes()) {
        // Whoever read it has seen enough, as with `| head`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context("cannot write to standard output"),
    }
}

/// A value as one JSON document.
pub(crate) fn json(value: &(impl Serialize + ?Sized)) -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}

/// A value as JSON, or as the table that shows it.
pub(crate) fn show(
    as_json: bool,
    value: &(impl Serialize + ?Sized),
    table: impl FnOnce() -> Table,
) -> anyhow::Result<String> {
    if as_json { json(value) } else { Ok(text(table())) }
}

/// A table as text: columns two blanks apart, none at the ends of lines.
fn text(mut table: Table) -> String {
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.trim_fmt() + "\n"
}

/// An empty table without lines.
pub(crate) fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header.to_vec());
    table
}

/// A table of names and values, without a header.
pub(crate) fn fields<const N: usize>(rows: [(&str, String); N]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.add_rows(rows.map(|(name, value)| [format!("{name}:"), value]));
    table
}

/// An amount for people.
pub(crate) fn fil(amount: &TokenAmount) -> String {
    format!("{} FIL", amount.0)
}

/// Bytes for people, such as `2 KiB`.
pub(crate) fn bytes(amount: &venus_core::BigInt) -> String {
    const UNITS: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let mut value: f64 = amount.to_string().parse().unwrap_or(f64::NAN);
    let mut unit = 0;
    while value.abs() >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text} {}", UNITS.get(unit).copied().unwrap_or_default())
}

/// Seconds since 1970 as a date and time.
pub(crate) fn time(seconds: u64) -> String {
    i64::try_from(seconds)
        .ok()
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
        .map_or_else(|| seconds.to_string(), |time| time.format("%Y-%m-%d %H:%M:%S").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_short() {
        assert_eq!(bytes(&2048.into()), "2 KiB");
        assert_eq!(bytes(&0.into()), "0 B");
        assert_eq!(bytes(&1_610_612_736u64.into()), "1.5 GiB");
        assert_eq!(time(1_700_000_000), "2023-11-14 22:13:20");
        let amount = TokenAmount::from_atto(1_500_000_000_000_000_000u64);
        assert_eq!(fil(&amount), "1.5 FIL");
    }
}
